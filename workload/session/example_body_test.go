package session_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"sessbench/workload/session"
)

// echo tells of a request's type, framing and body.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%q, %d bytes: %s", r.Header.Get("Content-Type"), r.ContentLength, body)
}

// post sends a body to echo and prints the answer.
func post(url string, body *session.Body) {
	s := session.New()
	defer s.Close()
	resp, err := s.Post(context.Background(), url, body)
	if err != nil {
		log.Fatal(err)
	}
	text, _ := resp.Text()
	fmt.Println(text)
}

func ExampleForm() {
	server := serve(echo)
	defer server.Close()
	post(server.URL, session.Form(session.Fields{session.Set("name", "Ann B."), session.Set("tag", "a", "b")}))
	// Output: "application/x-www-form-urlencoded", 23 bytes: name=Ann+B.&tag=a&tag=b
}

func ExampleJSON() {
	server := serve(echo)
	defer server.Close()
	post(server.URL, session.JSON(map[string]any{"name": "Ann", "tags": []string{"a", "b"}}))
	// Output: "application/json", 31 bytes: {"name":"Ann","tags":["a","b"]}
}

// Bytes and Text add no Content-Type.
func ExampleBytes() {
	server := serve(echo)
	defer server.Close()
	post(server.URL, session.Bytes([]byte("as it is")))
	// Output: "", 8 bytes: as it is
}

// A reader whose length is not known is sent in chunks, and once.
func ExampleStream() {
	server := serve(echo)
	defer server.Close()
	post(server.URL, session.Stream(io.MultiReader(strings.NewReader("piece by "), strings.NewReader("piece"))))
	// Output: "", -1 bytes: piece by piece
}

func ExampleMultipart() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		file, header, err := r.FormFile("picture")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		content, _ := io.ReadAll(file)
		fmt.Fprintf(w, "%s: %s, %s, %q", r.FormValue("title"), header.Filename, header.Header.Get("Content-Type"), content)
	})
	defer server.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "cat.png")
	if err := os.WriteFile(path, []byte("meow"), 0o600); err != nil {
		log.Fatal(err)
	}

	picture, err := session.FormFile("picture", path)
	if err != nil {
		log.Fatal(err)
	}
	post(server.URL, session.Multipart(session.Pairs("title", "My cat"), picture))
	// Output: My cat: cat.png, image/png, "meow"
}
