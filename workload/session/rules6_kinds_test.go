package session

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"sessbench/internal/programs"
)

func TestRule_6_9_ConnectErrorsOfAnyMethodAreRetried(t *testing.T) {
	for _, event := range []string{"refused", "unreachable", "unconnected"} {
		for _, method := range []string{"GET", "POST"} {
			p := play(t, &Retry{Connect: countOf(2)}, method, false, event, event)
			if p.err != nil || p.tries != 3 {
				t.Errorf("%s, %s: %d attempts, error %v", event, method, p.tries, p.err)
			}
			if p := play(t, &Retry{Connect: countOf(0)}, method, false, event); p.tries != 1 || p.err == nil {
				t.Errorf("%s, %s, none left: %d attempts, error %v", event, method, p.tries, p.err)
			}
		}
	}
}

func TestRule_6_9_NamesAndProxiesThatCannotBeReached(t *testing.T) {
	server := record(t, fine)
	asked := 0
	options := AdapterOptions{Retries: &Retry{Connect: countOf(2), Read: countOf(0), Other: countOf(0)}}
	options.Wire.LookupHost = func(ctx context.Context, host string) ([]string, error) {
		if asked++; asked < 3 {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return []string{"127.0.0.1"}, nil
	}
	s := sessionWith(t, options)
	resp, err := s.Post(t.Context(), server.at("a.test", "/"), nil)
	if err != nil || asked != 3 || len(resp.Attempts) != 3 {
		t.Errorf("%d look-ups, error %v", asked, err)
	}
	s.Proxies = Proxies{{For: "all", URL: "http://" + programs.Refusing(t)}}
	for _, url := range []string{"http://a.test/", "https://a.test/"} {
		_, err = s.Post(t.Context(), url, nil)
		wantKind(t, err, ErrProxy, ErrConnection)
		if e, _ := errors.AsType[*Error](err); len(e.Attempts) != 3 {
			t.Errorf("%s: %d attempts", url, len(e.Attempts))
		}
	}
}

func TestRule_6_10_ReadErrorsAreRetriedOverNewConnections(t *testing.T) {
	long := "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70_000) + "\r\n\r\n"
	for name, event := range map[string]string{"end": "drop", "garbage": "garbage", "silence": "silence", "long head": long, "half a head": "HTTP/1.1 200 OK\r\nContent-"} {
		p := play(t, &Retry{Read: countOf(1), Connect: countOf(0), Other: countOf(0)}, "GET", false, event)
		if p.err != nil || p.tries != 2 || p.plot.dialled != 2 {
			t.Errorf("%s: %d attempts over %d connections, error %v", name, p.tries, p.plot.dialled, p.err)
		}
		if p := play(t, &Retry{Total: countOf(1)}, "POST", false, event); p.err == nil || p.tries != 1 {
			t.Errorf("%s, POST: %d attempts, error %v", name, p.tries, p.err)
		}
	}
}

func TestRule_6_10_TLSAndRefusingProxiesAreOther(t *testing.T) {
	secure := recordTLS(t, fine)
	plain := listen(t, func(f *farEnd) {
		if _, err := f.in.Peek(1); err == nil {
			f.say(reply(400, "what is it?"))
			f.await()
		}
	})
	refusing := record(t, func(*received) string { return reply(502, "no") })
	for name, tc := range map[string]struct {
		url      string
		proxies  Proxies
		kind     Kind
		attempts int
	}{
		"TLS to a plain server":      {strings.Replace(plain, "http:", "https:", 1), nil, ErrTLS, 3},
		"refused certificate, 13.26": {secure.url, nil, ErrTLS, 1},
		"refused tunnel":             {"https://a.test/", Proxies{{For: "https", URL: refusing.url}}, ErrProxy, 3},
	} {
		s := sessionWith(t, AdapterOptions{Retries: &Retry{Other: countOf(2), Connect: countOf(0), Read: countOf(0)}})
		s.Proxies = tc.proxies
		_, err := s.Post(t.Context(), tc.url, nil)
		wantKind(t, err, tc.kind, ErrConnection)
		if e, ok := errors.AsType[*Error](err); !ok || len(e.Attempts) != tc.attempts {
			t.Errorf("%s: %+v", name, err)
		}
		call := measure(t, s, &Request{Method: "POST", URL: tc.url})
		if call.Retries != tc.attempts-1 || KindOf(call.Err) != tc.kind {
			t.Errorf("%s: %+v", name, call)
		}
	}
	if len(secure.all()) != 0 {
		t.Error("a server with a refused certificate got a request")
	}
}

func TestRule_6_11_WhatIsWrongWithABodyIsNotRetried(t *testing.T) {
	for name, answer := range map[string]string{
		"short":     "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort" + hangUp,
		"chunks":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"gzip":      reply(200, "no gzip", "Content-Encoding: gzip"),
		"too short": reply(200, string(gzipped(t, "fine")[:12]), "Content-Encoding: gzip"),
	} {
		server := record(t, func(*received) string { return answer })
		s := sessionWith(t, AdapterOptions{Retries: Retries(3)})
		if _, err := s.Get(t.Context(), server.url); err == nil || len(server.all()) != 1 {
			t.Errorf("%s: %d attempts, error %v", name, len(server.all()), err)
		}
		call := measure(t, s, &Request{URL: server.url})
		coded := strings.Contains(answer, "gzip") // which nobody decodes who keeps no body
		if call.Attempts != 1 || call.Retries != 0 || (call.Err == nil) != coded {
			t.Errorf("%s: %+v", name, call)
		}
	}
}

func TestRule_6_12_WhatIsRaisedInTheEnd(t *testing.T) {
	everything := Retry{Total: countOf(1), Statuses: []int{503}}
	for name, tc := range map[string]struct {
		event string
		kinds []Kind
		class string
	}{
		"refused":         {"refused", []Kind{ErrConnection, "", ErrTimeout, ErrRetry}, "refused"},
		"connect timeout": {"unconnected", []Kind{ErrConnectTimeout, ErrConnection, ErrTimeout, "", ErrReadTimeout}, "connect_timeout"},
		"silence":         {"silence", []Kind{ErrReadTimeout, ErrTimeout, "", ErrConnection, ErrRetry}, "read_timeout"},
		"dropped":         {"drop", []Kind{ErrConnection, "", ErrTimeout, ErrBrokenBody, ErrRetry}, "closed_early"},
		"garbage":         {"garbage", []Kind{ErrConnection, "", ErrTimeout, ErrBrokenBody, ErrRetry}, "protocol"},
	} {
		never := Retry{Total: countOf(1), Connect: countOf(0), Methods: []string{"PUT"}}
		for _, tries := range []struct {
			policy   *Retry
			attempts int
		}{{nil, 1}, {&never, 1}, {&everything, 2}} {
			for _, measured := range []bool{false, true} {
				p := play(t, tries.policy, "GET", measured, tc.event, tc.event)
				wantKind(t, p.err, tc.kinds...)
				if p.tries != tries.attempts || measured && p.call.Class != tc.class {
					t.Errorf("%s: %d attempts, want %d, %+v", name, p.tries, tries.attempts, p.call)
				}
			}
		}
	}
}

func TestRule_6_12_AStatusInTheEnd(t *testing.T) {
	p := play(t, &Retry{Total: countOf(1), Statuses: []int{503}}, "GET", false, busy, reply(503, "still busy"))
	wantKind(t, p.err, ErrRetry, "", ErrConnection, ErrHTTP)
	if e, ok := errors.AsType[*Error](p.err); !ok || e.Response == nil || e.Response.Status != 503 {
		t.Errorf("%+v", p.err)
	} else if text, err := e.Response.Text(); text != "still busy" || err != nil {
		t.Errorf("the last response has %q, error %v", text, err)
	}
	if m := play(t, &Retry{Total: countOf(1), Statuses: []int{503}}, "GET", true, busy, busy); m.call.Class != "status" || m.call.Status != 503 {
		t.Errorf("%+v", m.call)
	}
	last := &Retry{Total: countOf(1), Statuses: []int{503}, ReturnLast: true}
	p = play(t, last, "GET", false, busy, reply(503, "still busy"))
	if p.err != nil || p.resp.Status != 503 || p.tries != 2 {
		t.Fatalf("%+v, error %v", p.resp, p.err)
	}
	if text, err := p.resp.Text(); text != "still busy" || err != nil {
		t.Errorf("%q, error %v", text, err)
	}
	if m := play(t, last, "GET", true, busy, busy); m.call.Err != nil || m.call.Status != 503 || m.call.Retries != 1 {
		t.Errorf("%+v", m.call)
	}
}

func TestRule_6_13_AListedRedirectIsRetriedNotFollowed(t *testing.T) {
	n := 0
	server := record(t, func(*received) string {
		if n++; n%3 != 0 {
			return reply(302, "", "Location: /elsewhere")
		}
		return reply(200, "fine")
	})
	run := func(r Retry) ([]string, Call, error) {
		n = 0
		before := len(server.targets())
		r.Statuses = []int{302}
		s := sessionWith(t, AdapterOptions{Retries: &r})
		_, err := s.Get(t.Context(), server.url+"/here")
		targets := server.targets()[before:]
		n = 0
		return targets, measure(t, s, &Request{URL: server.url + "/here"}), err
	}
	targets, call, err := run(Retry{Total: countOf(5), Status: countOf(0)})
	if want := []string{"GET /here", "GET /here", "GET /here"}; err != nil || !slices.Equal(targets, want) || call.Retries != 2 || call.Redirects != 0 {
		t.Errorf("%q, error %v, %+v", targets, err, call)
	}
	targets, call, err = run(Retry{Total: countOf(5), Redirect: countOf(1)})
	wantKind(t, err, ErrRetry, "", ErrTooManyRedirects)
	if len(targets) != 2 || call.Retries != 1 || call.Class != "status" {
		t.Errorf("%q, %+v", targets, call)
	}
	// One that is not listed is followed, and counts for nothing.
	s := sessionWith(t, AdapterOptions{Retries: &Retry{Redirect: countOf(0), Total: countOf(0)}})
	if n = 1; got(t, s, server.url+"/here", "fine").URL.Path != "/elsewhere" {
		t.Error("not followed")
	}
}
