package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sessbench/testserver"
)

// What is wrong with a plan has a place in it, also where it shows only when requests are made of it, and
// nothing is sent or written.
func TestWrongPlansHaveALineAndAColumn(t *testing.T) {
	s := script(t, func(asked) string { return reply(200, "") })
	target := "target: " + s.url + "\n"
	for plan, want := range map[string]string{
		target + "mix:\n- {get: /}\n- {get: 'http://h:99999/'}":                                      `:4:4: mix[1].url: cannot be requested`,
		target + "session:\n  tls: {ca: missing.pem}\nmix: [{get: /}]":                               `:3:9: session.tls.ca: cannot be used: CA`,
		target + "session:\n  tls: {cert: plan.yaml}\nmix: [{get: /}]":                               `:3:9: session.tls.cert: cannot be used: certificate`,
		target + "mix:\n- {get: /}\n- {get: /b, tls: {ca: plan.yaml}}":                               `:4:19: mix[1].tls.ca: cannot be used: CA`,
		target + "session:\n  adapters: {'http://u:hunter2@h/': {retries: 1}}\nmix: [{get: /}]":      `:3:3: session.adapters: has "http://u@h/": `,
		target + "session:\n  adapters: {'http://u:hunter2@h/': {retriess: 1}}\nmix: [{get: /}]":     `:3:38: session.adapters.http://***@h/.retriess: is no key of a plan`,
		target + "session:\n  auth: {digest: {user: \"a\\nb\", password: hunter2}}\nmix: [{get: /}]": `:3:19: session.auth.digest.user: has a line break`,
		target + "session: {proxies: {all: 'http://u:hunter2@h:99999'}}\nmix: [{get: /}]":            `:2:11: session.proxies: cannot be used`,
		target + "mix: [{get: /, proxies: {all: 'http://u:hunter2@h:99999'}}]":                       `:2:16: mix[0].proxies: cannot be used`,
		"target: 'http://u:hunter2@*.h/'\nmix:\n- {get: /}":                                          `:3:4: mix[0].url: cannot be requested`,
		"\ufeff" + target + "mix:\r\n  - {get: /}\r\n  - {gte: /}\r\n":                               `:4:6: mix[1].gte: is no key of a plan; did you mean get?`,
		target + "mix:\n\t- {get: /}":                                                                `:3:1: is not YAML: there is a tab`,
		target + "session: {follow: yes}\nmix: [{get: /}]":                                           `:2:19: session.follow: is a text; write true or false`,
		target + "mix: [{get: /}]\nmix: [{get: /b}]":                                                 `:3:1: mix: is given twice`,
	} {
		saved := filepath.Join(t.TempDir(), "out.json")
		out, complaints, code := tryProcess(t, plan, "--out", saved)
		first, _, _ := strings.Cut(complaints, "\n")
		if code != exitUsage || out != "" || !strings.Contains(first, "plan.yaml"+want) || !strings.HasPrefix(first, "sessbench: ") || strings.Contains(complaints, "hunter2") {
			t.Errorf("exit code %d, printed %q, complained\n%s, want ...%s", code, out, complaints, want)
		}
		if _, err := os.Stat(saved); err == nil {
			t.Errorf("%s: something was saved", want)
		}
		// The same from standard input.
		c := newRealConsole()
		c.stdin = bytes.NewReader([]byte(plan))
		place := regexp.MustCompile(`^:\d+:\d+: `).FindString(want)
		if code := c.sessbench(t, "try", "--plan", "-"); code != exitUsage || !strings.HasPrefix(c.err.String(), "sessbench: standard input"+place) {
			t.Errorf("standard input: exit code %d, %s, want %s", code, c.err.String(), place)
		}
	}
	if got := s.got(); len(got) > 0 {
		t.Errorf("the server got %q", got)
	}
}

// One plan with every part that a session has.
func TestASessionWithEverythingIsUnderstood(t *testing.T) {
	t.Setenv("API_PASSWORD", "hunter2")
	s, trust := server(t, testserver.Config{TLS: true})
	proxy := script(t, func(r asked) string {
		if r.Method != "CONNECT" {
			return reply(400, "")
		}
		return tunnel
	})
	trace := examine(t, exitDone, `
target: `+s.URL()+`
arms: [pooled, fresh]
session:                     # what every worker's session starts with
  headers: {User-Agent: MyApp/1.0, Accept: application/json}
  params: {locale: en}
  auth: {basic: {user: user, password: "${API_PASSWORD}"}}   # ${NAME}: environment
  timeout: {connect: 5s, read: 5s}
  max_redirects: 30
  proxies: {https: `+proxy.url+`}
  tls: {verify: true, ca: `+trust[1]+`}
  adapters:                  # longest prefix wins
    `+s.URL()+`/: {retries: {total: 3, backoff: 1ms, statuses: [500, 502, 503, 504]}}
setup:                       # once per session, not measured
  - {post: /login, form: {user: me, password: "${API_PASSWORD}"}}
mix:
  - {name: list, weight: 7, get: "/redirect/2?page=1"}
  - {name: item, weight: 2, get: "/flaky?every=2&status=503"}
  - {name: again, get: "/flaky?every=2&status=503"}
load: {rate: 500, arrivals: poisson, workers: 64, duration: 30s, warmup: 5s, blocks: 10}
`)
	o := trace.Operations
	if len(o) != 4 || o[2].Retries != 0 || o[3].Retries != 1 || o[3].Status != 200 || o[0].Part != "setup" || o[0].Status != 200 || o[1].Status != 200 || o[1].Redirects != 2 {
		t.Fatalf("%+v", o)
	}
	e := o[1].Exchanges[0]
	same(t, "sent", e.Request.Method+" "+e.Request.URL+" "+e.sent("User-Agent")+" "+e.sent("Accept")+" "+e.sent("Authorization"),
		"GET "+s.URL()+"/redirect/2?page=1&locale=en MyApp/1.0 application/json Basic dXNlcjpodW50ZXIy")
	same(t, "3.5, params once", o[1].Exchanges[2].Request.URL, s.URL()+"/")
	if !strings.HasPrefix(e.sent("Cookie"), "session=") {
		t.Errorf("cookie %q", e.sent("Cookie"))
	}
	if got := proxy.got(); len(got) != 1 || !strings.HasPrefix(got[0], "CONNECT ") {
		t.Errorf("the proxy got %q", got)
	}
}
