package session

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mccutchen/go-httpbin/v2/httpbin"

	"sessbench/testserver"
)

// startHTTPBin starts go-httpbin in a server that counts, and returns its URL.
func startHTTPBin(t *testing.T) (*testserver.Server, string) {
	t.Helper()
	server, _ := counting(t)
	return server, server.URL() + "/httpbin"
}

// wantJSON makes a call and decodes its answer.
func wantJSON(t *testing.T, s *Session, url string, value any) *Response {
	t.Helper()
	resp, err := s.Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.JSON(value); err != nil || resp.Status != 200 {
		text, _ := resp.Text()
		t.Fatalf("%s: %d, %v: %s", url, resp.Status, err, text)
	}
	return resp
}

func TestRealHTTPBinCookies(t *testing.T) {
	server, bin := startHTTPBin(t)
	s := testSession(t)
	want := func(path, cookies string, history int) {
		t.Helper()
		got := struct{ Cookies map[string]string }{}
		resp := wantJSON(t, s, bin+path, &got)
		var list []string
		for name, value := range got.Cookies {
			list = append(list, name+"="+value)
		}
		slices.Sort(list)
		if strings.Join(list, " ") != cookies || len(resp.History) != history {
			t.Errorf("%s: the server got %q, want %q; history %v", path, list, cookies, resp.History)
		}
	}
	want("/cookies", "", 0)
	want("/cookies/set?a=1&b=2", "a=1 b=2", 1)
	want("/cookies", "a=1 b=2", 0)
	want("/cookies/set?a=3", "a=3 b=2", 1)
	want("/cookies/delete?b=", "a=3", 1)
	want("/cookies", "a=3", 0)
	wantConnections(t, server, 9, 1)
}

func TestRealHTTPBinRedirects(t *testing.T) {
	// Below a prefix its absolute redirects lead nowhere.
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(httpbin.New())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	bin := server.URL
	s := testSession(t)
	for _, path := range []string{"/absolute-redirect/3", "/redirect/3", "/relative-redirect/3"} {
		got := struct{ URL string }{}
		resp := wantJSON(t, s, bin+path, &got)
		if got.URL != bin+"/get" || resp.URL.String() != bin+"/get" || len(resp.History) != 3 {
			t.Errorf("%s: %s after %v", path, got.URL, resp.History)
		}
	}
	if opened.Load() != 1 {
		t.Errorf("%d connections", opened.Load())
	}
	s.MaxRedirects = 2
	_, err := s.Get(t.Context(), bin+"/redirect/3")
	if KindOf(err) != ErrTooManyRedirects {
		t.Error(err)
	}
}

func TestRealHTTPBinCodings(t *testing.T) {
	_, bin := startHTTPBin(t)
	s := testSession(t)
	for _, coding := range []string{"gzip", "deflate"} {
		got := map[string]any{}
		resp := wantJSON(t, s, bin+"/"+coding, &got)
		said := got[map[string]string{"gzip": "gzipped", "deflate": "deflated"}[coding]]
		if resp.Header.Get("Content-Encoding") != coding || said != true {
			t.Errorf("%s: %v, %v", coding, resp.Header, got)
		}
	}
}

func TestRealHTTPBinDigest(t *testing.T) {
	server, bin := startHTTPBin(t)
	s := testSession(t)
	s.Auth = Digest{"user", "pass"}
	var got map[string]any
	for i, history := range []int{1, 0, 0} {
		if resp := wantJSON(t, s, bin+"/digest-auth/auth/user/pass/SHA-256?a=b", &got); len(resp.History) != history || got["user"] != "user" {
			t.Errorf("call %d: %v, history %v", i, got, resp.History)
		}
	}
	wantConnections(t, server, 4, 1)
	resp, err := s.Do(t.Context(), &Request{URL: bin + "/digest-auth/auth/user/pass", Auth: Digest{"user", "wrong"}})
	if err != nil || resp.Status != 401 {
		t.Errorf("%+v, %v", resp, err)
	}
}
