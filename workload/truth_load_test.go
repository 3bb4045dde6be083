package workload_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sessbench/workload"
)

// drawLoad draws a load of any kind.
func (sc *truthScene) drawLoad(t *testing.T) {
	r, l := sc.random, &sc.plan.Load
	*l = workload.Load{Workers: 1 + r.IntN(5), Blocks: 1 + r.IntN(4), Seed: sc.seed}
	ms := func(n int) workload.Duration { return workload.Duration(time.Duration(n) * time.Millisecond) }
	stage := func() workload.Stage {
		return workload.Stage{Duration: ms(15 + r.IntN(20)), Shape: pick(r, "", workload.Ramp, workload.Step, workload.Spike)}
	}
	ends := func() {
		if sc.one(2) {
			l.Requests = int64(l.Blocks + r.IntN(120))
		} else {
			l.Duration = ms(20 * l.Blocks)
		}
	}
	open := true
	switch r.IntN(7) {
	case 0, 1:
		open = false
		ends()
	case 2:
		open = false
		for i := range 1 + r.IntN(3) {
			s := stage()
			s.Workers = new(r.IntN(5) + (3-min(3, i))/3)
			l.Stages = append(l.Stages, s)
		}
	case 3:
		l.Rate, l.Arrivals = float64(200+r.IntN(1500)), pick(r, "", workload.Constant, workload.Poisson)
		ends()
	case 4:
		l.Arrivals = pick(r, "", workload.Constant, workload.Poisson)
		for i := range 1 + r.IntN(3) {
			s := stage()
			s.Rate = new(float64(r.IntN(1500) + (3-min(3, i))/3*100))
			l.Stages = append(l.Stages, s)
		}
	case 5:
		for i := range sc.plan.Mix {
			sc.plan.Mix[i].Weight, sc.plan.Mix[i].Rate = 0, float64(50+r.IntN(300))
		}
		ends()
	case 6:
		sc.drawTrace(t)
	}
	if open && sc.one(2) {
		l.MaxWorkers = l.Workers + r.IntN(6)
	}
	if sc.one(4) {
		l.Warmup = ms(10)
	}
}

func (sc *truthScene) drawTrace(t *testing.T) {
	var text strings.Builder
	at := 0
	sc.lines = 1 + sc.random.IntN(60)
	for range sc.lines {
		at += sc.random.IntN(3)
		fmt.Fprintf(&text, "%dms", at)
		if sc.one(2) {
			text.WriteString(" " + sc.plan.Mix[sc.random.IntN(len(sc.plan.Mix))].Name)
		}
		text.WriteString("\n")
	}
	sc.plan.Load.Trace = filepath.Join(sc.dir, "trace")
	if err := os.WriteFile(sc.plan.Load.Trace, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
