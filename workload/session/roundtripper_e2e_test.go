package session

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"sessbench/internal/programs"
)

// clientOf returns a client of net/http's on top of a session.
func clientOf(t *testing.T, s *Session) *http.Client {
	t.Helper()
	return &http.Client{Transport: s}
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// newE2EServer is a server with redirects, cookies, a coding and failures.
func newE2EServer(t *testing.T) *httptest.Server {
	t.Helper()
	packed := gzipped(t, "unpacked")
	var unsteady, flaky atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/cookie", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/"})
		w.Header().Set("Location", "/echo")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.Header.Get("Cookie")+" "+r.Header.Get("X-Own")+" "+string(body))
		_, _ = io.WriteString(w, "echo")
	})
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed)
	})
	mux.HandleFunc("/unsteady", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if unsteady.Add(1)%3 != 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(body)
	})
	mux.HandleFunc("/flaky", func(w http.ResponseWriter, _ *http.Request) {
		if flaky.Add(1)%2 == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "steady")
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// newE2ESession returns a session that carries everything by transport, with retries.
func newE2ESession(t *testing.T, a Adapter) *Session {
	t.Helper()
	s := New()
	s.TrustEnv = false
	if err := s.mounts.set("http://", a); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.mounts.close)
	return s
}

func e2eRetries() *Retry {
	return &Retry{Total: countOf(2), Statuses: []int{503}, Methods: []string{"GET", "PUT"}}
}

// eachAdapter runs a test with the default adapter and with one of net/http's transports.
func eachAdapter(t *testing.T, test func(*testing.T, *Session, string)) {
	t.Run("wire", func(t *testing.T) {
		server := newE2EServer(t)
		test(t, newE2ESession(t, NewAdapter(AdapterOptions{Retries: e2eRetries()})), server.URL)
	})
	t.Run("net/http", func(t *testing.T) {
		server := newE2EServer(t)
		rt := &http.Transport{DisableCompression: true}
		test(t, newE2ESession(t, Adapter{Transport: RoundTripper(rt), Retries: e2eRetries()}), server.URL)
	})
}

func slurp(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestE2ERoundTripIsOneHop(t *testing.T) {
	eachAdapter(t, func(t *testing.T, s *Session, base string) {
		resp, err := s.RoundTrip(httpRequest(t, "GET", base+"/cookie", nil))
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 302 || resp.Header.Get("Location") != "/echo" || slurp(t, resp) != "" {
			t.Errorf("%+v", resp)
		}
	})
}

func TestE2EClientFollowsWithTheSessionsCookies(t *testing.T) {
	eachAdapter(t, func(t *testing.T, s *Session, base string) {
		req := httpRequest(t, "GET", base+"/cookie", nil)
		req.Header.Set("X-Own", "mine")
		resp, err := clientOf(t, s).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if body, seen := slurp(t, resp), resp.Header.Get("X-Seen"); body != "echo" || seen != "GET a=1 mine" {
			t.Errorf("%q, seen %q", body, seen)
		}
	})
}

func TestE2ERoundTripDecodes(t *testing.T) {
	eachAdapter(t, func(t *testing.T, s *Session, base string) {
		resp, err := s.RoundTrip(httpRequest(t, "GET", base+"/gzip", nil))
		if err != nil {
			t.Fatal(err)
		}
		if body := slurp(t, resp); body != "unpacked" || !resp.Uncompressed || resp.ContentLength != -1 || resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("%q, %+v", body, resp)
		}
	})
}

func TestE2EBodiesAreSentAgain(t *testing.T) {
	eachAdapter(t, func(t *testing.T, s *Session, base string) {
		resp, err := s.RoundTrip(httpRequest(t, "PUT", base+"/unsteady", strings.NewReader("again")))
		if err != nil {
			t.Fatal(err)
		}
		if body := slurp(t, resp); resp.StatusCode != 200 || body != "again" {
			t.Errorf("%d, %q", resp.StatusCode, body)
		}
	})
}

func TestE2EOneShotBodiesAreNot(t *testing.T) {
	eachAdapter(t, func(t *testing.T, s *Session, base string) {
		once := &countingCloser{Reader: strings.NewReader("once")}
		resp, err := s.RoundTrip(httpRequest(t, "PUT", base+"/unsteady", once))
		if err != nil {
			t.Fatal(err)
		}
		if slurp(t, resp); resp.StatusCode != 503 || once.closed == 0 {
			t.Errorf("status %d, body closed %d times", resp.StatusCode, once.closed)
		}
	})
}

// A server may answer before it reads what is sent. What it never reads holds nobody up.
func TestE2EABodyThatNobodyReadsHoldsNothingUp(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		w.(http.Flusher).Flush()
		<-release
	}))
	defer server.Close()
	defer close(release)
	out, in := io.Pipe() // nothing is ever written
	defer func() { _ = in.Close() }()
	s := newE2ESession(t, Adapter{Transport: RoundTripper(&http.Transport{DisableCompression: true})})
	resp, err := s.RoundTrip(httpRequest(t, "POST", server.URL, out))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if _, err := in.Write([]byte("late")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the body is not closed: %v", err)
	}
}

func TestE2EDroppedRequestsAreRetried(t *testing.T) {
	eachAdapter(t, func(t *testing.T, s *Session, base string) {
		resp, err := s.DoHTTP(httpRequest(t, "GET", base+"/flaky", nil))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Status != 200 || len(resp.Attempts) != 2 {
			t.Errorf("status %d, %d attempts", resp.Status, len(resp.Attempts))
		}
	})
}

func TestE2EDoHTTPFollows(t *testing.T) {
	eachAdapter(t, func(t *testing.T, s *Session, base string) {
		resp, err := s.DoHTTP(httpRequest(t, "GET", base+"/cookie", nil))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Status != 200 || len(resp.History) != 1 {
			t.Errorf("status %d, %d in history", resp.Status, len(resp.History))
		}
	})
}

func TestE2ERefused(t *testing.T) {
	eachAdapter(t, func(t *testing.T, s *Session, _ string) {
		body := &countingCloser{Reader: strings.NewReader("x")}
		resp, err := s.RoundTrip(httpRequest(t, "POST", "http://"+programs.Refusing(t), body))
		if resp != nil || !errors.Is(err, ErrConnection) || body.closed == 0 {
			t.Errorf("%+v, %v, body closed %d times", resp, err, body.closed)
		}
	})
}
