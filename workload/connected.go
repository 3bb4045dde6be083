package workload

import (
	"cmp"
	"slices"
	"time"

	"sessbench/result"
	"sessbench/workload/wire"
)

// describe says in full how an arm uses connections.
func describe(a *Arm, p *wire.Policy, pool *wire.PoolOptions) result.Policy {
	d := result.Policy{
		Name:                  a.Policy,
		RequestsPerConnection: p.RequestsPerConnection,
		Pool:                  poolWorker,
		PoolOverflow:          a.PoolOverflow,
		PoolOrder:             string(pool.Order),
		IdleTimeout:           pool.IdleTimeout.Seconds(),
		MaxAge:                pool.MaxAge.Seconds(),
		Streams:               pool.Streams,
		Close:                 string(p.Close),
		CloseNotify:           !p.NoCloseNotify && p.Close != wire.CloseByReset,
		TLSResumption:         p.ResumeTLS,
		TicketLifetime:        p.TicketLifetime.Seconds(),
		EarlyData:             p.EarlyData,
		TLSMin:                a.TLSMin,
		TLSMax:                a.TLSMax,
		Curves:                a.Curves,
		DNSLifetime:           p.DNSLifetime.Seconds(),
		Resend:                p.Resend,
		HTTP:                  string(p.HTTP),
	}
	if p.DNSLifetime < 0 {
		d.DNSLifetime = -1
	}
	if p.SharedPool {
		d.Pool, d.PoolSize = poolShared, cmp.Or(pool.Max, pool.PerHost)
	}
	return d
}

// A tally is what an arm's connections had come to when its last trial ended.
type tally struct {
	wire.Counts
	kept int64 // open then
}

func (t *tally) result(p *wire.Policy) result.Connections {
	c := result.Connections{
		Opened:         t.Opened,
		Attempts:       t.Attempts,
		ReusedRequests: t.Reused,
		ClosedByPeer:   t.ClosedByPeer,
		Retired:        t.Retired,
		Discarded:      t.Discarded,
		Evicted:        t.Evicted,
		KeptOpen:       t.kept,
		TLSFull:        t.TLSFull,
		TLSResumed:     t.TLSResumed,
		OpenFailures:   t.OpenFailures,
		StaleRetries:   t.Resent,
		Streams:        t.Streams,
		StreamsPeak:    t.StreamsPeak,
		EarlyData:      t.EarlyData,
		EyeballsLost:   t.EyeballsLost,
		Lookups:        t.Lookups,
		Reset:          t.Counts.Reset,
		KeptByServer:   t.KeptByServer,
	}
	if p.HTTP != wire.HTTP3 { // UDP has no TIME_WAIT
		c.TimeWait = t.Counts.TimeWait
	}
	return c
}

// handshakes lists what was negotiated, the most frequent first.
func (a *armRun) handshakes() []result.Handshake {
	sum := map[wire.Handshake]int64{}
	for _, w := range a.workers {
		for h, n := range w.client.Handshakes() {
			sum[h] += n
		}
	}
	return handshakesOf(sum)
}

func handshakesOf(sum map[wire.Handshake]int64) []result.Handshake {
	list := []result.Handshake{}
	for h, n := range sum {
		list = append(list, result.Handshake{
			Count: n, Version: h.Version, Cipher: h.Cipher, Curve: h.Curve, ALPN: h.ALPN,
			Certificate: h.Certificate, ChainBytes: h.ChainBytes, Resumed: h.Resumed,
		})
	}
	slices.SortFunc(list, func(a, b result.Handshake) int {
		resumed := func(h *result.Handshake) int {
			if h.Resumed {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(b.Count, a.Count), resumed(&a)-resumed(&b), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Cipher, b.Cipher),
			cmp.Compare(a.Curve, b.Curve), cmp.Compare(a.ALPN, b.ALPN), cmp.Compare(a.Certificate, b.Certificate), cmp.Compare(a.ChainBytes, b.ChainBytes))
	})
	return list
}

// kernel is what the system knew of the arm's connections, or nil.
func (a *armRun) kernel() *result.Kernel {
	var sum wire.Kernel
	for _, w := range a.workers {
		sum.Add(w.client.Kernel())
	}
	return kernelOf(&sum)
}

func kernelOf(k *wire.Kernel) *result.Kernel {
	if k.Connections == 0 {
		return nil
	}
	n := float64(k.Connections)
	mean := func(sum time.Duration) float64 { return sum.Seconds() / n }
	return &result.Kernel{
		Connections:   k.Connections,
		RTTMean:       mean(k.RTT),
		RTTMin:        k.MinRTT.Seconds(),
		RTTMax:        k.MaxRTT.Seconds(),
		RTTVarMean:    mean(k.RTTVar),
		Retransmits:   k.Retransmits,
		WindowMean:    float64(k.Window) / n,
		WindowMin:     k.MinWindow,
		SegmentsOut:   k.SegmentsOut,
		SegmentsIn:    k.SegmentsIn,
		BytesAcked:    k.BytesAcked,
		BytesReceived: k.BytesReceived,
	}
}

// result is the emulated path, or nil.
func (e *EmulationPlan) result() *result.Emulation {
	d := e.distance()
	if d == nil {
		return nil
	}
	return &result.Emulation{RTT: d.RTT.Seconds(), Down: float64(d.Down), Up: float64(d.Up), InitialWindow: d.InitialWindow}
}
