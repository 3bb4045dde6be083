package workload

import (
	"testing"
	"time"

	"sessbench/internal/programs"
	"sessbench/stats"
	"sessbench/workload/wire"
)

// The whole worker loop, from pacer to recorder, allocates nothing for a request on a kept connection, and little for one on
// a new connection.
func TestAllocationsOfTheWorkerLoop(t *testing.T) {
	const calls = 1000
	for policy, most := range map[string]float64{
		"pooled": 0,
		"fresh":  11, // 8 of them in the server, which accepts; ours are the connection and its file
	} {
		r, err := NewRunner(&Plan{
			Target:  cannedServer(t, "ok"),
			Arms:    []Arm{{Name: policy, Policy: policy}},
			Session: SessionPlan{TLS: TLSPlan{Verify: true}, Timeout: Timeout{Connect: Duration(time.Minute), Read: Duration(time.Minute)}},
			Mix:     []Operation{{Name: "get", Method: "GET", URL: "/"}},
			Load:    Load{Workers: 1, Requests: calls, Blocks: 1},
		}, Options{UserAgent: "test"})
		if err != nil {
			t.Fatal(err)
		}
		r.clock = wire.NewClock()
		defer r.close()
		if err := r.open(); err != nil {
			t.Fatal(err)
		}
		recorder := stats.NewRecorder(r.setup.program.recorded, 0, 1)
		run := func() {
			if err := r.arms[0].workers[0].run(t.Context(), newClosedCount(calls, nil), &recording{calls: recorder}); err != nil {
				t.Fatal(err)
			}
		}
		each := programs.Allocs(3, run) / calls
		t.Logf("%s: %.3f", policy, each)
		if each > most+0.02 { // a new second of the series takes some
			t.Errorf("%s: %.3f allocations for a request, want at most %v", policy, each, most)
		}
		var trial stats.Trial
		recorder.Trial(&trial)
		if total := trial.Total(); total.Requests < 4*calls || total.Requests%calls != 0 || total.Errors != 0 {
			t.Errorf("%s: %d calls, %d errors", policy, total.Requests, total.Errors)
		}
	}
}
