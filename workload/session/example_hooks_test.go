package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"sessbench/workload/session"
)

// Hooks see every hop. Those of a request come after the session's.
func ExampleHooks() {
	server := serve(chain)
	defer server.Close()

	hops := 0
	s := session.New()
	defer s.Close()
	s.Hooks.Before = append(s.Hooks.Before, func(h *session.Hop) error {
		hops++
		h.SetHeader("X-Hop", strconv.Itoa(hops))
		return nil
	})
	s.Hooks.After = append(s.Hooks.After, func(r *session.Response) (*session.Response, error) {
		fmt.Println(r.Status, r.URL.Path)
		return nil, nil // the response as it is
	})
	get(s, server.URL+"/1")
	fmt.Println("hops:", hops)
	// Output:
	// 302 /1
	// 200 /0
	// hops: 2
}

// A hook's error ends the call.
func ExampleHooks_After() {
	server := serve(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) })
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.Hooks.After = append(s.Hooks.After, func(r *session.Response) (*session.Response, error) { return nil, r.Check() })
	_, err := s.Get(context.Background(), server.URL)
	fmt.Println(errors.Is(err, session.ErrHTTP))
	// Output: true
}
