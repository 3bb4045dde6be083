package workload

import (
	"encoding/json"
	"strings"
	"testing"

	"sessbench/workload/session"
)

// Whatever way a secret comes in, it does not come out with the plan.
func TestMaskedPlanHoldsNoSecret(t *testing.T) {
	const secret = "hunter2"
	p := &Plan{
		Target: "https://me:" + secret + "@api.example.com/a?access_token=" + secret + "&page=1",
		Arms:   []Arm{{Name: "pooled", Policy: "pooled"}},
		Session: SessionPlan{
			Headers: Fields(session.Pairs("Authorization", "Bearer "+secret, "X-Api-Key", secret, "Cookie", "sid="+secret,
				"X-Session", secret, "Ocp-Apim-Subscription-Key", secret, "X-CSRF", secret, "Accept", "text/plain")),
			Auth:    &Auth{Basic: &BasicAuth{User: "me", Password: secret}},
			Cookies: Cookies{{Name: "sid", Value: secret}},
		},
		Mix: []Operation{{
			Name:    "POST /login?token=" + secret,
			Method:  "POST",
			URL:     "/login?token=" + secret + "&lang=en",
			Headers: Fields(session.Pairs("Proxy-Authorization", secret)),
			Body:    []byte(`{"user":"me","password":"` + secret + `","client_secret": "` + secret + `","n":1}`),
		}, {
			Name: "POST /", Method: "POST", URL: "/?key=" + secret + "&code=" + secret, Body: []byte("user=me&passwd=" + secret + "&n=1"),
		}, {
			Method: "POST", URL: "/", Body: []byte("{'password': '" + secret + "'} <pin>" + secret + "</pin>"),
		}},
	}
	text, err := json.Marshal(p.Masked())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) {
		t.Errorf("the secret stands in %s", text)
	}
	for _, kept := range []string{"page=1", "lang=en", "text/plain", `"user":"me"`, `\"n\":1`, "n=1", "me@api.example.com", `"name":"POST /"`, `\u003c/pin`} {
		if !strings.Contains(string(text), kept) {
			t.Errorf("%q was lost from %s", kept, text)
		}
	}
	if !strings.Contains(string(p.Mix[0].Body), secret) || p.Session.Auth.Basic.Password != secret {
		t.Error("masking changed the plan itself")
	}
}

func TestAUserWithoutAPasswordIsTakenForAKey(t *testing.T) {
	p := &Plan{Session: SessionPlan{Auth: &Auth{Basic: &BasicAuth{User: "sk_hunter2"}}}}
	if user := p.Masked().Session.Auth.Basic.User; user != mask {
		t.Errorf("user %q is shown", user)
	}
}

func TestPlanJSONIsThePlanFilesLanguage(t *testing.T) {
	p := &Plan{
		Target: "http://127.0.0.1/",
		Arms:   []Arm{{Name: "pooled", Policy: "pooled"}, {Name: "five", Policy: "reuse-5"}},
		Session: SessionPlan{
			Headers: Fields{}.Add("B", "1").Add("A", "2").Add("b", "3"),
			TLS:     TLSPlan{Verify: true},
			Timeout: Timeout{Connect: Duration(DefaultConnectTimeout)},
		},
		Mix:  []Operation{{Name: "get", Method: "GET", URL: "/x"}, {Name: "purge", Method: "PURGE", URL: "/y", Body: []byte("b")}},
		Load: Load{Workers: 3, Requests: 7, Blocks: 2, Seed: 1},
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"target":"http://127.0.0.1/","arms":["pooled",{"name":"five","policy":"reuse-5"}],` +
		`"session":{"headers":{"B":["1","3"],"A":"2"},"timeout":{"connect":"5s","read":"0s","total":"0s"},"follow":false,"tls":{"verify":true}},` +
		`"mix":[{"name":"get","get":"/x"},{"name":"purge","method":"PURGE","url":"/y","body":"b"}],` +
		`"load":{"workers":3,"requests":7,"warmup":"0s","blocks":2,"seed":1},"output":{}}`
	if string(text) != want {
		t.Errorf("plan is\n%s, want\n%s", text, want)
	}
}
