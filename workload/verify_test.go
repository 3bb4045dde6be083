package workload

import (
	"slices"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/workload/wire"
)

// A saturated generator makes a result invalid, but a run of a few milliseconds
// does not show that it was.
func TestSaturationIsJudgedFromHalfASecondOn(t *testing.T) {
	for _, c := range []struct {
		wall    time.Duration
		share   float64
		invalid bool
	}{
		{auditable, 0.91, true},
		{auditable, 0.89, false},
		{auditable - time.Millisecond, 0.99, false},
	} {
		a := &armRun{arm: Arm{Name: "pooled", Policy: "pooled"}, usage: usage{wall: c.wall}}
		warnings := a.doubts(&result.Arm{Generator: result.Generator{CPUShare: c.share}})
		got := slices.ContainsFunc(warnings, func(w result.Warning) bool { return w.Code == "generator_saturated" && w.Invalid })
		if got != c.invalid {
			t.Errorf("%v at a share of %v: invalid %v, want %v", c.wall, c.share, got, c.invalid)
		}
	}
}

// A redirect may lead from plain http to TLS, and that is then resumed or not.
func TestResumptionNeedsTLSSomewhere(t *testing.T) {
	a := &armRun{arm: Arm{Name: "x", Policy: "x"}, policy: wire.Policy{RequestsPerConnection: 1, ResumeTLS: true}}
	plain := a.verifyFresh(wire.Counts{Opened: 100, Attempts: 100}, 4, false)
	if len(plain) != 1 || plain[0].Code != "no_tls" {
		t.Errorf("without TLS: %+v", plain)
	}
	redirected := wire.Counts{Opened: 200, Attempts: 200, TLSFull: 4, TLSResumed: 96}
	if warnings := a.verifyFresh(redirected, 8, false); len(warnings) != 0 {
		t.Errorf("redirected to TLS: %+v", warnings)
	}
	redirected = wire.Counts{Opened: 200, Attempts: 200, TLSFull: 100}
	if warnings := a.verifyFresh(redirected, 8, false); len(warnings) != 1 || warnings[0].Code != "no_resumption" {
		t.Errorf("redirected to TLS that is never resumed: %+v", warnings)
	}
}

// What an arm's connections did is held against its policy: every mismatch is found,
// and what agrees is left alone.
func TestCountsAreHeldAgainstThePolicy(t *testing.T) {
	const workers = 4
	pooled := wire.Policy{}
	fresh := wire.Policy{RequestsPerConnection: 1}
	resumed := wire.Policy{RequestsPerConnection: 1, ResumeTLS: true}
	seven := wire.Policy{RequestsPerConnection: 7}
	for _, c := range []struct {
		name   string
		policy wire.Policy
		counts wire.Counts
		want   string // code; "" for none
	}{
		{"pooled", pooled, wire.Counts{Opened: 4, Attempts: 100, Reused: 96}, ""},
		{"pooled, some closed by the peer", pooled, wire.Counts{Opened: 9, Attempts: 100, Reused: 91, ClosedByPeer: 5}, "closed_by_peer"},
		{"pooled, all closed by the peer", pooled, wire.Counts{Opened: 100, Attempts: 100, ClosedByPeer: 100}, "no_reuse"},
		{"pooled, one socket too many", pooled, wire.Counts{Opened: 5, Attempts: 100, Reused: 95}, "not_pooled"},
		{"pooled, closed by us", pooled, wire.Counts{Opened: 5, Attempts: 100, Reused: 95, Retired: 1}, "closed_by_request"},
		{"pooled, given up after errors", pooled, wire.Counts{Opened: 6, Attempts: 100, Reused: 94, Discarded: 2}, ""},
		{"fresh", fresh, wire.Counts{Opened: 100, Attempts: 100, Retired: 100, TLSFull: 100}, ""},
		{"fresh, one reused", fresh, wire.Counts{Opened: 99, Attempts: 100, Reused: 1, Retired: 99}, "not_fresh"},
		{"fresh, one resumed", fresh, wire.Counts{Opened: 100, Attempts: 100, TLSFull: 99, TLSResumed: 1}, "resumed"},
		{"resumed", resumed, wire.Counts{Opened: 100, Attempts: 100, TLSFull: 4, TLSResumed: 96}, ""},
		{"resumed, none was", resumed, wire.Counts{Opened: 100, Attempts: 100, TLSFull: 100}, "no_resumption"},
		{"resumed, half were", resumed, wire.Counts{Opened: 100, Attempts: 100, TLSFull: 52, TLSResumed: 48}, "partly_resumed"},
		{"seven each", seven, wire.Counts{Opened: 15, Attempts: 100, Reused: 85, Retired: 14}, ""},
		{"more than seven each", seven, wire.Counts{Opened: 14, Attempts: 100, Reused: 86, Retired: 14}, "reused_too_often"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &armRun{arm: Arm{Name: "x", Policy: "x"}, policy: c.policy}
			warnings := a.verifyReuse(c.counts, workers, workers, true)
			if c.policy.RequestsPerConnection == 1 {
				warnings = a.verifyFresh(c.counts, workers, true)
			}
			switch {
			case c.want == "" && len(warnings) > 0:
				t.Errorf("%+v", warnings)
			case c.want != "" && (len(warnings) != 1 || warnings[0].Code != c.want || warnings[0].Invalid != (c.want != "closed_by_peer")):
				t.Errorf("%+v, want %s", warnings, c.want)
			}
		})
	}
}
