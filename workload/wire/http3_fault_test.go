package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sessbench/testserver"
)

// noSecret checks that what the server wrote for people is not repeated.
func noSecret(t *testing.T, r result) {
	t.Helper()
	if r.Err != nil && strings.Contains(r.Err.Error(), "secret") {
		t.Errorf("%v", r.Err)
	}
}

func TestHTTP3ConnectionThatCannotBeOpened(t *testing.T) {
	silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	busy, err := net.DialUDP("udp", nil, silent.LocalAddr().(*net.UDPAddr)) // it takes packets from there only
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	nobody := "https://" + busy.LocalAddr().String()
	s, trusting := serve3(t, testserver.Config{})
	other, _ := identity(t)
	other.NextProtos = []string{"not-h3"}
	ln, err := quic.ListenAddr("127.0.0.1:0", other, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for name, tc := range map[string]struct {
		url   string
		opts  *Options
		class Class
	}{
		"nobody listens": {nobody, nil, ClassRefused},
		"silence":        {"https://" + silent.LocalAddr().String(), &Options{Limits: Limits{ConnectTimeout: 50 * time.Millisecond}}, ClassConnectTimeout},
		"call over":      {"https://" + silent.LocalAddr().String(), &Options{Limits: Limits{Timeout: 50 * time.Millisecond}}, ClassTimeout},
		"not trusted":    {s.URL(), &Options{TLS: &tls.Config{RootCAs: x509.NewCertPool()}}, ClassTLS},
		"another name":   {s.URL(), &Options{TLS: &tls.Config{RootCAs: trusting.TLS.RootCAs, ServerName: "x.test"}}, ClassTLS},
		"not h3":         {"https://" + ln.Addr().String(), &Options{TLS: &tls.Config{InsecureSkipVerify: true}}, ClassTLS},
		"no such name":   {"https://a.test", &Options{LookupHost: func(context.Context, string) ([]string, error) { return nil, &net.DNSError{Err: "none"} }}, ClassDNS},
		"source":         {s.URL(), &Options{Socket: SocketOptions{Source: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}, ClassConnect},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, tc.opts, Policy{HTTP: HTTP3})
			r := call(t, c, get(t, tc.url))
			wantClass(t, r, tc.class)
			if tc.class == ClassTLS && (r.BytesIn == 0 || r.BytesOut == 0) {
				t.Errorf("%+v", r.Exchange)
			}
			want := Counts{OpenFailures: 1}
			if tc.class == ClassDNS {
				want.Lookups = 1
			}
			wantCounts(t, c, want)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := newClient(t, nil, Policy{HTTP: HTTP3})
	wantClass(t, callWith(t, ctx, c, get(t, "https://"+silent.LocalAddr().String())), ClassCanceled)
}

func TestHTTP3CancellationEndsTheHandshake(t *testing.T) {
	silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _, _ = silent.ReadFrom(make([]byte, 2048))
		cancel()
	}()
	c := newClient(t, nil, Policy{HTTP: HTTP3})
	wantClass(t, callWith(t, ctx, c, get(t, "https://"+silent.LocalAddr().String())), ClassCanceled)
}

func TestHTTP3NextAddressIsTriedWhereOneRefuses(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	_, port, _ := net.SplitHostPort(s.Addr())
	opts.Resolve = map[string][]string{"localhost:" + port: {"127.0.0.9", "127.0.0.1"}}
	c := newClient(t, opts, Policy{HTTP: HTTP3})
	wantOK(t, call(t, c, get(t, "https://localhost:"+port+"/")), 200, rootBody)
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, TLSFull: 1, Streams: 1, StreamsPeak: 1})
}

func TestHTTP3SourceAddressesAreTakenInTurn(t *testing.T) {
	from := make(chan string, 4)
	s := script3(t, func(_ http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		from <- host
	})
	s.opts.Socket.Source = []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.3")}
	c := newClient(t, s.opts, Policy{HTTP: HTTP3, RequestsPerConnection: 1})
	for _, want := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.2"} {
		wantOK(t, call(t, c, get(t, s.url)), 200, "")
		if got := <-from; got != want {
			t.Errorf("from %s, want %s", got, want)
		}
	}
}

func TestHTTP3ServerThatClosesAnIdleConnectionIsNoticed(t *testing.T) {
	s, opts := serve3(t, testserver.Config{IdleTimeout: time.Second})
	c := newClient(t, opts, Policy{HTTP: HTTP3})
	for range 2 {
		wantOK(t, call(t, c, newRequest(t, "POST", s.URL()+"/", "")), 200, rootBody)
		cn := kept(t, c)
		eventually(t, "the end is noticed", func() bool { return cn.mux.state() == peerClosed })
	}
	wantCounts(t, c, Counts{Opened: 2, Attempts: 2, ClosedByPeer: 1, TLSFull: 2, Streams: 2, StreamsPeak: 1})
}

func TestHTTP3ConnectionThatEndsUnderARequest(t *testing.T) {
	var s *server3
	first := make(chan struct{})
	s = script3(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/close":
			close(first)
			<-r.Context().Done()
		case "/half":
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			s.end(quic.ApplicationErrorCode(http3.ErrCodeNoError))
		}
	})
	go func() { <-first; s.end(quic.ApplicationErrorCode(http3.ErrCodeInternalError)) }()
	c := newClient(t, s.opts, Policy{HTTP: HTTP3})
	for _, path := range []string{"/close", "/half"} {
		r := call(t, c, newRequest(t, "POST", s.url+path, ""))
		wantClass(t, r, ClassClosedEarly)
		noSecret(t, r)
	}
	if n := c.Counts(); n.Opened != 2 || n.ClosedByPeer != 2 {
		t.Errorf("%+v", n)
	}
}

func TestHTTP3StreamThatIsResetLeavesTheConnection(t *testing.T) {
	s := script3(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/half":
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/at-once":
			panic(http.ErrAbortHandler)
		}
	})
	c := newClient(t, s.opts, Policy{HTTP: HTTP3})
	for _, path := range []string{"/half", "/at-once"} {
		wantClass(t, call(t, c, get(t, s.url+path)), ClassReset)
	}
	wantOK(t, call(t, c, get(t, s.url)), 200, "")
	wantCounts(t, c, Counts{Opened: 1, Attempts: 3, Reused: 2, TLSFull: 1, Streams: 3, StreamsPeak: 1})
}

func TestHTTP3GoAwayEndsTheUseOfAConnection(t *testing.T) {
	s, opts := serve3(t, testserver.Config{MaxRequestsPerConn: 2})
	c := newClient(t, opts, Policy{HTTP: HTTP3})
	wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	cn := kept(t, c)
	wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	eventually(t, "it came", func() bool { return cn.mux.state() != peerQuiet })
	wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	if n := c.Counts(); n.Opened != 2 || n.ClosedByPeer != 1 {
		t.Errorf("%+v", n)
	}
	eventually(t, "the first one is closed", func() bool { return s.Stats().Connections.Open == 1 })
}

func TestHTTP3ResumedConnectionsProveTheirAddress(t *testing.T) {
	srv, cli := identity(t)
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var retries atomic.Int64 // asked for those that have no token
	transport := &quic.Transport{Conn: udp, VerifySourceAddress: func(net.Addr) bool { retries.Add(1); return true }}
	ln, err := transport.ListenEarly(http3.ConfigureTLSConfig(srv), &quic.Config{})
	if err != nil {
		t.Fatal(err)
	}
	h := &http3.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	served := make(chan struct{})
	go func() { defer close(served); _ = h.ServeListener(ln) }()
	t.Cleanup(func() { _ = h.Close(); _ = ln.Close(); <-served; _ = transport.Close(); _ = udp.Close() })
	target := "https://" + udp.LocalAddr().String()
	for _, resume := range []bool{false, true} {
		c := newClient(t, &Options{TLS: cli}, Policy{HTTP: HTTP3, RequestsPerConnection: 1, ResumeTLS: resume})
		for i := range 3 {
			before := retries.Load()
			wantOK(t, call(t, c, get(t, target)), 200, "")
			if asked := retries.Load() > before; asked != (!resume || i == 0) {
				t.Errorf("resumption %v, connection %d: asked for a proof of the address: %v", resume, i, asked)
			}
		}
	}
}

func TestHTTP3WaitsForAStreamWhereTheServerAllowsNoMore(t *testing.T) {
	there, leave := make(chan struct{}), make(chan struct{})
	h := &http3.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			close(there)
			<-leave
		}
	})}
	s := listen3(t, &quic.Config{MaxIncomingStreams: 1}, func(q *quic.Conn) { _ = h.ServeQUICConn(q) })
	c := newClient(t, s.opts, Policy{HTTP: HTTP3})
	wantOK(t, call(t, c, get(t, s.url)), 200, "")
	cn := kept(t, c)
	held := make(chan error, 1)
	go func() {
		other := NewClient(c.clock, s.opts, Policy{HTTP: HTTP3}, nil)
		other.recv = other.opener.spare.take(s.opts)
		held <- cn.mux.do(other, tripTo(t, other, s.url+"/hold"), func(error) {})
	}()
	<-there
	req := get(t, s.url)
	req.Spec.Limits = &Limits{Timeout: 30 * time.Millisecond}
	r := call(t, c, req)
	wantClass(t, r, ClassTimeout)
	if r.Phases.Acquire <= 0 {
		t.Errorf("%+v", r.Phases)
	}
	close(leave)
	if err := <-held; err != nil {
		t.Error(err)
	}
	wantOK(t, call(t, c, get(t, s.url)), 200, "")
}

// frame3 is a frame in a script.
func frame3(kind byte, payload string) string {
	return string(appendFrame(nil, uint64(kind), len(payload))) + payload
}

// ok3 is a field section with :status 200 and nothing else.
const ok3 = "\x00\x00\xd9"

func TestHTTP3ResponsesThatBreakTheProtocol(t *testing.T) {
	head := frame3(frameHeaders, ok3)
	literal := func(name, value string) string {
		return "\x27" + string(rune(len(name)-7)) + name + string(rune(len(value))) + value
	}
	length := func(n string) string { return literal("content-length", n) }
	for name, tc := range map[string]struct {
		answer string
		class  Class
	}{
		"whole":                {head + frame3(frameData, "ok"), ""},
		"unknown frames":       {frame3(0x21, "x") + head + frame3(0x21, "") + frame3(frameData, "ok"), ""},
		"trailers":             {head + frame3(frameData, "ok") + frame3(frameHeaders, "\x00\x00"), ""},
		"length":               {frame3(frameHeaders, ok3+length("2")) + frame3(frameData, "o") + frame3(frameData, "k"), ""},
		"nothing":              {"", ClassClosedEarly},
		"cut in a frame":       {head + "\x00\x05ok", ClassClosedEarly},
		"cut in a head":        {"\x01\x09\x00", ClassClosedEarly},
		"shorter":              {frame3(frameHeaders, ok3+length("3")) + frame3(frameData, "ok"), ClassClosedEarly},
		"longer":               {frame3(frameHeaders, ok3+length("1")) + frame3(frameData, "ok"), ClassProtocol},
		"two lengths":          {frame3(frameHeaders, ok3+length("2")+length("3")), ClassProtocol},
		"odd length":           {frame3(frameHeaders, ok3+length("+2")), ClassProtocol},
		"no status":            {frame3(frameHeaders, "\x00\x00"), ClassProtocol},
		"two of them":          {frame3(frameHeaders, ok3+"\xd9"), ClassProtocol},
		"status after a field": {frame3(frameHeaders, "\x00\x00"+length("2")+"\xd9"), ClassProtocol},
		"request's field":      {frame3(frameHeaders, ok3+"\xc1"), ClassProtocol},
		"connection's field":   {frame3(frameHeaders, ok3+literal("connection", "close")), ClassProtocol},
		"upper case":           {frame3(frameHeaders, ok3+literal("Connection", "close")), ClassProtocol},
		"line break":           {frame3(frameHeaders, ok3+literal("x-12345678", "a\nb")), ClassProtocol},
		"dynamic table":        {frame3(frameHeaders, "\x02\x00\x80"), ClassProtocol},
		"data first":           {frame3(frameData, "ok"), ClassProtocol},
		"settings":             {frame3(frameSettings, ""), ClassProtocol},
		"http/2's":             {head + frame3(0x6, ""), ClassProtocol},
		"data after trailers":  {head + frame3(frameHeaders, "\x00\x00") + frame3(frameData, "x"), ClassProtocol},
		"endless head":         {"\x01\xc0\x00\x00\x00\x40\x00\x00\x00", ClassTooLarge},
		"endless body":         {head + "\x00\xc0\x00\x00\x00\x41\x00\x00\x00", ClassTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := raw3(t, settings, tc.answer, true)
			c := newClient(t, s.opts, Policy{HTTP: HTTP3})
			r := call(t, c, get(t, s.url))
			wantClass(t, r, tc.class)
			if tc.class == "" {
				wantOK(t, r, 200, "ok")
			}
		})
	}
}

func TestHTTP3ControlStreamsThatBreakTheProtocol(t *testing.T) {
	for name, tc := range map[string]struct {
		control string
		code    quic.ApplicationErrorCode
	}{
		"no settings":  {"\x00" + frame3(frameGoAway, "\x00"), codeMissingSettings},
		"twice":        {settings + frame3(frameSettings, ""), codeFrameUnexpected},
		"data":         {settings + frame3(frameData, "x"), codeFrameUnexpected},
		"push":         {"\x01\x00", codeID},
		"push allowed": {settings + frame3(frameMaxPushID, "\x00"), codeFrameUnexpected},
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			s := listen3(t, &quic.Config{}, func(q *quic.Conn) {
				// Before the handshake is confirmed a code would not be told (RFC 9000, section 10.2.3).
				if _, err := q.AcceptStream(context.Background()); err != nil {
					t.Error(err)
					return
				}
				str, err := q.OpenUniStream()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = str.Write([]byte(tc.control))
				<-q.Context().Done()
				ended <- context.Cause(q.Context())
			})
			c := newClient(t, s.opts, Policy{HTTP: HTTP3})
			wantClass(t, call(t, c, get(t, s.url)), ClassProtocol)
			if e, ok := (<-ended).(*quic.ApplicationError); !ok || e.ErrorCode != tc.code || !e.Remote {
				t.Errorf("%+v, want code %#x", e, tc.code)
			}
			if n := c.Counts(); n.Opened != 1 || n.Discarded != 1 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// A server that rejects requests is about to leave, so that nobody else should come to the connection.
func TestHTTP3LeavesAConnectionThatRejects(t *testing.T) {
	s := listen3(t, &quic.Config{}, func(q *quic.Conn) {
		if str, err := q.OpenUniStream(); err == nil {
			_, _ = str.Write([]byte(settings))
		}
		for n := 0; ; n++ {
			str, err := q.AcceptStream(context.Background())
			if err != nil {
				return
			}
			if n > 0 {
				str.CancelRead(codeRequestRejected)
				str.CancelWrite(codeRequestRejected)
				continue
			}
			_, _ = str.Write([]byte(frame3(frameHeaders, ok3)))
			_ = str.Close()
		}
	})
	c := newClient(t, s.opts, Policy{HTTP: HTTP3, Resend: true})
	wantOK(t, call(t, c, get(t, s.url)), 200, "")
	r := call(t, c, get(t, s.url))
	wantOK(t, r, 200, "")
	if r.Resent != 1 || s.accepted.Load() != 2 {
		t.Errorf("resent %d times over %d connections", r.Resent, s.accepted.Load())
	}
	wantCounts(t, c, Counts{Opened: 2, TLSFull: 2, Attempts: 3, Reused: 1, Streams: 3, StreamsPeak: 1, Resent: 1, ClosedByPeer: 1})
}

func TestHTTP3RefusedIsToldInPlainWords(t *testing.T) {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := udp.LocalAddr().String()
	_ = udp.Close()
	r := call(t, newClient(t, nil, Policy{HTTP: HTTP3}), get(t, "https://"+addr))
	wantClass(t, r, ClassRefused)
	if want := "connect " + addr + ": connection refused"; runtime.GOOS == "linux" && r.Err.Error() != want {
		t.Errorf("%q, want %q", r.Err, want)
	}
}
