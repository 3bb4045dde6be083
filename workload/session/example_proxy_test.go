package session_test

import (
	"fmt"
	"net/http"
	"os"

	"sessbench/workload/session"
)

// asProxy answers in the place of whatever server it is asked for.
func asProxy(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "a proxy was asked for %q", r.URL.Host)
}

// A rule of a request is laid over the session's.
func ExampleProxies() {
	proxy := serve(asProxy)
	defer proxy.Close()

	s := session.New()
	defer s.Close()
	s.Proxies = session.Proxies{{For: "http", URL: proxy.URL}}
	ask(s, &session.Request{URL: "http://api.example.test/"})
	ask(s, &session.Request{URL: proxy.URL, Proxies: session.Proxies{{For: "http", Remove: true}}})
	// Output:
	// 200 a proxy was asked for "api.example.test"
	// 200 a proxy was asked for ""
}

// With TrustEnv the environment gives proxies, and says which hosts go without.
func ExampleSettings_TrustEnv() {
	proxy := serve(asProxy)
	defer proxy.Close()
	os.Setenv("http_proxy", proxy.URL)
	os.Setenv("no_proxy", "127.0.0.1")
	defer os.Unsetenv("http_proxy")
	defer os.Unsetenv("no_proxy")

	s := session.New()
	defer s.Close()
	ask(s, &session.Request{URL: "http://api.example.test/"})
	ask(s, &session.Request{URL: proxy.URL})
	// Output:
	// 200 a proxy was asked for "api.example.test"
	// 200 a proxy was asked for ""
}
