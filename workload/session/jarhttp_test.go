package session

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// A net/http client keeps its cookies in a jar, through a redirect.
func TestJarForNetHTTP(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			w.Header().Add("Set-Cookie", `sid="abc"; Path=/; Secure; HttpOnly`)
			w.Header().Add("Set-Cookie", "deep=1; Path=/home; Max-Age=60")
			w.Header().Add("Set-Cookie", "mine=; Max-Age=0; Domain=127.0.0.1")
			http.Redirect(w, r, "/home", http.StatusSeeOther)
		default:
			fmt.Fprint(w, r.Header["Cookie"])
		}
	}))
	defer server.Close()
	j := new(Jar)
	setAll(t, j, Cookie{Name: "lang", Value: "en"}, Cookie{Name: "mine", Value: "1", Domain: "127.0.0.1"})
	client := server.Client()
	client.Jar = j.HTTP()
	for _, c := range []struct{ path, want string }{
		{"/login", `[deep=1; lang=en; sid="abc"]`},
		{"/", `[lang=en; sid="abc"]`},
	} {
		resp, err := client.Get(server.URL + c.path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != c.want {
			t.Errorf("%s: the server got %s (%v), want %s", c.path, body, err, c.want)
		}
	}
}

func TestJarTakesNetHTTPCookies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := new(Jar)
		u := jarURL(t, "http://a.example.test/p/q")
		now := time.Now()
		j.HTTP().SetCookies(u, []*http.Cookie{
			{Name: "a", Value: "1", SameSite: http.SameSiteStrictMode},
			{Name: "b", Value: "x", Quoted: true, Domain: ".example.test", Path: "/", MaxAge: 60, Expires: now.Add(time.Hour), Secure: true, HttpOnly: true},
			{Name: "c", Value: "1", Expires: now.Add(time.Minute), Path: "odd", SameSite: http.SameSiteNoneMode},
			{Name: "d", Value: "1", RawExpires: "Sat, 01-Jan-00 00:00:30 GMT", SameSite: http.SameSiteLaxMode},
			{Name: "e", Value: "1", MaxAge: -1},
			{Name: "f", Value: "1;"},
			{Name: "g", Value: "1", Domain: "other.test"},
		})
		host := Cookie{Name: "a", Value: "1", Domain: "a.example.test", HostOnly: true, Path: "/p"}
		a, c, d := host, host, host
		a.SameSite = "Strict"
		c.Name, c.Expires, c.SameSite = "c", now.Add(time.Minute).UTC().Round(0), "None"
		d.Name, d.Expires, d.SameSite = "d", time.Date(2000, 1, 1, 0, 0, 30, 0, time.UTC), "Lax"
		b := Cookie{Name: "b", Value: `"x"`, Domain: "example.test", Path: "/", Expires: c.Expires, Secure: true, HTTPOnly: true}
		want := []Cookie{a, b, c, d}
		got := j.All()
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("stored\n%+v\nwant\n%+v", got, want)
			}
		}
	})
}
