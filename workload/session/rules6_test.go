package session

import (
	"context"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	busy    = reply(503, "busy")
	limited = reply(429, "", "Retry-After: 0")
)

func TestRule_6_1_NothingIsRetriedByDefault(t *testing.T) {
	for name, tc := range map[string]struct {
		events []string
		status int
	}{
		"status":      {[]string{busy}, 503},
		"Retry-After": {[]string{limited}, 429},
		"refused":     {[]string{"refused"}, 0},
		"dropped":     {[]string{"drop"}, 0},
		"silence":     {[]string{"silence"}, 0},
	} {
		for _, measured := range []bool{false, true} {
			p := play(t, nil, "GET", measured, tc.events...)
			if p.tries != 1 || (p.err == nil) != (tc.status > 0) || p.call.Retries != 0 {
				t.Errorf("%s: %d attempts, error %v, %+v", name, p.tries, p.err, p.call)
			}
			if !measured && p.err == nil && p.resp.Status != tc.status || measured && p.call.Status != tc.status {
				t.Errorf("%s: %+v, %+v", name, p.resp, p.call)
			}
		}
	}
}

func TestRule_6_1_EveryHopHasTheFullBudget(t *testing.T) {
	n := 0
	server := record(t, func(r *received) string {
		if n++; n%2 == 1 {
			return busy
		}
		if r.Target == "/end" {
			return reply(200, "fine")
		}
		return reply(302, "", "Location: /end")
	})
	s := sessionWith(t, AdapterOptions{Retries: &Retry{Total: countOf(1), Statuses: []int{503}}})
	resp := got(t, s, server.url+"/begin", "fine")
	if want := []string{"GET /begin", "GET /begin", "GET /end", "GET /end"}; !slices.Equal(server.targets(), want) {
		t.Errorf("the server got %q", server.targets())
	}
	if len(resp.Attempts) != 2 || len(resp.History) != 1 || len(resp.History[0].Attempts) != 2 {
		t.Errorf("%d attempts, history %v", len(resp.Attempts), resp.History)
	}
	if call := measure(t, s, &Request{URL: server.url + "/begin"}); call.Attempts != 4 || call.Retries != 2 || call.Redirects != 1 || call.Status != 200 {
		t.Errorf("%+v", call)
	}
}

// The rule's table, and what a policy of one number does.
func TestRule_6_2_CountersDecide(t *testing.T) {
	listed := []int{503}
	for name, tc := range map[string]struct {
		policy   *Retry
		events   []string
		attempts int
		kind     Kind // "": none
	}{
		"total 2":                     {&Retry{Total: countOf(2), Statuses: listed}, []string{busy, busy, busy}, 3, ErrRetry},
		"total 1 before status 9":     {&Retry{Total: countOf(1), Status: countOf(9), Statuses: listed}, []string{busy, busy}, 2, ErrRetry},
		"status 1 before total 9":     {&Retry{Total: countOf(9), Status: countOf(1), Statuses: listed}, []string{busy, busy}, 2, ErrRetry},
		"status 2, total unlimited":   {&Retry{Status: countOf(2), Statuses: listed}, []string{busy, busy, busy}, 3, ErrRetry},
		"total 0":                     {&Retry{Total: countOf(0), Statuses: listed}, []string{busy}, 1, ErrRetry},
		"total of different kinds":    {&Retry{Total: countOf(2), Statuses: listed}, []string{"drop", busy, busy}, 3, ErrRetry},
		"read 0":                      {&Retry{Total: countOf(5), Read: countOf(0)}, []string{"drop"}, 1, ErrConnection},
		"counters are independent":    {&Retry{Connect: countOf(3), Read: countOf(1)}, []string{"refused", "refused", "drop"}, 4, ""},
		"other does not count status": {&Retry{Other: countOf(0), Statuses: listed}, []string{busy, busy}, 3, ""},
		"ends as soon as it is well":  {&Retry{Total: countOf(9), Statuses: listed}, []string{busy}, 2, ""},
	} {
		for _, measured := range []bool{false, true} {
			p := play(t, tc.policy, "GET", measured, tc.events...)
			if p.tries != tc.attempts || KindOf(p.err) != tc.kind {
				t.Errorf("%s: %d attempts, error %v; want %d, %q", name, p.tries, p.err, tc.attempts, tc.kind)
			}
			if made := p.tries - 1; measured && p.call.Retries != made {
				t.Errorf("%s: %d retries counted, want %d", name, p.call.Retries, made)
			}
			if !measured && len(p.made()) != tc.attempts {
				t.Errorf("%s: %d attempts told of", name, len(p.made()))
			}
		}
	}
}

func TestRule_6_3_ANumberCoversConnectReadAndRetryAfter(t *testing.T) {
	for name, tc := range map[string]struct {
		n        int
		method   string
		events   []string
		attempts int
		kind     Kind
	}{
		"refused":               {2, "GET", []string{"refused", "refused"}, 3, ""},
		"refused POST":          {2, "POST", []string{"refused"}, 2, ""},
		"dropped":               {2, "GET", []string{"drop", "drop"}, 3, ""},
		"dropped POST":          {2, "POST", []string{"drop"}, 1, ErrConnection},
		"wished by the server":  {2, "GET", []string{limited, limited}, 3, ""},
		"status alone":          {2, "GET", []string{busy}, 1, ""},
		"0 retries nothing":     {0, "GET", []string{"refused"}, 1, ErrConnection},
		"0 and the server":      {0, "GET", []string{limited}, 1, ""},
		"once more than it may": {2, "GET", []string{"refused", "drop", "refused"}, 3, ErrConnection},
	} {
		p := play(t, Retries(tc.n), tc.method, false, tc.events...)
		if p.tries != tc.attempts || KindOf(p.err) != tc.kind {
			t.Errorf("%s: %d attempts, error %v; want %d, %q", name, p.tries, p.err, tc.attempts, tc.kind)
		}
	}
}

func TestRule_6_5_MethodsGateStatusesAndReadErrors(t *testing.T) {
	retries := func(r Retry) *Retry { r.Total, r.Statuses = countOf(3), []int{503}; return &r }
	for name, tc := range map[string]struct {
		policy  *Retry
		method  string
		again   bool // after a status, and after a drop
		refused bool
	}{
		"GET":          {retries(Retry{}), "GET", true, true},
		"HEAD":         {retries(Retry{}), "HEAD", true, true},
		"PUT":          {retries(Retry{}), "PUT", true, true},
		"DELETE":       {retries(Retry{}), "DELETE", true, true},
		"OPTIONS":      {retries(Retry{}), "OPTIONS", true, true},
		"TRACE":        {retries(Retry{}), "TRACE", true, true},
		"POST":         {retries(Retry{}), "POST", false, true},
		"PATCH":        {retries(Retry{}), "PATCH", false, true},
		"another one":  {retries(Retry{}), "PURGE", false, true},
		"listed":       {retries(Retry{Methods: []string{"post"}}), "POST", true, true},
		"not any more": {retries(Retry{Methods: []string{"POST"}}), "GET", false, true},
		"every one":    {retries(Retry{AnyMethod: true}), "PATCH", true, true},
	} {
		want := map[bool]int{true: 2, false: 1}
		answer := busy
		if tc.method == "HEAD" {
			answer = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\n"
		}
		if p := play(t, tc.policy, tc.method, false, answer); p.tries != want[tc.again] {
			t.Errorf("%s: %d attempts with a status, error %v", name, p.tries, p.err)
		}
		if p := play(t, tc.policy, tc.method, false, "drop"); p.tries != want[tc.again] {
			t.Errorf("%s: %d attempts with a drop, error %v", name, p.tries, p.err)
		}
		if p := play(t, tc.policy, tc.method, false, "refused"); p.tries != want[tc.refused] {
			t.Errorf("%s: %d attempts when refused, error %v", name, p.tries, p.err)
		}
	}
}

// The body of a response that is retried is read, and its connection used again.
func TestRule_6_6_ARetriedResponseIsDrained(t *testing.T) {
	n := 0
	server := record(t, func(*received) string {
		if n++; n%3 != 0 {
			return reply(503, strings.Repeat("busy", 20_000))
		}
		return reply(200, "fine")
	})
	s := sessionWith(t, AdapterOptions{Retries: &Retry{Total: countOf(2), Statuses: []int{503}}})
	got(t, s, server.url, "fine")
	readOut(t, streamed(t, s, server.url))
	if call := measure(t, s, &Request{URL: server.url}); call.Err != nil || call.Attempts != 3 {
		t.Errorf("%+v", call)
	}
	if len(server.all()) != 9 || server.connections() != 1 {
		t.Errorf("%d requests over %d connections", len(server.all()), server.connections())
	}
}

func TestRule_6_14_ARepeatIsIdentical(t *testing.T) {
	seekable := strings.NewReader("not this; this")
	if _, err := seekable.Seek(10, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]*Body{"bytes": Text("this"), "seekable": Stream(seekable), "form": Form(Pairs("a", "b"))} {
		for _, failure := range []string{busy, hangUp} {
			n := 0
			server := record(t, func(*received) string {
				if n++; n%2 == 1 {
					return failure
				}
				return reply(200, "fine")
			})
			s := sessionWith(t, AdapterOptions{Retries: &Retry{Total: countOf(1), Statuses: []int{503}}})
			s.Auth = Basic{"me", "secret"}
			if err := s.Jar.Set(Cookie{Name: "a", Value: "1", Domain: "127.0.0.1"}); err != nil {
				t.Fatal(err)
			}
			request := &Request{Method: "PUT", URL: server.url, Body: body, Headers: Pairs("X-Own", "mine"), Cookies: []Cookie{{Name: "b", Value: "2"}}}
			if _, err := s.Do(t.Context(), request); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if call := measure(t, s, request); call.Err != nil || call.Attempts != 2 {
				t.Errorf("%s: %+v", name, call)
			}
			all := server.all()
			if len(all) != 4 || len(all[0].Body) < 3 || !all[0].has("Cookie") || !all[0].has("Authorization") {
				t.Fatalf("%s: the server got %d requests, first %+v", name, len(all), all[0])
			}
			for _, again := range all[1:] {
				if !slices.Equal(again.Lines, all[0].Lines) || string(again.Body) != string(all[0].Body) {
					t.Errorf("%s: first %v %q, then %v %q", name, all[0].Lines, all[0].Body, again.Lines, again.Body)
				}
			}
		}
	}
}

func TestRule_6_14_WhatCanBeReadOnceIsSentOnce(t *testing.T) {
	n := 0
	server := record(t, func(r *received) string {
		n++
		if r.Target == "/drop" {
			return hangUp
		}
		return busy
	})
	s := sessionWith(t, AdapterOptions{Retries: &Retry{Total: countOf(3), Statuses: []int{503}}})
	once := func() *Body { return Stream(io.LimitReader(strings.NewReader("once"), 9)) }
	resp, err := s.Put(t.Context(), server.url, once())
	if err != nil || resp.Status != 503 || n != 1 {
		t.Errorf("%+v, error %v, %d requests", resp, err, n)
	}
	_, err = s.Put(t.Context(), server.url+"/drop", once())
	if wantKind(t, err, ErrConnection, "", ErrUnrewindable); n != 2 {
		t.Errorf("%d requests", n)
	}
	if last := server.last(t); string(last.Body) != "once" || last.get("Transfer-Encoding") != "chunked" {
		t.Errorf("%+v", last)
	}
	// As long as it was not read it can be sent.
	asked := 0
	options := AdapterOptions{Retries: Retries(1)}
	options.Wire.LookupHost = func(ctx context.Context, host string) ([]string, error) {
		if asked++; asked == 1 {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return []string{"127.0.0.1"}, nil
	}
	s = sessionWith(t, options)
	if _, err := s.Put(t.Context(), server.at("a.test", "/"), once()); err != nil || string(server.last(t).Body) != "once" {
		t.Errorf("after a look-up that failed: %v", err)
	}
}

func TestRule_2_12_13_10_CookiesOfRetriedResponsesAreStored(t *testing.T) {
	for _, measured := range []bool{false, true} {
		n := 0
		server := record(t, func(r *received) string {
			switch n++; n {
			case 1:
				return reply(503, "", "Set-Cookie: first="+strconv.Itoa(n)+"; Path=/")
			case 2:
				return reply(302, "", "Location: /next", "Set-Cookie: second=2; Path=/")
			case 3:
				return reply(200, "fine")
			}
			return reply(503, "", "Set-Cookie: late="+strconv.Itoa(n)+"; Path=/")
		})
		s := sessionWith(t, AdapterOptions{Retries: &Retry{Total: countOf(1), Statuses: []int{503}}})
		call := func() error {
			if measured {
				c := measure(t, s, &Request{URL: server.url})
				return c.Err
			}
			_, err := s.Get(t.Context(), server.url)
			return err
		}
		if err := call(); err != nil {
			t.Fatal(err)
		}
		wantKind(t, call(), ErrRetry)
		var cookies []string
		for _, r := range server.all() {
			cookies = append(cookies, r.get("Cookie"))
		}
		// The repeat is identical; what follows has what the failed attempt set.
		want := []string{"", "", "first=1; second=2", "first=1; second=2", "first=1; second=2"}
		if !slices.Equal(cookies, want) {
			t.Errorf("the server got the cookies %q, want %q", cookies, want)
		}
		if late := s.Jar.header(mustURL(t, server.url), "", nil, false); late != "first=1; second=2; late=5" {
			t.Errorf("in the end the jar has %q", late)
		}
	}
}
