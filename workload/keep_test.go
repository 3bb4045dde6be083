package workload

import (
	"testing"
	"time"

	"sessbench/stats"
	"sessbench/workload/wire"
)

// Only what reads a body has it kept: a check of the status may look at responses of any size at no cost.
func TestABodyIsKeptForWhatReadsIt(t *testing.T) {
	checked := func(text string) Operation { return Operation{Check: []Check{{Expr: text}}} }
	taken := func(x Extraction) Operation { x.Name = "v"; return Operation{Extract: []Extraction{x}} }
	for what, c := range map[string]struct {
		operation Operation
		kept      bool
	}{
		"nothing":             {Operation{}, false},
		"status":              {checked("status == 200"), false},
		"header":              {checked(`headers["x-a"] == "b"`), false},
		"cookie":              {checked(`cookie("sid") == "1"`), false},
		"duration":            {checked("duration < 1h"), false},
		"extracted header":    {taken(Extraction{Header: "X-A"}), false},
		"extracted cookie":    {taken(Extraction{Cookie: "sid"}), false},
		"body":                {checked(`body contains "id"`), true},
		"size":                {checked("size == 9"), true},
		"JSON":                {checked("json.id == 47"), true},
		"status or JSON":      {checked("status == 200 || json.id == 1"), true},
		"extracted from JSON": {taken(Extraction{JSON: "id"}), true},
		"extracted by regexp": {taken(Extraction{Regexp: `(\d+)`}), true},
	} {
		o := c.operation
		o.Name, o.Method, o.URL = "get", "GET", "/"
		r, err := NewRunner(&Plan{
			Target:  cannedServer(t, `{"id":47}`, "Content-Type: application/json", "X-A: b", "Set-Cookie: sid=1"),
			Arms:    []Arm{{Name: "pooled", Policy: "pooled"}},
			Session: SessionPlan{TLS: TLSPlan{Verify: true}, Timeout: Timeout{Connect: Duration(time.Minute), Read: Duration(time.Minute)}},
			Mix:     []Operation{o},
			Load:    Load{Workers: 1, Requests: 1, Blocks: 1},
		}, Options{UserAgent: "test"})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		r.clock = wire.NewClock()
		t.Cleanup(r.close)
		if err := r.open(); err != nil {
			t.Fatal(err)
		}
		to := &recording{calls: stats.NewRecorder(r.setup.program.recorded, 0, 1)}
		w := r.arms[0].workers[0]
		if err := w.run(t.Context(), newClosedCount(1, nil), to); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var trial stats.Trial
		to.calls.Trial(&trial)
		if total := trial.Total(); total.Requests != 1 || total.Errors != 0 {
			t.Errorf("%s: %d calls, %v", what, total.Requests, total.Classes)
		}
		if body, err := w.session.Last().Body(); (err == nil) != c.kept {
			t.Errorf("%s: body %q, %v; want it kept: %v", what, body, err, c.kept)
		}
	}
}
