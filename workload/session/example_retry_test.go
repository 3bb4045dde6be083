package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"sessbench/workload/session"
)

// flaky fails the first n requests.
func flaky(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if n--; n >= 0 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "hello")
	}
}

// mountRetries makes a session whose requests are tried again as r says.
func mountRetries(r *session.Retry) *session.Session {
	s := session.New()
	for _, prefix := range []string{"http://", "https://"} {
		if err := s.Mount(prefix, session.NewAdapter(session.AdapterOptions{Retries: r})); err != nil {
			log.Fatal(err)
		}
	}
	return s
}

// Retries belong to an adapter. The caller sees the last response; what came before it is in Attempts.
func ExampleRetry() {
	server := serve(flaky(2))
	defer server.Close()

	total := 3
	s := session.New()
	defer s.Close()
	err := s.Mount("http://", session.NewAdapter(session.AdapterOptions{Retries: &session.Retry{
		Total:    &total,
		Statuses: []int{502, 503, 504},
		Backoff:  time.Millisecond,
	}}))
	if err != nil {
		log.Fatal(err)
	}
	resp, err := s.Get(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range resp.Attempts {
		fmt.Println(a.Status, "after waiting", a.Backoff)
	}
	// Output:
	// 503 after waiting 0s
	// 503 after waiting 0s
	// 200 after waiting 2ms
}

// Where the retries are used up the call fails, unless the last response is asked for.
func ExampleRetry_ReturnLast() {
	server := serve(flaky(9))
	defer server.Close()
	policy := session.Retries(1)
	policy.Statuses = []int{503}

	s := mountRetries(policy)
	defer s.Close()
	_, err := s.Get(context.Background(), server.URL)
	fmt.Println(errors.Is(err, session.ErrRetry))

	last := *policy
	last.ReturnLast = true
	patient := mountRetries(&last)
	defer patient.Close()
	ask(patient, &session.Request{URL: server.URL})
	// Output:
	// true
	// 503 busy
}

// Only idempotent methods are sent again where the server may have seen the request.
func ExampleRetry_Methods() {
	server := serve(flaky(1))
	defer server.Close()
	policy := session.Retries(1)
	policy.Statuses = []int{503}
	policy.Methods = []string{"GET", "POST"}

	s := mountRetries(policy)
	defer s.Close()
	ask(s, &session.Request{Method: "POST", URL: server.URL, Body: session.Text("order")})
	// Output: 200 hello
}

// Silence ends a call after the time of Read, however long the whole response may take.
func ExampleTimeout() {
	server := serve(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.Timeout = &session.Timeout{Connect: 5 * time.Second, Read: 20 * time.Millisecond}
	_, err := s.Get(context.Background(), server.URL)
	fmt.Println(errors.Is(err, session.ErrReadTimeout), errors.Is(err, session.ErrTimeout), errors.Is(err, session.ErrConnection))
	// Output: true true false
}

// Total bounds the whole call, waiting before retries included.
func ExampleTimeout_Total() {
	server := serve(flaky(9))
	defer server.Close()

	s := mountRetries(&session.Retry{Statuses: []int{503}, Backoff: time.Hour})
	defer s.Close()
	_, err := s.Do(context.Background(), &session.Request{URL: server.URL, Timeout: &session.Timeout{Total: 100 * time.Millisecond}})
	fmt.Println(session.KindOf(err))
	// Output: total timeout
}
