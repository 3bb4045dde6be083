package workload_test

import (
	"context"
	"net/url"
	"testing"

	"sessbench/result"
	"sessbench/testserver"
	"sessbench/workload"
	"sessbench/workload/session"
)

// A redirect to another server makes two requests of a call, and two connections of a worker; an arm that keeps
// them keeps both.
func TestRedirectsToAnotherServerAreFollowedOnKeptConnections(t *testing.T) {
	second, err := testserver.Start(testserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	first, err := testserver.Start(testserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	const workers, requests = 3, 60
	to := url.Values{"url": {second.URL()}, "status_code": {"302"}}
	res := runPlan(t, &workload.Plan{
		Target:  first.URL(),
		Arms:    []workload.Arm{{Name: "pooled", Policy: "pooled"}, {Name: "fresh", Policy: "fresh"}, {Name: "shared", Policy: "shared-pool"}},
		Session: workload.SessionPlan{Follow: true, TLS: workload.TLSPlan{Verify: true}},
		Mix:     []workload.Operation{{Name: "get", Method: "GET", URL: "/httpbin/redirect-to?" + to.Encode()}},
		Load:    workload.Load{Workers: workers, Requests: requests, Blocks: 4},
	})
	for _, a := range res.Arms {
		if a.Errors != 0 || a.Redirects != requests || a.Retries != 0 || a.Connections.Attempts != 2*requests || a.Status["200"] != requests {
			t.Errorf("%s: %+v, %+v", a.Name, a.Numbers, a.Connections)
		}
		sum := 0.0
		for _, phase := range a.Phases {
			sum += phase.Mean
		}
		if d := sum - a.ServiceTime.Mean; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s: the phases add up to %v, the service time is %v", a.Name, sum, a.ServiceTime.Mean)
		}
	}
	if pooled := res.Arms[0].Connections; pooled.Opened > 2*workers || pooled.Opened < 2 {
		t.Errorf("pooled: %+v", pooled)
	}
	if fresh := res.Arms[1].Connections; fresh.Opened != 2*requests || fresh.ReusedRequests != 0 {
		t.Errorf("fresh: %+v", fresh)
	}
	if shared := res.Arms[2].Connections; shared.KeptOpen > workers {
		t.Errorf("shared-pool has more connections than workers: %+v", shared)
	}
	if !res.Valid {
		t.Errorf("invalid: %+v", res.Warnings)
	}
}

// What is tried again stands in the sample: the attempts, and the time they took.
func TestRetriesAreCountedAndTheirWaitsAreAPhase(t *testing.T) {
	server, err := testserver.Start(testserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	total := 2
	res := runPlan(t, &workload.Plan{
		Target: server.URL(),
		Arms:   []workload.Arm{{Name: "pooled", Policy: "pooled"}},
		Session: workload.SessionPlan{
			TLS:      workload.TLSPlan{Verify: true},
			Adapters: workload.Adapters{{Prefix: "http://", Retries: &session.Retry{Total: &total, Statuses: []int{503}, Backoff: 1e6, ReturnLast: true}}},
		},
		Mix:  []workload.Operation{{Name: "get", Method: "GET", URL: "/httpbin/status/503"}},
		Load: workload.Load{Workers: 2, Requests: 8, Blocks: 1},
	})
	a := res.Arms[0]
	if a.Retries != 16 || a.Connections.Attempts != 24 || a.ErrorClasses["status"] != 8 || a.Status["503"] != 8 {
		t.Errorf("%+v, %+v", a.Numbers, a.Connections)
	}
}

func runPlan(t *testing.T, p *workload.Plan) *result.Result {
	t.Helper()
	runner, err := workload.NewRunner(p, workload.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	res, err := runner.Run(context.Background())
	if res == nil {
		t.Fatal(err)
	}
	return res
}
