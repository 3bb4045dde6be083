package wire

import (
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// alone returns a client with a pool that nobody else has.
func alone(t testing.TB, opts *Options, pool PoolOptions) *Client {
	t.Helper()
	c := NewClient(NewClock(), opts, Policy{}, NewPool(pool))
	t.Cleanup(func() {
		c.Close()
		checkLedger(t, c)
		if c.Open() != 0 || c.pool.claimed != 0 || c.pool.shelves.n > max(pool.Hosts, 0) {
			t.Errorf("after Close %d open, %d claimed, %d shelves", c.Open(), c.pool.claimed, c.pool.shelves.n)
		}
	})
	return c
}

func TestRule_5_2_APlaceIsAServerAProxyAndTLSSettings(t *testing.T) {
	one, other := new(tls.Config), new(tls.Config)
	opts := &Options{TLS: one}
	proxy := func(kind ProxyKind, user string) *Proxy {
		return &Proxy{Kind: kind, Host: "p.test", Port: 3128, User: user, HasUser: user != ""}
	}
	type to struct {
		url   string
		proxy *Proxy
		tls   *tls.Config
	}
	for name, tc := range map[string]struct {
		a, b to
		same bool
	}{
		"spelling":                   {to{"http://A.test/x", nil, nil}, to{"http://a.test:80/y?z", nil, nil}, true},
		"another host":               {to{"http://a.test", nil, nil}, to{"http://b.test", nil, nil}, false},
		"another port":               {to{"http://a.test", nil, nil}, to{"http://a.test:81", nil, nil}, false},
		"another scheme":             {to{"http://a.test:80", nil, nil}, to{"https://a.test:80", nil, nil}, false},
		"the options' TLS":           {to{"https://a.test", nil, nil}, to{"https://a.test", nil, one}, true},
		"other TLS":                  {to{"https://a.test", nil, other}, to{"https://a.test", nil, one}, false},
		"TLS of plain requests":      {to{"http://a.test", nil, other}, to{"http://a.test", nil, one}, true},
		"equal proxies":              {to{"http://a.test", proxy(ProxyHTTP, ""), nil}, to{"http://a.test", proxy(ProxyHTTP, ""), nil}, true},
		"with and without":           {to{"http://a.test", proxy(ProxyHTTP, ""), nil}, to{"http://a.test", nil, nil}, false},
		"plain, to a proxy":          {to{"http://a.test", proxy(ProxyHTTP, ""), nil}, to{"http://b.test", proxy(ProxyHTTP, ""), nil}, true},
		"plain, to an https proxy":   {to{"http://a.test", proxy(ProxyHTTPS, ""), nil}, to{"http://b.test:81", proxy(ProxyHTTPS, ""), nil}, true},
		"another user":               {to{"http://a.test", proxy(ProxyHTTP, "me"), nil}, to{"http://a.test", proxy(ProxyHTTP, "you"), nil}, false},
		"tunnels":                    {to{"https://a.test", proxy(ProxyHTTP, ""), nil}, to{"https://b.test", proxy(ProxyHTTP, ""), nil}, false},
		"tunnel and plain":           {to{"https://a.test", proxy(ProxyHTTP, ""), nil}, to{"http://a.test:443", proxy(ProxyHTTP, ""), nil}, false},
		"plain, through SOCKS":       {to{"http://a.test", proxy(ProxySOCKS5, ""), nil}, to{"http://b.test", proxy(ProxySOCKS5, ""), nil}, false},
		"who resolves":               {to{"http://a.test", proxy(ProxySOCKS5, ""), nil}, to{"http://a.test", proxy(ProxySOCKS5H, ""), nil}, false},
		"the same tunnel, other TLS": {to{"https://a.test", proxy(ProxyHTTP, ""), nil}, to{"https://a.test", proxy(ProxyHTTP, ""), other}, false},
	} {
		at := func(to to) place {
			return placeOf(specified(t, to.url, RequestSpec{Proxy: to.proxy, TLS: to.tls}), opts)
		}
		if a, b := at(tc.a), at(tc.b); (a == b) != tc.same {
			t.Errorf("%s: %+v and %+v", name, a, b)
		}
	}
	at := placeOf(specified(t, "http://a.test", RequestSpec{Proxy: proxy(ProxyHTTP, "me")}), opts)
	if at.String() != "p.test:3128" {
		t.Errorf("named %s", at.String())
	}
}

func TestRule_5_2_ConnectionsAreKeptAfterEveryStatusAndMethod(t *testing.T) {
	s := serve(t, nil, func(p *peer) {
		for text := p.request(); text != ""; text = p.request() {
			status := strings.TrimPrefix(strings.Fields(text)[1], "/")
			if strings.HasPrefix(text, "HEAD") || status == "204" || status == "304" {
				p.say("HTTP/1.1 " + status + " Status\r\n\r\n")
			} else {
				p.say("HTTP/1.1 " + status + " Status\r\nContent-Length: 2\r\n\r\nok")
			}
		}
	})
	c := newClient(t, nil, Policy{})
	n := int64(0)
	for _, status := range []string{"200", "204", "302", "304", "401", "404", "500", "503"} {
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE", "PATCH", "ODD"} {
			if r := call(t, c, newRequest(t, method, s.url+"/"+status, "")); r.Err != nil {
				t.Error(r.Err)
			}
			n++
		}
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: n, Reused: n - 1})
}

// visits calls servers in turn, named a, b, c, ..., and tells which calls were on a kept connection.
func visits(t *testing.T, c *Client, servers []*server, order string) (reused string) {
	t.Helper()
	for _, at := range order {
		r := call(t, c, get(t, servers[at-'a'].url))
		wantOK(t, r, 200, "ok")
		if r.Reused {
			reused += string(at)
		} else {
			reused += "-"
		}
	}
	return reused
}

func TestRule_5_3_ThePlaceNotUsedForLongestGoes(t *testing.T) {
	servers := make([]*server, 4)
	for i := range servers {
		servers[i] = serve(t, nil, answer(okText))
	}
	for _, tc := range []struct {
		hosts       int
		order, want string
		open        int
	}{
		{1, "aabba", "-a-b-", 1},
		{2, "abab", "--ab", 2},
		{2, "abacab", "--a-a-", 2},
		{3, "abcdabcd", "--------", 3},
		{4, "abcdabcd", "----abcd", 4},
		{0, "abcdabcd", "----abcd", 4},
		{-1, "aabb", "----", 0},
	} {
		c := alone(t, nil, PoolOptions{Hosts: tc.hosts})
		if got := visits(t, c, servers, tc.order); got != tc.want || c.Open() != tc.open {
			t.Errorf("%d hosts: %s was %s with %d open; want %s, %d", tc.hosts, tc.order, got, c.Open(), tc.want, tc.open)
		}
		if n := c.Counts(); n.Evicted != n.Opened-int64(tc.open) {
			t.Errorf("%+v", n)
		}
	}
	c := newClient(t, nil, Policy{})
	if got := visits(t, c, servers, "abcdabcd"); got != "----abcd" {
		t.Errorf("without a pool: %s", got)
	}
}

func TestRule_5_3_AStreamFromAnEvictedPlaceStaysReadable(t *testing.T) {
	one := serve(t, nil, answer(framings["length"]))
	two := serve(t, nil, answer(okText))
	c := alone(t, nil, PoolOptions{Hosts: 1, PerHost: 9})
	b := begin(t, t.Context(), c, streamed(t, "GET", one.url))
	wantOK(t, call(t, c, get(t, two.url)), 200, "ok")
	if got := b.rest(t); got != "hello" {
		t.Errorf("%q", got)
	}
	wantCounts(t, c, Counts{Opened: 2, Attempts: 2, Evicted: 1})
	if r := call(t, c, get(t, two.url)); !r.Reused {
		t.Error("the other place's connection went as well")
	}
}

func TestRule_5_7_WhenAConnectionIsNotReused(t *testing.T) {
	for name, tc := range map[string]struct {
		text   string
		header []Header
		opened int64
	}{
		"1.1":                     {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", nil, 1},
		"1.1, close":              {"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok", nil, 2},
		"1.1, close in a list":    {"HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 2\r\n\r\nok", nil, 2},
		"1.0":                     {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", nil, 2},
		"1.0, keep-alive":         {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", nil, 1},
		"Keep-Alive is ignored":   {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0, max=1\r\nContent-Length: 2\r\n\r\nok", nil, 1},
		"the request says close":  {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", []Header{{"Connection", "close"}}, 2},
		"no end but the end":      {"HTTP/1.1 200 OK\r\n\r\nok", nil, 2},
		"more than was asked for": {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokok", nil, 2},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, streamed %t", name, stream), func(t *testing.T) {
				s := serve(t, nil, func(p *peer) {
					for p.request() != "" {
						if p.say(tc.text); tc.text == "HTTP/1.1 200 OK\r\n\r\nok" {
							return
						}
					}
				})
				c := alone(t, nil, PoolOptions{PerHost: 10, Hosts: 10})
				req := specified(t, s.url, RequestSpec{Headers: tc.header, Stream: stream, KeepBody: true})
				for range 2 {
					if stream {
						if got := begin(t, t.Context(), c, req).rest(t); got != "ok" {
							t.Errorf("%q", got)
						}
					} else {
						wantOK(t, call(t, c, req), 200, "ok")
					}
				}
				if n := c.Counts(); n.Opened != tc.opened {
					t.Errorf("%+v", n)
				}
			})
		}
	}
}

func TestRule_9_6_ConnectionsAndSessionsAreNotSharedAcrossTLSSettings(t *testing.T) {
	srv, cli := identity(t)
	s := serve(t, srv, answer(okText))
	other := cli.Clone()
	with := func(config *tls.Config) *Request {
		return specified(t, s.url, RequestSpec{TLS: config, KeepBody: true})
	}
	for name, tc := range map[string]struct {
		policy Policy
		want   Counts
	}{
		"kept":    {Policy{}, Counts{Opened: 2, Attempts: 5, Reused: 3, TLSFull: 2}},
		"resumed": {Policy{RequestsPerConnection: 1, ResumeTLS: true}, Counts{Opened: 5, Attempts: 5, Retired: 5, TLSFull: 2, TLSResumed: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, &Options{TLS: cli}, tc.policy)
			for _, config := range []*tls.Config{nil, other, nil, other, cli} {
				wantOK(t, call(t, c, with(config)), 200, "ok")
			}
			wantCounts(t, c, tc.want)
		})
	}
	t.Run("settings that refuse the server", func(t *testing.T) {
		c := newClient(t, &Options{TLS: cli}, Policy{ResumeTLS: true})
		wantOK(t, call(t, c, with(nil)), 200, "ok")
		wantClass(t, call(t, c, with(new(tls.Config))), ClassTLS)
		wantOK(t, call(t, c, with(nil)), 200, "ok")
	})
}

func TestClosingLeavesWhatIsShared(t *testing.T) {
	s := serve(t, nil, answer(okText))
	for _, sharing := range []bool{false, true} {
		p := NewPool(PoolOptions{})
		c := NewClient(NewClock(), nil, Policy{SharedPool: sharing}, p)
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		c.Close()
		if r := call(t, c, get(t, s.url)); r.Reused != sharing {
			t.Errorf("shared %t: reused %t", sharing, r.Reused)
		}
		p.Close()
	}
}

func TestLimitsOfTheRequestTakeThePlaceOfTheClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newClient(t, &Options{Limits: Limits{ReadTimeout: time.Second}, Dial: piped(func(p *peer) {
			for i := 0; p.request() != ""; i++ {
				time.Sleep(5 * time.Second)
				p.say(okText)
			}
		})}, Policy{})
		patient := specified(t, pipeURL, RequestSpec{Limits: &Limits{}, KeepBody: true})
		for range 2 {
			wantOK(t, call(t, c, patient), 200, "ok")
		}
		r := call(t, c, get(t, pipeURL))
		wantClass(t, r, ClassReadTimeout)
		if !r.Reused || r.Phases.Wait != time.Second {
			t.Errorf("%+v", r.Exchange)
		}
		r = call(t, c, specified(t, pipeURL, RequestSpec{Limits: &Limits{Timeout: 2 * time.Second}}))
		wantClass(t, r, ClassTimeout)
	})
}

// A place that is left alone leaves nothing behind where places are not numbered.
func TestPlacesAreForgotten(t *testing.T) {
	c := alone(t, nil, PoolOptions{})
	closing := "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
	for range 5 {
		s := serve(t, nil, func(p *peer) { p.request(); p.say(closing); _, _ = io.Copy(io.Discard, p.in) })
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	}
	if n := c.pool.shelves.n; n != 1 {
		t.Errorf("%d places", n)
	}
}
