package workload

import (
	"fmt"
	"strings"

	"sessbench/result"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// doubts are warnings about what the arm measured rather than how it connected.
func (a *armRun) doubts(n *result.Arm) []result.Warning {
	list := append(a.portsMissed(), a.iterationDoubts(n)...)
	if share := resentShare(n.Kernel); share >= lossyShare && n.Kernel.Retransmits >= fewRetransmits {
		list = append(list, a.doubt("retransmits",
			fmt.Sprintf("%d of %d segments (%.3g %%) were sent again: some were lost on the way, or came late", n.Kernel.Retransmits, n.Kernel.SegmentsOut, 100*share),
			"hold the slowest response times against it; use a path without loss, or a lower rate, to measure the server"))
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
	if n.Errors > 0 {
		list = append(list, a.doubt("errors",
			fmt.Sprintf("%d of %d calls failed (%s)", n.Errors, n.Requests, classList(n.ErrorClasses)),
			a.errorHint(n)))
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

// resentShare is the share of our segments that were sent again, as far as the system knows.
func resentShare(k *result.Kernel) float64 {
	if k == nil || k.SegmentsOut == 0 {
		return 0
	}
	return float64(k.Retransmits) / float64(k.SegmentsOut)
}

// redirectsLeft counts the calls that ended with a redirect without being failed for that.
func redirectsLeft(n *result.Arm) int64 {
	left := -n.ErrorClasses[session.ErrTooManyRedirects.Class()]
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		left += n.Status[status]
	}
	return left
}

// runDoubts are warnings about the run as a whole.
func (r *Runner) runDoubts() []result.Warning {
	list := []result.Warning{} // in JSON [], not null
	if blocks := len(r.arms[0].trials); len(r.arms) > 1 && blocks < fewBlocks {
		list = append(list, result.Warning{Code: "too_few_blocks",
			Detail: fmt.Sprintf("%d blocks were measured; fewer than %d give no verdict", blocks, fewBlocks),
			Hint:   "run with --blocks 10"})
	}
	if e := r.plan.Emulate.result(); e != nil {
		list = append(list, emulated(e))
	}
	if log := r.plan.Session.TLS.KeyLog; log != "" {
		list = append(list, keyLogged(log))
	}
	list = append(list, r.ports.doubts()...)
	config, whose := r.setup.wire.TLS, r.setup.certified()
	if config == nil || !config.InsecureSkipVerify || whose == "" {
		return list
	}
	return append(list, result.Warning{Code: "unverified_tls",
		Detail: "the " + whose + "'s certificate was not checked, so a handshake costs less here than in real use",
		Hint:   "name the CA with --cacert instead of --insecure"})
}

// emulated says that the path was not the real one.
func emulated(e *result.Emulation) result.Warning {
	detail := fmt.Sprintf("%.6g ms of round-trip time were emulated on our side of every connection", 1000*e.RTT)
	for _, limit := range []struct {
		rate float64
		way  string
	}{{e.Down, "towards us"}, {e.Up, "from us"}} {
		if limit.rate > 0 {
			detail += fmt.Sprintf(", %.6g Mbit/s %s", limit.rate/1e6, limit.way)
		}
	}
	return result.Warning{Code: "emulated",
		Detail: detail + "; there was neither loss nor jitter, and no time is that of the real path",
		Hint:   "leave --emulate-rtt out to measure the path that there is"}
}

// keyLogged says that what opens all traffic is in a file.
func keyLogged(file string) result.Warning {
	return result.Warning{Code: "key_log",
		Detail: "the TLS secrets of every connection are written to " + file + ": whoever has it and the traffic can read both ways",
		Hint:   "delete the file when it has been used, and leave --key-log out of measurements, which it slows down"}
}

// tlsDoubts finds what was negotiated otherwise than in the first arm although no arm asked for it.
func tlsDoubts(arms []result.Arm) []result.Warning {
	var list []result.Warning
	for i := range arms {
		if i == 0 {
			continue
		}
		if differing := differentTLS(&arms[0], &arms[i]); len(differing) > 0 {
			list = append(list, result.Warning{Code: "tls_differs", Arm: arms[i].Name,
				Detail: "TLS was negotiated otherwise than in " + arms[0].Name + ", though neither arm asks for it: " + strings.Join(differing, ", "),
				Hint:   "name what both are to use (--tls-min, --tls-max, --curves, --ciphers), and look whether one server answers them all"})
		}
	}
	return list
}

// differentTLS lists what differs between two arms. Of what an arm chose itself nothing is said, nor of the suite and
// the key exchange where the version is another: TLS 1.2 has no post-quantum hybrids, for one.
func differentTLS(base, arm *result.Arm) []string {
	var list []string
	compare := func(what string, of func(h *result.Handshake) string) bool {
		x, y := mostly(base.Handshakes, of), mostly(arm.Handshakes, of)
		if x == "" || y == "" || x == y {
			return false
		}
		list = append(list, fmt.Sprintf("%s %s instead of %s", what, y, x))
		return true
	}
	versions := func(p *result.Policy) bool { return p.TLSMin != "" || p.TLSMax != "" }
	version := func(h *result.Handshake) string { return h.Version }
	protocols := base.Policy.HTTP != arm.Policy.HTTP
	if !versions(&base.Policy) && !versions(&arm.Policy) {
		if compare("version", version) {
			return list
		}
		compare("cipher", func(h *result.Handshake) string { return h.Cipher })
	}
	if len(base.Policy.Curves)+len(arm.Policy.Curves) == 0 && mostly(base.Handshakes, version) == mostly(arm.Handshakes, version) {
		compare("key exchange", func(h *result.Handshake) string { return h.Curve })
	}
	compare("certificate", func(h *result.Handshake) string { return h.Certificate })
	if !protocols {
		compare("ALPN", func(h *result.Handshake) string { return h.ALPN })
	}
	return list
}

// mostly returns the value that most handshakes have, "" where none has one.
func mostly(handshakes []result.Handshake, of func(h *result.Handshake) string) string {
	counts := map[string]int64{}
	best := ""
	for i := range handshakes {
		value := of(&handshakes[i])
		if counts[value] += handshakes[i].Count; value != "" && (best == "" || counts[value] > counts[best]) {
			best = value
		}
	}
	return best
}
