package session_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"sessbench/workload/session"
)

// The longest prefix of a URL counts, in whatever order they were mounted.
func ExampleSession_Mount() {
	server := serve(flaky(1))
	defer server.Close()
	policy := session.Retries(1)
	policy.Statuses = []int{503}

	s := session.New()
	defer s.Close()
	if err := s.Mount(server.URL+"/api", session.NewAdapter(session.AdapterOptions{Retries: policy})); err != nil {
		log.Fatal(err)
	}
	ask(s, &session.Request{URL: server.URL + "/api/items"})

	removed, err := s.Unmount(server.URL + "/api")
	fmt.Println(removed, err)
	// Output:
	// 200 hello
	// true <nil>
}

// Two streamed responses hold two connections; one of them is kept.
func ExampleAdapterOptions() {
	server := serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	defer server.Close()

	s := session.New()
	defer s.Close()
	if err := s.Mount("http://", session.NewAdapter(session.AdapterOptions{PoolMaxSize: 1})); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		var open []*session.Response
		for range 2 {
			resp, err := s.Do(context.Background(), &session.Request{URL: server.URL, Stream: true})
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println("reused:", resp.Reused())
			open = append(open, resp)
		}
		for _, resp := range open {
			if _, err := resp.Bytes(); err != nil {
				log.Fatal(err)
			}
		}
	}
	// Output:
	// reused: false
	// reused: false
	// reused: true
	// reused: false
}

// Any http.RoundTripper carries requests: here net/http's own transport.
func ExampleRoundTripper() {
	server := serve(chain)
	defer server.Close()

	transport := http.DefaultTransport.(*http.Transport).Clone()
	s := session.New()
	defer s.Close()
	if err := s.Mount("http://", session.Adapter{Transport: session.RoundTripper(transport)}); err != nil {
		log.Fatal(err)
	}
	resp, err := s.Get(context.Background(), server.URL+"/1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, len(resp.History), resp.Reused())
	// Output: 200 1 true
}

// A stub answers without a network.
type stub string

func (s stub) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(strings.NewReader(string(s))), Request: r}, nil
}

// In tests a host can be answered by what is no server at all.
func ExampleAdapter() {
	s := session.New()
	defer s.Close()
	if err := s.Mount("https://api.example.test/", session.Adapter{Transport: session.RoundTripper(stub("as if"))}); err != nil {
		log.Fatal(err)
	}
	ask(s, &session.Request{URL: "https://api.example.test/items"})
	// Output: 200 as if
}
