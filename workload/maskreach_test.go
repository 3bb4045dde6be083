package workload

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"sessbench/result"
)

// What a server repeats of a request comes back inside of other things.
func TestMaskingReachesInsideOfTexts(t *testing.T) {
	for body, want := range map[string]string{
		`{"data":"{\"id\":1,\"token\":\"abc\"}"}`:                  `{"data":"{\"id\":1,\"token\":\"***\"}"}`,
		`{"data":"{\"in\":\"{\\\"pin\\\":\\\"12\\\"}\",\"n\":2}"}`: `{"data":"{\"in\":\"{\\\"pin\\\":\\\"***\\\"}\",\"n\":2}"}`,
		`{"data":"a=1&token=abc","n":[1,"x\"y"]}`:                  `{"data":"a=1\u0026token=***","n":[1,"x\"y"]}`,
		`{"url":"http://u:pw@h/?a=1&key=abc#x"}`:                   `{"url":"http://u:***@h/?a=1\u0026key=***#x"}`,
		`{"cut": "{\"token\": \"abc\", \"x\": `:                    `{"cut": "{\"token\": "***", \"x\": `,
		`see http://h/?token=abc&b=1 for it`:                       `see http://h/?token=***&b=1 for it`,
		`{"token" : "abc"}`:                                        `{"token" : "***"}`,
		`{"authenticated":true,"token":null,"password":""}`:        `{"authenticated":true,"token":null,"password":""}`,
		`{"author":"Jane","authors":["J"],"author_id":"7"}`:        `{"author":"Jane","authors":["J"],"author_id":"7"}`,
		`{"authorization":"x","author_token":"y"}`:                 `{"authorization":"***","author_token":"***"}`,
		`{"code":404,"message":"no"}`:                              `{"code":404,"message":"no"}`,
		`{"code":"a1b2"}`:                                          `{"code":"***"}`,
		`{"code":123456}`:                                          `{"code":"***"}`,
	} {
		if got := maskBody(body); got != want {
			t.Errorf("%s became\n%s, want\n%s", body, got, want)
		}
	}
}

func TestHeadersAreMaskedWhereTheyHoldSecrets(t *testing.T) {
	for line, want := range map[string]string{
		"Access-Control-Allow-Credentials: true":                 "true",
		"Access-Control-Allow-Headers: Authorization, X-Token":   "Authorization, X-Token",
		"Link: <http://h/?page=2&api_key=abc>; rel=next":         "<http://h/?page=2&api_key=***>; rel=next",
		"Refresh: 0; url=/next?token=abc":                        "0; url=/next?token=***",
		"Location: https://u:pw@h/cb?code=abcdef#id_token=x":     "https://u@h/cb?code=***#id_token=***",
		"Authentication-Info: nextnonce=\"abc\"":                 mask,
		"Proxy-Authorization: Basic abc":                         "Basic ***",
		"Authorization: Digest username=\"u\", response=\"abc\"": "Digest ***",
		"Content-Security-Policy: default-src 'self'":            "default-src 'self'",
		"ETag: \"a=b\"": "\"a=b\"",
	} {
		name, value, _ := strings.Cut(line, ": ")
		if got := maskHeader(name, value); got != want {
			t.Errorf("%s became %q, want %q", line, got, want)
		}
	}
}

// A value that had a secret's name once is hidden everywhere, in every spelling.
func TestWhatIsSecretOnceIsHiddenEverywhere(t *testing.T) {
	const password = `p&ss "w0rd"/`
	encoded := base64.StdEncoding.EncodeToString([]byte("joe:" + password))
	plan := &Plan{Session: SessionPlan{
		Auth:    &Auth{Digest: &BasicAuth{User: "joe", Password: password}},
		Cookies: Cookies{{Name: "sid", Value: "cookie-123"}},
		Proxies: Proxies{{For: "all", URL: "http://pj:proxy-pass@p:1"}},
	}}
	text := "p%26ss+%22w0rd%22%2F p&ss%20%22w0rd%22%2F " + password + " " + encoded + " cookie-123 proxy-pass header-12 set-c00kie joe sid"
	trace := &result.Trace{Plan: json.RawMessage(`{"x":"cookie-123"}`), Operations: []result.TracedOperation{{
		Name: "GET /cookie-123", URL: "http://h/cookie-123",
		Error: &result.TracedError{Message: text},
		Exchanges: []result.TracedExchange{{
			Request:  result.TracedRequest{URL: "http://h/cookie-123", Headers: []result.TracedHeader{{Name: "X-Token", Value: "header-12"}}},
			Attempts: []result.TracedAttempt{{Error: &result.TracedError{Message: text}}},
			Response: &result.TracedResponse{
				Headers:    []result.TracedHeader{{Name: "Set-Cookie", Value: "a=set-c00kie; Path=/"}, {Name: "X-Echo", Value: "header-12"}},
				TracedBody: result.TraceBody([]byte(text)),
			},
		}},
	}}}
	masked, err := json.Marshal(MaskTrace(trace, plan))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"w0rd", encoded, "cookie-123", "proxy-pass", "header-12", "set-c00kie"} {
		if strings.Contains(string(masked), secret) {
			t.Errorf("%s is in %s", secret, masked)
		}
	}
	if !strings.Contains(string(masked), "joe sid") {
		t.Errorf("what is no secret was lost from %s", masked)
	}
}

// Values that could be any word or number are hidden by their names only.
func TestWhatIsNoSecretStaysWhereItHasNoName(t *testing.T) {
	for _, value := range []string{"short", "1234567", "password", "2026-01-01 12:00", ""} {
		known := secrets{}
		known.add(value)
		if len(known) != 0 {
			t.Errorf("%q is looked for", value)
		}
	}
}
