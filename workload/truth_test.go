package workload_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"sessbench/internal/programs"
	"sessbench/result"
	"sessbench/workload"
)

// Plans drawn at random are carried out against servers that keep books, and what results say must be what servers saw. A scene is made
// of its seed alone, but for who comes first: SESSBENCH_TRUTH_SEED=n runs one, SESSBENCH_TRUTH_FOR=5m new ones for so long.
func TestTruth(t *testing.T) {
	programs.Seeds(t, "SESSBENCH_TRUTH", 40, func(t *testing.T, seed uint64) { drawTruth(t, seed).run(t) })
}

func (sc *truthScene) run(t *testing.T) {
	before := runtime.NumGoroutine()
	var servers []*truthServer
	for i := range sc.plan.Arms {
		s := newTruthServer(t, sc)
		servers = append(servers, s)
		if sc.plan.Arms[i].Target = s.URL; i == 0 {
			sc.plan.Target, sc.plan.Arms[i].Target = s.URL, ""
		}
	}
	if sc.secure {
		sc.plan.Session.TLS.CA = filepath.Join(sc.dir, "ca.pem")
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: servers[0].Certificate().Raw})
		if err := os.WriteFile(sc.plan.Session.TLS.CA, ca, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runner, err := workload.NewRunner(&sc.plan, workload.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if sc.cut > 0 {
		defer time.AfterFunc(sc.cut, cancel).Stop()
	}
	res, err := runner.Run(ctx)
	c := &truthChecks{truthScene: sc, t: t, res: res, servers: servers}
	c.all(err, ctx.Err() != nil && (res == nil || res.Interrupted))
	for _, s := range servers {
		s.CloseClientConnections()
		s.Close()
	}
	if !eventually(func() bool { return runtime.NumGoroutine() <= before }) {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
	}
	if t.Failed() {
		plan, _ := json.MarshalIndent(&sc.plan, "", " ")
		t.Logf("cut %v, flawed %t, retried %t, last %t, error %v\n%s", sc.cut, sc.flawed, sc.retried, sc.last, err, plan)
	}
}

// eventually waits until something is so, and reports whether it is.
func eventually(is func() bool) bool {
	for end := time.Now().Add(10 * time.Second); !is(); {
		if time.Now().After(end) {
			return false
		}
		<-time.After(100 * time.Microsecond)
	}
	return true
}

// requireRoundTrip holds that a result is the same when its JSON was read.
func requireRoundTrip(t *testing.T, res *result.Result) {
	data, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	again, err := result.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(again)
	if err != nil || !bytes.Equal(data, second) {
		t.Errorf("the result changes when it is read (%v):\n%s\n%s", err, data, second)
	}
}
