package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// wholePlan has most of the language in it, as somebody would write it who has read of it once.
const wholePlan = `target: https://api.example.com
arms: [pooled, fresh, {name: five, requests_per_connection: 5}]
session:                     # what every worker's session starts with
  headers: {User-Agent: MyApp/1.0, Accept: application/json}
  params: {locale: en}
  auth: {basic: {user: user, password: "${API_PASSWORD}"}}   # ${NAME}: environment
  timeout: {connect: 5s, read: 5s}
  max_redirects: 30
  proxies: {https: http://proxy.example:3128}
  tls: {verify: true, ca: ca.pem, cert: client.pem, key: client.key}
  adapters:                  # longest prefix wins
    https://api.example.com/: {retries: {total: 3, backoff: 100ms, statuses: [500, 502, 503, 504]}}
feeds:
  users: {csv: users.csv, pick: per-worker}
setup:                       # once per session, not measured
  - {post: /login, form: {user: "{{users.name}}", password: "{{users.password}}"}, check: status == 200}
mix:
  - {name: list, weight: 7, get: "/items?page={{page}}", extract: {id: {json: items.0.id}}}
  - {name: item, weight: 2, get: "/items/{{id}}", check: "status == 200 && json.id == id"}
  - name: checkout           # a scenario: steps in order
    weight: 1
    think: 200ms
    steps: [{post: /cart, json: {id: "{{id}}"}}, {post: /pay}]
load: {rate: 500, arrivals: poisson, workers: 64, duration: 30s, warmup: 5s, blocks: 10}
thresholds: ["pooled.response_time.p99 < 50ms", "fresh.error_rate < 0.1%", "gain.response_time.p50 > 1.5"]
`

func TestAWholePlanIsCarriedOut(t *testing.T) {
	seen := new(scribe)
	seen.answer = func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "user" || password != "s3cret" || r.UserAgent() != "MyApp/1.0" || r.URL.Query().Get("locale") != "en" {
			w.WriteHeader(http.StatusTeapot)
		}
		fmt.Fprint(w, `{"id":"i-1","items":[{"id":"i-1"}]}`)
	}
	server := httptest.NewTLSServer(seen)
	t.Cleanup(server.Close)
	plan := planFile(t, wholePlan, "users.csv", "name,password,page\nalice,a,1\nbob,b,2\n")
	beside := func(name string) string { return filepath.Join(filepath.Dir(plan), name) }
	identity := server.TLS.Certificates[0]
	writeIdentity(t, identity, beside("client.pem"), beside("client.key"))
	writeIdentity(t, identity, beside("ca.pem"), beside("ca.key"))
	needFiles(t, 1000)
	t.Setenv("API_PASSWORD", "s3cret")
	res := measured(t, exitDone, "compare", "--plan", plan, "--set", "target="+server.URL, "--set", "session.proxies={}",
		"-d", "400ms", "--warmup", "0s", "--blocks", "4", "--set", "thresholds=[]")
	calls := map[string]int64{}
	for _, a := range seen.take() {
		calls[a.path]++
		if a.path == "/items" && a.query != "locale=en&page=1" && a.query != "page=1&locale=en" && !strings.Contains(a.query, "page=2") {
			t.Errorf("a page was asked for as %q", a.query)
		}
	}
	var logins, lists int64
	for _, a := range res.Arms {
		logins += a.Sessions.SetupRequests
		lists += a.Operations[0].Requests
		// Whoever asks for an item before a list has no id yet. Nothing else goes wrong.
		if a.Requests == 0 || a.ErrorClasses["render"] != a.Errors {
			t.Errorf("%s: %d requests, %v", a.Name, a.Requests, a.ErrorClasses)
		}
		if b := res.Arms[0].Operations[0].Requests; a.Operations[0].Requests != b {
			t.Errorf("%s: %d lists, and pooled has %d", a.Name, a.Operations[0].Requests, b)
		}
	}
	if len(res.Arms) != 3 || logins != calls["/login"] || lists != calls["/items"] {
		t.Errorf("%d arms, %d log-ins and %d lists; the server saw %v", len(res.Arms), logins, lists, calls)
	}
}
