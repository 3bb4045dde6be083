//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"

	"sessbench/result"
)

func parseSessbench(out []byte) (said, error) {
	var r result.Result
	if err := json.Unmarshal(out, &r); err != nil {
		return said{}, fmt.Errorf("sessbench result: %w", err)
	}
	if len(r.Arms) != 1 {
		return said{}, fmt.Errorf("sessbench result: %d arms, want 1", len(r.Arms))
	}
	a := r.Arms[0]
	s := said{
		Errors:  a.Errors,
		Latency: &quantiles{P50: a.ResponseTime.P50, P90: a.ResponseTime.P90, P99: a.ResponseTime.P99, P999: a.ResponseTime.P999},
		Lag:     &quantiles{P50: a.ScheduleLag.P50, P99: a.ScheduleLag.P99},
	}
	s.GC = a.Generator.GCCPUSeconds
	for _, w := range r.Warnings {
		s.Notes = append(s.Notes, w.Code)
	}
	return s, nil
}

// refclientReport is what cmd/refclient prints. Times are seconds.
type refclientReport struct {
	Requests int64      `json:"requests"`
	Errors   int64      `json:"errors"`
	Latency  *quantiles `json:"latency"`
	Lag      *quantiles `json:"lag"`
}

func parseRefclient(out []byte) (said, error) {
	var r refclientReport
	if err := json.Unmarshal(out, &r); err != nil {
		return said{}, fmt.Errorf("refclient report: %w", err)
	}
	return said{Errors: r.Errors, Latency: r.Latency, Lag: r.Lag}, nil
}

var (
	wrkDone   = regexp.MustCompile(`(?m)^\s*\d+ requests in `)
	wrkSocket = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	wrkStatus = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)

	abFailed = regexp.MustCompile(`(?m)^Failed requests:\s+(\d+)`)
	abStatus = regexp.MustCompile(`(?m)^Non-2xx responses:\s+(\d+)`)

	h2loadRequests = regexp.MustCompile(`(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)

	heyDone    = regexp.MustCompile(`Requests/sec:`)
	heyErrors  = regexp.MustCompile(`(?s)Error distribution:(.*)`)
	heyError   = regexp.MustCompile(`(?m)^\s*\[(\d+)\]\t`)
	heyLatency = regexp.MustCompile(`(?m)^\s*(\d+)%+ in ([0-9.]+) secs`)
	heyStatus  = regexp.MustCompile(`(?m)^\s*\[[013-9]\d\d\]\t(\d+) responses`) // all but 2xx
)

func parseWrk(out []byte) (said, error) {
	if !wrkDone.Match(out) {
		return said{}, fmt.Errorf("wrk printed no summary: %.200q", out)
	}
	return said{Errors: sum(wrkSocket.FindSubmatch(out)) + sum(wrkStatus.FindSubmatch(out))}, nil
}

func parseAb(out []byte) (said, error) {
	failed := abFailed.FindSubmatch(out)
	if failed == nil {
		return said{}, fmt.Errorf("ab printed no summary: %.200q", out)
	}
	return said{Errors: sum(failed) + sum(abStatus.FindSubmatch(out))}, nil
}

func parseH2load(out []byte) (said, error) {
	m := h2loadRequests.FindSubmatch(out)
	if m == nil {
		return said{}, fmt.Errorf("h2load printed no summary: %.200q", out)
	}
	// An errored or timed-out request is one of the failed.
	return said{Errors: sum([][]byte{nil, m[2]})}, nil
}

func parseHey(out []byte) (said, error) {
	if !heyDone.Match(out) {
		return said{}, fmt.Errorf("hey printed no summary: %.200q", out)
	}
	var s said
	for _, line := range heyStatus.FindAllSubmatch(out, -1) {
		s.Errors += sum(line)
	}
	s.Latency = heyQuantiles(out)
	if m := heyErrors.FindSubmatch(out); m != nil {
		for _, line := range heyError.FindAllSubmatch(m[1], -1) {
			s.Errors += sum(line)
		}
	}
	return s, nil
}

// heyQuantiles reads "  50% in 0.0012 secs"; there is nothing beyond 99 %.
func heyQuantiles(out []byte) *quantiles {
	q := new(quantiles)
	for _, line := range heyLatency.FindAllSubmatch(out, -1) {
		seconds, err := strconv.ParseFloat(string(line[2]), 64)
		if err != nil {
			return nil
		}
		switch string(line[1]) {
		case "50":
			q.P50 = seconds
		case "90":
			q.P90 = seconds
		case "99":
			q.P99 = seconds
		}
	}
	if q.P50 == 0 {
		return nil
	}
	return q
}

// vegetaP999 reads a line such as "1.234  0.999000  2995  1000.00" of vegeta's hdrplot, whose values are
// milliseconds: the first at or beyond the 99.9th percentile.
func vegetaP999(plot []byte) float64 {
	for line := range bytes.Lines(plot) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		ms, valueErr := strconv.ParseFloat(string(fields[0]), 64)
		percentile, err := strconv.ParseFloat(string(fields[1]), 64)
		if valueErr == nil && err == nil && percentile >= 0.999 {
			return ms / 1e3
		}
	}
	return 0
}

func parseVegeta(out []byte) (said, error) {
	var r struct {
		Latencies struct {
			P50 float64 `json:"50th"`
			P90 float64 `json:"90th"`
			P99 float64 `json:"99th"`
		} `json:"latencies"` // nanoseconds
		Requests int64            `json:"requests"`
		Codes    map[string]int64 `json:"status_codes"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return said{}, fmt.Errorf("vegeta report: %w", err)
	}
	return said{
		Errors:  r.Requests - r.Codes["200"],
		Latency: &quantiles{P50: r.Latencies.P50 / 1e9, P90: r.Latencies.P90 / 1e9, P99: r.Latencies.P99 / 1e9},
	}, nil
}

func parseK6(out []byte) (said, error) {
	type metric struct {
		Values map[string]float64 `json:"values"`
	}
	var r struct {
		Metrics map[string]metric `json:"metrics"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return said{}, fmt.Errorf("k6 summary: %w", err)
	}
	duration, ok := r.Metrics["http_req_duration"]
	if !ok {
		return said{}, fmt.Errorf("k6 summary has no http_req_duration: %.200q", out)
	}
	s := said{
		// A "pass" of this rate is a request that failed.
		Errors: int64(r.Metrics["http_req_failed"].Values["passes"]),
		Latency: &quantiles{ // from milliseconds
			P50: duration.Values["med"] / 1e3, P90: duration.Values["p(90)"] / 1e3,
			P99: duration.Values["p(99)"] / 1e3, P999: duration.Values["p(99.9)"] / 1e3,
		},
	}
	if dropped := r.Metrics["dropped_iterations"].Values["count"]; dropped > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("dropped %.0f iterations", dropped))
	}
	return s, nil
}

// sum adds the numbers of a match's groups; no match is 0.
func sum(match [][]byte) int64 {
	var total int64
	for i, group := range match {
		if i == 0 {
			continue // the whole match
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(group)), 10, 64)
		if err == nil {
			total += n
		}
	}
	return total
}
