package workload_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"sessbench/workload"
	"sessbench/workload/session"
)

// A run that is interrupted while its workers wait, for a retry or for the rest of a body, ends at once. The calls
// under way are in no trial; those that had ended are, and requests count as often as the server saw them.
func TestInterruptedWaitsEndTheRun(t *testing.T) {
	const workers, before = 4, 40
	stall := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	later := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(503)
	}
	for name, wait := range map[string]http.HandlerFunc{"retry": later, "body": stall} {
		t.Run(name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			var n atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				i := n.Add(1)
				if i <= before {
					return
				}
				if i == before+workers {
					interrupt() // every worker waits, or is about to
				}
				wait(w, r)
			}))
			defer server.Close()
			defer interrupt() // or the server would wait for the bodies
			retry := session.Retries(1)
			retry.Statuses = []int{503}
			runner, err := workload.NewRunner(&workload.Plan{
				Target: server.URL,
				Arms:   []workload.Arm{{Name: "pooled", Policy: "pooled"}},
				Session: workload.SessionPlan{TLS: workload.TLSPlan{Verify: true},
					Adapters: workload.Adapters{{Prefix: server.URL + "/", Retries: retry}}},
				Mix:  []workload.Operation{{Name: "get", Method: "GET", URL: "/"}},
				Load: workload.Load{Workers: workers, Requests: 1000, Blocks: 1},
			}, workload.Options{UserAgent: "test"})
			if err != nil {
				t.Fatal(err)
			}
			res, err := runner.Run(ctx)
			if err != nil {
				t.Fatal(err)
			}
			a := res.Arms[0]
			if !res.Interrupted || a.Requests != before || a.Errors != 0 || a.Retries != 0 {
				t.Errorf("interrupted %t, %d calls, %d errors, %d retries", res.Interrupted, a.Requests, a.Errors, a.Retries)
			}
			if c := a.Connections; c.Attempts != n.Load() || c.Opened != workers {
				t.Errorf("%d requests were written, the server got %d; %d connections", c.Attempts, n.Load(), c.Opened)
			}
			addsUp(t, name, &a)
		})
	}
}
