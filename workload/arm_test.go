package workload

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sessbench/workload/wire"
)

func lifetime(d time.Duration) *Lifetime { l := Lifetime(d); return &l }

// planWith is a plan with one operation, whose arms are those of a list.
func planWith(t *testing.T, target, list string) *Plan {
	t.Helper()
	arms, err := ParseArms(list)
	if err != nil {
		t.Fatal(err)
	}
	return &Plan{
		Target:  target,
		Arms:    arms,
		Session: SessionPlan{TLS: TLSPlan{Verify: true}},
		Mix:     []Operation{{Name: "get", Method: "GET", URL: "/"}},
		Load:    Load{Workers: 10, Requests: 10, Blocks: 1},
	}
}

// Each modifier becomes a field, a policy and part of a name.
func TestModifiers(t *testing.T) {
	const secure, plain = "https://h/", "http://h/"
	pooled := wire.Policy{HTTP: wire.HTTP1, Resend: true, Close: wire.CloseByClient}
	fresh, resumed := pooled, pooled
	fresh.RequestsPerConnection = 1
	resumed.RequestsPerConnection, resumed.ResumeTLS = 1, true
	shared := pooled
	shared.SharedPool = true
	with := func(p wire.Policy, change func(p *wire.Policy)) wire.Policy { change(&p); return p }
	lifo := func(o wire.PoolOptions) wire.PoolOptions {
		if o.Order == "" {
			o.Order = wire.LIFO
		}
		if o.Streams == 0 {
			o.Streams = 1
		}
		return o
	}
	own := wire.PoolOptions{PerHost: 1, Hosts: 16}
	seen := map[string]bool{}
	for _, c := range []struct {
		text, target string
		arm          Arm
		policy       wire.Policy
		pool         wire.PoolOptions
	}{
		{"pooled+http1", secure, Arm{Name: "pooled-http1", Policy: "pooled", HTTP: "1.1"}, pooled, own},
		{"fresh+http2", secure, Arm{Name: "fresh-http2", Policy: "fresh", HTTP: "2"}, with(fresh, func(p *wire.Policy) { p.HTTP = wire.HTTP2 }), own},
		{"pooled+h2c", plain, Arm{Name: "pooled-h2c", Policy: "pooled", HTTP: "h2c"}, with(pooled, func(p *wire.Policy) { p.HTTP = wire.H2C }), own},
		{"fresh+http3+0rtt", secure, Arm{Name: "fresh-http3-0rtt", Policy: "fresh", HTTP: "3", EarlyData: true},
			with(resumed, func(p *wire.Policy) { p.HTTP, p.EarlyData = wire.HTTP3, true }), own},
		{"shared-pool+http2+streams-4", secure, Arm{Name: "shared-pool-http2-streams-4", Policy: "shared-pool", HTTP: "2", Streams: 4},
			with(shared, func(p *wire.Policy) { p.HTTP = wire.HTTP2 }), wire.PoolOptions{Max: 3, Streams: 4}},
		{"pooled+h2c+shared", plain, Arm{Name: "pooled-h2c-shared", Policy: "pooled", HTTP: "h2c", Pool: "shared"},
			with(shared, func(p *wire.Policy) { p.HTTP = wire.H2C }), wire.PoolOptions{Max: 1, Streams: 100}},
		{"pooled+shared", plain, Arm{Name: "pooled-shared", Policy: "pooled", Pool: "shared"}, shared, wire.PoolOptions{Max: 10}},
		{"shared-pool+pool-3", plain, Arm{Name: "shared-pool-pool-3", Policy: "shared-pool", PoolSize: 3}, shared, wire.PoolOptions{Max: 3}},
		{"shared-pool+pool-3+overflow+fifo", plain, Arm{Name: "shared-pool-pool-3-overflow-fifo", Policy: "shared-pool", PoolSize: 3, PoolOverflow: true, PoolOrder: "fifo"},
			shared, wire.PoolOptions{PerHost: 3, Order: wire.FIFO}},
		{"pooled+idle-30s+age-5m0s", plain, Arm{Name: "pooled-idle-30s-age-5m0s", Policy: "pooled", IdleTimeout: Duration(30 * time.Second), MaxAge: Duration(5 * time.Minute)},
			pooled, wire.PoolOptions{PerHost: 1, Hosts: 16, IdleTimeout: 30 * time.Second, MaxAge: 5 * time.Minute}},
		{"pooled+requests-5", plain, Arm{Name: "pooled-requests-5", Policy: "pooled", RequestsPerConnection: 5}, with(pooled, func(p *wire.Policy) { p.RequestsPerConnection = 5 }), own},
		{"fresh+close-server", plain, Arm{Name: "fresh-close-server", Policy: "fresh", Close: "server"}, with(fresh, func(p *wire.Policy) { p.Close = wire.CloseByServer }), own},
		{"fresh+close-reset", plain, Arm{Name: "fresh-close-reset", Policy: "fresh", Close: "reset"}, with(fresh, func(p *wire.Policy) { p.Close = wire.CloseByReset }), own},
		{"fresh+no-close-notify", secure, Arm{Name: "fresh-no-close-notify", Policy: "fresh", NoCloseNotify: true}, with(fresh, func(p *wire.Policy) { p.NoCloseNotify = true }), own},
		{"reuse-5+resume+ticket-10s", secure, Arm{Name: "reuse-5-resume-ticket-10s", Policy: "reuse-5", TLSResumption: true, TicketLifetime: Duration(10 * time.Second)},
			with(resumed, func(p *wire.Policy) { p.RequestsPerConnection, p.TicketLifetime = 5, 10*time.Second }), own},
		{"fresh+tls1.2", secure, Arm{Name: "fresh-tls1_2", Policy: "fresh", TLSMin: "1.2", TLSMax: "1.2"},
			with(fresh, func(p *wire.Policy) { p.TLS.MinVersion, p.TLS.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }), own},
		{"fresh+tls-min-1.2+tls-max-1.3", secure, Arm{Name: "fresh-tls-min-1_2-tls-max-1_3", Policy: "fresh", TLSMin: "1.2", TLSMax: "1.3"},
			with(fresh, func(p *wire.Policy) { p.TLS.MinVersion, p.TLS.MaxVersion = tls.VersionTLS12, tls.VersionTLS13 }), own},
		{"fresh+curve-X25519+curve-P-256", secure, Arm{Name: "fresh-curve-X25519-curve-P-256", Policy: "fresh", Curves: []string{"X25519", "P-256"}},
			with(fresh, func(p *wire.Policy) { p.TLS.Curves = []tls.CurveID{tls.X25519, tls.CurveP256} }), own},
		{"fresh+dns-forever", plain, Arm{Name: "fresh-dns-forever", Policy: "fresh", DNSLifetime: lifetime(-1)}, with(fresh, func(p *wire.Policy) { p.DNSLifetime = -1 }), own},
		{"pooled+no-resend", plain, Arm{Name: "pooled-no-resend", Policy: "pooled", NoResend: true}, with(pooled, func(p *wire.Policy) { p.Resend = false }), own},
	} {
		p := planWith(t, c.target, c.text)
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		a := &p.Arms[0]
		if !reflect.DeepEqual(*a, c.arm) {
			t.Errorf("%s: arm %+v, want %+v", c.text, *a, c.arm)
		}
		if got := a.DefaultName(); got != a.Name {
			t.Errorf("%s: default name %s, want %s", c.text, got, a.Name)
		}
		policy, err := p.policyFor(a)
		if err != nil || !reflect.DeepEqual(policy, c.policy) {
			t.Errorf("%s: policy %+v, want %+v; %v", c.text, policy, c.policy, err)
		}
		if pool := a.poolFor(&policy, 10); pool != lifo(c.pool) {
			t.Errorf("%s: pool %+v, want %+v", c.text, pool, lifo(c.pool))
		}
		for _, m := range Modifiers() {
			seen[m.Word] = seen[m.Word] || strings.Contains(c.text, m.Word)
		}
	}
	for _, m := range Modifiers() {
		if !seen[m.Word] {
			t.Errorf("%s was not tried", m.Word)
		}
		if _, err := ParseArms("pooled" + m.Example); err != nil && !strings.Contains(err.Error(), "which") {
			t.Errorf("the example %s: %v", m.Example, err)
		}
	}
}

// What the plan says of all arms gives way to an arm's own.
func TestArmsTakeThePlansSettings(t *testing.T) {
	p := planWith(t, "https://h/", "a=pooled,b=pooled+http1+dns-0s")
	p.HTTP, p.Connection.DNSLifetime = "2", Lifetime(time.Minute)
	for i, want := range []wire.Policy{{HTTP: wire.HTTP2, DNSLifetime: time.Minute}, {HTTP: wire.HTTP1}} {
		got, err := p.policyFor(&p.Arms[i])
		if err != nil || got.HTTP != want.HTTP || got.DNSLifetime != want.DNSLifetime {
			t.Errorf("%s: %+v, %v", p.Arms[i].Name, got, err)
		}
	}
}

func TestMisspeltModifiers(t *testing.T) {
	for list, want := range map[string]string{
		"pooled+http4":        `arms has "pooled+http4", whose "+http4" is unknown; did you mean +http1?`,
		"h=pooled+strems-32":  `arms has "h=pooled+strems-32", whose "+strems-32" is unknown; did you mean +streams-32?`,
		"pooled+streams-0":    `arms has "pooled+streams-0", with "+streams-0"; write behind +streams- a whole number from 1 to 1000000000, as in +streams-32`,
		"pooled+idle-soon":    `arms has "pooled+idle-soon", with "+idle-soon"; write behind +idle- a time with its unit, such as 30s, as in +idle-30s`,
		"pooled+idle--1s":     `arms has "pooled+idle--1s", with "+idle--1s"; write behind +idle- a time with its unit, such as 30s, as in +idle-30s`,
		"pooled+tls1.4":       `arms has "pooled+tls1.4", with "+tls1.4"; write behind +tls a version of TLS: 1.0, 1.1, 1.2 or 1.3, as in +tls1.2`,
		"pooled+dns-never":    `arms has "pooled+dns-never", with "+dns-never"; write behind +dns- a time with its unit, such as 60s, or forever, as in +dns-60s`,
		"pooled+curve-X448":   `arms has "pooled+curve-X448", with "+curve-X448"; write behind +curve- one of ` + CurveNames() + `, as in +curve-X25519`,
		"pooled+http1+http2":  `arms has "pooled+http1+http2", with "+http2" beside another modifier that says otherwise; keep one of them`,
		"fresh+close-sever":   `arms has "fresh+close-sever", whose "+close-sever" is unknown; did you mean +close-server?`,
		"a=pooled,b=pooled+":  `arms has "b=pooled+", whose "+" is unknown; behind a policy can stand`,
		"pooled+fresh-please": `arms has "pooled+fresh-please", whose "+fresh-please" is unknown; behind a policy can stand +http1, +http2`,
		"pooled,,fresh":       `arms "pooled,,fresh" has an empty name; write a list such as pooled,fresh`,
	} {
		_, err := ParseArms(list)
		if e, ok := errors.AsType[*KeyError](err); !ok || !strings.HasPrefix(e.Error(), want) {
			t.Errorf("%s: %v\nwant %s", list, err, want)
		}
	}
}

// What contradicts itself is refused in words that say how to mend it.
func TestContradictoryArms(t *testing.T) {
	const secure, plain = "https://h/", "http://h/"
	for _, c := range []struct{ target, list, want string }{
		{plain, "a=fresh+pool-3", "has pool_size without a shared pool; a worker makes one request at a time and needs one connection, so use shared-pool or leave it out"},
		{plain, "a=shared-pool+overflow", "has pool_overflow without pool_size; say beyond how many connections it overflows"},
		{plain, "a=pooled+fifo", "has pool_order without a shared pool; a worker's own has one connection, so use shared-pool or leave it out"},
		{secure, "a=pooled+http2+streams-3", "has streams without a shared pool; a worker makes one request at a time, so use shared-pool or leave it out"},
		{plain, "a=fresh+idle-3s", "has idle_timeout or max_age, but closes each connection after one request; leave it out, or use pooled"},
		{plain, "a=fresh+age-3s", "has idle_timeout or max_age, but closes each connection after one request; leave it out, or use pooled"},
		{plain, "a=pooled+close-server", "has close server, but keeps connections, which that ends after one request; use fresh or fresh-resumed"},
		{plain, "a=reuse-5+close-server", "has close server, but keeps connections, which that ends after one request; use fresh or fresh-resumed"},
		{secure, "a=fresh+close-reset+no-close-notify", "has close reset and close_notify; a reset comes without the closing alert, so leave close_notify out"},
		{secure, "a=fresh+ticket-3s", "has ticket_lifetime, but resumes no TLS session; use fresh-resumed, or add tls_resumption (+resume)"},
		{secure, "a=pooled+http3+0rtt", "has early_data, but keeps its connections, so there is no handshake to send it in; use fresh-resumed or reuse-N"},
		{secure, "a=fresh+tls-min-1.3+tls-max-1.2", "has tls_min 1.3 above tls_max 1.2; exchange them"},
		{plain, "a=fresh+requests-5", "has requests_per_connection 5 with the policy fresh, which has 1; use the policy pooled"},
		{plain, "a=reuse-3+requests-5", "has requests_per_connection 5 with the policy reuse-3, which has 3; use the policy pooled"},

		{secure, "a=pooled+h2c", "speaks h2c, but the target is https; use http 2 for HTTP/2 over TLS"},
		{plain, "a=pooled+http2", "speaks HTTP/2 over TLS, but the target is http; use h2c, or name an https URL"},
		{plain, "a=pooled+http3", "speaks HTTP/3, but the target is http and HTTP/3 is always encrypted; name an https URL"},
		{plain, "a=pooled+tls1.2", "has settings of TLS, but the target is http; leave them out, or name an https URL"},
		{plain, "a=pooled+curve-X25519", "has settings of TLS, but the target is http; leave them out, or name an https URL"},
		{plain, "a=pooled+no-close-notify", "has close_notify, but the target is http and that is TLS's; leave it out, or name an https URL"},
		{plain, "a=shared-pool+streams-3", "has streams, but HTTP/1.1 carries one request at a time; add http 2, h2c or 3 (+http2, +h2c, +http3)"},
		{secure, "a=fresh+0rtt", "has early_data, but that is sent over HTTP/3 only; add http 3 (+http3)"},
		{secure, "a=fresh+http2+close-server", "has close server, but only HTTP/1.1 has Connection: close; use http 1.1, or close client"},
		{secure, "a=fresh+http3+close-reset", "has close reset, but HTTP/3 has no TCP connection to reset; use close client"},
		{secure, "a=fresh+http3+no-close-notify", "has close_notify, but HTTP/3 ends connections in its own way; leave it out"},
		{secure, "a=fresh+http3+tls1.2", "speaks HTTP/3, but allows TLS 1.2 at most; HTTP/3 takes 1.3, so raise tls_max or session.tls.max"},
		{secure, "a=fresh+http2+tls1.1", "speaks HTTP/2, but allows TLS 1.1 at most; HTTP/2 takes 1.2, so raise tls_max or session.tls.max"},
	} {
		arms, err := ParseArms(c.list)
		if err == nil {
			p := planWith(t, c.target, "pooled")
			p.Arms = arms
			err = p.Validate()
		}
		want := `arms[0] has "a", which ` + c.want
		if err == nil || err.Error() != want {
			t.Errorf("%s to %s: %v\nwant %s", c.list, c.target, err, want)
		}
	}
}

// Fields that a plan's file can fill and no modifier can.
func TestWrongValuesOfArms(t *testing.T) {
	for want, arm := range map[string]Arm{
		`has http "2.0"; use 1.1, 2, h2c or 3`:                                             {HTTP: "2.0"},
		`has pool "own"; use worker or shared`:                                             {Pool: "own"},
		`has pool_order "random"; use lifo or fifo`:                                        {PoolOrder: "random"},
		`has close "both"; use client, server or reset`:                                    {Close: "both"},
		`has tls_min "1.4"; use 1.0, 1.1, 1.2 or 1.3`:                                      {TLSMin: "1.4"},
		`has tls_max "SSL"; use 1.0, 1.1, 1.2 or 1.3`:                                      {TLSMax: "SSL"},
		`has streams -1; it must be from 1 to 1000000000`:                                  {Streams: -1},
		`has max_age -1s; use a positive time up to 24000h0m0s`:                            {MaxAge: Duration(-time.Second)},
		`has the curve "X448"; choose from ` + CurveNames():                                {Curves: []string{"X448"}},
		`has pool worker with the policy shared-pool; use the policy pooled`:               {Policy: "shared-pool", Pool: "worker"},
		`takes TLS from 1.3 to 1.2, and there is none; set tls_min and tls_max in the arm`: {TLSMin: "1.3"},
	} {
		arm.Name = "a"
		if arm.Policy == "" {
			arm.Policy = "pooled"
		}
		p := planWith(t, "https://h/", "pooled")
		p.Arms = []Arm{arm}
		p.Session.TLS.Max = "1.2"
		if err := p.Validate(); err == nil || !strings.HasPrefix(err.Error(), "arms[0]") || !strings.HasSuffix(err.Error(), ` has "a", which `+want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// HTTP/3 contradicts what is about TCP, wherever that is said.
func TestHTTP3AndWhatIsTCPs(t *testing.T) {
	for want, change := range map[string]func(p *Plan){
		"speaks HTTP/3, but that does not go over Unix sockets; leave connection.unix_socket out":        func(p *Plan) { p.Connection.UnixSocket = "/run/s" },
		"speaks HTTP/3, but that has no PROXY protocol header; leave connection.proxy_protocol out":      func(p *Plan) { p.Connection.ProxyProtocol = 1 },
		"speaks HTTP/3, but happy eyeballs are for TCP connections; leave connection.happy_eyeballs out": func(p *Plan) { p.Connection.HappyEyeballs = 1 },
		"speaks HTTP/3, but that is offered by ALPN as h3 and nothing else; leave session.tls.alpn out":  func(p *Plan) { p.Session.TLS.ALPN = []string{"h3"} },
		"has early_data, but no request of the mix is by a method that may go in 0-RTT, where it can be replayed; use GET or another idempotent method, or leave early_data (+0rtt) out": func(p *Plan) {
			p.Arms = []Arm{{Name: "a", Policy: "fresh", EarlyData: true}}
			p.Mix[0].Method = "POST"
		},
		"speaks HTTP/3, but that does not go through a proxy; leave the arm or the proxy out":              func(p *Plan) { p.Session.Proxies = Proxies{{For: "all", URL: "http://proxy:1"}} },
		"speaks HTTP/3, but allows TLS 1.2 at most; HTTP/3 takes 1.3, so raise tls_max or session.tls.max": func(p *Plan) { p.Session.TLS.Max = "1.2" },
	} {
		p := planWith(t, "https://h/", "a=pooled")
		p.HTTP = "3"
		change(p)
		if _, err := NewRunner(p, Options{}); err == nil || err.Error() != `arms[0] has "a", which `+want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	mixed := planWith(t, "https://h/", "fresh+http3+0rtt")
	mixed.Mix = append(mixed.Mix, Operation{Name: "post", Method: "POST", URL: "/"})
	if err := mixed.Validate(); err != nil { // what may not go in 0-RTT waits for the handshake
		t.Error(err)
	}
	p := planWith(t, "http://h/", "a=pooled+h2c")
	p.Session.Proxies = Proxies{{For: "all", URL: "http://proxy:1"}}
	if _, err := NewRunner(p, Options{}); err == nil || err.Error() != `arms[0] has "a", which speaks h2c, but a proxy for plain http does not; leave the arm or the proxy out` {
		t.Errorf("%v", err)
	}
	p.HTTP, p.Arms = "4", DefaultArms(false)
	if err := p.Validate(); err == nil || err.Error() != `http is "4"; use 1.1, 2, h2c or 3` {
		t.Errorf("%v", err)
	}
}

// Only an arm whose server is to close asks it to.
func TestTheRequestOfAnArmThatIsClosedByTheServer(t *testing.T) {
	var kept, closing atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Close {
			closing.Add(1)
		} else {
			kept.Add(1)
		}
	}))
	defer server.Close()
	r, err := NewRunner(planWith(t, server.URL, "fresh,fresh+close-server"), Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept.Load() != 10 || closing.Load() != 10 {
		t.Errorf("%d requests without Connection: close, and %d with it; want 10 of each", kept.Load(), closing.Load())
	}
}

func TestConnectionsOfAnArm(t *testing.T) {
	for list, want := range map[string]int{"pooled": 10, "fresh": 10, "shared-pool": 10, "shared-pool+pool-3": 3, "shared-pool+pool-3+overflow": 10, "shared-pool+http2": 1, "shared-pool+http2+streams-3": 4, "shared-pool+http2+requests-2": 5, "fresh+http2+shared": 10} {
		p := planWith(t, "https://h/", list)
		if got, err := p.Connections(&p.Arms[0], 10); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", list, got, err, want)
		}
	}
}

// Whatever is parsed can be written and has a name by which it can be told.
func FuzzParseArms(f *testing.F) {
	f.Add("pooled,five=reuse-5,fresh+no-resend")
	var all strings.Builder
	for _, m := range Modifiers() {
		f.Add("pooled" + m.Example)
		all.WriteString(m.Example)
	}
	f.Add("shared-pool" + all.String())
	f.Fuzz(func(t *testing.T, list string) {
		arms, err := ParseArms(list)
		if err != nil {
			if _, ok := errors.AsType[*KeyError](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		for i := range arms {
			if !validArmName(arms[i].Name) {
				t.Errorf("name %q", arms[i].Name)
			}
			again, err := ParseArms("x=" + arms[i].Policy + modifiersOf(&arms[i]))
			if err != nil {
				t.Fatal(err)
			}
			if again[0].Name = arms[i].Name; !reflect.DeepEqual(again[0], arms[i]) {
				t.Errorf("%+v, and again %+v", arms[i], again[0])
			}
		}
	})
}

func modifiersOf(a *Arm) string {
	text := ""
	for _, m := range Modifiers() {
		for _, value := range m.shownFor(a) {
			text += m.Word + value
		}
	}
	return text
}
