package main

import (
	"slices"
	"strings"
	"testing"

	"sessbench/internal/programs"
	"sessbench/result"
	"sessbench/testserver"
)

// warned reports the codes of a result's warnings.
func warned(res *result.Result) []string {
	var codes []string
	for _, w := range res.Warnings {
		codes = append(codes, w.Code)
	}
	return codes
}

// Each arm alone, so that what the server counts behind the proxy is the arm's and the preflight's.
func TestConnectionsThroughAProxyAreTheServersConnections(t *testing.T) {
	const requests, workers = 60, 3
	for _, test := range []struct {
		proxy         string
		start         func() string
		forwardsPlain bool
	}{
		{"http://", func() string { return programs.Tinyproxy(t, "") }, true},
		{"http://us3r:s3cret@", func() string { return programs.Tinyproxy(t, "us3r s3cret") }, true},
		{"socks5://", func() string { return programs.Microsocks(t) }, false},
		{"socks5h://us3r:s3cret@", func() string { return programs.Microsocks(t, "-u", "us3r", "-P", "s3cret") }, false},
	} {
		address := test.start()
		for _, tls := range []bool{false, true} {
			if !tls && test.forwardsPlain {
				continue // see below
			}
			for arm, opened := range map[string]int64{"pooled": workers, "fresh": requests} {
				t.Run(test.proxy+" "+arm+" "+map[bool]string{true: "https", false: "http"}[tls], func(t *testing.T) {
					s, trust := server(t, testserver.Config{TLS: tls})
					res := measured(t, exitDone, append([]string{"run", s.URL() + "/", "-x", test.proxy + address,
						"--arms", arm, "-n", "60", "-c", "3", "--blocks", "3"}, trust...)...)
					a, stats := res.Arms[0], s.Stats()
					if !res.Valid || a.Requests != requests || a.Errors != 0 || stats.Requests != requests {
						t.Errorf("valid %t, %d requests, %d errors, the server had %d", res.Valid, a.Requests, a.Errors, stats.Requests)
					}
					if got := a.Connections.Opened + res.Preflight.Connections; got != stats.Connections.Accepted || a.Connections.Opened > opened {
						t.Errorf("%d connections, the server accepted %d", got, stats.Connections.Accepted)
					}
					if got := a.Connections.TLSFull + res.Preflight.TLSFull; got != stats.Handshakes.Full || tls && a.Connections.TLSFull != a.Connections.Opened {
						t.Errorf("%d full handshakes, the server had %d", got, stats.Handshakes.Full)
					}
					scheme, _, _ := strings.Cut(test.proxy, "://")
					if res.Target.URL != s.URL()+"/" || res.Target.Proxy != scheme+"://"+address || !slices.Equal(res.Target.Addresses, []string{address}) {
						t.Errorf("target %+v", res.Target)
					}
					if !slices.Equal(warned(res), []string{"loopback"}) || !strings.Contains(res.Warnings[0].Detail, "the proxy is on this machine") {
						t.Errorf("warnings %+v", res.Warnings)
					}
				})
			}
		}
	}
}

// A proxy that keeps no connection of plain http leaves nothing to reuse, and it is not the server that is
// blamed.
func TestAProxyThatKeepsNothingIsNamed(t *testing.T) {
	proxy := programs.Tinyproxy(t, "")
	s, _ := server(t, testserver.Config{})
	args := []string{"run", s.URL() + "/", "-x", "http://" + proxy, "-n", "60", "-c", "3", "--blocks", "3", "-q"}
	res := measured(t, exitInvalid, args...)
	i := slices.Index(warned(res), "no_reuse")
	if i < 0 || !strings.Contains(res.Warnings[i].Detail, "the proxy closed every one") || !strings.Contains(res.Warnings[i].Hint, "a proxy that keeps") {
		t.Errorf("warnings %+v", res.Warnings)
	}
	if s.Stats().Requests != res.Arms[0].Requests {
		t.Errorf("%d requests, the server had %d", res.Arms[0].Requests, s.Stats().Requests)
	}
	res = measured(t, exitDone, append(args, "--arms", "fresh")...)
	if c := res.Arms[0].Connections; !res.Valid || c.Opened != 60 || c.ReusedRequests != 0 {
		t.Errorf("valid %t, %+v", res.Valid, c)
	}
	c := newRealConsole()
	c.sessbench(t, append(args, "--arms", "fresh")...)
	if !strings.Contains(c.out.String(), "through the proxy http://"+proxy) {
		t.Errorf("the report does not name the proxy: %s", c.out.String())
	}
}

func TestAProxyThatDoesNotConnectUsIsNamedWithAHint(t *testing.T) {
	plain, _ := server(t, testserver.Config{})
	secure, _ := server(t, testserver.Config{TLS: true})
	nobody := programs.Refusing(t)
	tunnels, locked := programs.Tinyproxy(t, ""), programs.Tinyproxy(t, "us3r s3cret")
	socks := programs.Microsocks(t, "-u", "us3r", "-P", "s3cret")
	for name, test := range map[string]struct{ proxy, url, says, hint string }{
		"down":             {"http://us3r:hunter2@" + nobody, plain.URL(), "connection refused", "check that the proxy http://" + nobody + " is running"},
		"down, https":      {"http://us3r:hunter2@" + nobody, secure.URL(), "connection refused", "check that the proxy http://" + nobody + " is running"},
		"down, socks":      {"socks5://us3r:hunter2@" + nobody, plain.URL(), "connection refused", "check that the proxy socks5://" + nobody + " is running"},
		"unknown":          {"http://us3r:hunter2@a..b:1", plain.URL(), "a..b", "check the name of the proxy http://a..b:1"},
		"no TLS":           {"https://us3r:hunter2@" + strings.TrimPrefix(plain.URL(), "http://"), plain.URL(), "TLS", "write http:// instead of https://"},
		"silence":          {"https://us3r:hunter2@" + locked, plain.URL(), "too long", "speaks TLS at this port"},
		"not verified":     {"https://us3r:hunter2@" + strings.TrimPrefix(secure.URL(), "https://"), plain.URL(), "certificate", "name the authorities of the proxy and the target with --cacert"},
		"wrong password":   {"http://us3r:hunter2@" + locked, secure.URL(), "401", "wants a user and password"},
		"no password":      {"http://" + locked, secure.URL(), "407", "wants a user and password"},
		"socks, password":  {"socks5://us3r:hunter2@" + socks, plain.URL(), "proxy", "takes our user and password"},
		"target is down":   {"http://" + tunnels, "https://" + nobody, "500", "check the target's address"},
		"target not there": {"socks5://us3r:s3cret@" + socks, "http://" + nobody, "did not connect", "check the target's address"},
	} {
		t.Run(name, func(t *testing.T) {
			limit := "1m"
			if name == "silence" {
				limit = "300ms"
			}
			c := newRealConsole()
			if code := c.sessbench(t, "run", "-q", test.url, "-x", test.proxy, "--connect-timeout", limit); code != exitFailed {
				t.Errorf("exit code %d, want %d", code, exitFailed)
			}
			said := c.err.String()
			if !strings.Contains(said, test.says) || !strings.Contains(said, test.hint) || strings.Contains(said, "hunter2") {
				t.Errorf("said %s", said)
			}
		})
	}
}
