package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"sessbench/workload/session"
)

// chain leads from /3 by way of /2 and /1 to /0.
func chain(w http.ResponseWriter, r *http.Request) {
	var n int
	if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err == nil && n > 0 {
		http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
	}
}

func ExampleResponse_History() {
	server := serve(chain)
	defer server.Close()

	s := session.New()
	defer s.Close()
	resp, err := s.Get(context.Background(), server.URL+"/2#top")
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range append(resp.History, resp) {
		fmt.Println(r.Status, r.URL.Path, r.URL.Fragment)
	}
	// Output:
	// 302 /2 top
	// 302 /1 top
	// 200 /0 top
}

// What a redirect asks for can be sent by hand.
func ExampleResponse_Next() {
	server := serve(chain)
	defer server.Close()
	ctx := context.Background()

	s := session.New()
	defer s.Close()
	resp, err := s.Do(ctx, &session.Request{URL: server.URL + "/2", Follow: session.FollowNever})
	for err == nil && resp.Next != nil {
		fmt.Println(resp.Status, "leads to", resp.Next.URL().Path)
		resp, err = s.Send(ctx, resp.Next)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status)
	// Output:
	// 302 leads to /1
	// 302 leads to /0
	// 200
}

func ExampleSettings_MaxRedirects() {
	server := serve(chain)
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.MaxRedirects = 2
	_, err := s.Get(context.Background(), server.URL+"/9")
	if e, ok := errors.AsType[*session.Error](err); ok && errors.Is(err, session.ErrTooManyRedirects) {
		fmt.Println(len(e.History), "redirects were followed, then came", e.Response.Status, e.Response.Header.Get("Location"))
	}
	// Output: 2 redirects were followed, then came 302 /6
}
