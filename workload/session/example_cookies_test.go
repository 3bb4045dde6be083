package session_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"

	"sessbench/workload/session"
)

// showCookies tells what cookies came.
func showCookies(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Cookie")) }

func ExampleJar() {
	server := serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "sid=1; Path=/; HttpOnly")
		w.Header().Add("Set-Cookie", "theme=dark; Path=/; Max-Age=60")
	})
	defer server.Close()

	s := session.New()
	defer s.Close()
	if _, err := s.Get(context.Background(), server.URL); err != nil {
		log.Fatal(err)
	}
	if err := s.Jar.Set(session.Cookie{Name: "mine", Value: "yes"}); err != nil {
		log.Fatal(err)
	}
	for _, c := range s.Jar.All() {
		fmt.Printf("%s=%s of %q, until closed: %t\n", c.Name, c.Value, c.Domain, c.Expires.IsZero())
	}
	value, ok, err := s.Jar.Get("theme")
	fmt.Println(value, ok, err)
	fmt.Println("removed:", s.Jar.Delete("sid", "", ""), "left:", s.Jar.Len())
	s.Jar.Clear()
	fmt.Println("left:", s.Jar.Len())
	// Output:
	// sid=1 of "127.0.0.1", until closed: true
	// theme=dark of "127.0.0.1", until closed: false
	// mine=yes of "", until closed: true
	// dark true <nil>
	// removed: 1 left: 2
	// left: 0
}

// Cookies of a request are sent in the place of the session's of that name, and not kept.
func ExampleRequest_cookies() {
	server := serve(showCookies)
	defer server.Close()

	s := session.New()
	defer s.Close()
	if err := s.Jar.Set(session.Cookie{Name: "theme", Value: "dark"}); err != nil {
		log.Fatal(err)
	}
	ask(s, &session.Request{URL: server.URL, Cookies: []session.Cookie{{Name: "theme", Value: "light"}}})
	ask(s, &session.Request{URL: server.URL})
	// Output:
	// 200 theme=light
	// 200 theme=dark
}

// A jar is saved in the form of curl's -c and Python's MozillaCookieJar, or as JSON.
func ExampleJar_WriteNetscape() {
	var jar session.Jar
	if err := jar.Set(session.Cookie{Name: "sid", Value: "1", Domain: "example.test", Path: "/"}); err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := jar.WriteNetscape(&file); err != nil {
		log.Fatal(err)
	}

	var restored session.Jar
	if err := restored.ReadNetscape(&file); err != nil {
		log.Fatal(err)
	}
	for _, c := range restored.All() {
		fmt.Println(c.Name, c.Value, c.Domain)
	}
	// Output: sid 1 example.test
}

// A jar can belong to a client of net/http too.
func ExampleJar_HTTP() {
	server := serve(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Set-Cookie", "sid=1") })
	defer server.Close()

	var jar session.Jar
	client := &http.Client{Jar: jar.HTTP()}
	resp, err := client.Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	fmt.Println(jar.Get("sid"))
	// Output: 1 true <nil>
}

// PublicSuffixes refuses cookies for domains under which anybody may register.
func ExampleJar_PublicSuffixes() {
	for _, refuse := range []bool{false, true} {
		jar := session.Jar{PublicSuffixes: refuse}
		u, err := url.Parse("http://shop.co.uk/")
		if err != nil {
			log.Fatal(err)
		}
		jar.HTTP().SetCookies(u, []*http.Cookie{{Name: "sid", Value: "1", Domain: "co.uk"}})
		fmt.Println(jar.Len())
	}
	// Output:
	// 1
	// 0
}

// A file of curl's is read likewise.
func ExampleJar_ReadNetscape() {
	const file = "# Netscape HTTP Cookie File\n.example.test\tTRUE\t/\tFALSE\t0\ttheme\tdark\n"
	var jar session.Jar
	if err := jar.ReadNetscape(strings.NewReader(file)); err != nil {
		log.Fatal(err)
	}
	if err := jar.WriteNetscape(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// # Netscape HTTP Cookie File
	// .example.test	TRUE	/	FALSE	0	theme	dark
}
