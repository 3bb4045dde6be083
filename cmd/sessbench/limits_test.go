package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"sessbench/result"
	"sessbench/testserver"
)

// A limitCase is a large plan, the most memory that it may take, in kB, and what its result is to be.
type limitCase struct {
	plan  map[string]any
	most  int
	check func(t *testing.T, res *result.Result)
}

// Large plans are carried out, and take no more memory than they have to. The bounds are about twice what was measured.
func TestLargePlansAreCarriedOut(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("takes a while, and needs /proc")
	}
	needFiles(t, 1000)
	s, _ := server(t, testserver.Config{})
	dir := t.TempDir()
	file := filepath.Join(dir, "body.bin")
	if err := os.WriteFile(file, make([]byte, 100_000_000), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]limitCase{
		"10,000 operations": manyOperations(10_000),
		"1,000,000 rows":    longFeed(t, dir, 1_000_000),
		"100 MB body":       largeBody(t, file),
		"100,000 a second":  highRate(),
	} {
		t.Run(name, func(t *testing.T) {
			if c.plan["target"] == nil {
				c.plan["target"] = s.URL()
			}
			text, err := json.Marshal(c.plan)
			if err != nil {
				t.Fatal(err)
			}
			plan, out := filepath.Join(dir, "plan.json"), filepath.Join(dir, "result.json")
			if err := os.WriteFile(plan, text, 0o600); err != nil {
				t.Fatal(err)
			}
			command := "run"
			if len(c.plan["arms"].([]string)) > 1 {
				command = "compare"
			}
			peak, err := peakAndEnd(t, exec.Command(os.Args[0], command, "--plan", plan, "-q", "-o", out))                // which TestMain makes sessbench
			if ended, ok := errors.AsType[*exec.ExitError](err); err != nil && !(ok && ended.ExitCode() == exitInvalid) { // it is, on a busy machine
				t.Fatal(err)
			}
			if peak > c.most {
				t.Errorf("it took %d kB, want at most %d", peak, c.most)
			} else {
				t.Logf("%d kB", peak)
			}
			res, err := result.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range res.Arms {
				if a.Errors > 0 {
					t.Errorf("%s: %v", a.Name, a.ErrorClasses)
				}
			}
			c.check(t, res)
		})
	}
}

// weighted is so many operations with weights from 1 to 7.
func weighted(operations int) []map[string]any {
	mix := make([]map[string]any, operations)
	for i := range mix {
		mix[i] = map[string]any{"name": fmt.Sprintf("operation %d", i), "weight": 1 + i%7, "get": fmt.Sprintf("/?operation=%d", i)}
	}
	return mix
}

// manyOperations are carried out in 10 blocks of two arms by 100 workers.
func manyOperations(n int) limitCase {
	return limitCase{
		plan: map[string]any{
			"mix": weighted(n), "arms": []string{"a=pooled", "b=pooled"},
			"load": map[string]any{"workers": 100, "requests": 20 * n, "blocks": 10, "warmup": "0s"},
		},
		most: 1_000_000,
		check: func(t *testing.T, res *result.Result) {
			for _, a := range res.Arms {
				var sum int64
				for _, o := range a.Operations {
					sum += o.Requests
				}
				if len(a.Operations) != n || a.Requests != int64(20*n) || sum != a.Requests || len(a.Trials) != 10 {
					t.Errorf("%s: %d operations with %d requests, of %d in %d trials", a.Name, len(a.Operations), sum, a.Requests, len(a.Trials))
				}
			}
		},
	}
}

// longFeed writes a feed of so many rows, of which some are taken.
func longFeed(t *testing.T, dir string, rows int) limitCase {
	t.Helper()
	text := []byte("id,name,note\n")
	for i := range rows {
		text = fmt.Appendf(text, "%d,user%d,some note of row %d\n", i, i, i)
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.csv"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return limitCase{
		plan: map[string]any{
			"feeds": map[string]any{"rows": map[string]any{"csv": "rows.csv", "pick": "unique"}},
			"mix":   []map[string]any{{"name": "get", "get": "/echo?id={{rows.id}}", "check": "body contains rows.id"}}, "arms": []string{"pooled"},
			"load": map[string]any{"workers": 100, "requests": 10_000, "blocks": 1, "warmup": "0s"},
		},
		most: 400_000, // the file has 42 MB
		check: func(t *testing.T, res *result.Result) {
			if n := res.Arms[0].Requests; n != 10_000 {
				t.Errorf("%d requests", n)
			}
		},
	}
}

// largeBody is sent by 50 workers, which share it.
func largeBody(t *testing.T, file string) limitCase {
	t.Helper()
	reader := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	t.Cleanup(reader.Close)
	return limitCase{
		plan: map[string]any{
			"target": reader.URL, "mix": []map[string]any{{"name": "post", "post": "/", "body_file": file}}, "arms": []string{"pooled"},
			"load": map[string]any{"workers": 50, "requests": 50, "blocks": 1, "warmup": "0s"},
		},
		most: 600_000,
		check: func(t *testing.T, res *result.Result) {
			if a := res.Arms[0]; a.Requests != 50 || a.BytesOut < 50*100_000_000 {
				t.Errorf("%d requests of %d bytes", a.Requests, a.BytesOut)
			}
		},
	}
}

// highRate is an open model whose arrivals are many; however late they are on a busy machine, all are carried out.
func highRate() limitCase {
	const rate = 100_000
	return limitCase{
		plan: map[string]any{
			"mix": weighted(10), "arms": []string{"pooled"},
			"load": map[string]any{"workers": 200, "rate": rate, "duration": "1s", "blocks": 1, "warmup": "0s"},
		},
		most: 300_000,
		check: func(t *testing.T, res *result.Result) {
			a := res.Arms[0]
			if a.Requests != rate {
				t.Errorf("%d requests", a.Requests)
			}
			weights := 0
			for i := range a.Operations {
				weights += 1 + i%7
			}
			for i, o := range a.Operations {
				if want := float64(rate) * float64(1+i%7) / float64(weights); float64(o.Requests) < 0.9*want || float64(o.Requests) > 1.1*want {
					t.Errorf("%s: %d requests, want about %.0f", o.Name, o.Requests, want)
				}
			}
		},
	}
}
