package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sessbench/testserver"
)

// upload3 returns a POST with a body that is read while it is sent.
func upload3(t testing.TB, target string, length int64, body func() io.Reader) *Request {
	t.Helper()
	req := newRequest(t, "POST", target, "")
	spec := req.Spec
	spec.Upload = &Upload{Length: length, Open: func() (io.Reader, error) { return body(), nil }}
	req, err := NewRequest(spec)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// streamed3 returns a GET whose body is streamed.
func streamed3(t testing.TB, target string) *Request {
	t.Helper()
	req := get(t, target)
	req.Spec.Stream = true
	return req
}

func TestHTTP3RequestArrivesAsItWasAskedFor(t *testing.T) {
	type seen struct {
		method, host, target, length string
		header                       http.Header
		body                         string
	}
	got := make(chan seen, 1)
	s := script3(t, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- seen{r.Method, r.Host, r.RequestURI, r.Header.Get("Content-Length"), r.Header, string(body)}
	})
	c := newClient(t, s.opts, Policy{HTTP: HTTP3})
	host := strings.TrimPrefix(s.url, "https://")
	long := strings.Repeat("0123456789", 300_000)
	for name, tc := range map[string]struct {
		req  *Request
		want seen
	}{
		"get":         {get(t, s.url+"/a%20b?c=d"), seen{method: "GET", host: host, target: "/a%20b?c=d"}},
		"host":        {get(t, s.url, Header{"Host", "other.test"}), seen{method: "GET", host: "other.test", target: "/"}},
		"empty post":  {newRequest(t, "POST", s.url, ""), seen{method: "POST", host: host, target: "/", length: "0"}},
		"delete":      {newRequest(t, "DELETE", s.url, ""), seen{method: "DELETE", host: host, target: "/", length: "0"}},
		"short":       {newRequest(t, "POST", s.url, "short"), seen{method: "POST", host: host, target: "/", length: "5", body: "short"}},
		"long":        {newRequest(t, "PUT", s.url, long), seen{method: "PUT", host: host, target: "/", length: "3000000", body: long}},
		"upload":      {upload3(t, s.url, int64(len(long)), func() io.Reader { return strings.NewReader(long) }), seen{method: "POST", host: host, target: "/", length: "3000000", body: long}},
		"open upload": {upload3(t, s.url, -1, func() io.Reader { return strings.NewReader(long) }), seen{method: "POST", host: host, target: "/", body: long}},
	} {
		t.Run(name, func(t *testing.T) {
			r := call(t, c, tc.req)
			wantOK(t, r, 200, "")
			is := <-got
			is.header, tc.want.header = nil, nil
			if is.body != tc.want.body {
				t.Errorf("body of %d bytes, want %d", len(is.body), len(tc.want.body))
			}
			is.body, tc.want.body = "", ""
			if is.method != tc.want.method || is.host != tc.want.host || is.target != tc.want.target || is.length != tc.want.length {
				t.Errorf("%+v, want %+v", is, tc.want)
			}
			if r.BytesOut < int64(len(tc.req.Spec.Body)) {
				t.Errorf("%d bytes out", r.BytesOut)
			}
		})
	}
	call(t, c, get(t, s.url, Header{"X-One", "1"}, Header{"Connection", "close"}, Header{"TE", "gzip"}, Header{"x-one", "2"}))
	h := (<-got).header
	if len(h["X-One"]) != 2 || h["Connection"] != nil || h["Te"] != nil {
		t.Errorf("%v", h)
	}
}

func TestHTTP3BodyOfAnotherLengthThanAnnouncedEndsTheCall(t *testing.T) {
	broken := errors.New("the disk is gone")
	for want, body := range map[error]io.Reader{
		errBodyShort: strings.NewReader("1234"),
		errBodyLong:  strings.NewReader("123456"),
		broken:       io.MultiReader(strings.NewReader("12"), errReader{broken}),
	} {
		s := script3(t, func(_ http.ResponseWriter, r *http.Request) {
			if all, err := io.ReadAll(r.Body); err == nil && r.Method == "POST" {
				t.Errorf("the server took %q for whole", all)
			}
		})
		c := newClient(t, s.opts, Policy{HTTP: HTTP3})
		r := call(t, c, upload3(t, s.url, 5, func() io.Reader { return body }))
		wantClass(t, r, ClassSend)
		if !errors.Is(r.Err, want) || !IsUpload(r.Err) {
			t.Errorf("%v, want %v", r.Err, want)
		}
		wantOK(t, call(t, c, newRequest(t, "HEAD", s.url, "")), 200, "") // the connection goes on
		if s.accepted.Load() != 1 {
			t.Errorf("%d connections", s.accepted.Load())
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestHTTP3AnswerBeforeTheRequestIsCompleteIsTaken(t *testing.T) {
	s := script3(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too much", http.StatusRequestEntityTooLarge)
	})
	c := newClient(t, s.opts, Policy{HTTP: HTTP3})
	endless := func() io.Reader { return endlessReader{} }
	wantOK(t, call(t, c, upload3(t, s.url, -1, endless)), 413, "too much\n")
	wantOK(t, call(t, c, get(t, s.url)), 413, "too much\n")
	if s.accepted.Load() != 1 {
		t.Errorf("%d connections", s.accepted.Load())
	}
}

type endlessReader struct{}

func (endlessReader) Read(p []byte) (int, error) { return len(p), nil }

func TestHTTP3ResponsesOfEveryKind(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	c := newClient(t, opts, Policy{HTTP: HTTP3})
	const big = 5 << 20
	r := call(t, c, get(t, s.URL()+"/bytes/5242880"))
	if r.Err != nil || len(r.resp.Body) != big || r.BytesIn < big || r.Phases.Receive <= 0 {
		t.Errorf("%d bytes, %+v", len(r.resp.Body), r.Exchange)
	}
	dropped := get(t, s.URL()+"/bytes/5242880")
	dropped.KeepBody = false
	if r := call(t, c, dropped); r.Err != nil || len(r.resp.Body) != 0 || r.BytesIn < big {
		t.Errorf("%+v", r.Exchange)
	}
	wantOK(t, call(t, c, newRequest(t, "HEAD", s.URL()+"/bytes/100", "")), 200, "")
	wantOK(t, call(t, c, get(t, s.URL()+"/status/204")), 204, "")
	wantOK(t, call(t, c, get(t, s.URL()+"/status/304")), 304, "")
	wantOK(t, call(t, c, get(t, s.URL()+"/interim")), 200, "after 103 and 102\n")
	wantOK(t, call(t, c, get(t, s.URL()+"/chunked/30?chunk=7")), 200, "abcdefghijklmnopqrstuvwxyzabcd") // has trailers
	login := newRequest(t, "POST", s.URL()+"/login", "user=a&password=b", Header{"Content-Type", "application/x-www-form-urlencoded"})
	r = call(t, c, login)
	wantOK(t, r, 200, "welcome a\n")
	cookies := 0
	r.resp.EachSetCookie(func([]byte) { cookies++ })
	if !r.resp.HasSetCookie() || cookies != 1 {
		t.Errorf("%d cookies", cookies)
	}
	brief := get(t, s.URL()+"/redirect/1")
	brief.Spec.BriefRedirects = true
	if r = call(t, c, brief); r.Err != nil || r.Status != 302 || string(r.resp.Header("location")) == "" {
		t.Errorf("%+v", r.Exchange)
	}
	if n := s.Stats(); n.Connections.Accepted != 1 {
		t.Errorf("%+v", n.Connections)
	}
}

func TestHTTP3BodyOfARedirectIsNotReadForLong(t *testing.T) {
	s := script3(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(302)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	c := newClient(t, s.opts, Policy{HTTP: HTTP3})
	for range 2 {
		req := get(t, s.url)
		req.Spec.BriefRedirects = true
		if r := call(t, c, req); r.Err != nil || r.Status != 302 {
			t.Errorf("%+v", r.Exchange)
		}
	}
	if s.accepted.Load() != 1 {
		t.Errorf("%d connections", s.accepted.Load())
	}
}

func TestHTTP3StreamsBodies(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	c := newClient(t, opts, Policy{HTTP: HTTP3})
	for range 2 {
		r := call(t, c, streamed3(t, s.URL()+"/bytes/3000000"))
		if r.Err != nil || r.resp.Stream == nil {
			t.Fatalf("%+v", r.Exchange)
		}
		ex := Exchange{}
		resp := new(Response)
		c.Do(t.Context(), streamed3(t, s.URL()+"/bytes/3000000"), resp, &ex)
		body, err := io.ReadAll(resp.Stream)
		if err != nil || len(body) != 3_000_000 || ex.Err != nil || ex.BytesIn < 3_000_000 {
			t.Errorf("%d bytes, %v, %+v", len(body), err, ex)
		}
		if p := ex.Phases; p.Acquire+p.DNS+p.Connect+p.TLS+p.Send+p.Wait+p.Receive != ex.Finished-ex.Started {
			t.Errorf("phases do not add up: %+v", ex)
		}
		_ = r.resp.Stream.Close()
		if _, err := r.resp.Stream.Read(make([]byte, 1)); ClassOf(err) != ClassCanceled {
			t.Errorf("reading after Close: %v", err)
		}
	}
	if r := call(t, c, streamed3(t, s.URL()+"/status/204")); r.Err != nil || r.resp.Stream == nil {
		t.Errorf("%+v", r.Exchange)
	} else if n, err := r.resp.Stream.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
	wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
}

func TestHTTP3LimitsOfSize(t *testing.T) {
	s := script3(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/head":
			w.Header().Set("X-Long", strings.Repeat("x~", 5000))
		case "/open":
			w.(http.Flusher).Flush()
		}
		_, _ = w.Write(make([]byte, 3000))
	})
	s.opts.MaxHeaderBytes, s.opts.MaxBodyBytes = 8000, 2999
	c := newClient(t, s.opts, Policy{HTTP: HTTP3})
	for _, path := range []string{"/head", "/open", "/sized"} {
		wantClass(t, call(t, c, get(t, s.url+path)), ClassTooLarge)
		wantClass(t, call(t, c, streamedToEnd(t, c, s.url+path)), ClassTooLarge)
	}
	wantOK(t, call(t, c, newRequest(t, "HEAD", s.url, "")), 200, "")
	if s.accepted.Load() != 1 {
		t.Errorf("%d connections", s.accepted.Load())
	}
}

// streamedToEnd does a call whose stream is read to its end, and returns the same request, not streamed, for another.
func streamedToEnd(t testing.TB, c *Client, target string) *Request {
	t.Helper()
	var ex Exchange
	resp := new(Response)
	c.Do(t.Context(), streamed3(t, target), resp, &ex)
	if ex.Err == nil {
		if _, err := io.Copy(io.Discard, resp.Stream); ClassOf(err) != ex.Class {
			t.Errorf("%v, class %q", err, ex.Class)
		}
	}
	if ex.Class != ClassTooLarge {
		t.Errorf("streamed: %+v", ex)
	}
	return get(t, target)
}

func TestHTTP3TimeoutsEndOneStreamOnly(t *testing.T) {
	s := script3(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
			<-r.Context().Done()
		case "/halting":
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/deaf":
			<-r.Context().Done() // and takes no more of the request than the window allows
		}
	})
	const soon, late = 50 * time.Millisecond, time.Minute
	endless := func() io.Reader { return endlessReader{} }
	for name, tc := range map[string]struct {
		req    *Request
		limits Limits
		class  Class
	}{
		"read, head":  {get(t, s.url+"/silent"), Limits{ReadTimeout: soon, Timeout: late}, ClassReadTimeout},
		"read, body":  {get(t, s.url+"/halting"), Limits{ReadTimeout: soon, Timeout: late}, ClassReadTimeout},
		"whole, head": {get(t, s.url+"/silent"), Limits{ReadTimeout: late, Timeout: soon}, ClassTimeout},
		"whole, body": {get(t, s.url+"/halting"), Limits{Timeout: soon}, ClassTimeout},
		"write":       {upload3(t, s.url+"/deaf", -1, endless), Limits{WriteTimeout: soon, Timeout: late}, ClassSend},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, s.opts, Policy{HTTP: HTTP3})
			wantOK(t, call(t, c, get(t, s.url+"/")), 200, "")
			tc.req.Spec.Limits = &tc.limits
			r := call(t, c, tc.req)
			wantClass(t, r, tc.class)
			if !IsTimeout(r.Err) {
				t.Errorf("%v", r.Err)
			}
			wantOK(t, call(t, c, get(t, s.url+"/")), 200, "")
			if n := c.Counts(); n.Opened != 1 || n.Discarded != 0 {
				t.Errorf("%+v", n)
			}
		})
	}
}

func TestHTTP3CancellationEndsTheCallPromptly(t *testing.T) {
	there := make(chan struct{}, 1)
	gone := make(chan struct{}, 1)
	s := script3(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/halting" {
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
		}
		if r.URL.Path != "/" {
			there <- struct{}{}
			<-r.Context().Done()
			gone <- struct{}{}
		}
	})
	c := newClient(t, s.opts, Policy{HTTP: HTTP3})
	wantOK(t, call(t, c, get(t, s.url+"/")), 200, "")
	for _, path := range []string{"/silent", "/halting"} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-there; cancel() }()
		r := callWith(t, ctx, c, get(t, s.url+path))
		wantClass(t, r, ClassCanceled)
		<-gone // the server was told
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := callWith(t, ctx, c, streamed3(t, s.url+"/halting"))
	<-there
	cancel()
	if _, err := io.Copy(io.Discard, r.resp.Stream); ClassOf(err) != ClassCanceled {
		t.Errorf("%v", err)
	}
	<-gone
	wantOK(t, call(t, c, get(t, s.url+"/")), 200, "")
	if s.accepted.Load() != 1 {
		t.Errorf("%d connections", s.accepted.Load())
	}
}

func TestHTTP3KernelFactsComeFromQUIC(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	c := newClient(t, opts, Policy{HTTP: HTTP3})
	wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	call(t, c, get(t, s.URL()+"/bytes/1000000"))
	k := kept(t, c).mux.(*http3Conn).kernel()
	if k.Connections != 1 || k.RTT <= 0 || k.MinRTT <= 0 || k.MinRTT > k.RTT || k.MaxRTT != k.RTT || k.Window < 10 ||
		k.SegmentsIn < 500 || k.SegmentsOut < 10 || k.BytesReceived < 1_000_000 || k.BytesAcked <= 0 {
		t.Errorf("%+v", k)
	}
}
