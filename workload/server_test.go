package workload_test

import (
	"context"
	"testing"

	"sessbench/testserver"
	"sessbench/workload"
)

// A fresh connection is our doing: a server that keeps connections although it was
// asked to close them sees a new one for every request all the same, and no header
// asks it for anything.
func TestFreshIsFreshThoughTheServerIgnoresConnectionClose(t *testing.T) {
	for _, headers := range []workload.Fields{nil, workload.Fields{}.Add("Connection", "close")} {
		server, err := testserver.Start(testserver.Config{IgnoreConnectionClose: true})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		runner, err := workload.NewRunner(&workload.Plan{
			Target:  server.URL(),
			Arms:    []workload.Arm{{Name: "fresh", Policy: "fresh"}},
			Session: workload.SessionPlan{TLS: workload.TLSPlan{Verify: true}},
			Mix:     []workload.Operation{{Name: "get", Method: "GET", URL: "/", Headers: headers}},
			Load:    workload.Load{Workers: 3, Requests: 50, Blocks: 5},
		}, workload.Options{UserAgent: "test"})
		if err != nil {
			t.Fatal(err)
		}
		res, err := runner.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		c := res.Arms[0].Connections
		if !res.Valid || c.Opened != 50 || c.Attempts != 50 || c.ReusedRequests != 0 {
			t.Errorf("valid %v, %+v; want 50 sockets for 50 requests", res.Valid, c)
		}
		waitFor(t, "the server to have seen all of them", func() bool { return server.Stats().Requests == 50 })
		if accepted := server.Stats().Connections.Accepted; accepted != c.Opened+res.Preflight.Connections {
			t.Errorf("the server accepted %d connections; %d were opened and %d before the run", accepted, c.Opened, res.Preflight.Connections)
		}
	}
}
