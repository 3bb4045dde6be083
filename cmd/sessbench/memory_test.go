package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/testserver"
)

// A further worker, with the connection that it keeps, takes at most 20 KiB of resident memory, and 60 KiB with
// TLS: what 10,000 have more than 100, at their peak, garbage and stacks included.
func TestWorkersAreSmall(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("takes a while, and needs /proc")
	}
	const few, many = 100, 10_000
	for _, test := range []struct {
		name   string
		config testserver.Config
		limit  int // bytes
	}{
		{"plain", testserver.Config{}, 20 << 10},
		{"TLS", testserver.Config{TLS: true}, 60 << 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.config.TLS && runtime.GOMAXPROCS(0) == 1 {
				t.Skip("with one CPU nearly all handshakes are under way at the same time, and the peak is theirs")
			}
			needFiles(t, many+1000)
			s, trust := server(t, test.config)
			base, begin := residentWith(t, few, s, trust)
			peak, end := residentWith(t, many, s, trust)
			if end < many*9/10 {
				t.Fatalf("only %d of %d workers had something to do", end, many)
			}
			each := (peak - base) << 10 / (end - begin)
			t.Logf("%d kB with %d workers, %d kB with %d: %d bytes for each further one", base, begin, peak, end, each)
			if each > test.limit {
				t.Errorf("a worker takes %d bytes, want at most %d", each, test.limit)
			}
		})
	}
}

// residentWith returns the most memory that sessbench had with so many workers, in kB, and how many of them opened a
// connection: some may find that others have made all requests.
func residentWith(t *testing.T, workers int, s *testserver.Server, trust []string) (peak, opened int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), fmt.Sprintf("%d.json", workers))
	args := []string{"run", s.URL() + "/", "--arms", "pooled", "-c", strconv.Itoa(workers), "-n", strconv.Itoa(5 * workers),
		"--blocks", "1", "--warmup", "0s", "-q", "-o", file, "--timeout", "5m", "--connect-timeout", "2m"}
	peak = peakOf(t, exec.Command(os.Args[0], append(args, trust...)...)) // which TestMain makes sessbench
	res, err := result.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return peak, int(res.Arms[0].Connections.Opened)
}

// peakOf runs a command, which must succeed, and returns the most memory that it had, in kB.
func peakOf(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	peak, err := peakAndEnd(t, cmd)
	if err != nil || peak == 0 {
		t.Fatalf("%v, after %d kB", err, peak)
	}
	return peak
}

// peakAndEnd is peakOf for a command that may fail.
func peakAndEnd(t *testing.T, cmd *exec.Cmd) (peak int, err error) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return peak, err
		case <-tick.C:
			peak = max(peak, residentPeak(cmd.Process.Pid))
		}
	}
}
