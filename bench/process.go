//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A command is one client process to be measured.
type command struct {
	argv []string
	env  []string // added to ours
	dir  string
	cpus string

	// stopAfter ends the process with SIGTERM when it does not end by itself; 0: it does.
	stopAfter time.Duration
	// counted: the system calls are counted, which makes them dearer.
	counted bool
	// okExits are exit codes besides 0 that are no failure.
	okExits []int
	// limit bounds the run whatever the process does.
	limit time.Duration
}

// A usage is what one client process cost and said.
type usage struct {
	CPU         time.Duration // user and system, of the process and the children it waited for
	PeakMemory  int64         // bytes resident
	Sleeps      int64         // times that a thread gave up its CPU to wait
	SystemCalls int64         // 0: not counted
	Wall        time.Duration
	Stdout      []byte
	Failure     string // empty: it did what it was told
}

// run starts the command, waits for it, and returns what it used. It must be called
// from a goroutine that stays on its thread: the kernel ties a child's life to it.
func run(ctx context.Context, c command) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	argv := append([]string{"taskset", "-c", c.cpus}, c.argv...)
	counts := filepath.Join(c.dir, "system-calls")
	if c.counted {
		argv = append([]string{"perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-o", counts, "--"}, argv...)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Dir = c.dir
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}

	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	ownPeak := peakResident(os.Getpid()) // not before: ours may grow until the child has left it
	if c.stopAfter > 0 {
		stop := time.AfterFunc(c.stopAfter, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
		defer stop.Stop()
	}
	watch := watchPeak(cmd.Process.Pid)
	waitErr := cmd.Wait()
	own := cmd.ProcessState.SysUsage().(*syscall.Rusage) // with numbers of 32 bits on some systems
	u := usage{
		Wall:       time.Since(begin),
		CPU:        cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		PeakMemory: watch(),
		Sleeps:     int64(own.Nvcsw),
		Stdout:     stdout.Bytes(),
	}
	if c.counted {
		u.SystemCalls = readCount(counts)
	}
	if ctx.Err() == nil {
		u.Failure = failure(cmd.ProcessState, waitErr, c, stderr.Bytes())
	} else {
		u.Failure = "stopped: " + context.Cause(ctx).Error()
	}
	// The rusage peak is exact, but it starts from the peak of the process that
	// forked: until exec a child shares our memory. It counts only beyond that, and beyond
	// what the kernel's counters of different CPUs may differ by.
	const slack = 4 << 20
	if peak := int64(own.Maxrss) << 10; peak > ownPeak+slack {
		u.PeakMemory = peak
	}
	return u, nil
}

func failure(state *os.ProcessState, err error, c command, stderr []byte) string {
	var exit *exec.ExitError
	switch {
	case err == nil, slices.Contains(c.okExits, state.ExitCode()):
		return ""
	case !errors.As(err, &exit):
		return err.Error()
	}
	if ws := state.Sys().(syscall.WaitStatus); c.stopAfter > 0 && ws.Signaled() && ws.Signal() == syscall.SIGTERM {
		return ""
	}
	said := strings.TrimSpace(string(stderr))
	if lines := strings.Split(said, "\n"); len(lines) > 3 {
		said = strings.Join(lines[len(lines)-3:], "; ")
	}
	return fmt.Sprintf("%v: %s", err, said)
}

// readCount reads the one figure that perf wrote, "123456,,raw_syscalls:sys_enter,...", or 0.
func readCount(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		number, rest, _ := strings.Cut(line, ",")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && strings.Contains(rest, "raw_syscalls") {
			return n
		}
	}
	return 0
}

// canCount says whether system calls can be counted here: with perf, and the right to.
func canCount() bool {
	return exec.Command("perf", "stat", "-e", "raw_syscalls:sys_enter", "true").Run() == nil
}

// watchPeak follows a process's peak resident memory until the returned function
// is called, which gives the highest value seen, in bytes.
func watchPeak(pid int) func() int64 {
	done, peak := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		var highest int64
		for {
			highest = max(highest, peakResident(pid))
			select {
			case <-done:
				peak <- highest
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 { close(done); return <-peak }
}

// peakResident reads a process's VmHWM, in bytes; 0 when it is gone.
func peakResident(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	return parsePeakResident(string(b))
}

func parsePeakResident(status string) int64 {
	_, rest, found := strings.Cut(status, "VmHWM:")
	if !found {
		return 0
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
