package session

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sessbench/internal/programs"
)

// kinds are all there are.
var kinds = []Kind{
	ErrConnection, ErrTimeout, ErrConnectTimeout, ErrReadTimeout, ErrWriteTimeout, ErrTotalTimeout, ErrTLS, ErrProxy,
	ErrTooManyRedirects, ErrBrokenBody, ErrContentDecoding, ErrRetry, ErrInvalidURL, ErrInvalidProxyURL, ErrMissingScheme,
	ErrInvalidScheme, ErrHTTP, ErrInvalidJSON, ErrInvalidHeader, ErrInvalidArgument, ErrTooLarge, ErrStreamConsumed,
	ErrUnrewindable, ErrBody, ErrAuth, ErrHook, ErrCanceled, ErrConcurrentUse, ErrLocalPorts, ErrFiles, ErrAmbiguousCookie,
}

// isKind holds that err is an *Error of the first kind, is all the others as well and nothing else, and that neither
// its text nor that of what lies beneath has a "secret". It returns the *Error.
func isKind(t testing.TB, err error, want ...Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *Error", err)
	}
	if e.Kind != want[0] {
		t.Errorf("%v: kind %q, want %q", err, e.Kind, want[0])
	}
	for _, kind := range kinds {
		if is := errors.Is(err, kind); is != slices.Contains(want, kind) {
			t.Errorf("%v: is %q: %t", err, kind, is)
		}
	}
	if e.Timeout() != slices.Contains(want, ErrTimeout) {
		t.Errorf("%v: Timeout is %t", err, e.Timeout())
	}
	noSecrets(t, err)
	return e
}

func noSecrets(t testing.TB, err error) {
	t.Helper()
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("%q tells a secret", err)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if beneath := e.Unwrap(); beneath != nil {
			noSecrets(t, beneath)
		}
	case interface{ Unwrap() []error }:
		for _, beneath := range e.Unwrap() {
			noSecrets(t, beneath)
		}
	}
}

// secretive returns a request for path that is full of secrets.
func secretive(base, path string) *Request {
	u := strings.Replace(base, "://", "://user:secret1@", 1) + path + "?token=secret2#secret3"
	return &Request{
		Method: "PUT", URL: u, Body: Text("secret4"),
		Headers: Pairs("X-Token", "secret5"),
		Params:  Pairs("key", "secret6"),
		Cookies: []Cookie{{Name: "sid", Value: "secret7"}},
	}
}

// A serverFault is a way in which a server fails its clients.
type serverFault struct {
	name   string
	answer string
	kinds  []Kind
	headed bool // there is a Response
}

// each has a server that answers so under /bad, and holds the error of Do and Measure, and that the session goes
// on over another connection.
func (f serverFault) each(t *testing.T, change func(*Session)) {
	t.Run(f.name, func(t *testing.T) {
		t.Parallel()
		server := record(t, func(r *received) string {
			if strings.HasPrefix(r.Target, "/bad") {
				return f.answer
			}
			return reply(200, "good")
		})
		s := testSession(t)
		if change != nil {
			change(s)
		}
		limits := s.Timeout // of what is to fail; what is to succeed may take its time
		s.Timeout = nil
		must(t, s, &Request{URL: server.url + "/first"})

		s.Timeout = limits
		resp, err := s.Do(t.Context(), secretive(server.url, "/bad"))
		if resp != nil {
			t.Errorf("a response beside the error: %d", resp.Status)
		}
		e := isKind(t, err, f.kinds...)
		if e.URL != server.url+"/bad" || e.Sent == nil || e.Sent.Method != "PUT" || len(e.Attempts) != 1 || len(e.History) != 0 {
			t.Errorf("the error tells of %s, sent %+v, %d attempts, history %v", e.URL, e.Sent, len(e.Attempts), e.History)
		}
		if (e.Response != nil) != f.headed {
			t.Errorf("the error has the response %v", e.Response)
		}
		bad := server.last(t)

		s.Timeout = nil
		after := must(t, s, &Request{URL: server.url + "/after"})
		if text, err := after.Text(); text != "good" || err != nil {
			t.Errorf("afterwards: %q, %v", text, err)
		}
		if got := server.last(t); bad.Conn != 1 || got.Conn != 2 {
			t.Errorf("it failed on connection %d and went on over %d", bad.Conn, got.Conn)
		}

		s.Timeout = limits
		p, err := s.Prepare(secretive(server.url, "/bad"))
		if err != nil {
			t.Fatal(err)
		}
		var call Call
		s.Measure(t.Context(), p, &call)
		isKind(t, call.Err, f.kinds...)
		if call.Class == "" || call.Finished < call.Started {
			t.Errorf("measured: %+v", call)
		}
		s.Timeout = nil
		must(t, s, &Request{URL: server.url + "/after"})
		if got := server.last(t); got.Conn != 3 {
			t.Errorf("after a measured failure it went on over connection %d", got.Conn)
		}
	})
}

func TestRule_12_1_UsableAfterErrors(t *testing.T) {
	for _, f := range []serverFault{
		{"closed", hangUp, []Kind{ErrConnection}, false},
		{"broken body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" + hangUp, []Kind{ErrBrokenBody}, true},
	} {
		f.each(t, nil)
	}
	silent := serverFault{"silent", "", []Kind{ErrReadTimeout, ErrTimeout}, false}
	silent.each(t, func(s *Session) { s.Timeout = &Timeout{Read: 250 * time.Millisecond} })
}

func TestRule_12_2_BeforeAFullHead(t *testing.T) {
	for _, f := range []serverFault{
		{"closed", hangUp, []Kind{ErrConnection}, false},
		{"reset", cutOff, []Kind{ErrConnection}, false},
		{"closed in the head", "HTTP/1.1 200 OK\r\nContent-Le" + hangUp, []Kind{ErrConnection}, false},
		{"another protocol", "SSH-2.0-secret\r\n", []Kind{ErrConnection}, false},
		{"bad status", "HTTP/1.1 2x0 secret\r\n\r\n", []Kind{ErrConnection}, false},
		{"line without a colon", "HTTP/1.1 200 OK\r\nsecret\r\n\r\n", []Kind{ErrConnection}, false},
		{"endless head", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("secret", 20<<10) + "\r\n\r\n", []Kind{ErrTooLarge, ErrConnection}, false},
		{"bad transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: secret\r\n\r\n", []Kind{ErrConnection}, false},
	} {
		f.each(t, nil)
	}
}

func TestRule_12_2_NoConnection(t *testing.T) {
	s := testSession(t)
	good := record(t, ok)
	for name, base := range map[string]string{"refused": "http://" + programs.Refusing(t), "unknown name": "http://no.test"} {
		e := isKind(t, second(s.Do(t.Context(), secretive(base, "/"))), ErrConnection)
		if e.Sent == nil || len(e.Attempts) != 1 || e.Response != nil || e.URL != base+"/" {
			t.Errorf("%s: %+v", name, e)
		}
		var network *net.OpError
		var dns *net.DNSError
		if name == "unknown name" && !errors.As(e, &dns) || errors.As(e, &network) && network.Op != "dial" {
			t.Errorf("%s: nothing of package net beneath %v", name, e)
		}
		must(t, s, &Request{URL: good.url})
	}
}

func second[T any](_ T, err error) error { return err }

// silent returns the address of a listener that accepts and never says anything.
func silent(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}

// closing returns the address of a server that hangs up when it hears something.
func closing(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

func TestRule_12_3_ConnectTimeout(t *testing.T) {
	s := testSession(t)
	s.Timeout = &Timeout{Connect: 20 * time.Millisecond}
	stuck := silent(t)
	e := isKind(t, second(s.Do(t.Context(), secretive("https://"+stuck, "/"))), ErrConnectTimeout, ErrConnection, ErrTimeout)
	if e.Sent == nil || len(e.Attempts) != 1 || e.Attempts[0].Exchange.Attempts != 0 {
		t.Errorf("a handshake that does not end: %+v", e)
	}

	options := AdapterOptions{}
	options.Wire.LookupHost = lookupTest
	options.Wire.Dial = func(ctx context.Context, _ string) (net.Conn, error) {
		<-ctx.Done() // as a host that drops what comes
		return nil, ctx.Err()
	}
	if err := s.Mount("http://dropping.test", NewAdapter(options)); err != nil {
		t.Fatal(err)
	}
	isKind(t, second(s.Do(t.Context(), secretive("http://dropping.test", "/"))), ErrConnectTimeout, ErrConnection, ErrTimeout)
	s.Timeout = nil
	must(t, s, &Request{URL: record(t, ok).url})
}

func TestRule_12_4_ReadTimeout(t *testing.T) {
	// Half an answer comes within the limits on a slow machine too.
	limit := func(s *Session) { s.Timeout = &Timeout{Read: time.Second} }
	for _, f := range []serverFault{
		{"no head", "", []Kind{ErrReadTimeout, ErrTimeout}, false},
		{"half a head", "HTTP/1.1 200 OK\r\nX-", []Kind{ErrReadTimeout, ErrTimeout}, false},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsecret", []Kind{ErrReadTimeout, ErrTimeout}, true},
		{"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nsecret", []Kind{ErrReadTimeout, ErrTimeout}, true},
	} {
		f.each(t, limit)
	}
	for _, f := range []serverFault{
		{"no head in all the time", "", []Kind{ErrTotalTimeout, ErrTimeout}, false},
		{"no body in all the time", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsecret", []Kind{ErrTotalTimeout, ErrTimeout}, true},
	} {
		f.each(t, func(s *Session) { s.Timeout = &Timeout{Total: time.Second} })
	}
}

func TestRule_12_5_TLS(t *testing.T) {
	trusted := recordTLS(t, ok)
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	s := testSession(t)
	for _, c := range []struct{ name, base, ca string }{
		{"unknown authority", trusted.url, ""},
		{"another name", trusted.at("a.b.test", ""), trusted.caPEM},
		{"a server without TLS", strings.Replace(plain.URL, "http", "https", 1), trusted.caPEM},
	} {
		r := secretive(c.base, "/")
		r.TLS = &TLS{CAPEM: c.ca}
		e := isKind(t, second(s.Do(t.Context(), r)), ErrTLS, ErrConnection)
		if e.Sent == nil || len(e.Attempts) != 1 || len(trusted.all()) != 0 {
			t.Errorf("%s: %+v, got %q", c.name, e, trusted.targets())
		}
	}
	// Who hangs up during the handshake has said nothing about TLS.
	isKind(t, second(s.Do(t.Context(), secretive("https://"+closing(t), "/"))), ErrConnection)
	r := secretive(trusted.url, "/")
	r.TLS = &TLS{CA: "no such file"}
	isKind(t, second(s.Do(t.Context(), r)), ErrTLS, ErrConnection)
	must(t, s, &Request{URL: trusted.url, TLS: &TLS{CAPEM: trusted.caPEM}})
}

func TestRule_12_5_Proxies(t *testing.T) {
	refusing := record(t, func(r *received) string {
		if r.Method == "CONNECT" {
			return reply(403, "secret")
		}
		return reply(407, "log in")
	})
	garbled := record(t, func(*received) string { return "secret\r\n\r\n" })
	silentProxy := silent(t)
	s := testSession(t)
	through := func(proxy, url string) error {
		r := secretive(url, "/")
		r.Proxies = Proxies{{For: "all", URL: "http://user:secret8@" + proxy}}
		return second(s.Do(t.Context(), r))
	}
	for _, c := range []struct{ name, proxy, url string }{
		{"unreachable", programs.Refusing(t), "http://example.test"},
		{"unreachable, for a tunnel", programs.Refusing(t), "https://example.test"},
		{"unknown", "no.test:1", "http://example.test"},
		{"tunnel refused", refusing.host, "https://example.test"},
		{"tunnel answered with garbage", garbled.host, "https://example.test"},
	} {
		e := isKind(t, through(c.proxy, c.url), ErrProxy, ErrConnection)
		if e.Sent == nil || e.Sent.Proxy == nil || len(e.Attempts) != 1 {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
	if err := through(refusing.host, "http://example.test"); err != nil {
		t.Errorf("a refusal of a request without a tunnel is a response: %v", err)
	}
	s.Timeout = &Timeout{Connect: 20 * time.Millisecond}
	if err := through(silentProxy, "https://example.test"); !errors.Is(err, ErrConnection) || !errors.Is(err, ErrTimeout) && !errors.Is(err, ErrProxy) {
		t.Errorf("a silent proxy: %v", err)
	}
}
