//go:build linux

package main

import (
	"math"
	"slices"
	"testing"
)

func TestSummariseTakesMedianAndExtremes(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   figure
	}{
		{[]float64{3}, figure{3, 3, 3, 1}},
		{[]float64{9, 1, 5}, figure{5, 1, 9, 3}},
		{[]float64{4, 1, 3, 2}, figure{2.5, 1, 4, 4}},
	} {
		if got := summarise(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
	if got := summarise(nil); got.N != 0 || !math.IsNaN(got.Median) {
		t.Errorf("of nothing: %v", got)
	}
}

// run3 makes three rounds in which the machine is ever slower, and one that failed.
func run3() []sample {
	mk := func(tool string, round int, cpu float64) sample {
		return sample{Workload: "pooled-http", Tool: tool, Round: round, Seconds: 1, Wall: 1, CPU: cpu, Requests: 1000, Connections: 32}
	}
	failed := mk("wrk", 4, 9)
	failed.Failure = "exit status 1"
	return []sample{
		mk("sessbench", 1, 1.1), mk("wrk", 1, 1),
		mk("wrk", 2, 2), mk("sessbench", 2, 2.4),
		mk("sessbench", 3, 5.2), mk("wrk", 3, 4),
		mk("sessbench", 4, 1), failed,
	}
}

func TestRatiosArePairedWithinRounds(t *testing.T) {
	got := ratios(run3(), "sessbench", "wrk", sample.cpuPerReq)
	want := figure{1.2, 1.1, 1.3, 3}
	if got.N != want.N || !near(got.Median, want.Median) || !near(got.Min, want.Min) || !near(got.Max, want.Max) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFailedRunsGiveNoFigure(t *testing.T) {
	if got := of(run3(), "wrk", sample.cpuPerReq); got.N != 3 {
		t.Errorf("%d runs, want 3", got.N)
	}
	if got := ratios(run3(), "hey", "wrk", sample.cpuPerReq); got.N != 0 {
		t.Errorf("a tool that did not run has %d ratios", got.N)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestTargetsAreJudgedByTheMedian(t *testing.T) {
	const what = "pooled-http: CPU per request, sessbench ÷ wrk, at most "
	for _, c := range []struct {
		limit float64
		want  string
	}{
		{1.25, what + "1.25: 1.2 (1.1–1.3), met"},
		{1.15, what + "1.15: 1.2 (1.1–1.3), **missed**"},
	} {
		if got := (target{"pooled-http", "sessbench", "wrk", c.limit}).verdict(run3()); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got, want := (target{"fresh-http", "sessbench", "wrk", 1.4}).verdict(run3()), "fresh-http: CPU per request, sessbench ÷ wrk, at most 1.40: not measured"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDeedsAreHeldAgainstTheWorkload(t *testing.T) {
	pooled, fresh, resumed, two := workload{}, workload{use: useFresh}, workload{use: useResumed}, workload{streams: 32}
	for _, c := range []struct {
		name     string
		workload workload
		sample   sample
		ok       bool
	}{
		{"pooled as told", pooled, sample{Connections: 32, Requests: 100_000}, true},
		{"pooled, dialled a few too many", pooled, sample{Connections: 45, Requests: 100_000}, true},
		{"pooled, many connections", pooled, sample{Connections: 331, Requests: 64_000}, false},
		{"pooled, one connection for all", pooled, sample{Connections: 1, Requests: 100_000}, false},
		{"fresh as told", fresh, sample{Connections: 30_786, Requests: 30_765}, true},
		{"fresh by a header that the server ignored", fresh, sample{Connections: 34, Requests: 235_161}, false},
		{"fresh, full handshakes", fresh, sample{Connections: 1000, Requests: 1000, TLSFull: 1000}, true},
		{"fresh, resumed handshakes", fresh, sample{Connections: 1000, Requests: 1000, TLSFull: 32, TLSResumed: 968}, false},
		{"resumed as told", resumed, sample{Connections: 1000, Requests: 1000, TLSFull: 32, TLSResumed: 968}, true},
		{"resumed, full handshakes", resumed, sample{Connections: 1000, Requests: 1000, TLSFull: 1000}, false},
		{"HTTP/2 as told", two, sample{Connections: 8, Requests: 100_000}, true},
		{"HTTP/2, a connection for each request at a time", two, sample{Connections: 256, Requests: 100_000}, false},
	} {
		if ok, did := deeds(c.sample, c.workload, 32); ok != c.ok || ok != (did == "") {
			t.Errorf("%s: %v %q, want %v", c.name, ok, did, c.ok)
		}
	}
}

func TestOrderIsDrawnAnewAndReproducible(t *testing.T) {
	const tools, rounds = 8, 20
	distinct := map[string]bool{}
	firsts := map[int]bool{}
	for round := range rounds {
		order := drawOrder(tools, 1, "pooled-http", round)
		if again := drawOrder(tools, 1, "pooled-http", round); !slices.Equal(order, again) {
			t.Errorf("round %d: %v, then %v", round, order, again)
		}
		sorted := slices.Sorted(slices.Values(order))
		for i, v := range sorted {
			if i != v {
				t.Fatalf("round %d: %v is no permutation", round, order)
			}
		}
		key := ""
		for _, i := range order {
			key += string(rune('a' + i))
		}
		distinct[key], firsts[order[0]] = true, true
	}
	if len(distinct) != rounds || len(firsts) < tools/2 {
		t.Errorf("%d distinct orders and %d first tools in %d rounds", len(distinct), len(firsts), rounds)
	}
	if slices.Equal(drawOrder(tools, 1, "pooled-http", 0), drawOrder(tools, 1, "fresh-http", 0)) {
		t.Error("two workloads have the same order")
	}
}
