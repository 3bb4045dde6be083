package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"sessbench/workload/session"
)

// errors.Is tells the kind, and what the kind also is.
func ExampleKind() {
	closed := serve(func(http.ResponseWriter, *http.Request) {})
	refusing := closed.URL
	closed.Close()

	s := session.New()
	defer s.Close()
	for _, url := range []string{refusing, "example.test/path", "gopher://example.test/", "http://exa mple.test/"} {
		_, err := s.Get(context.Background(), url)
		kind := session.KindOf(err)
		fmt.Println(kind, "|", kind.Class(), "|", errors.Is(err, session.ErrInvalidURL))
	}
	// Output:
	// connection failed | connect | false
	// URL without a scheme | invalid_url | true
	// no adapter for the URL's scheme | invalid_url | true
	// invalid URL | invalid_url | true
}

// An Error has what there was until the call failed, and no secrets in its text.
func ExampleError() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "ftp://files.example.test/", http.StatusFound)
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	_, err := s.Get(context.Background(), server.URL+"/?password=secret")
	if e, ok := errors.AsType[*session.Error](err); ok {
		fmt.Println(e.Kind, "|", e.URL, "|", len(e.History), "earlier response")
	}
	// Output: no adapter for the URL's scheme | ftp://files.example.test/ | 1 earlier response
}

// A session belongs to one goroutine; a second one is told so.
func ExampleSession() {
	started, end := make(chan bool), make(chan bool)
	server := serve(func(http.ResponseWriter, *http.Request) {
		started <- true
		<-end
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	done := make(chan error)
	go func() {
		_, err := s.Get(context.Background(), server.URL)
		done <- err
	}()
	<-started
	_, err := s.Get(context.Background(), server.URL)
	fmt.Println(session.KindOf(err))
	end <- true
	fmt.Println(<-done)
	// Output:
	// session used by two goroutines
	// <nil>
}
