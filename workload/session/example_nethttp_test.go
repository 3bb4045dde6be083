package session_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"sessbench/workload/session"
)

// A session carries the requests of an http.Client. One hop at a time: the client follows redirects itself.
func ExampleSession_RoundTrip() {
	server := serve(showCookies)
	defer server.Close()

	s := session.New()
	defer s.Close()
	if err := s.Jar.Set(session.Cookie{Name: "sid", Value: "1"}); err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: s}
	resp, err := client.Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body), err)
	// Output: 200 sid=1 <nil>
}

// DoHTTP makes a whole call of a request of net/http's.
func ExampleSession_DoHTTP() {
	server := serve(chain)
	defer server.Close()
	req, err := http.NewRequest("POST", server.URL+"/1", strings.NewReader("order"))
	if err != nil {
		log.Fatal(err)
	}

	s := session.New()
	defer s.Close()
	resp, err := s.DoHTTP(req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, resp.Sent.Method, len(resp.History))
	// Output: 200 GET 1
}
