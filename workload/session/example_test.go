package session_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"sessbench/internal/programs"
	"sessbench/workload/session"
)

// TestMain takes away what this machine's environment says of proxies, authorities and credentials, so that
// sessions with the default settings reach the tests' own servers.
func TestMain(m *testing.M) {
	for _, name := range []string{
		"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
		"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC",
	} {
		if err := os.Unsetenv(name); err != nil {
			log.Fatal(err)
		}
	}
	os.Exit(programs.Main(m))
}

// serve starts a server on loopback.
func serve(handler http.HandlerFunc) *httptest.Server { return httptest.NewServer(handler) }

// Logging in: the cookie that the server sets belongs to the session from then on.
func Example() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		switch cookie, _ := r.Cookie("sid"); {
		case r.URL.Path == "/login":
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "of-" + r.FormValue("user"), Path: "/"})
			http.Redirect(w, r, "/home", http.StatusFound)
		case cookie != nil:
			io.WriteString(w, "welcome, "+cookie.Value)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	defer server.Close()
	ctx := context.Background()

	s := session.New()
	defer s.Close()
	resp, err := s.Post(ctx, server.URL+"/login", session.Form(session.Pairs("user", "ann", "password", "secret")))
	if err != nil {
		log.Fatal(err)
	}
	text, err := resp.Text()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, text)

	again, err := s.Get(ctx, server.URL+"/home")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Status, "over the same connection:", again.Reused())
	// Output:
	// 200 welcome, of-ann
	// 200 over the same connection: true
}
