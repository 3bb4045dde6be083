package workload

import (
	"strings"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/workload/wire"
)

// Every combination of protocol, pool, closing and reuse has counts that agree with it, and such as do not.
func TestCountsAreHeldAgainstEveryPolicy(t *testing.T) {
	const workers = 10
	for _, c := range []struct {
		arm    string
		counts wire.Counts
		kept   int64
		want   string // code; "" for none
	}{
		{"fresh+http2", wire.Counts{Opened: 100, Attempts: 100, Streams: 100, StreamsPeak: 1, Retired: 100, TLSFull: 100}, 0, ""},
		{"fresh+http3", wire.Counts{Opened: 100, Attempts: 100, Streams: 100, StreamsPeak: 1, Retired: 100, TLSFull: 100}, 0, ""},
		{"fresh+http2", wire.Counts{Opened: 99, Attempts: 100, Streams: 100, Reused: 1, StreamsPeak: 1, Retired: 99}, 0, "not_fresh"},
		{"fresh+http2", wire.Counts{Opened: 100, Attempts: 100, Retired: 100}, 0, "wrong_protocol"},
		{"pooled", wire.Counts{Opened: 10, Attempts: 100, Reused: 90, Streams: 1}, 10, "wrong_protocol"},
		{"pooled", wire.Counts{Opened: 10, Attempts: 100, Reused: 90}, 9, "miscounted"},
		{"pooled+http2", wire.Counts{Opened: 10, Attempts: 100, Reused: 90, Streams: 100, StreamsPeak: 1}, 10, ""},
		{"pooled+http2", wire.Counts{Opened: 11, Attempts: 100, Reused: 89, Streams: 100, StreamsPeak: 1}, 11, "not_pooled"},
		{"pooled+http2", wire.Counts{Opened: 12, Attempts: 100, Reused: 88, Streams: 100, StreamsPeak: 1, ClosedByPeer: 2}, 10, "closed_by_peer"},
		{"pooled+http2", wire.Counts{Opened: 10, Attempts: 100, Reused: 90, Streams: 100, StreamsPeak: 2}, 10, "too_many_streams"},
		{"shared-pool+http2+streams-5", wire.Counts{Opened: 2, Attempts: 100, Reused: 98, Streams: 100, StreamsPeak: 5}, 2, ""},
		{"shared-pool+http2+streams-5", wire.Counts{Opened: 3, Attempts: 100, Reused: 97, Streams: 100, StreamsPeak: 5, Discarded: 1}, 2, ""},
		{"shared-pool+http2+streams-5", wire.Counts{Opened: 3, Attempts: 100, Reused: 97, Streams: 100, StreamsPeak: 5}, 3, "not_pooled"},
		{"shared-pool+http2+streams-5", wire.Counts{Opened: 2, Attempts: 100, Reused: 98, Streams: 100, StreamsPeak: 6}, 2, "too_many_streams"},
		{"shared-pool+pool-3", wire.Counts{Opened: 3, Attempts: 100, Reused: 97}, 3, ""},
		{"shared-pool+pool-3", wire.Counts{Opened: 4, Attempts: 100, Reused: 96}, 4, "not_pooled"},
		{"shared-pool+pool-3+overflow", wire.Counts{Opened: 30, Attempts: 100, Reused: 70, Evicted: 27}, 3, ""},
		{"reuse-5+http2", wire.Counts{Opened: 20, Attempts: 100, Reused: 80, Streams: 100, StreamsPeak: 1, Retired: 20}, 0, ""},
		{"reuse-5+http2", wire.Counts{Opened: 19, Attempts: 100, Reused: 81, Streams: 100, StreamsPeak: 1, Retired: 19}, 0, "reused_too_often"},
		{"shared-pool+requests-5", wire.Counts{Opened: 20, Attempts: 100, Reused: 80, Retired: 20}, 0, ""},
		{"pooled", wire.Counts{Opened: 15, Attempts: 100, Reused: 85, Retired: 5}, 10, "closed_by_request"},
		{"pooled+idle-1s", wire.Counts{Opened: 15, Attempts: 100, Reused: 85, Retired: 5}, 10, ""},
		{"pooled+age-1s", wire.Counts{Opened: 15, Attempts: 100, Reused: 85, Retired: 5}, 10, ""},
		{"pooled+age-1s", wire.Counts{Opened: 16, Attempts: 100, Reused: 84, Retired: 5}, 11, "not_pooled"},
		{"fresh+close-server", wire.Counts{Opened: 100, Attempts: 100, ClosedByPeer: 100, TLSFull: 100}, 0, ""},
		{"fresh+close-server", wire.Counts{Opened: 100, Attempts: 100, ClosedByPeer: 97, Retired: 3, KeptByServer: 3, TLSFull: 100}, 0, "not_closed_by_server"},
		{"fresh+close-reset", wire.Counts{Opened: 100, Attempts: 100, Retired: 100, Reset: 100, TLSFull: 100}, 0, ""},
		{"fresh+close-reset", wire.Counts{Opened: 100, Attempts: 100, Retired: 100, Reset: 99, TLSFull: 100}, 0, "not_reset"},
		{"fresh+http3+0rtt", wire.Counts{Opened: 100, Attempts: 100, Streams: 100, StreamsPeak: 1, Retired: 100, TLSFull: 10, TLSResumed: 90, EarlyData: 90}, 0, ""},
		{"fresh+http3+0rtt", wire.Counts{Opened: 100, Attempts: 100, Streams: 100, StreamsPeak: 1, Retired: 100, TLSFull: 10, TLSResumed: 90}, 0, "no_early_data"},
		{"reuse-5+http3+0rtt", wire.Counts{Opened: 20, Attempts: 100, Reused: 80, Streams: 100, StreamsPeak: 1, Retired: 20, TLSFull: 10, TLSResumed: 10}, 0, "no_early_data"},
		{"fresh+http3+0rtt", wire.Counts{Opened: 10, Attempts: 10, Streams: 10, StreamsPeak: 1, Retired: 10, TLSFull: 10}, 0, ""}, // the first ones have nothing to resume
		{"fresh-resumed+http2", wire.Counts{Opened: 100, Attempts: 100, Streams: 100, StreamsPeak: 1, Retired: 100, TLSFull: 100}, 0, "no_resumption"},
		{"fresh-resumed", wire.Counts{Opened: 100, Attempts: 100, Retired: 100, TLSFull: 50, TLSResumed: 50}, 0, "partly_resumed"},
		{"fresh-resumed+ticket-1s", wire.Counts{Opened: 100, Attempts: 100, Retired: 100, TLSFull: 50, TLSResumed: 50}, 0, ""},
		{"fresh-resumed+ticket-1s", wire.Counts{Opened: 100, Attempts: 100, Retired: 100, TLSFull: 100}, 0, "no_resumption"},
		{"fresh+tls1.2", wire.Counts{Opened: 100, Attempts: 100, Retired: 100, TLSFull: 99, TLSResumed: 1}, 0, "resumed"},
	} {
		p := planWith(t, "https://h/", "a="+c.arm)
		if err := p.Validate(); err != nil {
			t.Fatalf("%s: %v", c.arm, err)
		}
		policy, err := p.policyFor(&p.Arms[0])
		if err != nil {
			t.Fatal(err)
		}
		a := &armRun{arm: p.Arms[0], policy: policy, options: p.Arms[0].poolFor(&policy, workers), peer: "server", dialed: "server"}
		numbers := &result.Arm{Numbers: result.Numbers{Requests: 100}}
		warnings := a.verify(numbers, tally{c.counts, c.kept}, workers, true)
		switch {
		case c.want == "" && len(warnings) > 0:
			t.Errorf("%s: %+v", c.arm, warnings)
		case c.want != "" && (len(warnings) != 1 || warnings[0].Code != c.want || warnings[0].Invalid != (c.want != "closed_by_peer")):
			t.Errorf("%s: %+v, want %s", c.arm, warnings, c.want)
		}
	}
}

// A server that was offered no session, because the arm's own lifetime was over, is not to blame.
func TestExpiredSessionsAreNotTheServersFault(t *testing.T) {
	a := &armRun{policy: wire.Policy{RequestsPerConnection: 1, ResumeTLS: true, TicketLifetime: time.Second}}
	warnings := a.verifyFresh(wire.Counts{Opened: 9, Attempts: 9, TLSFull: 9}, 1, true)
	if len(warnings) != 1 || warnings[0].Code != "no_resumption" || strings.Contains(warnings[0].Detail, "server") || !strings.Contains(warnings[0].Detail, "1s only") {
		t.Errorf("%+v", warnings)
	}
}

func TestWhatAnArmLeavesInTimeWait(t *testing.T) {
	counts := tally{wire.Counts{Opened: 20, Retired: 9, Discarded: 3, Evicted: 2, ClosedByPeer: 5, Reset: 4, TimeWait: 7}, 1}
	if got := counts.result(&wire.Policy{}).TimeWait; got != 7 {
		t.Errorf("%d, want the 7 that the system told of", got)
	}
	if got := counts.result(&wire.Policy{HTTP: wire.HTTP3}).TimeWait; got != 0 {
		t.Errorf("HTTP/3: %d", got)
	}
}

func TestAPolicyIsDescribedInFull(t *testing.T) {
	p := planWith(t, "https://h/", "a=shared-pool+http2+pool-8+overflow+fifo+idle-30s+age-5m+streams-32+resume+ticket-10s+tls1.3+curve-X25519+dns-forever+no-close-notify+no-resend,b=pooled,c=fresh+close-reset+dns-60s,d=shared-pool")
	want := []result.Policy{
		{Name: "shared-pool", Pool: "shared", PoolSize: 8, PoolOverflow: true, PoolOrder: "fifo", IdleTimeout: 30, MaxAge: 300, Streams: 32, Close: "client",
			TLSResumption: true, TicketLifetime: 10, TLSMin: "1.3", TLSMax: "1.3", Curves: []string{"X25519"}, DNSLifetime: -1, HTTP: "2"},
		{Name: "pooled", Pool: "worker", PoolOrder: "lifo", Streams: 1, Close: "client", CloseNotify: true, Resend: true, HTTP: "1.1"},
		{Name: "fresh", RequestsPerConnection: 1, Pool: "worker", PoolOrder: "lifo", Streams: 1, Close: "reset", DNSLifetime: 60, Resend: true, HTTP: "1.1"},
		{Name: "shared-pool", Pool: "shared", PoolSize: 10, PoolOrder: "lifo", Streams: 1, Close: "client", CloseNotify: true, Resend: true, HTTP: "1.1"},
	}
	for i := range p.Arms {
		policy, err := p.policyFor(&p.Arms[i])
		if err != nil {
			t.Fatal(err)
		}
		options := p.Arms[i].poolFor(&policy, 10)
		if got := describe(&p.Arms[i], &policy, &options); !equalJSON(t, got, want[i]) {
			t.Errorf("%+v\nwant %+v", got, want[i])
		}
	}
}

func TestHandshakesAreListedByTheirNumber(t *testing.T) {
	full := wire.Handshake{Version: "TLS 1.3", Cipher: "c", Curve: "X25519", ALPN: "h2", Certificate: "ECDSA P-256", ChainBytes: 700}
	resumed := full
	resumed.Resumed = true
	other := full
	other.Version = "TLS 1.2"
	list := handshakesOf(map[wire.Handshake]int64{full: 4, resumed: 96, other: 4})
	if len(list) != 3 || list[0].Count != 96 || !list[0].Resumed || list[1].Version != "TLS 1.2" || list[2].Version != "TLS 1.3" || list[2].ChainBytes != 700 {
		t.Errorf("%+v", list)
	}
	if list := handshakesOf(nil); list == nil || len(list) != 0 {
		t.Errorf("%v of nothing; want an empty list, not null", list)
	}
}

func TestWhatTheKernelKnewIsAveraged(t *testing.T) {
	if k := kernelOf(&wire.Kernel{}); k != nil {
		t.Errorf("%+v of nothing", k)
	}
	k := kernelOf(&wire.Kernel{Connections: 4, RTT: 8 * time.Second, MinRTT: time.Second, MaxRTT: 3 * time.Second, RTTVar: 2 * time.Second, Retransmits: 7,
		Window: 50, MinWindow: 10, SegmentsOut: 100, SegmentsIn: 90, BytesAcked: 1, BytesReceived: 2})
	want := result.Kernel{Connections: 4, RTTMean: 2, RTTMin: 1, RTTMax: 3, RTTVarMean: 0.5, Retransmits: 7, WindowMean: 12.5, WindowMin: 10,
		SegmentsOut: 100, SegmentsIn: 90, BytesAcked: 1, BytesReceived: 2}
	if *k != want {
		t.Errorf("%+v, want %+v", *k, want)
	}
	a := &armRun{arm: Arm{Name: "a"}}
	warnings := a.doubts(&result.Arm{Kernel: k})
	for _, quiet := range []result.Kernel{{Retransmits: 1, SegmentsOut: 20}, {Retransmits: 99, SegmentsOut: 100_000}, {SegmentsOut: 9}, {Retransmits: 3}} {
		if list := a.doubts(&result.Arm{Kernel: &quiet}); len(list) > 0 {
			t.Errorf("%+v: %+v", quiet, list)
		}
	}
	if list := a.doubts(&result.Arm{Kernel: &result.Kernel{Retransmits: 205, SegmentsOut: 100_000}}); len(list) != 1 || !strings.Contains(list[0].Detail, " (0.205 %) ") {
		t.Errorf("%+v", list)
	}
	if len(warnings) != 1 || warnings[0].Code != "retransmits" || warnings[0].Invalid || !strings.HasPrefix(warnings[0].Detail, "7 of 100 segments (7 %) were sent again") {
		t.Errorf("%+v", warnings)
	}
}

// Arms that differ in TLS without having asked for it differ in more than reuse.
func TestTLSThatDiffers(t *testing.T) {
	hs := func(version, curve, alpn string) []result.Handshake {
		return []result.Handshake{{Count: 9, Version: version, Curve: curve, Cipher: "c", ALPN: alpn, Certificate: "RSA 2048"}, {Count: 1, Version: version, Cipher: "c", Resumed: true}}
	}
	for _, c := range []struct {
		name      string
		base, arm result.Arm
		want      string
	}{
		{"same", result.Arm{Handshakes: hs("TLS 1.3", "X25519", "h2")}, result.Arm{Handshakes: hs("TLS 1.3", "X25519", "h2")}, ""},
		{"no TLS", result.Arm{}, result.Arm{Handshakes: hs("TLS 1.3", "X25519", "h2")}, ""},
		{"curve", result.Arm{Handshakes: hs("TLS 1.3", "X25519", "")}, result.Arm{Handshakes: hs("TLS 1.3", "CurveP256", "")}, "key exchange CurveP256 instead of X25519"},
		{"curve asked for", result.Arm{Handshakes: hs("TLS 1.3", "X25519", "")}, result.Arm{Policy: result.Policy{Curves: []string{"P-256"}}, Handshakes: hs("TLS 1.3", "CurveP256", "")}, ""},
		{"version", result.Arm{Handshakes: hs("TLS 1.3", "X25519", "")}, result.Arm{Handshakes: hs("TLS 1.2", "CurveP256", "")}, "version TLS 1.2 instead of TLS 1.3"},
		{"version asked for", result.Arm{Handshakes: hs("TLS 1.3", "X25519", "")}, result.Arm{Policy: result.Policy{TLSMax: "1.2"}, Handshakes: hs("TLS 1.2", "X25519", "")}, ""},
		{"version asked for, and with it the key exchange", result.Arm{Handshakes: hs("TLS 1.3", "X25519MLKEM768", "")}, result.Arm{Policy: result.Policy{TLSMax: "1.2"}, Handshakes: hs("TLS 1.2", "X25519", "")}, ""},
		{"curve with a version that is the same", result.Arm{Handshakes: hs("TLS 1.3", "X25519", "")}, result.Arm{Policy: result.Policy{TLSMin: "1.3"}, Handshakes: hs("TLS 1.3", "CurveP256", "")}, "key exchange CurveP256 instead of X25519"},
		{"protocol", result.Arm{Handshakes: hs("TLS 1.3", "X25519", "http/1.1")}, result.Arm{Policy: result.Policy{HTTP: "2"}, Handshakes: hs("TLS 1.3", "X25519", "h2")}, ""},
	} {
		c.base.Name, c.arm.Name = "base", "other"
		warnings := tlsDoubts([]result.Arm{c.base, c.arm})
		if c.want == "" && len(warnings) > 0 {
			t.Errorf("%s: %+v", c.name, warnings)
		}
		if c.want != "" && (len(warnings) != 1 || warnings[0].Invalid || !strings.HasSuffix(warnings[0].Detail, "asks for it: "+c.want)) {
			t.Errorf("%s: %+v, want %s", c.name, warnings, c.want)
		}
	}
}

func TestEmulationIsLabelled(t *testing.T) {
	p := EmulationPlan{RTT: Duration(40 * time.Millisecond), Down: 20e6, Up: 512e3}
	e := p.result()
	if *e != (result.Emulation{RTT: 0.04, Down: 20e6, Up: 512e3, InitialWindow: 10}) {
		t.Errorf("%+v", e)
	}
	const want = "40 ms of round-trip time were emulated on our side of every connection, 20 Mbit/s towards us, 0.512 Mbit/s from us; there was neither loss nor jitter, and no time is that of the real path"
	if w := emulated(e); w.Detail != want || w.Invalid {
		t.Errorf("%+v", w)
	}
	if (&EmulationPlan{}).result() != nil {
		t.Error("a path is emulated where none was asked for")
	}
}
