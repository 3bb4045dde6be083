package session

import (
	"net"
	"testing"
)

func TestRule_8_8_TheEnvironmentsProxies(t *testing.T) {
	target, proxy, other := recordTLS(t, hello), record(t, proxyScript), record(t, proxyScript)
	plain := record(t, hello)
	for name, tc := range map[string]struct {
		set     []string
		proxied string // what comes of plain http: "hello" is direct
	}{
		"none":                 {nil, "hello"},
		"of the scheme":        {[]string{"http_proxy", proxy.url}, "by the proxy"},
		"lower case wins":      {[]string{"http_proxy", proxy.url, "HTTP_PROXY", "http://no.test:1"}, "by the proxy"},
		"upper case":           {[]string{"HTTP_PROXY", proxy.url}, "by the proxy"},
		"upper case, in CGI":   {[]string{"HTTP_PROXY", proxy.url, "REQUEST_METHOD", "GET"}, "hello"},
		"for all":              {[]string{"ALL_PROXY", proxy.url}, "by the proxy"},
		"scheme before all":    {[]string{"all_proxy", "http://no.test:1", "http_proxy", proxy.url}, "by the proxy"},
		"of the other scheme":  {[]string{"https_proxy", "http://no.test:1"}, "hello"},
		"loopback, not exempt": {[]string{"http_proxy", proxy.url}, "by the proxy"},
	} {
		t.Run(name, func(t *testing.T) {
			noEnvironment(t)
			for i := 0; i < len(tc.set); i += 2 {
				t.Setenv(tc.set[i], tc.set[i+1])
			}
			s := testSession(t)
			wantGet(t, s, plain.url, "hello") // not trusted
			s.TrustEnv = true
			wantGet(t, s, plain.url, tc.proxied)
			wantGet(t, s, plain.at("localhost", "/"), tc.proxied)
		})
	}
	t.Run("https", func(t *testing.T) {
		noEnvironment(t)
		t.Setenv("HTTPS_PROXY", other.url)
		s := testSession(t)
		s.TrustEnv, s.TLS = true, &TLS{CAPEM: target.caPEM}
		wantGet(t, s, target.url, "hello")
		if connects, _ := other.connects(); len(connects) != 1 || connects[0].Target != target.host {
			t.Errorf("the proxy got %q", other.targets())
		}
	})
}

func TestRule_8_9_NoProxyLimitsTheEnvironmentsProxies(t *testing.T) {
	proxy, target := record(t, proxyScript), record(t, hello)
	_, port, _ := net.SplitHostPort(target.host)
	for _, tc := range []struct {
		list, url string
		direct    bool
	}{
		{"one.test", target.at("one.test", "/"), true},
		{" .other.test , .one.test", target.at("sub.one.test", "/"), true},
		{"one.test", target.at("notone.test", "/"), false},
		{"one.test:" + port, target.at("one.test", "/"), true},
		{"one.test:1", target.at("one.test", "/"), false},
		{"127.0.0.1", target.url, true},
		{"127.0.0.0/8", target.url, true},
		{"127.0.0.0/8", target.at("localhost", "/"), false},
		{"*", target.url, true},
		{"", target.url, false},
	} {
		noEnvironment(t)
		t.Setenv("http_proxy", proxy.url)
		t.Setenv("no_proxy", tc.list)
		want := "by the proxy"
		if tc.direct {
			want = "hello"
		}
		s := testSession(t)
		s.TrustEnv = true
		t.Log(tc.list, tc.url)
		wantGet(t, s, tc.url, want)
		t.Setenv("no_proxy", "")
		wantDo(t, s, &Request{URL: tc.url, Proxies: rules("no_proxy", tc.list)}, want)
		// Proxies that are given are used all the same.
		t.Setenv("no_proxy", tc.list)
		wantDo(t, s, &Request{URL: tc.url, Proxies: rules("http", proxy.url)}, "by the proxy")
	}
}

func TestRule_8_10_RequestThenSessionThenEnvironment(t *testing.T) {
	saying := func(name string) string {
		return record(t, func(*received) string { return reply(200, name) }).url
	}
	noEnvironment(t)
	t.Setenv("http_proxy", saying("environment"))
	direct := record(t, hello).url
	ofRequest, ofSession := rules("http", saying("request")), rules("http", saying("session"))
	for _, tc := range []struct {
		session, request Proxies
		trust            bool
		want             string
	}{
		{ofSession, ofRequest, true, "request"},
		{nil, ofRequest, true, "request"},
		{ofSession, nil, true, "session"},
		{nil, nil, true, "environment"},
		{nil, nil, false, "hello"},
		{ofSession, rules("http", ""), true, "hello"},
		{rules("http", ""), nil, true, "hello"},
		{ofSession, Proxies{{For: "http", Remove: true}}, true, "hello"},
		{rules("https", "no.test"), rules("all://other.test", "no.test"), true, "environment"},
	} {
		s := testSession(t)
		s.Proxies, s.TrustEnv = tc.session, tc.trust
		wantDo(t, s, &Request{URL: direct, Proxies: tc.request}, tc.want)
	}
}
