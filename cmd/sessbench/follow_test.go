package main

import (
	"slices"
	"strings"
	"testing"

	"sessbench/result"
	"sessbench/testserver"
)

func hasWarning(res *result.Result, code string) bool {
	return slices.ContainsFunc(res.Warnings, func(w result.Warning) bool { return w.Code == code })
}

const everyArm = "pooled,fresh,reuse-3,shared-pool,alone=pooled+no-resend"

// Redirects are part of the call, in every arm alike.
func TestRedirectsAreFollowedOnRequest(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	res := measured(t, exitDone, "compare", s.URL()+"/redirect/2", "-L", "--arms", everyArm, "-n", "40", "-c", "2", "--blocks", "4")
	for _, a := range res.Arms {
		if a.Requests != 40 || a.Errors != 0 || a.Redirects != 80 || a.Connections.Attempts != 120 || a.Retries != 0 || a.Status["200"] != 40 {
			t.Errorf("%s: %d calls, %d errors, %d redirects, %d requests, %d retries, %v", a.Name, a.Requests, a.Errors, a.Redirects, a.Connections.Attempts, a.Retries, a.Status)
		}
	}
	if fresh := res.Arms[1].Connections; fresh.Opened != 120 || fresh.ReusedRequests != 0 {
		t.Errorf("fresh: %+v; every hop has a connection of its own", fresh)
	}
	if hasWarning(res, "redirected") || !res.Valid {
		t.Errorf("valid %v, %+v", res.Valid, res.Warnings)
	}
	if got := s.Stats().Requests; got != 5*120 {
		t.Errorf("the server had %d requests", got)
	}

	res = measured(t, exitDone, "run", s.URL()+"/redirect/2", "-n", "10", "-c", "1", "--blocks", "1")
	if a := res.Arms[0]; a.Errors != 0 || a.Redirects != 0 || a.Connections.Attempts != 10 || a.Status["302"] != 10 || !hasWarning(res, "redirected") {
		t.Errorf("without --location: %d redirects, %d requests, %v, %+v", a.Redirects, a.Connections.Attempts, a.Status, res.Warnings)
	}
	res = measured(t, exitFailed, "run", s.URL()+"/redirect/5", "-L", "--max-redirects", "2", "-n", "10", "-c", "1", "--blocks", "1")
	if a := res.Arms[0]; a.ErrorClasses["too_many_redirects"] != 10 || a.Redirects != 20 || a.Connections.Attempts != 30 || hasWarning(res, "redirected") {
		t.Errorf("one too many: %v, %d redirects, %d requests", a.ErrorClasses, a.Redirects, a.Connections.Attempts)
	}
}

func TestTheTextShowsRedirects(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	for _, flag := range []string{"-L", "-q"} {
		c := newRealConsole()
		if code := c.sessbench(t, "run", s.URL()+"/redirect/1", flag, "-q", "-n", "8", "-c", "1", "--blocks", "1"); code != exitDone {
			t.Fatalf("exit code %d: %s", code, c.err.String())
		}
		if got := strings.Contains(c.out.String(), "\nredirects followed "); got != (flag == "-L") {
			t.Errorf("%s: %s", flag, c.out.String())
		}
	}
}

func TestConditionsKnowRedirectsAndWaits(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	for condition, want := range map[string]int{
		"pooled.redirects > 15": exitHeld, "pooled.redirects > 16": exitDone, "pooled.retries > 0": exitDone,
		"pooled.phases.backoff.mean > 1m": exitDone, "pooled.phases.backoff.share >= 0": exitHeld, "pooled.error_classes.too_many_redirects > 0": exitDone,
	} {
		c := newRealConsole()
		if code := c.sessbench(t, "run", s.URL()+"/redirect/2", "-L", "-q", "-n", "8", "-c", "1", "--blocks", "1", "--fail-if", condition); code != want {
			t.Errorf("%s: exit code %d, want %d: %s", condition, code, want, c.err.String())
		}
	}
}

// A challenge is met once for each session; then answers go up front.
func TestDigestInALoadTest(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	res := measured(t, exitDone, "compare", s.URL()+"/httpbin/digest-auth/auth/me/pw", "-u", "me:pw", "--digest", "--arms", everyArm, "-n", "40", "-c", "2", "--blocks", "4")
	for _, a := range res.Arms {
		if a.Requests != 40 || a.Errors != 0 || a.Status["200"] != 40 || a.Connections.Attempts < 41 || a.Connections.Attempts > 42 || a.Retries != 0 || a.Redirects != 0 {
			t.Errorf("%s: %d calls, %v, %d requests, %d retries", a.Name, a.Requests, a.Status, a.Connections.Attempts, a.Retries)
		}
	}
}

// What died on a kept connection is sent again and counted, or an error where the arm says so.
func TestResendingCanBeSwitchedOff(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	res := measured(t, exitDone, "compare", s.URL()+"/silent-close?after=3", "--arms", "pooled,pooled+no-resend", "-n", "200", "-c", "4", "--blocks", "4")
	a, b := res.Arms[0], res.Arms[1]
	if a.Errors != 0 || a.Retries != a.Connections.StaleRetries || a.Connections.Attempts != 200+a.Retries {
		t.Errorf("pooled: %d errors, %d retries, %+v", a.Errors, a.Retries, a.Connections)
	}
	if b.Name != "pooled-no-resend" || b.Retries != 0 || b.Connections.Attempts > 200 || b.Policy.Resend {
		t.Errorf("%s: %d retries, %+v", b.Name, b.Retries, b.Connections)
	}
}

func TestEveryArmGoesThroughTheProxy(t *testing.T) {
	proxy := script(t, func(r asked) string { return reply(200, r.RequestURI) })
	res := measured(t, exitDone, "compare", "http://one.test/a", "-x", "http://me:pw@"+proxy.host, "--arms", everyArm, "-n", "12", "-c", "2", "--blocks", "4")
	for _, a := range res.Arms {
		if a.Requests != 12 || a.Errors != 0 || a.Status["200"] != 12 {
			t.Errorf("%s: %d calls, %d errors", a.Name, a.Requests, a.Errors)
		}
	}
	for _, r := range proxy.all() {
		if r.RequestURI != "http://one.test/a" || r.Header.Get("Proxy-Authorization") != "Basic bWU6cHc=" {
			t.Fatalf("%s with %v", r.RequestURI, r.Header)
		}
	}
	if got := len(proxy.all()); got != 60 {
		t.Errorf("the proxy got %d requests", got)
	}
}

// Load tests send what sessions send, unless a flag takes its place.
func TestTheHeadersOfALoadTest(t *testing.T) {
	s := script(t, func(asked) string { return reply(200, "") })
	measured(t, exitDone, "run", s.url, "-n", "1", "-c", "1")
	measured(t, exitDone, "run", s.url, "-n", "1", "-c", "1", "-H", "accept-encoding: identity", "-H", "User-Agent: mine")
	first, second := s.all()[0].Header, s.all()[1].Header
	for name, want := range map[string][2]string{
		"Accept-Encoding": {"gzip, deflate, br, zstd", "identity"}, "Accept": {"*/*", "*/*"},
		"Connection": {"keep-alive", "keep-alive"}, "User-Agent": {"sessbench/" + tool().Version, "mine"},
	} {
		if first.Get(name) != want[0] || strings.Join(second.Values(name), "|") != want[1] {
			t.Errorf("%s: %q and %q", name, first.Get(name), second.Values(name))
		}
	}
}

func TestWrongRequestFlagsAreRefused(t *testing.T) {
	for flags, want := range map[string]string{
		"-L --max-redirects -1":             "--max-redirects is -1; it must be at least 0",
		"-L --max-redirects many":           `--max-redirects is "many"; write a whole number`,
		"--max-redirects 3":                 "--max-redirects is given without --location; add --location to follow redirects",
		"--digest":                          "--digest is given without --user; add --user name:password",
		"-x ftp://me:hunter2@h":             `--proxy has scheme "ftp"; use one of http, https, socks4, socks4a, socks5, socks5h`,
		"-x http://me:hunter2@h:x":          "--proxy is not a URL: check its host and port, and write special characters as %XX",
		"-x http://me:hunter2@:3128":        "--proxy names no host; write it as in http://proxy.example:3128",
		"--arms b=pooled+no-resend,b=fresh": `--arms has "b" twice`,
	} {
		c := newRealConsole()
		code := c.sessbench(t, append([]string{"run", anyURL}, strings.Fields(flags)...)...)
		if code != exitUsage || !strings.HasPrefix(c.err.String(), "sessbench: "+want) || strings.Contains(c.err.String(), "hunter2") {
			t.Errorf("%s: exit code %d, %q, want %q", flags, code, c.err.String(), want)
		}
	}
}
