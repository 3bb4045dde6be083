package session_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"

	"sessbench/workload/session"
)

func ExampleSession_Get() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "hello")
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	resp, err := s.Get(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	text, err := resp.Text()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, resp.Reason, resp.Header.Get("content-type"), text)
	// Output: 200 OK text/plain hello
}

// Every method has its short form; Do has all the others.
func ExampleSession_Do() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, " ", r.RequestURI)
	})
	defer server.Close()
	ctx := context.Background()

	s := session.New()
	defer s.Close()
	show := func(resp *session.Response, err error) {
		if err != nil {
			log.Fatal(err)
		}
		text, err := resp.Text()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(text)
	}
	show(s.Options(ctx, server.URL))
	show(s.Put(ctx, server.URL+"/1", session.Text("new")))
	show(s.Patch(ctx, server.URL+"/1", session.JSON(map[string]int{"size": 2})))
	show(s.Delete(ctx, server.URL+"/1"))
	show(s.Do(ctx, &session.Request{Method: "propfind", URL: server.URL + "/files"}))
	// Output:
	// OPTIONS /
	// PUT /1
	// PATCH /1
	// DELETE /1
	// PROPFIND /files
}

// Head follows no redirect, unless the session's Follow says so.
func ExampleSession_Head() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	resp, err := s.Head(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, resp.Header.Get("Location"))
	// Output: 302 /elsewhere
}

// A request's headers are laid over the session's.
func ExampleSettings_headers() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		_, hasAccept := r.Header["Accept"]
		fmt.Fprintf(w, "team %s, trace %q, accept sent: %t", r.Header.Get("X-Team"), r.Header.Get("X-Trace"), hasAccept)
	})
	defer server.Close()
	ctx := context.Background()

	s := session.New()
	defer s.Close()
	s.Headers = s.Headers.With(session.Set("X-Team", "blue"), session.Set("X-Trace", "on"))
	for _, headers := range []session.Fields{
		nil,
		{session.Set("x-team", "red"), session.Remove("X-Trace"), session.Remove("Accept")},
	} {
		resp, err := s.Do(ctx, &session.Request{URL: server.URL, Headers: headers})
		if err != nil {
			log.Fatal(err)
		}
		text, _ := resp.Text()
		fmt.Println(text)
	}
	// Output:
	// team blue, trace "on", accept sent: true
	// team red, trace "", accept sent: false
}

// Parameters come behind the query that the URL has.
func ExampleSettings_params() {
	server := serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) })
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.Params = session.Pairs("locale", "en", "page", "1")
	resp, err := s.Do(context.Background(), &session.Request{
		URL:    server.URL + "/items?sort=name",
		Params: session.Fields{session.Set("page", "2"), session.Set("tag", "red & blue", "é")},
	})
	if err != nil {
		log.Fatal(err)
	}
	text, _ := resp.Text()
	fmt.Println(text)
	// Output: /items?sort=name&locale=en&page=2&tag=red+%26+blue&tag=%C3%A9
}

// A Prepared is merged and rendered once, and sent by any number of sessions, each on a goroutine of its
// own.
func ExampleSession_Prepare() {
	server := serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-Team")) })
	defer server.Close()

	first := session.New()
	defer first.Close()
	first.Headers = first.Headers.With(session.Set("X-Team", "blue"))
	p, err := first.Prepare(&session.Request{URL: server.URL + "/items"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Method(), p.URL().Path)

	texts := make(chan string)
	for range 2 {
		go func() {
			s := session.New()
			defer s.Close()
			resp, err := s.Send(context.Background(), p)
			if err != nil {
				log.Fatal(err)
			}
			text, _ := resp.Text()
			texts <- text
		}()
	}
	fmt.Println(<-texts, <-texts)
	// Output:
	// GET /items
	// blue blue
}

// After Close the session goes on with new connections; cookies and settings stay.
func ExampleSession_Close() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {})
	defer server.Close()

	s := session.New()
	for range 2 {
		resp, err := s.Get(context.Background(), server.URL)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("reused:", resp.Reused())
		s.Close()
	}
	// Output:
	// reused: false
	// reused: false
}
