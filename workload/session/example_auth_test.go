package session_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"sessbench/workload/session"
)

// whoami tells what basic credentials came.
func whoami(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	fmt.Fprintf(w, "%q %q %t", user, password, ok)
}

// ask prints the answer to a request.
func ask(s *session.Session, r *session.Request) {
	resp, err := s.Do(context.Background(), r)
	if err != nil {
		log.Fatal(err)
	}
	text, _ := resp.Text()
	fmt.Println(resp.Status, text)
}

// Credentials of a request count before the session's, these before an Authorization header, and that before
// credentials in the URL.
func ExampleBasic() {
	server := serve(whoami)
	defer server.Close()

	s := session.New()
	defer s.Close()
	ask(s, &session.Request{URL: strings.Replace(server.URL, "://", "://in-url:pass%20word@", 1)})
	s.Auth = session.Basic{User: "ann", Password: "sésame"}
	ask(s, &session.Request{URL: server.URL})
	ask(s, &session.Request{URL: server.URL, Auth: session.Basic{User: "bob"}})
	// Output:
	// 200 "in-url" "pass word" true
	// 200 "ann" "sésame" true
	// 200 "bob" "" true
}

func ExampleNoAuth() {
	server := serve(whoami)
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.Auth = session.Basic{User: "ann", Password: "secret"}
	ask(s, &session.Request{URL: server.URL, Auth: session.NoAuth{}})
	// Output: 200 "" "" false
}

func ExampleBearer() {
	server := serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Authorization")) })
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.Auth = session.Bearer("token-1")
	ask(s, &session.Request{URL: server.URL})
	// Output: 200 Bearer token-1
}

// The first call is answered with a challenge, which is answered; from then on the answer goes out at once.
func ExampleDigest() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), `Digest username="ann"`) {
			w.Header().Set("WWW-Authenticate", `Digest realm="house", nonce="n1", qop="auth", algorithm=SHA-256`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.Auth = session.Digest{User: "ann", Password: "secret"}
	for range 2 {
		resp, err := s.Get(context.Background(), server.URL)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(resp.Status, "challenges before it:", len(resp.History))
	}
	// Output:
	// 200 challenges before it: 1
	// 200 challenges before it: 0
}

// netrc is read where TrustEnv is set and nothing else says who we are.
func ExampleSettings_netrc() {
	server := serve(whoami)
	defer server.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "netrc")
	if err := os.WriteFile(file, []byte("machine 127.0.0.1 login ann password secret\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	if err := os.Setenv("NETRC", file); err != nil {
		log.Fatal(err)
	}
	defer os.Unsetenv("NETRC")

	s := session.New()
	defer s.Close()
	ask(s, &session.Request{URL: server.URL})
	s.TrustEnv = false
	ask(s, &session.Request{URL: server.URL})
	// Output:
	// 200 "ann" "secret" true
	// 200 "" "" false
}

// A signature is an Auth that signs every request.
type signature struct{ key []byte }

func (s signature) Authenticate(h *session.Hop) error {
	body, ok := h.Body.Bytes()
	if !ok {
		return errors.New("a streamed body cannot be signed")
	}
	h.SetHeader("X-Signature", sign(s.key, h.Method, h.Target(), body))
	return nil
}

func sign(key []byte, method, target string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s\n%s\n%s", method, target, body)
	return hex.EncodeToString(mac.Sum(nil))
}

// An Auth of one's own sees every hop when all else of it stands.
func ExampleAuth() {
	key := []byte("shared secret")
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		genuine := r.Header.Get("X-Signature") == sign(key, r.Method, r.RequestURI, body)
		fmt.Fprint(w, "genuine: ", genuine)
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.Auth = signature{key}
	ask(s, &session.Request{
		Method: "POST", URL: server.URL + "/orders",
		Params: session.Pairs("dry", "yes"), Body: session.JSON(map[string]int{"id": 1}),
	})
	// Output: 200 genuine: true
}

// A token is an Auth that fetches its token with the session that it belongs to, and a new one
// when the server no longer takes it.
type token struct {
	session *session.Session
	source  string
	value   string
}

func (t *token) Authenticate(h *session.Hop) error {
	h.SetHeader("Authorization", "Bearer "+t.value)
	return nil
}

func (t *token) Answer(h *session.Hop, status int, _ []string) (again bool) {
	if status != http.StatusUnauthorized {
		return false
	}
	resp, err := t.session.Do(h.Context, &session.Request{URL: t.source, Auth: session.NoAuth{}})
	if err != nil || resp.Check() != nil {
		return false
	}
	t.value, err = resp.Text()
	return err == nil
}

// An Answerer may use its session for calls of its own.
func ExampleAnswerer() {
	issued := 0
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			issued++
			fmt.Fprintf(w, "t%d", issued)
		case issued == 0 || r.Header.Get("Authorization") != fmt.Sprintf("Bearer t%d", issued):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			io.WriteString(w, "hello")
		}
	})
	defer server.Close()
	source, err := url.JoinPath(server.URL, "token")
	if err != nil {
		log.Fatal(err)
	}

	s := session.New()
	defer s.Close()
	s.Auth = &token{session: s, source: source}
	ask(s, &session.Request{URL: server.URL})
	ask(s, &session.Request{URL: server.URL})
	fmt.Println("tokens issued:", issued)
	// Output:
	// 200 hello
	// 200 hello
	// tokens issued: 1
}
