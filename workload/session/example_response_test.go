package session_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"

	"sessbench/workload/session"
)

// get is for answers that are looked at in detail.
func get(s *session.Session, url string) *session.Response {
	resp, err := s.Get(context.Background(), url)
	if err != nil {
		log.Fatal(err)
	}
	return resp
}

func ExampleResponse_JSON() {
	server := serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"items": [{"id": 7}]}`) })
	defer server.Close()

	s := session.New()
	defer s.Close()
	var list struct{ Items []struct{ ID int } }
	if err := get(s, server.URL).JSON(&list); err != nil {
		log.Fatal(err)
	}
	fmt.Println(list.Items[0].ID)
	// Output: 7
}

// Text goes by the charset that the server names, else by UTF-8.
func ExampleResponse_Text() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=iso-8859-1")
		io.WriteString(w, "caf\xe9")
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	text, err := get(s, server.URL).Text()
	fmt.Println(text, err)
	// Output: café <nil>
}

// Bytes is the body with its Content-Encoding undone; headers stay as they came.
func ExampleResponse_Bytes() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer packed.Close()
		io.WriteString(packed, "hello")
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	resp := get(s, server.URL)
	body, err := resp.Bytes()
	fmt.Printf("%s, %s, %v\n", resp.Header.Get("Content-Encoding"), body, err)
	// Output: gzip, hello, <nil>
}

// A status is no error until it is asked for.
func ExampleResponse_Check() {
	server := serve(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	defer server.Close()

	s := session.New()
	defer s.Close()
	resp := get(s, server.URL)
	err := resp.Check()
	fmt.Println(resp.OK(), session.KindOf(err))
	// Output: false unsuccessful status
}

// Cookies are those of this response alone.
func ExampleResponse_Cookies() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", r.URL.Path[1:]+"=1; SameSite=Lax")
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	get(s, server.URL+"/first")
	for _, c := range get(s, server.URL+"/second").Cookies {
		fmt.Println(c.Name, c.SameSite)
	}
	// Output: second Lax
}

// Elapsed is the time until the head was there; Attempts have all times in parts.
func ExampleResponse_Elapsed() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {})
	defer server.Close()

	s := session.New()
	defer s.Close()
	for range 2 {
		resp := get(s, server.URL)
		phases := resp.Attempts[0].Phases
		fmt.Println(resp.Elapsed > 0, "connected:", phases.Connect > 0, "waited:", phases.Wait > 0)
	}
	// Output:
	// true connected: true waited: true
	// true connected: false waited: true
}

// Sent is the request as it went out.
func ExampleResponse_Sent() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {})
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.Headers = session.Pairs("User-Agent", "example/1")
	sent := get(s, server.URL+"/a b").Sent
	fmt.Println(sent.Method, sent.URL.EscapedPath())
	for _, h := range sent.Headers[1:] { // without Host
		fmt.Println(h.Name+":", h.Value)
	}
	// Output:
	// GET /a%20b
	// User-Agent: example/1
}

// A streamed body is read as it comes. Closing it early gives its connection up.
func ExampleRequest_Stream() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprintf(w, "line %d\n", i+1)
			w.(http.Flusher).Flush()
		}
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	resp, err := s.Do(context.Background(), &session.Request{URL: server.URL, Stream: true})
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		fmt.Println(lines.Text())
	}
	// Output:
	// line 1
	// line 2
	// line 3
}
