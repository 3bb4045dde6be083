package session

import (
	"reflect"
	"strings"
	"testing"

	digestlib "github.com/icholy/digest"
)

func TestParseChallenges(t *testing.T) {
	type params = []challengeParam
	for field, want := range map[string][]challenge{
		"":      nil,
		" ,, ,": nil,
		"Basic": {{scheme: "Basic"}},
		`Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple"`: { // RFC 9110 section 11.6.1
			{scheme: "Newauth", params: params{{"realm", "apps"}, {"type", "1"}, {"title", `Login to "apps"`}}},
			{scheme: "Basic", params: params{{"realm", "simple"}}},
		},
		"Negotiate, NTLM":                      {{scheme: "Negotiate"}, {scheme: "NTLM"}},
		"Negotiate YWJj/+==,NTLM  TlRM ,Basic": {{scheme: "Negotiate", token68: "YWJj/+=="}, {scheme: "NTLM", token68: "TlRM"}, {scheme: "Basic"}},
		`A a=b c="d" , , e = f`:                {{scheme: "A", params: params{{"a", "b"}, {"c", "d"}, {"e", "f"}}}},
		`A, a="x, B b=y"`:                      {{scheme: "A", params: params{{"a", "x, B b=y"}}}},
		`A a=b/c==, B`:                         {{scheme: "A", params: params{{"a", "b/c=="}}}, {scheme: "B"}},
		`A a="\\\""`:                           {{scheme: "A", params: params{{"a", `\"`}}}},
		`A a="", b=`:                           {{scheme: "A", params: params{{"a", ""}, {"b", ""}}}},
		`A a=b, B c="d`:                        {{scheme: "A", params: params{{"a", "b"}}}},
		`A a=b, B c="d\"`:                      {{scheme: "A", params: params{{"a", "b"}}}},
		`A a=b, B c=d @ e=f`:                   {{scheme: "A", params: params{{"a", "b"}}}},
		`A a=b, B@ e=f`:                        {},
		`a=b`:                                  nil,
		`"A" b=c`:                              nil,
		"A a=\"ü\xff\"":                        {{scheme: "A", params: params{{"a", "ü\xff"}}}},
	} {
		if got := parseChallenges(field); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v\nwant %+v", field, got, want)
		}
	}
}

// renderedChallenges is a field with challenges, as parseChallenges reads them back.
func renderedChallenges(list []challenge) string {
	var b strings.Builder
	for i, c := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.scheme)
		if c.token68 != "" {
			b.WriteString(" " + c.token68)
		}
		for j, p := range c.params {
			if j > 0 || c.token68 != "" {
				b.WriteString(",")
			}
			b.WriteString(" " + p.name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.value) + `"`)
		}
	}
	return b.String()
}

var challengeSeeds = []string{
	`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv", opaque="FQhe/qaU925kf"`,
	`Digest realm="a \"realm\", with comma", nonce="n", stale=TRUE, userhash=true, charset=UTF-8, domain="/a /b"`,
	`Basic realm="x", Digest nonce=n, Negotiate YWJj==, NTLM`,
	`Digest qop=auth, realm="go-httpbin", algorithm=MD5, nonce=0123456789abcdef, opaque=0123`,
	`Digest nonce="unfinished`, `Digest nonce="\`, `Digest =`, `=`, `Digest realm==, nonce=a=b`, "Digest nonce=\t\"a\x00\"", `Digest qop=",,auth"`,
}

func FuzzChallenges(f *testing.F) {
	for _, seed := range challengeSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		first := parseChallenges(field)
		again := parseChallenges(renderedChallenges(first))
		if len(first)+len(again) > 0 && !reflect.DeepEqual(first, again) {
			t.Errorf("%q\nwas read as %+v\nand read again as %+v", field, first, again)
		}
		s := askedDigest(t, Digest{"u", `p"`}, digestPage)
		h := authHop(t, "GET", digestPage)
		if !s.Answer(h, 401, []string{field}) {
			return
		}
		authenticate(t, s, h)
		c, _ := strongestDigest([]string{field})
		sent := parseChallenges(h.Header("Authorization")) // credentials have the same form
		if len(sent) != 1 || sent[0].token68 != "" {
			t.Fatalf("%q is answered by %q", field, h.Header("Authorization"))
		}
		for name, want := range map[string]string{"realm": c.realm, "nonce": c.nonce, "opaque": c.opaque, "algorithm": c.algorithm, "uri": h.Target()} {
			if got, _ := sent[0].get(name); got != want {
				t.Errorf("%q is answered with %s %q, want %q", field, name, got, want)
			}
		}
	})
}

// Where another parser reads a single Digest challenge, it reads the same; and where its qop and algorithm are
// ones that it can answer, the answers are the same.
func FuzzChallengesAgainstLibrary(f *testing.F) {
	for _, seed := range challengeSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		other, err := digestlib.ParseChallenge(field)
		list := parseChallenges(field)
		if err != nil || len(list) != 1 || list[0].token68 != "" || strings.ContainsFunc(field, func(r rune) bool { return r == '\ufffd' }) {
			return
		}
		for _, p := range list[0].params {
			if p.name != strings.ToLower(p.name) {
				return // the other one wants names in lower case
			}
		}
		c, strength := digestOf(&list[0])
		if c.realm != other.Realm || c.nonce != other.Nonce || c.opaque != other.Opaque || c.algorithm != other.Algorithm || c.userhash != other.Userhash {
			t.Fatalf("%q\nread as %+v\n  library %+v", field, c, other)
		}
		if strength < 0 || !digestlib.CanDigest(other) || c.qop != other.SupportsQOP("auth") {
			return
		}
		if !c.qop {
			other.QOP = nil
		}
		space := newDigestSpace(Digest{"user", "password"}, c, "cnonce")
		got := digestCredentials(t, space.authorization("PUT", "/target?a=b"))
		want, err := digestlib.Digest(other, digestlib.Options{Method: "PUT", URI: "/target?a=b", Count: 1, Username: "user", Password: "password", Cnonce: "cnonce"})
		if err != nil {
			t.Fatal(err)
		}
		if !c.qop {
			want.Cnonce = ""
		}
		if c.qop && *got != *want || got.Response != want.Response {
			t.Errorf("%q\nanswered by %+v\n   library %+v", field, got, want)
		}
	})
}
