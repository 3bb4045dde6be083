package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"sessbench/stats"
)

// An arm compared with itself shows no difference, whatever else the machine does
// meanwhile. A verdict errs in some runs in a hundred by design, so of 20 a few may:
// with 4 %, more than four do in one test of a thousand. docs/method.md has the count of
// a longer series.
func TestAnArmComparedWithItselfShowsNoDifference(t *testing.T) {
	if testing.Short() {
		t.Skip("takes twenty runs")
	}
	const runs, wrong = 20, 4
	var verdicts []string
	for seed := range runs {
		res := measured(t, exitDone, "compare", "--arms", "a=pooled,b=pooled", "-d", "500ms", "--warmup", "100ms", "--seed", strconv.Itoa(seed))
		c := res.Comparison("response_time.p50", "b")
		if c == nil || c.Ratio == nil {
			t.Fatalf("run %d compares nothing: %+v", seed, res.Comparisons)
		}
		if c.Verdict != stats.Indistinguishable {
			verdicts = append(verdicts, fmt.Sprintf("run %d: %s, ratio %.3f (%.3f to %.3f)", seed, c.Verdict, c.Ratio.Value, c.Ratio.Lo, c.Ratio.Hi))
		}
	}
	t.Logf("%d of %d runs showed a difference that is not there: %q", len(verdicts), runs, verdicts)
	if len(verdicts) > wrong {
		t.Errorf("more than %d did", wrong)
	}
}

// A thousand workers in each of three arms over TLS fit into 200 MB: histograms are
// shared, and an idle worker needs little beside its connection.
func TestAThousandWorkersFitIntoMemory(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("takes a while, and needs /proc")
	}
	const limit = 200 << 10 // kB
	needFiles(t, 4000)
	cmd := exec.Command(os.Args[0], "compare", "-c", "1000", "-n", "4000", "--blocks", "4", "-q", "--timeout", "5m", "--connect-timeout", "2m")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	peak := 0
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			if peak == 0 || peak > limit {
				t.Errorf("sessbench's resident memory rose to %d kB, want at most %d", peak, limit)
			}
			t.Logf("%d kB at most", peak)
			return
		case <-tick.C:
			peak = max(peak, residentPeak(cmd.Process.Pid))
		}
	}
}

// residentPeak is the most memory that a process has had, in kB, or 0 once it has ended.
func residentPeak(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(value)[0])
			return kb
		}
	}
	return 0
}
