package workload

import (
	"net/url"
	"testing"

	"sessbench/result"
)

// filled is an environment from which TOKEN and PIN came.
func filled() *Environment {
	e := &Environment{}
	e.Value("TOKEN", "valueoftoken /+é")
	e.Value("HOST", "ValueOfHost")
	e.Value("PIN", "1234")
	e.Value("FOUR", "four")
	e.Value("YES", "true")
	e.Value("OURS", "status")
	e.Value("ONE", "1")
	e.Text("valueoftoken /+é", Variable("TOKEN"))
	e.Text("1", Variable("ONE"))
	e.Text("a valueoftoken /+é b", "a "+Variable("TOKEN")+" b")
	return e
}

func TestValuesOfTheEnvironmentAreHiddenInMessages(t *testing.T) {
	for text, want := range map[string]string{
		"at valueoftoken /+é, it":                                "at ${TOKEN}, it",
		`at "valueoftoken /+é"`:                                  `at "${TOKEN}"`,
		"?x=valueoftoken+%2F%2B%C3%A9&valueoftoken%20%2F+%C3%A9": "?x=${TOKEN}&${TOKEN}",
		"Basic dmFsdWVvZnRva2VuIC8rw6k=":                         "Basic ${TOKEN}",
		"lookup valueofhost":                                     "lookup ${HOST}",
		"four of them":                                           "${FOUR} of them",
		"5 × status":                                             "5 × status",
		"1 of 1234 is true":                                      "1 of 1234 is true",
	} {
		if got := filled().Hide(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	if got := (*Environment)(nil).Hide("as it is"); got != "as it is" {
		t.Errorf("without an environment: %q", got)
	}
}

// What is sent is shown as the plan has it, however short the values are; what came back is not mistaken for it.
func TestTracesHaveVariables(t *testing.T) {
	body := result.TraceBody([]byte(`{"n":"1","m":1,"1" : "11","s":"a valueoftoken /+é b"}`))
	trace := &result.Trace{Operations: []result.TracedOperation{{
		URL: "http://h/?n=1&m=11#1",
		Exchanges: []result.TracedExchange{{
			Request:  result.TracedRequest{URL: "http://h/1?n=1&m=11#1", Headers: []result.TracedHeader{{Name: "X-One", Value: "1"}, {Name: "X-Two", Value: "2"}}, TracedBody: body},
			Response: &result.TracedResponse{Headers: []result.TracedHeader{{Name: "X-One", Value: "1"}}, TracedBody: body},
		}},
		Jar: []result.TracedCookie{{Name: "c", Value: "x", Domain: "valueofhost.example"}},
	}}}
	o := filled().MaskTrace(trace, nil).Operations[0]
	e := o.Exchanges[0]
	for what, pair := range map[string][2]string{
		"URL":           {o.URL, "http://h/?n=${ONE}&m=11#1"},
		"request URL":   {e.Request.URL, "http://h/1?n=${ONE}&m=11#1"},
		"header":        {e.Request.Headers[0].Value, "${ONE}"},
		"other header":  {e.Request.Headers[1].Value, "2"},
		"body":          {e.Request.Body, `{"n":"${ONE}","m":1,"1" : "11","s":"a ${TOKEN} b"}`},
		"answer":        {e.Response.Headers[0].Value, "1"},
		"answer's body": {e.Response.Body, `{"n":"1","m":1,"1" : "11","s":"a ${TOKEN} b"}`},
		"cookie":        {o.Jar[0].Domain, "${HOST}.example"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %s, want %s", what, pair[0], pair[1])
		}
	}
	if trace.Operations[0].Exchanges[0].Request.Headers[0].Value != "1" {
		t.Error("masking changed the trace itself")
	}
}

// A password that is a variable says where it comes from; one that has more in it is hidden.
func TestUserInformationKeepsVariables(t *testing.T) {
	pw := Variable("PW")
	for text, want := range map[string]string{
		"http://u:" + pw + "@h/":                 "http://u:${PW}@h/",
		"http://" + pw + "@h/":                   "http://${PW}@h/",
		"http://u:a" + pw + "@h/":                "http://u@h/",
		"http://u:a:" + pw + "@h/":               "http://u@h/",
		"http://u@h/?token=x&q=" + pw + "#" + pw: "http://***@h/?token=***&q=${PW}#${PW}",
	} {
		if got := Named(maskText(text)); got != want {
			t.Errorf("%s is shown as %s, want %s", Named(text), got, want)
		}
	}
	if got := Named(maskURLs("at http://u:a:" + pw + "@h/ and http://u:" + pw + "@h/")); got != "at http://u:***@h/ and http://u:${PW}@h/" {
		t.Errorf("a text is shown as %s", got)
	}
	for text, want := range map[string]string{pw + ":" + pw + "@h:1": "${PW}:${PW}@h:1", "http://me:" + pw + "@h:1": "http://***@h:1"} {
		if got := Named(maskProxies(Proxies{{For: "all", URL: text}})[0].URL); got != want {
			t.Errorf("a proxy is shown as %s, want %s", got, want)
		}
	}
}

// Session identifiers are secrets by their usual short names.
func TestSessionIdentifiersAreSecret(t *testing.T) {
	for _, name := range []string{"sid", "PHPSESSID", "connect.sid", "sessId"} {
		if !SecretName(name) {
			t.Errorf("%s is no secret", name)
		}
	}
	for _, name := range []string{"side", "inside", "reside_id"} {
		if SecretName(name) {
			t.Errorf("%s is a secret", name)
		}
	}
}

// What the load went to is told as target and URL were written.
func TestAddressesHaveVariables(t *testing.T) {
	v := Variable("X")
	for _, test := range []struct{ target, targetWritten, reference, referenceWritten, request, want string }{
		{"http://h:81/t", v, "/a", "/a", "http://h:81/a", "http://h:81/a"},
		{"http://h:81/t/", v, "a", "a", "http://h:81/t/a", "http://h:81/${X}/a"},
		{"http://h:81/t", v, "", "", "http://h:81/t", "http://h:81/${X}/"},
		{"http://h:81/", "http://h:81/", "/a?b=c", "/" + v + "?b=c", "http://h:81/a?b=c", "http://h:81/${X}?b=c"},
		{"http://u:p@h/", "http://u:" + v + "@h/", "a", "a", "http://u:p@h/a", "http://u:${X}@h/a"},
		{"http://h/", "http://h/", "http://i/z", v, "http://i/z", "http://i/${X}"},
		{"http://h/z", "http://h/" + v, "{{x}}", "{{x}}", "http://h/z?n=zz&k=1", "http://h/${X}?n=${X}&k=1"},
		{"http://h/z", "http://h/z", "/a", "/a", "http://h/a?n=1", "http://h/a?n=1"},
	} {
		e := &Environment{}
		e.Text("zz", v)
		e.Text(test.target, test.targetWritten)
		e.Text(test.reference, test.referenceWritten)
		u, err := url.Parse(test.request)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.address(u, &Plan{Mix: []Operation{{URL: test.reference}}}, test.target); got != test.want {
			t.Errorf("%s is told as %s, want %s", test.request, got, test.want)
		}
	}
}
