package session

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// refuses answers 401 with these challenges unless accept says that the request is right.
func refuses(accept func(*received) bool, headers ...string) func(*received) string {
	return func(r *received) string {
		if accept(r) {
			return reply(200, "welcome")
		}
		return reply(401, "who are you?", headers...)
	}
}

func TestRule_4_1_BasicIsSentUpFront(t *testing.T) {
	for _, b := range []Basic{{"me", "secret"}, {"jürgen", "пароль"}, {"me", ""}, {"", "secret"}, {"me", "a:b c"}} {
		server := record(t, refuses(func(*received) bool { return false }, "WWW-Authenticate: Basic realm=r"))
		s := testSession(t)
		s.Auth = b
		for range 2 {
			if resp := mustGet(t, s, server.url); resp.Status != 401 || len(resp.History) != 0 {
				t.Errorf("%+v", resp)
			}
		}
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(b.User+":"+b.Password))
		for _, r := range server.all() {
			if got := r.get("Authorization"); got != want {
				t.Errorf("sent %q, want %q", got, want)
			}
		}
		requireTargets(t, server, "GET /", "GET /")
	}
}

func TestRule_4_1_AgainstApacheBySession(t *testing.T) {
	dir := apacheDir(t)
	hashed := sha1.Sum([]byte("pass:wörd"))
	apacheFile(t, dir, "users", "jürgen:{SHA}"+base64.StdEncoding.EncodeToString(hashed[:])+"\n")
	server := startApache(t, fmt.Sprintf("AliasMatch \"^/\" \"%s\"\n<Location \"/\">\nAuthType Basic\nAuthName r\nAuthUserFile \"%s\"\nRequire valid-user\n</Location>\n",
		apacheFile(t, dir, "page.txt", "hello\n"), filepath.Join(dir, "users")))
	s := testSession(t)
	s.Auth = Basic{"jürgen", "pass:wörd"}
	for want, r := range map[int]*Request{200: {}, 401: {Auth: Basic{"jürgen", "pass:word"}}} {
		r.URL = server + "/"
		if resp := mustDo(t, s, r); resp.Status != want || len(resp.History) != 0 {
			t.Errorf("%d, want %d", resp.Status, want)
		}
	}
	s.Auth = nil
	inURL := strings.Replace(server, "://", "://j%C3%BCrgen:pass%3Aw%C3%B6rd@", 1)
	if resp := mustGet(t, s, inURL+"/"); resp.Status != 200 {
		t.Errorf("credentials in the URL: %d", resp.Status)
	}
}

func TestRule_4_2_HeadersAndBearer(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "") })
	own := Pairs("Authorization", "Token 1")
	for _, c := range []struct {
		session Settings
		request Request
		want    string
	}{
		{Settings{Headers: own}, Request{}, "Token 1"},
		{Settings{}, Request{Headers: own}, "Token 1"},
		{Settings{Headers: own}, Request{Headers: Pairs("authorization", "Token 2")}, "Token 2"},
		{Settings{Auth: Bearer("abc")}, Request{}, "Bearer abc"},
		{Settings{Auth: Bearer("abc")}, Request{Headers: own}, "Bearer abc"},
		{Settings{Headers: own}, Request{Auth: Bearer("abc")}, "Bearer abc"},
		{Settings{Auth: Basic{"a", "b"}, Headers: own}, Request{Auth: Bearer("abc")}, "Bearer abc"},
		{Settings{Auth: Bearer("abc")}, Request{Auth: NoAuth{}}, ""},
		{Settings{Auth: Bearer("abc"), Headers: own}, Request{Auth: NoAuth{}}, "Token 1"},
	} {
		s := testSession(t)
		s.Headers, s.Auth = c.session.Headers, c.session.Auth
		r := c.request
		r.URL = server.url
		mustDo(t, s, &r)
		if got := server.last(t).get("Authorization"); got != c.want {
			t.Errorf("%+v and %+v sent %q, want %q", c.session.Headers, c.request, got, c.want)
		}
	}
	_, err := testSession(t).Do(t.Context(), &Request{URL: server.url, Auth: Bearer("secret\ntoken")})
	if requireKind(t, err, ErrInvalidHeader); strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells the token: %v", err)
	}
}

// A signer signs the body and puts it into an envelope.
type signer struct{}

func (signer) Authenticate(h *Hop) error {
	data, ok := h.Body.Bytes()
	if !ok {
		return errors.New("only bodies in memory can be signed")
	}
	h.SetHeader("X-Signature", fmt.Sprintf("%x cookie=%s type=%s", md5.Sum(data), h.Header("Cookie"), h.Header("Content-Type")))
	h.Body = Bytes(append([]byte("signed:"), data...))
	return nil
}

func TestRule_4_3_AnAuthThatChangesTheBody(t *testing.T) {
	server := record(t, routed(map[string]string{"/": reply(307, "moved", "Location: /next", "Set-Cookie: a=b; Path=/")}))
	for name, headers := range map[string]Fields{"": nil, "a length of the caller's": Pairs("Content-Length", "3")} {
		s := measuredSession(t)
		r := &Request{Method: "POST", URL: server.url, Body: JSON(123), Auth: signer{}, Headers: headers}
		check := func() {
			t.Helper()
			all := server.all()
			for i, cookie := range []string{"", "a=b"} {
				r := all[len(all)-2+i]
				signature := fmt.Sprintf("%x cookie=%s type=application/json", md5.Sum([]byte("123")), cookie)
				if string(r.Body) != "signed:123" || r.get("Content-Length") != "10" || r.get("X-Signature") != signature || r.get("Content-Type") != "application/json" {
					t.Errorf("%s, hop %d: %+v, body %q", name, i, r, r.Body)
				}
			}
		}
		mustDo(t, s, r)
		check()
		s.Jar.Clear()
		var call Call
		s.Measure(t.Context(), mustPrepare(t, s, r), &call)
		if call.Err != nil {
			t.Error(call.Err)
		}
		check()
	}
	s := testSession(t)
	_, err := s.Post(t.Context(), server.url, Stream(strings.NewReader("x")))
	if err != nil {
		t.Error(err)
	}
	before := len(server.all())
	s.Auth = signer{}
	_, err = s.Post(t.Context(), server.url, Stream(strings.NewReader("x")))
	if requireKind(t, err, ErrAuth); len(server.all()) != before {
		t.Error("it was sent although its Auth had failed")
	}
}

// A refresher gets its token by a call on the same session.
type refresher struct {
	session *Session
	login   string
	measure bool
	token   string
	asked   [][]string
	err     error
}

func (f *refresher) Authenticate(h *Hop) error {
	h.SetHeader("Authorization", "Bearer "+f.token)
	return nil
}

func (f *refresher) Answer(h *Hop, status int, challenges []string) bool {
	f.asked = append(f.asked, challenges)
	r := &Request{Method: "POST", URL: f.login, Auth: Basic{"me", "secret"}}
	if f.measure {
		var call Call
		p, err := f.session.Prepare(r)
		if f.err = err; err == nil {
			f.session.Measure(h.Context, p, &call)
			f.err = call.Err
		}
		f.token = "fresh"
		return f.err == nil
	}
	resp, err := f.session.Do(h.Context, r)
	if f.err = err; err != nil {
		return false
	}
	f.token, f.err = resp.Text()
	return status == 401
}

func TestRule_4_3_AnAuthThatRefreshesItsToken(t *testing.T) {
	server := record(t, func(r *received) string {
		switch {
		case r.Target == "/login":
			return reply(200, "fresh", "Set-Cookie: login=1; Path=/")
		case r.get("Authorization") == "Bearer fresh":
			return reply(200, "welcome")
		}
		return reply(401, "who are you?", "WWW-Authenticate: Bearer realm=r", "WWW-Authenticate: Own x=1", "Set-Cookie: seen=1; Path=/")
	})
	for _, measure := range []bool{false, true} {
		s := measuredSession(t)
		auth := &refresher{session: s, login: server.url + "/login", measure: measure, token: "stale"}
		r := &Request{Method: "PUT", URL: server.url + "/", Body: Text("data"), Auth: auth}
		before := len(server.all())
		if measure {
			var call Call
			s.Measure(t.Context(), mustPrepare(t, s, r), &call)
			q := call.Phases
			sum := q.Acquire + q.DNS + q.Connect + q.TLS + q.Send + q.Wait + q.Receive + call.Backoff
			if call.Err != nil || call.Status != 200 || call.Attempts != 2 || call.Redirects != 0 || call.Retries != 0 || sum != call.Finished-call.Started {
				t.Errorf("%+v", call)
			}
		} else {
			resp := mustDo(t, s, r)
			if text, _ := resp.Text(); text != "welcome" || !slices.Equal(statuses(resp.History, resp), []int{401, 200}) {
				t.Errorf("%q, %+v", text, resp)
			}
		}
		if auth.err != nil || len(auth.asked) != 1 || !slices.Equal(auth.asked[0], []string{"Bearer realm=r", "Own x=1"}) {
			t.Errorf("asked %q, %v", auth.asked, auth.err)
		}
		if got, want := server.targets()[before:], []string{"PUT /", "POST /login", "PUT /"}; !slices.Equal(got, want) {
			t.Fatalf("the server got %q", got)
		}
		last := server.last(t)
		if string(last.Body) != "data" || last.get("Cookie") != "seen=1; login=1" {
			t.Errorf("the repeat: %+v", last)
		}
	}
}

func TestRule_4_4_CredentialsOfTheURL(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "") })
	for _, c := range []struct {
		user    string
		request Request
		want    string
	}{
		{"u:p@", Request{}, Basic{"u", "p"}.authorization()},
		{"u%40x:p%3Aq%20@", Request{}, Basic{"u@x", "p:q "}.authorization()},
		{"u:@", Request{}, Basic{"u", ""}.authorization()},
		{"u@", Request{}, Basic{"u", ""}.authorization()},
		{":p@", Request{}, Basic{"", "p"}.authorization()},
		{"@", Request{}, ""},
		{"u:p@", Request{Auth: Basic{"other", "o"}}, Basic{"other", "o"}.authorization()},
		{"u:p@", Request{Headers: Pairs("Authorization", "Own 1")}, "Own 1"},
		{"u:p@", Request{Auth: NoAuth{}}, ""},
	} {
		r := c.request
		r.URL = strings.Replace(server.url, "://", "://"+c.user, 1) + "/x?y"
		resp := mustDo(t, testSession(t), &r)
		got := server.last(t)
		if got.get("Authorization") != c.want || got.Target != "/x?y" || got.get("Host") != server.host || resp.URL.User != nil || resp.Sent.URL.User != nil {
			t.Errorf("%s with %+v: %+v, want %q", c.user, c.request, got, c.want)
		}
	}
}

// netrcSession is a session that trusts the environment, whose netrc has that text.
func netrcSession(t *testing.T, text string) *Session {
	t.Helper()
	path := filepath.Join(t.TempDir(), "netrc")
	writeNetrc(t, path, text)
	t.Setenv("NETRC", path)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, "")
	}
	s := testSession(t)
	s.TrustEnv = true
	return s
}

func TestRule_4_5_NetrcOverSockets(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "") })
	const text = "machine a.test login a password 1\n"
	a := Basic{"a", "1"}.authorization()
	for name, c := range map[string]struct {
		text, host, user string
		change           func(*Session, *Request)
		want             string
	}{
		"listed":                  {text, "a.test", "", nil, a},
		"not listed":              {text, "b.test", "", nil, ""},
		"a sub-domain":            {text, "sub.a.test", "", nil, ""},
		"by default":              {text + "default login d password 2\n", "b.test", "", nil, Basic{"d", "2"}.authorization()},
		"without the environment": {text, "a.test", "", func(s *Session, _ *Request) { s.TrustEnv = false }, ""},
		"a session's auth":        {text, "a.test", "", func(s *Session, _ *Request) { s.Auth = Bearer("t") }, "Bearer t"},
		"a request's auth":        {text, "a.test", "", func(_ *Session, r *Request) { r.Auth = Bearer("t") }, "Bearer t"},
		"none wanted":             {text, "a.test", "", func(_ *Session, r *Request) { r.Auth = NoAuth{} }, ""},
		"a header":                {text, "a.test", "", func(_ *Session, r *Request) { r.Headers = Pairs("authorization", "Own 1") }, "Own 1"},
		"in the URL":              {text, "a.test", "u:p@", nil, Basic{"u", "p"}.authorization()},
		"broken":                  {"machine a.test login", "a.test", "", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := netrcSession(t, c.text)
			r := &Request{URL: strings.Replace(server.at(c.host, "/"), "://", "://"+c.user, 1)}
			if c.change != nil {
				c.change(s, r)
			}
			mustDo(t, s, r)
			if got := server.last(t).get("Authorization"); got != c.want {
				t.Errorf("sent %q, want %q", got, c.want)
			}
		})
	}
}

func TestRule_4_6_NetrcOnRedirects(t *testing.T) {
	server := record(t, redirectsTo(302))
	a, b := Basic{"a", "1"}.authorization(), Basic{"b", "2"}.authorization()
	chain := server.at("a.test", "/go") + to(server.at("b.test", "/go")+to(server.at("c.test", "/go")+to(server.at("a.test", "/end"))))
	for name, c := range map[string]struct {
		request Request
		want    []string
	}{
		"by netrc alone":          {Request{}, []string{a, b, "", a}},
		"after an auth's end":     {Request{Auth: Bearer("t")}, []string{"Bearer t", b, "", a}},
		"after that of an Auth's": {Request{Auth: headerAuth("Own 1")}, []string{"Own 1", b, "", a}},
		"after a header's end":    {Request{Headers: Pairs("Authorization", "Own 1")}, []string{"Own 1", b, "", a}},
		"not where none is due":   {Request{Auth: NoAuth{}}, []string{"", "", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			s := netrcSession(t, "machine a.test login a password 1\nmachine b.test login b password 2\n")
			r := c.request
			r.URL = chain
			before := len(server.all())
			mustDo(t, s, &r)
			var got []string
			for _, r := range server.all()[before:] {
				got = append(got, r.get("Authorization"))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("sent %q, want %q", got, c.want)
			}
		})
	}
}

func TestRule_4_7_DigestAgainstOthers(t *testing.T) {
	bin := httptest.NewServer(httpbin.New())
	t.Cleanup(bin.Close)
	apache := digestApache(t, "AuthDigestQop auth\nAuthDigestNcCheck On")
	for name, c := range map[string]struct{ address, user, password string }{
		"httpbin":         {bin.URL + "/digest-auth/auth/user/pass?a=b%20c", "user", "pass"},
		"httpbin SHA-256": {bin.URL + "/digest-auth/auth/user/pass/SHA-256", "user", "pass"},
		"apache":          {apache + "/one/a?q=%22x%22&y=a,b", "user", "pass:word"},
	} {
		t.Run(name, func(t *testing.T) {
			s := measuredSession(t)
			s.Auth = Digest{c.user, c.password}
			resp := mustGet(t, s, c.address)
			if got := statuses(resp.History, resp); !slices.Equal(got, []int{401, 200}) || !resp.Reused() {
				t.Fatalf("first: %v", got)
			}
			for range 3 {
				if resp := mustGet(t, s, c.address); resp.Status != 200 || len(resp.History) != 0 {
					t.Errorf("later: %d after %v", resp.Status, statuses(resp.History, nil))
				}
			}
			var call Call
			p := mustPrepare(t, s, &Request{URL: c.address})
			for range 3 {
				if s.Measure(t.Context(), p, &call); call.Err != nil || call.Status != 200 || call.Attempts != 1 {
					t.Errorf("measured: %+v", call)
				}
			}
			wrong := mustDo(t, s, &Request{URL: c.address, Auth: Digest{c.user, "wrong"}})
			if got := statuses(wrong.History, wrong); !slices.Equal(got, []int{401, 401}) {
				t.Errorf("a wrong password: %v", got)
			}
		})
	}
}
