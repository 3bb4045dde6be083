package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"sessbench/result"
)

// emulation says in front of everything that the path was not the real one, or "".
func emulation(e *result.Emulation) string {
	if e == nil {
		return ""
	}
	return wrap("", "EMULATED: "+emulatedPath(e)+" on our side of every connection; no time here is that of the real path.", 0)
}

// emulatedPath describes the path.
func emulatedPath(e *result.Emulation) string {
	text := plain(1000*e.RTT) + " ms of round-trip time"
	for _, limit := range []struct {
		rate float64
		way  string
	}{{e.Down, "down"}, {e.Up, "up"}} {
		if limit.rate > 0 {
			text += ", " + plain(limit.rate/1e6) + " Mbit/s " + limit.way
		}
	}
	if e.InitialWindow > 0 {
		text += ", slow start from " + plural(int64(e.InitialWindow), "segment", "segments")
	}
	return text
}

// plain writes a number that a user gave.
func plain(v float64) string {
	if !finite(v) {
		return notANumber
	}
	return fmt.Sprintf("%.6g", v)
}

// A facet is one thing that a handshake comes to.
type facet struct {
	name string
	of   func(h *result.Handshake) string
}

func facets() []facet {
	return []facet{
		{"version", func(h *result.Handshake) string { return clean(h.Version) }},
		{"key exchange", func(h *result.Handshake) string { return clean(h.Curve) }},
		{"cipher", func(h *result.Handshake) string { return strings.TrimPrefix(clean(h.Cipher), "TLS_") }},
		{"certificate", certificate},
		{"ALPN", func(h *result.Handshake) string { return clean(h.ALPN) }},
	}
}

func certificate(h *result.Handshake) string {
	name := clean(h.Certificate)
	if name != "" && h.ChainBytes > 0 {
		name += ", " + plural(int64(h.ChainBytes), "byte", "bytes")
	}
	return name
}

// writeNegotiated writes what TLS handshakes came to. What is the same in all arms that made any is told in a
// sentence.
func writeNegotiated(w io.Writer, r *result.Result) error {
	if !anyArm(r, func(a *result.Arm) bool { return len(a.Handshakes) > 0 }) {
		return nil
	}
	g := newGrid(r, "TLS negotiated")
	var common []string
	for _, f := range facets() {
		values := each(r, func(a *result.Arm) string { return valuesOf(a.Handshakes, f.of) })
		if same := sameValue(r, values); same != "" {
			common = append(common, f.name+" "+same)
			continue
		}
		if slices.ContainsFunc(values, func(v string) bool { return v != "-" }) {
			g.add(f.name, values)
		}
	}
	g.add("resumed", each(r, resumedShare))
	if err := g.write(w); err != nil || len(common) == 0 {
		return err
	}
	whose := "In all arms with TLS: "
	if len(r.Arms) == 1 {
		whose = "It was "
	}
	_, err := io.WriteString(w, wrap("", whose+strings.Join(common, "; ")+".", 0))
	return err
}

// sameValue returns what all arms with handshakes have, or "".
func sameValue(r *result.Result, values []string) string {
	same := ""
	for i, v := range values {
		switch {
		case len(r.Arms[i].Handshakes) == 0:
		case v == "-" || same != "" && v != same:
			return ""
		default:
			same = v
		}
	}
	return same
}

// valuesOf lists what handshakes have, the most frequent first, with their numbers where there are several.
func valuesOf(handshakes []result.Handshake, of func(h *result.Handshake) string) string {
	counts := map[string]int64{}
	for i := range handshakes {
		if value := of(&handshakes[i]); value != "" {
			counts[value] += handshakes[i].Count
		}
	}
	values := sortedKeys(counts)
	slices.SortStableFunc(values, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	switch len(values) {
	case 0:
		return "-"
	case 1:
		return short(values[0], 40)
	}
	for i, v := range values {
		values[i] = count(counts[v]) + " × " + v
	}
	return short(strings.Join(values, ", "), 40)
}

func resumedShare(a *result.Arm) string {
	var all, resumed int64
	for _, h := range a.Handshakes {
		all += h.Count
		if h.Resumed {
			resumed += h.Count
		}
	}
	if all <= 0 {
		return "-"
	}
	return percent(float64(resumed) / float64(all))
}

// writeTransport writes what the system knew of the connections.
func writeTransport(w io.Writer, r *result.Result) error {
	if !anyArm(r, func(a *result.Arm) bool { return a.Kernel != nil }) {
		return nil
	}
	g := newGrid(r, "Transport")
	rtt := func(of func(k *result.Kernel) float64) timeOf {
		return func(a *result.Arm) (float64, bool) {
			if a.Kernel == nil {
				return 0, false
			}
			return of(a.Kernel), true
		}
	}
	known := func(show func(k *result.Kernel) string) []string {
		return each(r, func(a *result.Arm) string {
			if a.Kernel == nil {
				return "-"
			}
			return show(a.Kernel)
		})
	}
	g.add(times(r, "round trip mean", rtt(func(k *result.Kernel) float64 { return k.RTTMean })))
	g.add(times(r, "round trip min", rtt(func(k *result.Kernel) float64 { return k.RTTMin })))
	g.add("segments sent again", known(func(k *result.Kernel) string {
		if k.Retransmits <= 0 || k.SegmentsOut <= 0 {
			return count(k.Retransmits)
		}
		return fmt.Sprintf("%s (%s)", count(k.Retransmits), percent(float64(k.Retransmits)/float64(k.SegmentsOut)))
	}))
	g.add("congestion window mean", known(func(k *result.Kernel) string { return digits(k.WindowMean) }))
	if err := g.write(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, wrap("", "As the system knew it of each connection when that ended; the window is in segments.", 0))
	return err
}
