package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/url"
	"time"

	"sessbench/internal/programs"
)

// A truthScene is what one seed makes: a protocol, a policy, Clients, and how badly servers and callers behave.
type truthScene struct {
	seed    uint64
	http    Protocol
	secure  bool
	policy  Policy
	shared  *PoolOptions // nil: each Client has its own
	hosts   int
	clients int
	calls   int // of each Client
	faults  bool
	outage  bool // servers go away in between, and come back
	cancel  time.Duration
	shut    time.Duration // until the pool is closed; 0: after all calls
	limits  Limits
	buffers bool
}

func (sc *truthScene) String() string {
	pool := "own pools"
	if sc.shared != nil {
		pool = fmt.Sprintf("pool %+v", *sc.shared)
	}
	return fmt.Sprintf("seed %d: HTTP %s secure %t, %d hosts, %d clients × %d, faults %t outage %t cancel %v shut %v\nlimits %+v\npolicy %+v\n%s",
		sc.seed, sc.http, sc.secure, sc.hosts, sc.clients, sc.calls, sc.faults, sc.outage, sc.cancel, sc.shut, sc.limits, sc.policy, pool)
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func drawTruth(seed uint64) *truthScene {
	r := rand.New(rand.NewPCG(seed, 0))
	sc := &truthScene{seed: seed, hosts: pick(r, 1, 1, 1, 2, 3), clients: pick(r, 1, 1, 2, 4, 8, 16), calls: 1 + r.IntN(20),
		faults: r.IntN(2) == 0, buffers: r.IntN(2) == 0}
	sc.http = pick(r, HTTP1, HTTP1, HTTP1, HTTP2, H2C, HTTP3)
	sc.secure = sc.http == HTTP2 || sc.http == HTTP3 || sc.http == HTTP1 && r.IntN(2) == 0
	sc.policy = Policy{HTTP: sc.http, RequestsPerConnection: pick(r, 0, 0, 1, 3), ResumeTLS: sc.secure && r.IntN(2) == 0,
		Resend: r.IntN(2) == 0, Close: pick(r, CloseByClient, CloseByClient, CloseByReset), NoCloseNotify: r.IntN(4) == 0}
	if sc.http == HTTP1 && r.IntN(4) == 0 {
		sc.policy.Close = CloseByServer
	}
	if sc.http == HTTP3 {
		sc.policy.Close = CloseByClient
		sc.policy.EarlyData = sc.policy.ResumeTLS && r.IntN(2) == 0 && !programs.EarlyDataRaces
	} else if sc.secure {
		v := pick[uint16](r, 0, tls.VersionTLS12, tls.VersionTLS13)
		sc.policy.TLS = TLSPolicy{MinVersion: v, MaxVersion: v}
	}
	if sc.policy.ResumeTLS {
		sc.policy.TicketLifetime = pick(r, 0, time.Hour)
	}
	if r.IntN(2) == 0 {
		sc.policy.SharedPool = true
		sc.shared = &PoolOptions{Max: pick(r, 0, 0, 1, 3), PerHost: pick(r, 0, 1, 2), Block: r.IntN(2) == 0,
			Hosts: pick(r, 0, 0, 1, 2, -1), Order: pick(r, LIFO, FIFO), Streams: pick(r, 0, 1, 2, 8, 200),
			IdleTimeout: pick(r, 0, 0, time.Microsecond, 300*time.Microsecond),
			MaxAge:      pick(r, 0, 0, time.Microsecond, time.Millisecond)}
	}
	if sc.faults {
		sc.limits = Limits{ConnectTimeout: pick(r, 0, time.Millisecond, time.Second), ReadTimeout: pick(r, 0, 2*time.Millisecond, 30*time.Millisecond),
			WriteTimeout: pick(r, 0, 10*time.Millisecond), Timeout: pick(r, 5*time.Millisecond, 40*time.Millisecond, 80*time.Millisecond)}
		sc.outage = r.IntN(6) == 0
		if r.IntN(4) == 0 {
			sc.cancel = time.Duration(1 + r.IntN(20_000_000))
		}
		if r.IntN(6) == 0 {
			sc.shut = time.Duration(1 + r.IntN(20_000_000))
		}
	}
	return sc
}

// A truthCall is one drawn call.
type truthCall struct {
	req    *Request
	id     int
	size   int
	act    string
	got    string        // what the server must say of the body; "": nothing
	stream string        // how it is read; "": not streamed
	cancel time.Duration // of this call; 0: not, negative: before
	close  bool          // the Client is closed afterwards
	rest   bool
}

func (sc *truthScene) acts(r *rand.Rand) string {
	if sc.faults && r.IntN(3) == 0 {
		return pick(r, "silent", "idle", "drop", "reset", "abort", "cut", "stall", "stallhalf", "announce", "early")
	}
	acts := []string{"", "", "", "slow", "redirect"}
	if sc.http == HTTP1 {
		acts = append(acts, "announce")
	}
	return pick(r, acts...)
}

func (sc *truthScene) drawCall(r *rand.Rand, s *truthServer, id int) (*truthCall, error) {
	c := &truthCall{id: id, size: pick(r, 0, 1, 100, 100, 5000, 70_000), act: sc.acts(r), rest: r.IntN(8) == 0, close: r.IntN(40) == 0}
	if r.IntN(30) == 0 {
		c.size = 1 << 20
	}
	scheme := "http"
	if sc.secure {
		scheme = "https"
	}
	u, err := url.Parse(fmt.Sprintf("%s://%s/?id=%d&size=%d&act=%s", scheme, s.hosts[r.IntN(len(s.hosts))].addr, id, c.size, c.act))
	if err != nil {
		return nil, err
	}
	spec := RequestSpec{URL: u, KeepBody: r.IntN(2) == 0, BriefRedirects: r.IntN(2) == 0}
	if c.act == "redirect" && spec.BriefRedirects && !sc.faults {
		spec.BriefRedirects = c.size < skimBytes // the rest would be given up
	}
	var body []byte
	switch spec.Method = pick(r, "GET", "GET", "GET", "HEAD", "POST", "PUT"); spec.Method {
	case "POST", "PUT":
		body = truthBody(id+1, pick(r, 0, 10, 3000, 100_000, 600_000))
		if r.IntN(2) == 0 {
			spec.Body = body
		} else {
			spec.Upload = &Upload{Length: pick(r, -1, int64(len(body))), Open: func() (io.Reader, error) { return bytes.NewReader(body), nil }}
		}
	}
	if c.act != "early" {
		c.got = fmt.Sprintf("%d %08x", len(body), crc32.ChecksumIEEE(body))
	}
	if sc.http == HTTP1 && (sc.policy.Close == CloseByServer && r.IntN(2) == 0 || r.IntN(20) == 0) {
		spec.Headers = append(spec.Headers, Header{"Connection", "close"})
	}
	if r.IntN(3) == 0 {
		spec.Stream = true
		c.stream = pick(r, "whole", "bits", "early", "later")
		if c.stream == "early" && !sc.faults || c.stream == "later" && sc.shared != nil {
			c.stream = "whole" // who holds one connection and waits for another may wait for himself
		}
	}
	if sc.faults && r.IntN(10) == 0 {
		c.cancel = time.Duration(r.IntN(3_000_000)) - 100_000
	}
	c.req, err = NewRequest(spec)
	return c, err
}

func (c *truthCall) context(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.cancel == 0 {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	if c.cancel < 0 {
		cancel()
		return ctx, cancel
	}
	timer := time.AfterFunc(c.cancel, cancel)
	return ctx, func() { timer.Stop(); cancel() }
}
