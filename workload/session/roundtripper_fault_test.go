package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sessbench/internal/programs"
	"sessbench/workload/wire"
)

func TestRoundTripperClasses(t *testing.T) {
	deadURL := "http://" + programs.Refusing(t)
	dialing := func(err error) *http.Transport {
		return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
	}
	through := func(proxy string) *http.Transport {
		u, _ := url.Parse(proxy)
		return &http.Transport{Proxy: http.ProxyURL(u)}
	}
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	script := func(s func(*tripServer, *bufio.Reader, net.Conn)) string { return serveTrips(t, s).url }
	refusal := script(closeAfter("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
	for _, c := range []struct {
		name     string
		rt       *http.Transport
		url      string
		want     wire.Class
		attempts int
	}{
		{"refused", plainTrips(t), deadURL, wire.ClassRefused, 0},
		{"unresolved", dialing(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "h"}}), deadURL, wire.ClassDNS, 0},
		{"dial timeout", dialing(&net.OpError{Op: "dial", Err: context.DeadlineExceeded}), deadURL, wire.ClassConnectTimeout, 0},
		{"dialer's own", dialing(errors.New("no route")), deadURL, wire.ClassConnect, 0},
		{"proxy refused", through(deadURL), "https://h.test", wire.ClassRefused, 0},
		{"CONNECT refused", through(refusal), "https://h.test", wire.ClassProxy, 0},
		{"certificate", new(http.Transport), secure.URL, wire.ClassTLS, 0},
		{"no TLS there", new(http.Transport), strings.Replace(script(plainOnly), "http:", "https:", 1), wire.ClassTLS, 0},
		{"handshake stalls", &http.Transport{TLSHandshakeTimeout: time.Millisecond}, strings.Replace(script(func(_ *tripServer, in *bufio.Reader, _ net.Conn) { _, _ = io.Copy(io.Discard, in) }), "http:", "https:", 1), wire.ClassConnectTimeout, 0},
		{"closed without an answer", plainTrips(t), script(closeAfter("")), wire.ClassClosedEarly, 1},
		{"closed in the head", plainTrips(t), script(closeAfter("HTTP/1.1 200 OK\r\nA: b")), wire.ClassClosedEarly, 1},
		{"garbage", plainTrips(t), script(closeAfter("SSH-2.0-x\r\n\r\n")), wire.ClassProtocol, 1},
		{"malformed field", plainTrips(t), script(closeAfter("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")), wire.ClassProtocol, 1},
		{"silence", &http.Transport{ResponseHeaderTimeout: time.Millisecond}, script(silence("")), wire.ClassReadTimeout, 1},
		{"body cut short", plainTrips(t), script(closeAfter("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")), wire.ClassClosedEarly, 1},
		{"malformed chunk", plainTrips(t), script(closeAfter("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")), wire.ClassProtocol, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, ex := doTrip(t, c.rt, wire.RequestSpec{}, c.url)
			c.rt.CloseIdleConnections()
			checkWhole(t, ex)
			if ex.Class != c.want || ex.Attempts != c.attempts {
				t.Errorf("class %q, %d attempts; want %q, %d: %v", ex.Class, ex.Attempts, c.want, c.attempts, ex.Err)
			}
			if body := strings.Contains(c.name, "body") || strings.Contains(c.name, "chunk"); (resp.Status != 0) != body || (ex.Headed != 0) != body {
				t.Errorf("status %d, headed %v", resp.Status, ex.Headed)
			}
		})
	}
	if _, ex := doTrip(t, new(http.Transport), wire.RequestSpec{}, secure.URL); !certificateRefused(ex.Err) {
		t.Errorf("what lies beneath is lost: %v", ex.Err)
	}
}

func TestRoundTripperLimitOfTheExchange(t *testing.T) {
	for name, text := range map[string]string{"head": "", "body": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"} {
		s := serveTrips(t, silence(text))
		_, ex := doTrip(t, plainTrips(t), wire.RequestSpec{Limits: &wire.Limits{Timeout: 20 * time.Millisecond}}, s.url)
		checkWhole(t, ex)
		if ex.Class != wire.ClassTimeout {
			t.Errorf("%s: %q, %v", name, ex.Class, ex.Err)
		}
	}
}

func TestRoundTripperEndsWithTheContext(t *testing.T) {
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := serveTrips(t, func(s *tripServer, in *bufio.Reader, _ net.Conn) {
		s.head(in)
		cancel(reason)
		_, _ = io.Copy(io.Discard, in)
	})
	transport := RoundTripper(plainTrips(t))
	for range 2 { // while it is under way, and before
		_, ex := doTripContext(t, ctx, transport, wire.RequestSpec{}, s.url)
		checkWhole(t, ex)
		if ex.Class != wire.ClassCanceled || !errors.Is(ex.Err, reason) {
			t.Errorf("%q, %v", ex.Class, ex.Err)
		}
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestRoundTripperTellsWhatWasSentAgain(t *testing.T) {
	var once sync.Once
	s := serveTrips(t, func(s *tripServer, in *bufio.Reader, out net.Conn) {
		s.head(in)
		_, _ = io.WriteString(out, tripOK)
		if s.head(in) == "" {
			return
		}
		die := false
		once.Do(func() { die = true })
		if !die {
			_, _ = io.WriteString(out, tripOK)
		}
	})
	rt := plainTrips(t)
	if _, ex := doTrip(t, rt, wire.RequestSpec{}, s.url); ex.Err != nil {
		t.Fatal(ex.Err)
	}
	_, ex := doTrip(t, rt, wire.RequestSpec{}, s.url)
	checkWhole(t, ex)
	if ex.Err != nil || ex.Attempts != 2 || ex.Resent != 1 || ex.Reused {
		t.Errorf("%+v", ex)
	}
}
