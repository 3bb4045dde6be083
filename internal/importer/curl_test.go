package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sessbench/workload"
	"sessbench/workload/session"
)

// importCurl imports a command and returns its only operation, with its plan.
func importCurl(t *testing.T, script string) (*workload.Operation, *workload.Plan, *Plan) {
	t.Helper()
	imported, err := Curl(script, testOptions("command line"))
	if err != nil {
		t.Fatal(err)
	}
	plan := parse(t, imported)
	if len(plan.Mix) != 1 {
		t.Fatalf("%d operations", len(plan.Mix))
	}
	return &plan.Mix[0], plan, imported
}

func TestCurlsOptionsMakeARequest(t *testing.T) {
	for _, test := range []struct {
		options string
		want    string // method, URL, and body where there is one
	}{
		{`http://h`, "GET /"},
		{`h/a?b=c#d`, "GET /a?b=c"},
		{`-I http://h/a`, "HEAD /a"},
		{`-XDELETE http://h/a`, "DELETE /a"},
		{`-X PURGE http://h/a`, "PURGE /a"},
		{`-da=b http://h/`, "POST / form a=b"},
		{`-d =b http://h/`, "POST / body =b"},
		{`-d=b http://h/`, "POST / body =b"},
		{`-d a=1 -d a=2 -d b= http://h/`, "POST / form a=1 a=2 b="},
		{`-d a=1 -d b=2 -d a=3 http://h/`, "POST / body a=1&b=2&a=3"},
		{`-d 'a+b=c%20d' http://h/`, "POST / form a b=c d"},
		{`-d 'plain text' http://h/`, "POST / body plain text"},
		{`--data-raw @x http://h/`, "POST / body @x"},
		{`--data-urlencode 'a=b c&d' http://h/`, "POST / form a=b c&d"},
		{`--data-urlencode '=b c' http://h/`, "POST / body b+c"},
		{`--url-query 'b=2 3' --url-query '+c=4%205' 'http://h/x'`, "GET /x?b=2+3&c=4%205"},
		{`-G -d a=1 --data-urlencode 'b=2 3' 'http://h/x?y=z'`, "GET /x?y=z&a=1&b=2+3"},
		{`-G -d a=1 http://h`, "GET /?a=1"},
		{`--url-query a=1 http://h/`, "GET /?a=1"},
		{`--json '{"a": [1, null, true, "b"]}' http://h/`, `POST / json {"a":[1,null,true,"b"]}`},
		{`--json '[' --json ']' http://h/`, `POST / json []`},
		{`-d '{"a":1}' -H 'content-type: application/json' http://h/`, `POST / json {"a":1}`},
		{`-d '{"a":1,"a":2}' -H 'content-type: application/json' http://h/`, `POST / body {"a":1,"a":2}`},
		{`-d 7 -H 'content-type: application/json' http://h/`, `POST / body 7`},
		{`--form-string a=@b http://h/`, "POST / multipart a=@b"},
		{`-F 'a="x;y";type=text/plain' -F b=2 http://h/`, "POST / multipart a=x;y b=2"},
		{`-F 'a="x;y";type=text/csv;filename=b.csv' -F 'c=d;e' http://h/`, "POST / multipart c=d;e a=b.csv(text/csv)x;y"},
		{`-g 'http://[::1]:80/a'`, "GET /a"},
		{`-sS -o /dev/null -w '%{http_code}' -- http://h/-x`, "GET /-x"},
		{`http://h/ > out.html 2>/dev/null`, "GET /"},
		{`'HTTP://H/A'`, "GET /A"},
	} {
		o, _, plan := importCurl(t, "curl "+test.options)
		got := o.Method + " " + o.URL
		fields := func(kind string, list workload.Fields) {
			got += " " + kind
			for _, f := range list {
				for _, value := range f.Values {
					got += " " + f.Name + "=" + value
				}
			}
		}
		switch {
		case o.Form != nil:
			fields("form", o.Form)
		case o.JSON != nil:
			got += " json " + string(o.JSON)
		case o.Multipart != nil:
			fields("multipart", o.Multipart.Fields)
			for _, f := range o.Multipart.Files { // whose content stands in the command
				got += fmt.Sprintf(" %s=%s(%s)%s", f.Field, f.Name, f.Type, *f.Content)
			}
		case o.Body != nil:
			got += " body " + string(o.Body)
		}
		if got != test.want {
			t.Errorf("curl %s: %s, want %s\n%s", test.options, got, test.want, plan.YAML)
		}
	}
}

func TestCurlsConnectionOptionsGoWhereAPlanHasThem(t *testing.T) {
	_, plan, imported := importCurl(t, `curl https://h/ --http2 --resolve h:443:127.0.0.1 --connect-to ::x:1 --abstract-unix-socket s --max-redirs 3 -L
	`)
	switch {
	case plan.HTTP != "2", plan.Connection.UnixSocket != "@s",
		!slices.Equal(plan.Session.Resolve, []string{"h:443:127.0.0.1"}), !slices.Equal(plan.Session.ConnectTo, []string{"::x:1"}),
		plan.Session.MaxRedirects == nil, *plan.Session.MaxRedirects != 3, !plan.Session.Follow:
		t.Errorf("plan\n%s", imported.YAML)
	}
	_, plan, imported = importCurl(t, `curl https://h/ --max-redirs 3 --http1.1`)
	if plan.Session.Follow || plan.HTTP != "1.1" {
		t.Errorf("redirects are followed without -L:\n%s", imported.YAML)
	}
	o, _, imported := importCurl(t, `curl https://h/ -u 'me' --digest --tlsv1.2 --tls-max 1.3 --cert c.pem:secret --key k.pem --socks5-hostname proxy:9 --noproxy localhost`)
	switch {
	case o.Auth == nil || o.Auth.Digest == nil || o.Auth.Digest.User != "me",
		o.TLS == nil || o.TLS.Min != "1.2" || o.TLS.Max != "1.3" || o.TLS.Cert != "c.pem" || o.TLS.Key != "k.pem",
		len(o.Proxies) != 2 || o.Proxies[0].URL != "socks5h://proxy:9":
		t.Errorf("plan\n%s", imported.YAML)
	}
	if !slices.ContainsFunc(imported.Notes, func(n string) bool { return strings.HasPrefix(n, "The password of --cert was left out") }) {
		t.Errorf("notes %q", imported.Notes)
	}
}

// What is about curl's cache, or no rule, is left out and told.
func TestCurlsRulesForNamesAreThoseOfAPlan(t *testing.T) {
	_, plan, imported := importCurl(t, `curl https://h/ --resolve +h:443:127.0.0.1,[::1] --resolve '[::2]:443:::1' --resolve '*:80:::1' --resolve -h:443 --resolve h:70000:::1 --resolve h:443:other --resolve h:443:fe80::1%eth0 --connect-to h:443:[::1]:8443 --connect-to :::: --connect-to h:443:i:x --connect-to h:443`)
	if want := []string{"h:443:127.0.0.1,[::1]", "[::2]:443:::1", "*:80:::1"}; !slices.Equal(plan.Session.Resolve, want) {
		t.Errorf("resolve %q, want %q", plan.Session.Resolve, want)
	}
	if want := []string{"h:443:[::1]:8443"}; !slices.Equal(plan.Session.ConnectTo, want) {
		t.Errorf("connect_to %q, want %q", plan.Session.ConnectTo, want)
	}
	for _, option := range []string{"resolve", "connect-to"} {
		if !strings.Contains(string(imported.YAML), "# A rule of --"+option+" was left out") {
			t.Errorf("nothing is said of --%s:\n%s", option, imported.YAML)
		}
	}
}

func TestACookieHeaderIsInThePlaceOfCurlsCookies(t *testing.T) {
	o, _, imported := importCurl(t, `curl https://h/ -b a=1 -H 'Cookie: b=2'`)
	if len(o.Cookies) != 1 || o.Cookies[0].Name != "b" || !strings.Contains(string(imported.YAML), "# Cookies of -b were left out") {
		t.Errorf("plan\n%s", imported.YAML)
	}
	if o, _, imported = importCurl(t, `curl https://h/ -b a=1 -b 'c=3; d=4'`); len(o.Cookies) != 3 {
		t.Errorf("plan\n%s", imported.YAML)
	}
	for _, header := range []string{"Cookie:", "cookie;", "Cookie: bad"} {
		if o, _, imported = importCurl(t, `curl https://h/ -b a=1 -H '`+header+`'`); len(o.Cookies) != 0 {
			t.Errorf("plan\n%s", imported.YAML)
		}
	}
	if o, _, imported = importCurl(t, `curl https://h/ -H 'Cookie: a=1; b=2' -H 'Cookie: b=3; c=4'`); len(o.Cookies) != 3 {
		t.Errorf("plan\n%s", imported.YAML)
	}
}

// As zsh writes what is pasted into it.
func TestBackslashesOfAShellAreTakenOff(t *testing.T) {
	o, _, imported := importCurl(t, `curl http://h/x\?a=1\&b=2 -H X-A:\ b\"c -d '' -H "X-B: \$1\x"`)
	if o.URL != "/x?a=1&b=2" || !slices.ContainsFunc(o.Headers, func(f session.Field) bool { return f.Name == "X-A" && f.Values[0] == `b"c` }) ||
		!slices.ContainsFunc(o.Headers, func(f session.Field) bool { return f.Name == "X-B" && f.Values[0] == `$1\x` }) {
		t.Errorf("plan\n%s", imported.YAML)
	}
}

func TestWhatCurlCommandsHaveInCommonIsTheSessions(t *testing.T) {
	imported, err := Curl("curl -L -k http://h/a -H 'Accept: x' -H 'A: 1' -u me:x\ncurl -Lk http://h/b -H 'A: 2' -H 'accept: y' -H 'Accept: x' -u me:x", testOptions("command line"))
	if err != nil {
		t.Fatal(err)
	}
	plan := parse(t, imported)
	if !plan.Session.Follow || plan.Session.TLS.Verify || plan.Session.Auth == nil || plan.Mix[0].Auth != nil || plan.Mix[1].TLS != nil {
		t.Errorf("plan\n%s", imported.YAML)
	}
}

func TestUnknownOptionsAreNotedWhereTheyCanHaveNoValue(t *testing.T) {
	_, _, imported := importCurl(t, "curl --frobnicate --no-frob -s http://h/")
	if len(imported.Notes) != 2 || !strings.Contains(string(imported.YAML), "# The option --frobnicate is not known and was left out.") {
		t.Errorf("notes %q, plan\n%s", imported.Notes, imported.YAML)
	}
}

// What a plan gives a meaning comes out as it went in.
func TestTextsMeanWhatTheyMeant(t *testing.T) {
	for _, text := range []string{"${HOME}", "$", "$$", "$$$", "a$", "{{x}}", "{{", "{{{", "{{{{", "}}", "${{x}}", "$${", `{{"{{"}}`, "a\nb ${X}\n", " \n{{x}}", "tab\t\u00a0\u2028", "#: - [", "~", "null", "1e3", "\u0000\u0007"} {
		imported, err := CurlWords([]string{"curl", "http://h/", "--data-raw", text, "-H", "Content-Type: text/plain"}, testOptions("command line"))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		plan := parse(t, imported)
		if got := meant(t, string(plan.Mix[0].Body)); got != text {
			t.Errorf("%q became %q in\n%s", text, got, imported.YAML)
		}
	}
}

func TestFilesAreRelativeToThePlan(t *testing.T) {
	o := testOptions("command line")
	o.PlanDir = "plans/a"
	imported, err := Curl("curl http://h/ --data-binary @body.json --cacert /etc/ca.pem", o)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"body_file: ../../body.json", "ca: /etc/ca.pem"} {
		if !strings.Contains(string(imported.YAML), want) {
			t.Errorf("no %q in\n%s", want, imported.YAML)
		}
	}
}
