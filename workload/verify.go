package workload

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sort"
	"strings"
	"time"

	"sessbench/result"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// Limits of what a run may do and still count.
const (
	saturatedShare = 0.90                   // of the usable CPUs, beyond which the generator was the bottleneck
	auditable      = 500 * time.Millisecond // of measured time, below which a share of the CPU says little
	overloadShare  = 0.95                   // of the offered rate, below which the target did not keep up
	fullTolerance  = 0.01                   // of resumable handshakes, that may be full after all
	reuseTolerance = 0.01                   // of connections, that may have carried a second request where a server closes after the first
	fewBlocks      = 4                      // below which there is no verdict
)

// verify holds what an arm's connections did against what its policy says. n is what
// the arm measured.
func (a *armRun) verify(n *result.Arm, workers int, secure bool) []result.Warning {
	c, kept := a.counts(), a.keptOpen()
	if c.Opened != c.ClosedByPeer+c.Retired+c.Discarded+c.Evicted+kept {
		return []result.Warning{a.invalid("miscounted",
			fmt.Sprintf("%d sockets were opened, but %d ended and %d are open", c.Opened, c.ClosedByPeer+c.Retired+c.Discarded+c.Evicted, kept),
			"this is a fault in sessbench; please report it with the result file")}
	}
	first := max(a.places(), int64(workers)) // connections that nobody can do without
	if a.policy.RequestsPerConnection == 1 {
		return a.verifyFresh(c, first, secure)
	}
	return a.verifyReuse(c, workers, first, n.Errors < n.Requests)
}

func (a *armRun) verifyFresh(c wire.Counts, first int64, secure bool) []result.Warning {
	if c.Reused > 0 || c.Attempts > c.Opened {
		return []result.Warning{a.invalid("not_fresh",
			fmt.Sprintf("%d requests rode %d sockets, %d of them reused; a fresh arm opens one for each", c.Attempts, c.Opened, c.Reused),
			"this is a fault in sessbench; please report it with the result file")}
	}
	switch resumable := c.TLSFull + c.TLSResumed - first; {
	case !a.policy.ResumeTLS && c.TLSResumed > 0:
		return []result.Warning{a.invalid("resumed",
			fmt.Sprintf("%d of %d TLS handshakes were resumed; this arm makes full ones only", c.TLSResumed, c.TLSFull+c.TLSResumed),
			"this is a fault in sessbench; please report it with the result file")}
	case a.policy.ResumeTLS && !secure && c.TLSFull+c.TLSResumed == 0: // no redirect led to TLS either
		return []result.Warning{a.doubt("no_tls", "there is no TLS session to resume over plain http",
			"leave this arm out, or load an https URL")}
	case a.policy.ResumeTLS && resumable > 0 && c.TLSResumed == 0:
		return []result.Warning{a.invalid("no_resumption",
			fmt.Sprintf("the server resumed none of %d TLS handshakes, so this arm was the same as fresh", c.TLSFull),
			"switch session tickets on at the server, or leave this arm out with --arms")}
	case a.policy.ResumeTLS && float64(c.TLSFull-first) > fullTolerance*float64(resumable):
		return []result.Warning{a.invalid("partly_resumed",
			fmt.Sprintf("%d of %d TLS handshakes were full, though only %d had to be: the first to each server in each session", c.TLSFull, c.TLSFull+c.TLSResumed, first),
			"look at the lifetime and sharing of the server's session tickets")}
	}
	return nil
}

// verifyReuse does not blame a server that answered nothing for the lack of reuse.
func (a *armRun) verifyReuse(c wire.Counts, workers int, first int64, answered bool) []result.Warning {
	limit := a.policy.RequestsPerConnection
	switch {
	case limit > 0 && c.Attempts > c.Opened*int64(limit):
		return []result.Warning{a.invalid("reused_too_often",
			fmt.Sprintf("%d requests rode %d sockets, more than %d each", c.Attempts, c.Opened, limit),
			"this is a fault in sessbench; please report it with the result file")}
	case limit == 0 && c.Retired > 0:
		return []result.Warning{a.invalid("closed_by_request",
			fmt.Sprintf("the request's own \"Connection: close\" header ended %d of %d connections, so they could not be reused", c.Retired, c.Opened),
			"leave that header out; the arms decide about connections")}
	case limit == 0 && c.Opened > first+c.ClosedByPeer+c.Discarded+c.Evicted:
		return []result.Warning{a.invalid("not_pooled",
			fmt.Sprintf("%d sockets were opened where %d would do, though the peer closed only %d and %d were given up after errors", c.Opened, first, c.ClosedByPeer, c.Discarded),
			"this is a fault in sessbench; please report it with the result file")}
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

// doubts are warnings about what the arm measured rather than how it connected.
func (a *armRun) doubts(n *result.Arm) []result.Warning {
	var list []result.Warning
	if ports := n.ErrorClasses[string(wire.ClassAddressExhausted)]; ports > 0 {
		list = append(list, a.invalid("ports_exhausted",
			fmt.Sprintf("%d calls found no free local port: closed connections keep theirs for a minute in TIME_WAIT", ports),
			"lower the rate or the duration, or widen net.ipv4.ip_local_port_range"))
	}
	if files := n.ErrorClasses[string(wire.ClassFilesExhausted)]; files > 0 {
		list = append(list, a.invalid("files_exhausted",
			fmt.Sprintf("%d calls found no free file descriptor", files), "raise the limit (ulimit -n) or lower --workers"))
	}
	if share := n.Generator.CPUShare; share > saturatedShare && a.usage.wall >= auditable {
		list = append(list, a.invalid("generator_saturated",
			fmt.Sprintf("sessbench used %.0f %% of the CPUs it may use, so it measured itself", 100*share),
			"offer a lower --rate, use fewer --workers, or give it more CPUs"))
	}
	if n.OfferedRate > 0 && n.AchievedRate < overloadShare*n.OfferedRate {
		list = append(list, a.doubt("overloaded",
			fmt.Sprintf("%.0f calls a second were offered and %.0f achieved; the rest waited, which the response time counts", n.OfferedRate, n.AchievedRate),
			"raise --workers if calls wait for a free worker, or lower --rate to what the target can do"))
	}
	if n.Errors > 0 {
		list = append(list, a.doubt("errors",
			fmt.Sprintf("%d of %d calls failed (%s)", n.Errors, n.Requests, classList(n.ErrorClasses)),
			errorHint(n.ErrorClasses, a.dialed)))
	}
	if stayed := redirectsLeft(n); stayed > 0 {
		list = append(list, a.doubt("redirected",
			fmt.Sprintf("%d of %d calls were answered with a redirect that was not followed, which is no error and says nothing of the page itself", stayed, n.Requests),
			"name the URL that it leads to, or follow it with --location"))
	}
	if resent := min(n.Retries, n.Connections.StaleRetries); resent > 0 { // the others are the plan's wish
		list = append(list, a.doubt("resent",
			fmt.Sprintf("%d requests were sent again because their reused connection had died; the lost time is in their response time", resent),
			"keep the server's idle timeout longer than the pauses between requests"))
	}
	return list
}

// redirectsLeft counts the calls that ended with a redirect without being failed for that.
func redirectsLeft(n *result.Arm) int64 {
	left := -n.ErrorClasses[session.ErrTooManyRedirects.Class()]
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		left += n.Status[status]
	}
	return left
}

// unreachableHint says what to try when the check before a run, through proxy unless that is nil, failed
// with err.
func unreachableHint(err error, proxy *wire.Proxy) string {
	if wire.ViaProxy(err) && proxy != nil {
		return proxyHint(err, proxy)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS at this port; try http instead of https"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "use a host name that the certificate is for, or --insecure to accept any certificate"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "name the authority to trust with --cacert, or accept any certificate with --insecure"
	}
	switch wire.ClassOf(err) {
	case wire.ClassDNS:
		return "check the host's name, or give its address with --resolve"
	case wire.ClassTLS:
		return "the server may want a client certificate (--cert) or another version of TLS"
	case wire.ClassAddressExhausted:
		return "wait a minute for the ports of closed connections, or widen net.ipv4.ip_local_port_range"
	case wire.ClassFilesExhausted:
		return "raise the limit of open files (ulimit -n)"
	}
	return "check the address, and that the server is running"
}

func errorHint(classes map[string]int64, dialed string) string {
	switch {
	case classes[classStatus] > 0:
		return "look at the status codes; a wrong path or missing credentials fail every call"
	case classes[string(wire.ClassAddressExhausted)]+classes[string(wire.ClassFilesExhausted)] > 0:
		return "this machine ran out of what connections take; see the other warnings"
	case classes[string(wire.ClassRefused)] > 0:
		return "nothing listened at the address at that time: look whether the " + dialed + " stopped or was restarted during the run"
	case classes[string(wire.ClassConnectTimeout)] > 0:
		return "the " + dialed + "'s accept queue may be full: lower --workers, or raise its backlog and net.core.somaxconn"
	case classes[string(wire.ClassProxy)] > 0:
		return "the proxy did not connect us; look at its log for the same time"
	case classes[string(wire.ClassTLS)] > 0:
		return "the server may want a client certificate (--cert); look at its log for the same time"
	default:
		return "look at the server's log for the same time"
	}
}

// runDoubts are warnings about the run as a whole.
func (r *Runner) runDoubts() []result.Warning {
	var list []result.Warning
	if blocks := len(r.arms[0].trials); len(r.arms) > 1 && blocks < fewBlocks {
		list = append(list, result.Warning{Code: "too_few_blocks",
			Detail: fmt.Sprintf("%d blocks were measured; fewer than %d give no verdict", blocks, fewBlocks),
			Hint:   "run with --blocks 10"})
	}
	config, whose := r.setup.wire.TLS, r.setup.certified()
	if config == nil || !config.InsecureSkipVerify || whose == "" {
		return list
	}
	return append(list, result.Warning{Code: "unverified_tls",
		Detail: "the " + whose + "'s certificate was not checked, so a handshake costs less here than in real use",
		Hint:   "name the CA with --cacert instead of --insecure"})
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
