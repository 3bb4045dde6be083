package wire

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"sessbench/internal/programs"
)

func endpoint(t testing.TB, target string) Endpoint {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	e, err := EndpointOf(u)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func port(e Endpoint) string { return strconv.Itoa(int(e.Port)) }

func TestRefusedConnection(t *testing.T) {
	addr := programs.Refusing(t)
	c := newClient(t, nil, Policy{})
	r := call(t, c, get(t, "http://"+addr+"/?secret=1", Header{"Authorization", "hunter2"}))
	wantClass(t, r, ClassRefused)
	if !errors.Is(r.Err, syscall.ECONNREFUSED) || !strings.Contains(r.Err.Error(), addr) {
		t.Errorf("error %q", r.Err)
	}
	if strings.Contains(r.Err.Error(), "hunter2") || strings.Contains(r.Err.Error(), "secret") {
		t.Errorf("%q tells secrets", r.Err)
	}
	if r.Attempts != 0 || r.Status != 0 {
		t.Errorf("attempts %d, status %d", r.Attempts, r.Status)
	}
	wantCounts(t, c, Counts{OpenFailures: 1})
}

func TestAddressesAreTriedInOrder(t *testing.T) {
	s := serve(t, nil, answer(okText))
	p := port(endpoint(t, s.url))
	// Nothing listens on 127.0.0.2 and 127.0.0.3 at that port.
	c := newClient(t, &Options{Resolve: map[string][]string{"a.test:" + p: {"127.0.0.2", "127.0.0.3", "127.0.0.1"}}}, Policy{})
	r := call(t, c, get(t, "http://a.test:"+p))
	wantOK(t, r, 200, "ok")
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1})

	c = newClient(t, &Options{Resolve: map[string][]string{"a.test:" + p: {"127.0.0.2", "127.0.0.3"}}}, Policy{})
	r = call(t, c, get(t, "http://a.test:"+p))
	wantClass(t, r, ClassRefused)
	if !strings.Contains(r.Err.Error(), "127.0.0.3:"+p) {
		t.Errorf("%q does not name the last address", r.Err)
	}
	wantCounts(t, c, Counts{OpenFailures: 1})
}

func TestWhereConnectionsGo(t *testing.T) {
	s := serve(t, nil, answer(okText))
	p := port(endpoint(t, s.url))
	noLookup := func(context.Context, string) ([]string, error) {
		t.Error("a name was looked up")
		return nil, errors.New("unexpected")
	}
	lookup := func(_ context.Context, host string) ([]string, error) {
		if host != "c.test" {
			t.Errorf("looked up %q", host)
		}
		return []string{"127.0.0.1"}, nil
	}
	for name, tc := range map[string]struct {
		url  string
		opts Options
	}{
		"literal":               {s.url, Options{LookupHost: noLookup}},
		"Resolve":               {"http://a.test:" + p, Options{LookupHost: noLookup, Resolve: map[string][]string{"a.test:" + p: {"127.0.0.1"}}}},
		"Resolve any":           {"http://a.test:" + p, Options{LookupHost: noLookup, Resolve: map[string][]string{"*:" + p: {"[127.0.0.1]"}}}},
		"lookup":                {"http://c.test:" + p, Options{LookupHost: lookup}},
		"ConnectTo":             {"http://a.test", Options{LookupHost: noLookup, ConnectTo: []Redirection{{"b.test", "", "127.0.0.9", ""}, {"A.test", "80", "127.0.0.1", p}}}},
		"ConnectTo any":         {"http://a.test:" + p, Options{LookupHost: noLookup, ConnectTo: []Redirection{{"", "", "127.0.0.1", ""}}}},
		"ConnectTo, then name":  {"http://a.test", Options{LookupHost: lookup, ConnectTo: []Redirection{{"", "80", "c.test", p}}}},
		"ConnectTo IPv6 source": {"http://[::1]:81", Options{ConnectTo: []Redirection{{"[::1]", "81", "127.0.0.1", p}}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, &tc.opts, Policy{})
			wantOK(t, call(t, c, get(t, tc.url)), 200, "ok")
		})
	}
}

func TestIPv6(t *testing.T) {
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here:", err)
	}
	requests := make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer func() { _ = nc.Close() }()
		p := &peer{Conn: nc, in: bufio.NewReader(nc)}
		requests <- p.request()
		p.say(okText)
		p.await()
	}()
	target := "http://" + ln.Addr().String()
	c := NewClient(NewClock(), nil, Policy{}, nil)
	wantOK(t, call(t, c, get(t, target)), 200, "ok")
	if got := <-requests; !strings.Contains(got, "Host: "+ln.Addr().String()+"\r\n") {
		t.Errorf("%q", got)
	}
	c.Close()
	_ = ln.Close()
	<-done
}

func TestNamesAreLookedUpForEveryNewConnection(t *testing.T) {
	s := serve(t, nil, answer(okText))
	p := port(endpoint(t, s.url))
	n := 0
	opts := &Options{LookupHost: func(context.Context, string) ([]string, error) {
		n++
		return []string{"127.0.0.1"}, nil
	}}
	fresh := newClient(t, opts, Policy{RequestsPerConnection: 1})
	pooled := newClient(t, opts, Policy{})
	for range 3 {
		r := call(t, fresh, get(t, "http://a.test:"+p))
		wantOK(t, r, 200, "ok")
		if r.Phases.DNS <= 0 {
			t.Error("no time for DNS")
		}
	}
	for range 3 {
		wantOK(t, call(t, pooled, get(t, "http://a.test:"+p)), 200, "ok")
	}
	if n != 4 {
		t.Errorf("%d lookups, want 4", n)
	}
}

func TestFailedLookupIsADNSError(t *testing.T) {
	failing := func(context.Context, string) ([]string, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "a.test", IsNotFound: true}
	}
	empty := func(context.Context, string) ([]string, error) { return nil, nil }
	for name, opts := range map[string]*Options{
		"not found":     {LookupHost: failing},
		"no address":    {LookupHost: empty},
		"bad Resolve":   {Resolve: map[string][]string{"a.test:80": {"nonsense"}}},
		"bad ConnectTo": {ConnectTo: []Redirection{{ToPort: "http"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, opts, Policy{})
			for range 2 {
				r := call(t, c, get(t, "http://a.test"))
				wantClass(t, r, ClassDNS)
				if !strings.Contains(r.Err.Error(), "a.test") {
					t.Errorf("%q does not name the host", r.Err)
				}
			}
			want := Counts{OpenFailures: 2}
			if opts.LookupHost != nil {
				want.Lookups = 2
			}
			wantCounts(t, c, want)
		})
	}
}

func TestExhaustionHasClassesOfItsOwn(t *testing.T) {
	for _, tc := range []struct {
		cause error
		class Class
	}{
		{errnoNoAddress, ClassAddressExhausted},
		{errnoProcessFiles, ClassFilesExhausted},
		{errnoSystemFiles, ClassFilesExhausted},
		{errnoRefused, ClassRefused},
		{errnoTimedOut, ClassConnectTimeout},
		{errnoReset, ClassReset},
		{errors.New("host is down"), ClassConnect},
	} {
		dial := func(context.Context, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: tc.cause}
		}
		c := newClient(t, &Options{Dial: dial}, Policy{})
		r := call(t, c, get(t, "http://127.0.0.1"))
		wantClass(t, r, tc.class)
		if !errors.Is(r.Err, tc.cause) || strings.Count(r.Err.Error(), "127.0.0.1:80") != 1 {
			t.Errorf("error %q", r.Err)
		}
	}
}

func TestProbeTellsWhatAConnectionIs(t *testing.T) {
	srv, cli := identity(t)
	requests := make(chan string, 1)
	s := serve(t, srv, func(p *peer) { requests <- p.request() })
	info, err := Probe(t.Context(), endpoint(t, s.url), &Options{TLS: cli})
	if err != nil {
		t.Fatal(err)
	}
	if info.TLSVersion != "TLS 1.3" || info.CipherSuite == "" || info.Curve == "" || info.Address != s.addr() || len(info.Addresses) != 1 {
		t.Errorf("%+v", info)
	}
	if want := (Counts{Opened: 1, Retired: 1, TLSFull: 1}); withoutTimeWait(info.Counts) != want {
		t.Errorf("counts %+v", info.Counts)
	}
	if got := <-requests; got != "" {
		t.Errorf("sent %q", got)
	}
	info, err = Probe(t.Context(), endpoint(t, "http://"+programs.Refusing(t)), nil)
	if ClassOf(err) != ClassRefused || info.Address == "" || info.Counts.OpenFailures != 1 {
		t.Errorf("%v, %+v", err, info)
	}
}
