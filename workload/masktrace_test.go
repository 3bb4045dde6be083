package workload

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"sessbench/result"
	"sessbench/workload/wire"
)

const marker = "hunter2"

func pointer[T any](v T) *T { return &v }

func namedMarkers(names ...string) Fields {
	var f Fields
	for _, name := range names {
		f = f.Add(name, marker)
	}
	return f
}

// Every way in which an operation or a session takes a secret.
func TestNoSecretOfASessionIsInTheMaskedPlan(t *testing.T) {
	operation := Operation{
		Name:    "GET /x?token=" + marker,
		Method:  "GET",
		URL:     "https://" + marker + "@h/x?api_key=" + marker + "#access_token=" + marker,
		Headers: namedMarkers("Authorization", "X-Token", "Cookie").Add("Location", "http://u:"+marker+"@h/"),
		Params:  namedMarkers("password", "access_token", "sig"),
		Cookies: Cookies{{Name: "plain", Value: marker}},
		Auth:    &Auth{Bearer: marker},
		Proxies: Proxies{{For: "all", URL: "http://" + marker + ":" + marker + "@proxy"}, {For: "https", URL: marker + "@proxy"}},
	}
	digest, form, js, multipart, body := operation, operation, operation, operation, operation
	digest.Auth = &Auth{Digest: &BasicAuth{User: "me", Password: marker}}
	form.Form = namedMarkers("passwd", "client_secret").Add("page", "kept-form")
	js.JSON = json.RawMessage(`{"page": "kept-json", "deep": [{"token": {"a": ["` + marker + `"]}}], "password" : "` + marker + `"}`)
	multipart.Multipart = &Multipart{Fields: namedMarkers("otp", "pin"), Files: []FilePart{
		{Field: "secret", Content: pointer(marker)}, {Field: "f", Content: pointer(`{"token":"` + marker + `"}`)}, {Field: "g", Content: pointer("kept-file")},
	}}
	body.Body = []byte("page=kept-body&%70assword=" + marker)
	p := &Plan{
		Target: "https://me:" + marker + "@h/?key=" + marker,
		Session: SessionPlan{
			Headers: operation.Headers, Params: operation.Params, Cookies: operation.Cookies, Auth: digest.Auth, Proxies: operation.Proxies,
			Adapters: Adapters{{Prefix: "https://u:" + marker + "@h/"}},
		},
		Setup: []Operation{form, digest},
		Mix:   []Operation{js, multipart, body},
	}
	before, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p.Masked())
	if err != nil {
		t.Fatal(err)
	}
	if i := strings.Index(string(text), marker); i >= 0 {
		t.Errorf("the secret is in ...%s", text[max(0, i-100):i+20])
	}
	for _, kept := range []string{"kept-form", "kept-json", "kept-file", "kept-body"} {
		if !strings.Contains(string(text), kept) {
			t.Errorf("%s was lost from %s", kept, text)
		}
	}
	if after, _ := json.Marshal(p); string(after) != string(before) {
		t.Error("masking changed the plan itself")
	}
}

func secretTrace() *result.Trace {
	headers := []result.TracedHeader{
		{Name: "Authorization", Value: "Basic " + marker}, {Name: "proxy-authorization", Value: marker}, {Name: "Cookie", Value: "a=" + marker + "; b=" + marker},
		{Name: "Set-Cookie", Value: "sid=" + marker + "; Path=/kept-path; HttpOnly"}, {Name: "Set-Cookie", Value: marker}, {Name: "X-Api-Key", Value: marker},
		{Name: "Location", Value: "/cb?code=" + marker + "&kept=kept-query#access_token=" + marker}, {Name: "Referer", Value: "http://a:" + marker + "@h/"},
		{Name: "WWW-Authenticate", Value: `Digest realm="kept-realm"`}, {Name: "Accept", Value: "kept-accept"},
	}
	part := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\nContent-Type: text/plain\r\n\r\n" + value + "\r\n"
	}
	exchange := func(body string) result.TracedExchange {
		return result.TracedExchange{
			Request: result.TracedRequest{URL: "http://h/?token=" + marker, Headers: headers, TracedBody: result.TraceBody([]byte(body))},
			Response: &result.TracedResponse{Headers: headers, Cookies: []result.TracedCookie{{Name: "kept-cookie", Value: marker}},
				TracedBody: result.TraceBody([]byte(body))},
		}
	}
	return &result.Trace{
		Target: "http://u:" + marker + "@h/",
		Operations: []result.TracedOperation{{
			Name: "GET /?key=" + marker, URL: "http://" + marker + "@h/?key=" + marker,
			Jar: []result.TracedCookie{{Name: "sid", Value: marker}},
			Exchanges: []result.TracedExchange{
				exchange(`{"access_token":"` + marker + `","n":"kept-json"}`),
				exchange(`[{"secret":{"deep":"` + marker + `"}}]`),
				exchange("{\"password\": \"" + marker + "\"}\n{\"password\": \"" + marker + "\"}\n"),
				exchange(`{"cut": {"password": "` + marker + `", "rest": "`),
				exchange("user=me&password=" + marker + "&page=kept-form"),
				exchange("<login><password>" + marker + "</password></login>"),
				exchange(part("page", "kept-part") + part("password", marker) + part("token", marker+"\r\n"+marker) + "--b--\r\n"),
				exchange("\xff\x00" + part("password", marker) + part("image", "\xff\xd8") + "--b--\r\n"),
				{Request: result.TracedRequest{URL: "http://h/"}},
			},
		}},
	}
}

func TestNoSecretIsInAMaskedTrace(t *testing.T) {
	trace := secretTrace()
	masked := MaskTrace(trace, nil)
	text, err := json.Marshal(masked)
	if err != nil {
		t.Fatal(err)
	}
	bodies := ""
	for _, e := range masked.Operations[0].Exchanges {
		body, err := e.Request.Decode()
		if err != nil {
			t.Fatal(err)
		}
		bodies += string(body)
	}
	for _, all := range []string{string(text), bodies} {
		for _, secret := range []string{marker, base64.StdEncoding.EncodeToString([]byte(marker))} {
			if i := strings.Index(all, secret); i >= 0 {
				t.Errorf("the secret is in ...%s", all[max(0, i-200):i+20])
			}
		}
	}
	for _, kept := range []string{"kept-path", "HttpOnly", "sid=***", "kept-query", "kept-realm", "kept-accept", "kept-cookie", "kept-json", "kept-form", "kept-part", "Basic ***", "a=***; b=***"} {
		if !strings.Contains(string(text), kept) {
			t.Errorf("%s was lost from %s", kept, text)
		}
	}
	if !reflect.DeepEqual(trace, secretTrace()) {
		t.Error("masking changed the trace itself")
	}
}

func FuzzMaskedJSONStaysJSON(f *testing.F) {
	for _, seed := range []string{`{"a":1,"token":{"b":[1]},"c":2}`, `[{"password":null}]`, `{}`, `{"password" : "a" , "x":[]}`, `"token"`, `{"token":{"token":1}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		masked := maskJSON([]byte(text))
		if (masked == nil) == json.Valid([]byte(text)) {
			t.Fatalf("%q became %q", text, masked)
		}
		if masked != nil && !json.Valid(masked) {
			t.Errorf("%q became %q, which is no JSON", text, masked)
		}
		if again := maskJSON(masked); masked != nil && string(again) != string(masked) {
			t.Errorf("%q became %q and then %q", text, masked, again)
		}
	})
}

func TestARunRefusesWhatItDoesNotCarryOut(t *testing.T) {
	for want, change := range map[string]func(*Plan){
		`session.adapters has a pool for "http://", which in a run is for the arms to say; leave it out`: func(p *Plan) {
			p.Session.Adapters = Adapters{{Prefix: "http://", PoolBlock: true}}
		},
		"": func(*Plan) {},
	} {
		p := &Plan{
			Target: "http://127.0.0.1:9/",
			Arms:   []Arm{{Name: "pooled", Policy: "pooled"}},
			Mix:    []Operation{{Name: "get", Method: "GET", URL: "/"}},
			Load:   Load{Workers: 1, Requests: 1, Blocks: 1},
		}
		change(p)
		_, err := NewRunner(p, Options{})
		if err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestArmsThatDoNotResend(t *testing.T) {
	arms, err := ParseArms("pooled,pooled+no-resend,x=reuse-5+no-resend")
	if err != nil {
		t.Fatal(err)
	}
	want := []Arm{{Name: "pooled", Policy: "pooled"}, {Name: "pooled-no-resend", Policy: "pooled", NoResend: true}, {Name: "x", Policy: "reuse-5", NoResend: true}}
	if !reflect.DeepEqual(arms, want) {
		t.Errorf("arms %+v, want %+v", arms, want)
	}
	for i, resend := range []bool{true, false, false} {
		policy, err := new(Plan).policyFor(&arms[i])
		if err != nil || policy.Resend != resend || describe(&arms[i], &policy, new(wire.PoolOptions)).Resend != resend {
			t.Errorf("%s: policy %+v, %v", arms[i].Name, policy, err)
		}
	}
	text, err := json.Marshal(arms)
	if want := `["pooled",{"name":"pooled-no-resend","policy":"pooled","resend":false},{"name":"x","policy":"reuse-5","resend":false}]`; err != nil || string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
}
