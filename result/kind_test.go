package result

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The kind of a number follows from its type and name. A new field shows up here,
// so that somebody looks whether the rule gives the right one.
func TestEveryNumberOfAnArmHasItsKind(t *testing.T) {
	kinds := map[string]kind{}
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		for _, f := range jsonFields(v) {
			below := joinPath(path, f.name)
			switch {
			case f.value.Kind() == reflect.Struct:
				walk(f.value, below)
			case f.value.Kind() == reflect.Pointer:
				walk(reflect.New(f.value.Type().Elem()).Elem(), below)
			case f.name == "phases":
				walk(reflect.ValueOf(PhaseSummary{}), below+".tls")
			case f.value.CanInt() || f.value.CanFloat():
				n, err := findInShape("a", below, nil)
				if err != nil {
					t.Errorf("%s: %v", below, err)
				}
				kinds[below] = n.kind
			}
		}
	}
	walk(reflect.ValueOf(Arm{}), "")
	walk(reflect.ValueOf(Check{}), "operations.o.checks.c")
	walk(reflect.ValueOf(Scenario{}), "scenarios.s")
	walk(reflect.ValueOf(Stage{}), "stages.0")
	got := map[kind][]string{}
	for path, k := range kinds {
		if _, in, ok := strings.Cut(path, "_time."); ok {
			path = "*_time." + in
		}
		if in, ok := strings.CutPrefix(path, "schedule_lag."); ok {
			path = "*_time." + in
		}
		if in, ok := strings.CutPrefix(path, "scenarios.s.time."); ok {
			path = "*_time." + in
		}
		if !slices.Contains(got[k], path) {
			got[k] = append(got[k], path)
		}
	}
	for k, want := range map[kind]string{
		kindShare: "error_rate generator.cpu_share phases.tls.share",
		kindRate:  "achieved_rate offered_rate stages.0.achieved_rate stages.0.from stages.0.offered_rate stages.0.to",
		kindSeconds: "*_time.max *_time.mean *_time.min *_time.p50 *_time.p75 *_time.p90 *_time.p95 *_time.p99 *_time.p99.9 *_time.p99.99 *_time.stddev" +
			" generator.cpu_seconds generator.gc_cpu_seconds generator.gc_pause_seconds generator.sched_latency_p50 generator.sched_latency_p99" +
			" kernel.rtt_max kernel.rtt_mean kernel.rtt_min kernel.rtt_var_mean" +
			" phases.tls.max phases.tls.mean phases.tls.p50 phases.tls.p90 phases.tls.p99" +
			" policy.dns_lifetime policy.idle_timeout policy.max_age policy.ticket_lifetime seconds stages.0.seconds stages.0.start",
		kindCount: "*_time.clamped *_time.count bytes_in bytes_out connections.attempts connections.closed_by_peer connections.discarded connections.early_data" +
			" connections.evicted connections.eyeballs_lost connections.kept_by_server connections.kept_open connections.lookups" +
			" connections.open_failures connections.opened connections.reset connections.retired connections.reused_requests connections.stale_retries" +
			" connections.streams connections.streams_peak connections.time_wait connections.tls_full connections.tls_resumed errors" +
			" kernel.bytes_acked kernel.bytes_received kernel.connections kernel.retransmits kernel.segments_in kernel.segments_out kernel.window_mean kernel.window_min" +
			" operations.o.checks.c.failed operations.o.checks.c.passed policy.pool_size policy.requests_per_connection policy.streams redirects requests retries" +
			" scenarios.s.begun scenarios.s.completed sessions.begun sessions.missed sessions.setup_failures sessions.setup_requests sessions.teardown_failures sessions.teardown_requests sessions.workers" +
			" stages.0.errors stages.0.requests stages.0.stage warmup_requests",
	} {
		slices.Sort(got[k])
		if list := strings.Join(got[k], " "); list != want {
			t.Errorf("%s:\ngot  %s\nwant %s", k, list, want)
		}
	}
}
