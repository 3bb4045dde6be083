package workload

import (
	"fmt"
	"net"
	"sort"
	"strings"
	"time"

	"sessbench/result"
	"sessbench/workload/wire"
)

// Limits of what a run may do and still count.
const (
	saturatedShare = 0.90                   // of the usable CPUs, beyond which the generator was the bottleneck
	auditable      = 500 * time.Millisecond // of measured time, below which a share of the CPU says little
	overloadShare  = 0.95                   // of the offered rate, below which the target did not keep up
	fullTolerance  = 0.01                   // of resumable handshakes, that may be full after all
	reuseTolerance = 0.01                   // of connections, that may have carried a second request where a server closes after the first
	lossyShare     = 0.001                  // of the segments, that were sent again: from here on p99.9 has them in it
	fewRetransmits = 2                      // below which they are no sign: one occurs without loss too, where an acknowledgement comes late
	fewBlocks      = 4                      // below which there is no verdict
)

// verify holds what an arm's connections did against what its policy says. n is what
// the arm measured.
func (a *armRun) verify(n *result.Arm, t tally, workers int, secure bool) []result.Warning {
	c := t.Counts
	if ended := c.ClosedByPeer + c.Retired + c.Discarded + c.Evicted; c.Opened != ended+t.kept {
		return []result.Warning{a.fault("miscounted", fmt.Sprintf("%d sockets were opened, but %d ended and %d are open", c.Opened, ended, t.kept))}
	}
	if w := a.verifyProtocol(c); w != nil {
		return w
	}
	if w := a.verifyClosing(c); w != nil {
		return w
	}
	first := max(a.firsts(), int64(workers)) // handshakes that nobody can do without
	if a.policy.RequestsPerConnection == 1 {
		return a.verifyFresh(c, first, secure)
	}
	return append(a.verifyReuse(c, workers, first, n.Errors < n.Requests), a.verifyEarlyData(c, first)...)
}

// firsts is how many connections, and full handshakes, sessions cannot do without: one to each server.
func (a *armRun) firsts() int64 {
	var n int64
	for _, w := range a.workers {
		n += int64(max(1, w.client.Places())) * max(1, w.life.begun.Load())
	}
	return n
}

// renewed says whether sessions were given up, whose connections we closed with them.
func (a *armRun) renewed() bool {
	for _, w := range a.workers {
		if w.life.dropped.Load() > 0 {
			return true
		}
	}
	return false
}

// verifyProtocol holds the version of HTTP.
func (a *armRun) verifyProtocol(c wire.Counts) []result.Warning {
	switch multiplexed := a.policy.HTTP.Multiplexed(); {
	case multiplexed && c.Streams != c.Attempts:
		return []result.Warning{a.fault("wrong_protocol", fmt.Sprintf("%d of %d requests were streams of HTTP/%s", c.Streams, c.Attempts, a.policy.HTTP))}
	case !multiplexed && c.Streams > 0:
		return []result.Warning{a.fault("wrong_protocol", fmt.Sprintf("%d of %d requests were streams, which HTTP/1.1 does not have", c.Streams, c.Attempts))}
	case multiplexed && c.StreamsPeak > int64(max(1, a.options.Streams)):
		return []result.Warning{a.fault("too_many_streams", fmt.Sprintf("%d requests were open on one connection at a time, more than %d", c.StreamsPeak, a.options.Streams))}
	}
	return nil
}

// verifyClosing holds who closed.
func (a *armRun) verifyClosing(c wire.Counts) []result.Warning {
	switch {
	case a.policy.Close == wire.CloseByServer && c.KeptByServer > 0:
		return []result.Warning{a.invalid("not_closed_by_server",
			fmt.Sprintf("the %s was told to close its connections, and did not close %d of %d in time", a.peer, c.KeptByServer, c.Opened),
			"let the "+a.peer+" heed Connection: close, or have us close (close: client)")}
	case a.policy.Close == wire.CloseByReset && c.Reset < c.Retired:
		return []result.Warning{a.fault("not_reset", fmt.Sprintf("%d of %d connections that we closed ended with a reset", c.Reset, c.Retired))}
	}
	return nil
}

// verifyEarlyData holds that requests went in 0-RTT; first handshakes had to be full.
func (a *armRun) verifyEarlyData(c wire.Counts, first int64) []result.Warning {
	if !a.policy.EarlyData || c.EarlyData > 0 || c.TLSFull+c.TLSResumed <= first {
		return nil
	}
	return []result.Warning{a.invalid("no_early_data",
		fmt.Sprintf("the server took none of %d requests in 0-RTT, so this arm was the same as one without", c.Attempts),
		"switch 0-RTT on at the server, request by GET or another idempotent method, or leave the arm out")}
}

func (a *armRun) verifyFresh(c wire.Counts, first int64, secure bool) []result.Warning {
	if c.Reused > 0 || c.Attempts > c.Opened {
		return []result.Warning{a.fault("not_fresh",
			fmt.Sprintf("%d requests rode %d sockets, %d of them reused; a fresh arm opens one for each", c.Attempts, c.Opened, c.Reused))}
	}
	switch resumable := c.TLSFull + c.TLSResumed - first; {
	case !a.policy.ResumeTLS && c.TLSResumed > 0:
		return []result.Warning{a.fault("resumed",
			fmt.Sprintf("%d of %d TLS handshakes were resumed; this arm makes full ones only", c.TLSResumed, c.TLSFull+c.TLSResumed))}
	case a.policy.ResumeTLS && !secure && c.TLSFull+c.TLSResumed == 0: // no redirect led to TLS either
		return []result.Warning{a.doubt("no_tls", "there is no TLS session to resume over plain http",
			"leave this arm out, or load an https URL")}
	case a.policy.ResumeTLS && resumable > 0 && c.TLSResumed == 0 && a.policy.TicketLifetime > 0:
		return []result.Warning{a.invalid("no_resumption",
			fmt.Sprintf("none of %d TLS handshakes was resumed, with sessions offered for %v only, so this arm was the same as fresh", c.TLSFull, a.policy.TicketLifetime),
			"make ticket_lifetime longer than the time between connections, and switch session tickets on at the server")}
	case a.policy.ResumeTLS && resumable > 0 && c.TLSResumed == 0:
		return []result.Warning{a.invalid("no_resumption",
			fmt.Sprintf("the server resumed none of %d TLS handshakes, so this arm was the same as fresh", c.TLSFull),
			"switch session tickets on at the server, or leave this arm out with --arms")}
	case a.policy.ResumeTLS && a.policy.TicketLifetime == 0 && float64(c.TLSFull-first) > fullTolerance*float64(resumable):
		return []result.Warning{a.invalid("partly_resumed",
			fmt.Sprintf("%d of %d TLS handshakes were full, though only %d had to be: the first to each server in each session", c.TLSFull, c.TLSFull+c.TLSResumed, first),
			"look at the lifetime and sharing of the server's session tickets")}
	}
	return a.verifyEarlyData(c, first)
}

// least is how many connections a pooled arm cannot do without; first is that of workers on their own.
func (a *armRun) least(first int64) int64 {
	if a.policy.SharedPool && a.options.Max > 0 {
		return int64(a.options.Max)
	}
	return first
}

// verifyReuse does not blame a server that answered nothing for the lack of reuse.
func (a *armRun) verifyReuse(c wire.Counts, workers int, first int64, answered bool) []result.Warning {
	limit := a.policy.RequestsPerConnection
	ages := a.options.IdleTimeout > 0 || a.options.MaxAge > 0 || a.renewed()
	replaced := c.ClosedByPeer + c.Discarded + c.Evicted
	if ages {
		replaced += c.Retired
	}
	switch {
	case limit > 0 && c.Attempts > c.Opened*int64(limit):
		return []result.Warning{a.fault("reused_too_often", fmt.Sprintf("%d requests rode %d sockets, more than %d each", c.Attempts, c.Opened, limit))}
	case limit == 0 && c.Retired > 0 && !ages:
		return []result.Warning{a.invalid("closed_by_request",
			fmt.Sprintf("the request's own \"Connection: close\" header ended %d of %d connections, so they could not be reused", c.Retired, c.Opened),
			"leave that header out; the arms decide about connections")}
	case limit == 0 && c.Opened > a.least(first)+replaced:
		return []result.Warning{a.fault("not_pooled",
			fmt.Sprintf("%d sockets were opened where %d would do, though the peer closed only %d and %d were given up after errors", c.Opened, a.least(first), c.ClosedByPeer, c.Discarded))}
	case answered && nothingReused(c, workers):
		return []result.Warning{a.invalid("no_reuse",
			fmt.Sprintf("the %s closed every one of %d connections after its first request, so nothing was reused", a.peer, c.Opened),
			keepAliveHint(a.peer))}
	case answered && c.ClosedByPeer > 0:
		return []result.Warning{a.doubt("closed_by_peer",
			fmt.Sprintf("the %s closed %d of %d connections; each carried %.1f requests on average", a.peer, c.ClosedByPeer, c.Opened, float64(c.Attempts)/float64(c.Opened)),
			"raise the "+a.peer+"'s limits on keep-alive (nginx: keepalive_requests, keepalive_timeout), or accept that this is what reuse buys here")}
	}
	return nil
}

// keepAliveHint says what to try where the peer keeps no connection.
func keepAliveHint(peer string) string {
	if peer == "proxy" {
		return "use a proxy that keeps its clients' connections; tinyproxy, for one, does not for plain http"
	}
	return "switch keep-alive on at the server (nginx: keepalive_timeout above 0), or ask a proxy in between to keep connections"
}

// nothingReused says whether a server closed every connection after its first request,
// announced or not: requests that found a kept connection dead were not carried by it.
// A few may have failed on one in another way, such as by a reset, and count as carried.
func nothingReused(c wire.Counts, workers int) bool {
	carried := float64(c.Reused - c.Resent)
	return c.ClosedByPeer > int64(workers) && carried <= reuseTolerance*float64(c.Opened)
}

// secure says whether the run goes over TLS.
func (r *Runner) secure() bool { return r.setup.endpoint.TLS }

// onThisHost says whether address, "ip:port", is a loopback one.
func onThisHost(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && net.ParseIP(host).IsLoopback()
}

func (a *armRun) invalid(code, detail, hint string) result.Warning {
	w := a.doubt(code, detail, hint)
	w.Invalid = true
	return w
}

// fault is invalid where nobody but sessbench can be to blame.
func (a *armRun) fault(code, detail string) result.Warning {
	return a.invalid(code, detail, "this is a fault in sessbench; please report it with the result file")
}

func (a *armRun) doubt(code, detail, hint string) result.Warning {
	return result.Warning{Code: code, Arm: a.arm.Name, Detail: detail, Hint: hint}
}

// classList writes error classes with their counts, most frequent first.
func classList(classes map[string]int64) string {
	names := make([]string, 0, len(classes))
	for name := range classes {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		if classes[names[i]] != classes[names[j]] {
			return classes[names[i]] > classes[names[j]]
		}
		return names[i] < names[j]
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d × %s", classes[name], name)
	}
	return strings.Join(names, ", ")
}
