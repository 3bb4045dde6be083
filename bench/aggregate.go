//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
)

// A sample is one run of one contestant in one round of one workload.
type sample struct {
	Workload string  `json:"workload"`
	Tool     string  `json:"tool"`
	Round    int     `json:"round"`
	Seconds  float64 `json:"seconds"` // that the tool was told to run
	Wall     float64 `json:"wall"`    // that its process lived
	CPU      float64 `json:"cpu"`     // seconds
	Memory   int64   `json:"memory"`  // peak resident bytes

	Sleeps int64 `json:"sleeps"` // times that a thread gave up its CPU to wait
	// SystemCalls are of a run that was made to count them, which makes it slower: Round is 0.
	SystemCalls int64 `json:"system_calls,omitempty"`

	// As counted by the server.
	Requests    int64 `json:"requests"`
	Connections int64 `json:"connections"`
	TLSFull     int64 `json:"tls_full"`
	TLSResumed  int64 `json:"tls_resumed"`

	Said    said   `json:"said"`
	Failure string `json:"failure,omitempty"`

	Stolen float64 `json:"stolen"`          // of one CPU, by the machine's host
	Again  int     `json:"again,omitempty"` // runs before it of which the host took too much

	Pace *pace `json:"pace,omitempty"` // the pacing workload only
}

func (s sample) usable() bool          { return s.Failure == "" && s.Requests > 0 }
func (s sample) sleepsPerReq() float64 { return float64(s.Sleeps) / float64(s.Requests) }
func (s sample) callsPerReq() float64  { return float64(s.SystemCalls) / float64(s.Requests) }
func (s sample) gcShare() float64 {
	if s.Said.GC == 0 {
		return math.NaN()
	}
	return s.Said.GC / s.CPU
}
func (s sample) cpuPerReq() float64 { return s.CPU / float64(s.Requests) }
func (s sample) rate() float64      { return float64(s.Requests) / s.Seconds }
func (s sample) memory() float64    { return float64(s.Memory) }
func (s sample) cpuShare() float64  { return s.CPU / s.Wall }
func (s sample) handshakes() int64  { return s.TLSFull + s.TLSResumed }
func (s sample) perConn() float64   { return float64(s.Requests) / float64(s.Connections) }
func (s sample) conns() float64     { return float64(s.Connections) }
func (s sample) requests() float64  { return float64(s.Requests) }

// overran says whether the process lived longer than start-up and the last answers explain.
func (s sample) overran() bool { return s.Wall > 1.25*s.Seconds+1 }

// A figure is one number over the rounds: its median, with the extremes as spread.
type figure struct {
	Median, Min, Max float64
	N                int // rounds
}

// summarise takes the median of values; for an even number the mean of the middle two.
func summarise(values []float64) figure {
	if len(values) == 0 {
		return figure{math.NaN(), math.NaN(), math.NaN(), 0}
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	median := sorted[mid]
	if len(sorted)%2 == 0 {
		median = (sorted[mid-1] + sorted[mid]) / 2
	}
	return figure{median, sorted[0], sorted[len(sorted)-1], len(sorted)}
}

// of summarises one metric of a tool's usable samples.
func of(samples []sample, tool string, metric func(sample) float64) figure {
	var values []float64
	for _, s := range samples {
		if s.Tool == tool && s.usable() && s.Round > 0 {
			values = append(values, metric(s))
		}
	}
	return summarise(values)
}

// counted is the run of a tool whose system calls were counted, if there is one.
func counted(samples []sample, tool string) (sample, bool) {
	for _, s := range samples {
		if s.Tool == tool && s.usable() && s.SystemCalls > 0 {
			return s, true
		}
	}
	return sample{}, false
}

// ratios summarises tool ÷ baseline of a metric, paired within each round: what the
// machine did to a whole round cancels out. Rounds without both are left out.
func ratios(samples []sample, tool, baseline string, metric func(sample) float64) figure {
	base := map[int]float64{}
	for _, s := range samples {
		if s.Tool == baseline && s.usable() && s.Round > 0 {
			base[s.Round] = metric(s)
		}
	}
	var values []float64
	for _, s := range samples {
		if b, paired := base[s.Round]; paired && s.Tool == tool && s.usable() {
			values = append(values, metric(s)/b)
		}
	}
	return summarise(values)
}

// deeds says whether a sample did what its workload says, and what it did instead.
// Pooled means about as many connections as workers; some clients open up to twice
// as many when they start. Fresh means one connection for every request, with a full
// TLS handshake or with a resumed one. A tool that mostly failed did neither.
func deeds(s sample, w workload, conns int) (ok bool, did string) {
	conns = w.connections(conns)
	tolerance := max(int64(2*conns), s.Requests/50)
	percent := 100 * float64(s.TLSResumed) / float64(max(1, s.handshakes()))
	switch {
	case s.Said.Errors*20 > s.Requests:
		return false, fmt.Sprintf("%d errors beside %d requests", s.Said.Errors, s.Requests)
	case w.use == usePooled && (s.Connections > int64(2*conns) || s.Connections < int64(conns)/2):
		return false, fmt.Sprintf("%d connections", s.Connections)
	case w.use != usePooled && abs(s.Connections-s.Requests) > tolerance:
		return false, fmt.Sprintf("%.1f requests per connection", s.perConn())
	case w.use == useFresh && s.handshakes() > 0 && s.TLSResumed*50 > s.handshakes(),
		w.use == useResumed && s.handshakes()-s.TLSResumed > tolerance:
		return false, fmt.Sprintf("%.0f %% of TLS handshakes resumed", percent)
	}
	return true, ""
}

func abs(n int64) int64 { return max(n, -n) }

// A target is a figure that the project holds itself to.
type target struct {
	workload, tool, against string
	limit                   float64 // of tool ÷ against, CPU per request
}

func targets() []target {
	list := []target{
		{"pooled-http", "sessbench", "wrk", 1.05},
		{"pooled-http", "sessbench", "h2load", 1},
		{"pooled-http", "sessbench", "fasthttp", 1},
		{"fresh-http", "sessbench", "wrk", 1.1},
		{"fresh-http", "sessbench", "ab", 1.1},
		{"fresh-http", "sessbench-close", "wrk", 1.1},
		{"pooled-https", "sessbench", "wrk", 1},
		{"fresh-https", "sessbench", "ab", 0.8},
		{"fresh-https", "sessbench", "hey", 0.8},
		{"fresh-https", "sessbench", "vegeta", 0.8},
		// The other tools ask the server to close. Of them and of this row the work is the same.
		{"fresh-https", "sessbench-close", "ab", 0.8},
		{"fresh-https", "sessbench-close", "hey", 0.8},
		{"fresh-https", "sessbench-close", "vegeta", 0.8},
		{"resumed-https", "sessbench", "wrk", 1},
		{"pooled-http2", "sessbench", "h2load", 2},
	}
	for _, tool := range []string{"hey", "k6", "vegeta"} {
		list = append(list, target{"pooled-http2", "sessbench", tool, 0.5},
			target{"pooled-http", "sessbench", tool, 0.4}, target{"pooled-https", "sessbench", tool, 0.4})
	}
	return list
}

// verdict says in one line whether the target is met: by the median, with the
// spread beside it.
func (t target) verdict(samples []sample) string {
	what := fmt.Sprintf("%s: CPU per request, %s ÷ %s, at most %.2f", t.workload, t.tool, t.against, t.limit)
	f := ratios(inWorkload(samples, t.workload), t.tool, t.against, sample.cpuPerReq)
	return what + ": " + judge(f, t.limit, "")
}

// judge compares a figure with its upper limit.
func judge(f figure, limit float64, unit string) string {
	if f.N == 0 {
		return "not measured"
	}
	word := "**missed**"
	if f.Median <= limit {
		word = "met"
	}
	return fmt.Sprintf("%.3g%s (%.3g–%.3g), %s", f.Median, unit, f.Min, f.Max, word)
}

func inWorkload(samples []sample, name string) []sample {
	var in []sample
	for _, s := range samples {
		if s.Workload == name {
			in = append(in, s)
		}
	}
	return in
}
