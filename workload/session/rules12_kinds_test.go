package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestRule_12_10_CallsOfInvalidURLs(t *testing.T) {
	s := testSession(t)
	for _, url := range []string{
		"http://", "http:///secret-path?x", "http://*.example.test/", "http://.example.test/", "http://h:port/", "http://h:99999/", "http://[::1/",
		"http://[zz]/", "http://user:secret@/", "http://user:secret@h:x/?secret", "http://\u00ad.test/",
	} {
		err := second(s.Get(t.Context(), url))
		if !errors.Is(err, ErrInvalidURL) || errors.Is(err, ErrConnection) {
			t.Errorf("%s: %v", url, err)
		}
		if strings.Contains(url, "user:secret") {
			isKind(t, err, ErrInvalidURL)
		}
	}
	r := secretive("http://example.test", "/")
	for _, proxy := range []string{"http://", "http://user:secret@/", "http://user:secret@h:99999"} {
		r.Proxies = Proxies{{For: "all", URL: proxy}}
		isKind(t, second(s.Do(t.Context(), r)), ErrInvalidProxyURL, ErrInvalidURL)
	}
}

func TestRule_12_10_InvalidURLsInRedirects(t *testing.T) {
	server := record(t, func(r *received) string {
		location, _ := strings.CutPrefix(r.Target, "/to?")
		return reply(302, "moved", "Location: "+location)
	})
	s := testSession(t)
	for location, want := range map[string][]Kind{
		"http://u:secret@h:99999/": {ErrInvalidURL},
		"http://[::1/?secret":      {ErrInvalidURL},
		"ftp://u:secret@h/":        {ErrInvalidScheme, ErrInvalidURL},
		"mailto:secret@h":          {ErrInvalidScheme, ErrInvalidURL},
		"http://no.test/?secret":   {ErrConnection},
	} {
		sent := len(server.all())
		e := isKind(t, second(s.Get(t.Context(), server.url+"/to?"+location)), want...)
		if len(server.all()) != sent+1 {
			t.Errorf("to %s: the first hop was not made", location)
		}
		if want[0] == ErrInvalidURL && (e.Response == nil || e.Response.Status != 302) || want[0] != ErrInvalidURL && len(e.History) != 1 {
			t.Errorf("to %s: response %v, history %v", location, e.Response, e.History)
		}
		if p, err := s.Prepare(&Request{URL: server.url + "/to?" + location}); err != nil {
			t.Error(err)
		} else {
			var call Call
			s.Measure(t.Context(), p, &call)
			isKind(t, call.Err, want...)
		}
	}
	if server.connections() != 1 {
		t.Errorf("%d connections", server.connections())
	}
}

func TestRule_12_11_Schemes(t *testing.T) {
	s := testSession(t)
	for url, want := range map[string]Kind{
		"example.test/x": ErrMissingScheme, "/path": ErrMissingScheme, "": ErrMissingScheme, "//h/x?secret": ErrMissingScheme,
		"ftp://u:secret@h/": ErrInvalidScheme, "mailto:secret@h": ErrInvalidScheme,
	} {
		isKind(t, second(s.Get(t.Context(), url)), want, ErrInvalidURL)
	}
	none := NewWith(Defaults())
	none.TrustEnv = false
	isKind(t, second(none.Get(t.Context(), "http://example.test/?secret")), ErrInvalidScheme, ErrInvalidURL)
}

func TestRule_12_12_UnsuccessfulStatus(t *testing.T) {
	server := record(t, func(r *received) string {
		var status int
		if err := json.Unmarshal([]byte(r.Target[1:]), &status); err != nil {
			return hangUp
		}
		return reply(status, "why")
	})
	s := testSession(t)
	for target, bad := range map[string]bool{"200": false, "304": false, "399": false, "400": true, "404": true, "599": true, "600": false} {
		resp := must(t, s, &Request{URL: server.url + "/" + target})
		err := resp.Check()
		if resp.OK() != (resp.Status < 400) || (err != nil) != bad {
			t.Errorf("%s: OK %t, %v", target, resp.OK(), err)
		}
		if bad {
			e := isKind(t, err, ErrHTTP)
			if e.Response != resp || !strings.Contains(err.Error(), target) || e.Sent == nil || len(e.Attempts) != 1 {
				t.Errorf("%s: %+v", target, e)
			}
			if text, err := resp.Text(); text != "why" || err != nil {
				t.Errorf("its body is %q, %v", text, err)
			}
		}
	}
}

func TestRule_12_13_ResponsesThatAreNotJSON(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, `{"secret`) })
	s := testSession(t)
	resp := must(t, s, &Request{URL: server.url})
	var value any
	e := isKind(t, resp.JSON(&value), ErrInvalidJSON)
	if e.Response != resp || e.URL == "" {
		t.Errorf("%+v", e)
	}
	var syntax *json.SyntaxError
	if !errors.As(e, &syntax) {
		t.Errorf("nothing of package json beneath %v", e)
	}
	isKind(t, second(s.Post(t.Context(), server.url, JSON(func() {}))), ErrInvalidJSON)
}

func TestRule_12_14_InvalidHeaders(t *testing.T) {
	s := testSession(t)
	for name, value := range map[string]string{"X-A": " secret", "X-B": "secret\r\n", "X secret": "1"} {
		err := second(s.Do(t.Context(), &Request{URL: "http://example.test", Headers: Pairs(name, value)}))
		if name == "X secret" {
			if !errors.Is(err, ErrInvalidHeader) {
				t.Error(err)
			}
			continue
		}
		isKind(t, err, ErrInvalidHeader)
	}
	isKind(t, second(s.Do(t.Context(), &Request{URL: "http://example.test", Auth: Bearer("secret\n")})), ErrInvalidHeader)
	for _, f := range []serverFault{
		{"contradictory lengths", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 7\r\n\r\nsecret", []Kind{ErrInvalidHeader}, false},
		{"contradictory lengths in one line", "HTTP/1.1 200 OK\r\nContent-Length: 6, 7\r\n\r\nsecret", []Kind{ErrInvalidHeader}, false},
		// RFC 9110, section 8.6, leaves the choice, and package net/http refuses it too.
		{"equal lengths in one line", "HTTP/1.1 200 OK\r\nContent-Length: 6, 6\r\n\r\nsecret", []Kind{ErrInvalidHeader}, false},
		{"no length", "HTTP/1.1 200 OK\r\nContent-Length: six\r\n\r\nsecret", []Kind{ErrInvalidHeader}, false},
	} {
		f.each(t, nil)
	}
}

func TestRule_12_15_AnswerBeforeTheUploadIsComplete(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		_, _ = io.WriteString(w, "too much")
	}))
	defer server.Close()
	s := testSession(t)
	for name, body := range map[string]*Body{
		"bytes":    Bytes(make([]byte, 8<<20)),
		"reader":   Stream(bytes.NewReader(make([]byte, 8<<20))),
		"one-shot": Stream(io.LimitReader(zeros{}, 8<<20)),
	} {
		resp, err := s.Post(t.Context(), server.URL, body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text, err := resp.Text(); resp.Status != 413 || text != "too much" || err != nil {
			t.Errorf("%s: %d %q, %v", name, resp.Status, text, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestErrStreamConsumed(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "a body") })
	s := testSession(t)
	resp := must(t, s, &Request{URL: server.url, Stream: true})
	if _, err := io.ReadFull(resp.Body, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	e := isKind(t, second(resp.Bytes()), ErrStreamConsumed)
	if e.Response != resp || e.URL == "" {
		t.Errorf("%+v", e)
	}
	isKind(t, second(resp.Text()), ErrStreamConsumed)
	if rest, err := io.ReadAll(resp.Body); string(rest) != " body" || err != nil {
		t.Errorf("the rest is %q, %v", rest, err)
	}
	isKind(t, second(resp.Bytes()), ErrStreamConsumed)

	closed := must(t, s, &Request{URL: server.url, Stream: true})
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
	isKind(t, second(closed.Bytes()), ErrStreamConsumed)
	isKind(t, second(closed.Body.Read(make([]byte, 1))), ErrStreamConsumed)
	if err := closed.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func TestErrUnrewindable(t *testing.T) {
	server := record(t, func(r *received) string {
		return reply(307, "", "Location: /again")
	})
	s := testSession(t)
	body := Stream(iotest.OneByteReader(strings.NewReader("secret")))
	e := isKind(t, second(s.Put(t.Context(), server.url+"/", body)), ErrUnrewindable)
	if e.Response == nil || e.Response.Status != 307 || len(server.all()) != 1 {
		t.Errorf("%+v after %q", e, server.targets())
	}
	isKind(t, second(s.Put(t.Context(), server.url+"/", body)), ErrUnrewindable)
	if len(server.all()) != 1 {
		t.Errorf("a body that was read was sent again: %q", server.targets())
	}
}

func TestErrorsOfUsersCode(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "a body") })
	mine := errors.New("mine")
	s := testSession(t)
	e := isKind(t, second(s.Do(t.Context(), &Request{URL: server.url, Auth: brokenAuth{mine}})), ErrAuth)
	if !errors.Is(e, mine) || len(server.all()) != 0 {
		t.Errorf("%v after %q", e, server.targets())
	}
	for name, hooks := range map[string]Hooks{
		"before": {Before: []func(*Hop) error{func(*Hop) error { return mine }}},
		"after":  {After: []func(*Response) (*Response, error){func(*Response) (*Response, error) { return nil, mine }}},
		"body": {After: []func(*Response) (*Response, error){func(*Response) (*Response, error) {
			return &Response{Status: 200, Body: io.NopCloser(iotest.ErrReader(mine))}, nil
		}}},
	} {
		e := isKind(t, second(s.Do(t.Context(), &Request{URL: server.url, Hooks: hooks})), ErrHook)
		if !errors.Is(e, mine) || e.URL == "" {
			t.Errorf("%s: %+v", name, e)
		}
		if name == "after" {
			if text, err := e.Response.Text(); text != "a body" || err != nil {
				t.Errorf("the hook's response says %q, %v", text, err)
			}
			if must(t, s, &Request{URL: server.url}); server.last(t).Conn != server.all()[len(server.all())-2].Conn {
				t.Error("a failed hook costs the connection")
			}
		}
		if p, err := s.Prepare(&Request{URL: server.url, Hooks: hooks}); err != nil {
			t.Error(err)
		} else {
			var call Call
			s.Measure(t.Context(), p, &call)
			if isKind(t, call.Err, ErrHook); call.Class != "hook" {
				t.Errorf("%s: class %q", name, call.Class)
			}
		}
	}
	must(t, s, &Request{URL: server.url})
}

type brokenAuth struct{ err error }

func (a brokenAuth) Authenticate(*Hop) error { return a.err }

func TestErrBody(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "") })
	mine, others := errors.New("mine"), &Error{Kind: ErrBrokenBody}
	adapters := map[string]Adapter{"wire": NewAdapter(AdapterOptions{Retries: Retries(3)}), "net/http": {Transport: RoundTripper(new(http.Transport))}}
	for name, adapter := range adapters {
		s := testSession(t)
		if err := s.Mount("http://", adapter); err != nil {
			t.Fatal(err)
		}
		for _, why := range []error{mine, others} {
			body := Stream(io.MultiReader(strings.NewReader("secret"), iotest.ErrReader(why)))
			err := second(s.Put(t.Context(), server.url, body))
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != ErrBody || !errors.Is(err, why) || errors.Is(err, ErrConnection) || e.Sent == nil || len(e.Attempts) != 1 {
				t.Errorf("%s: %+v", name, err)
			}
		}
		isKind(t, second(s.Put(t.Context(), server.url, Stream(liar{strings.NewReader("secret")}))), ErrBody)
		must(t, s, &Request{URL: server.url})
	}
}

// A liar says that it is longer than it is.
type liar struct{ io.Reader }

func (liar) Len() int { return 1 << 10 }

func TestErrCanceled(t *testing.T) {
	came := make(chan struct{})
	server := record(t, func(*received) string { came <- struct{}{}; return "" })
	s := testSession(t)
	why := errors.New("enough")
	for _, stream := range []bool{false, true} {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := secretive(server.url, "/")
		r.Stream = stream
		go func() {
			<-came
			cancel(why)
		}()
		for range 2 { // the second one when the context has ended
			if e := isKind(t, second(s.Do(ctx, r)), ErrCanceled); !errors.Is(e, why) {
				t.Errorf("%v does not say why", e)
			}
		}
	}
}

func TestErrCanceledInTheBody(t *testing.T) {
	server := record(t, func(r *received) string {
		switch r.Target {
		case "/move":
			return "HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 10\r\n\r\nhalf"
		case "/half":
			return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
		}
		return reply(200, "")
	})
	s := testSession(t)
	for _, path := range []string{"/half", "/move"} {
		for _, stream := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(t.Context())
			resp, err := s.Do(ctx, &Request{URL: server.url + path, Stream: stream, Hooks: Hooks{
				After: []func(*Response) (*Response, error){func(*Response) (*Response, error) { cancel(errors.New("enough")); return nil, nil }},
			}})
			if stream && path == "/half" {
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.ReadAll(resp.Body)
			}
			if e := isKind(t, err, ErrCanceled); e.Sent == nil || len(e.Attempts) != 1 {
				t.Errorf("%s: %+v", path, e)
			}
			must(t, s, &Request{URL: server.url})
		}
	}
	if !slices.Contains(server.targets(), "GET /half") || slices.Contains(server.targets(), "GET /end") {
		t.Errorf("the server got %q", server.targets())
	}
}

func TestErrWriteTimeout(t *testing.T) {
	s := testSession(t)
	s.Timeout = &Timeout{Write: 50 * time.Millisecond}
	body := Stream(io.LimitReader(zeros{}, 1<<30)) // more than any socket buffers
	e := isKind(t, second(s.Put(t.Context(), "http://"+silent(t), body)), ErrWriteTimeout, ErrTimeout)
	if e.Sent == nil || !e.Sent.Stream || len(e.Attempts) != 1 {
		t.Errorf("%+v", e)
	}
	s.Timeout = nil
	must(t, s, &Request{URL: record(t, ok).url})
}

func TestErrTooLarge(t *testing.T) {
	options := AdapterOptions{}
	options.Wire.MaxBodyBytes = 10
	limit := func(s *Session) {
		if err := s.Mount("http://", NewAdapter(options)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []serverFault{
		{"announced", reply(200, "secret secret"), []Kind{ErrTooLarge, ErrConnection}, false},
		{"in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecret\r\n6\r\nsecret\r\n0\r\n\r\n", []Kind{ErrTooLarge, ErrConnection}, true},
		{"to the end", "HTTP/1.1 200 OK\r\n\r\nsecret secret" + hangUp, []Kind{ErrTooLarge, ErrConnection}, true},
	} {
		f.each(t, limit)
	}
}
