package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sessbench/internal/programs"
	"sessbench/result"
	"sessbench/testserver"
	"sessbench/workload"
)

// The tests in this file run sessbench as users do, against real servers.

// newRealConsole has the real runner.
func newRealConsole() *console {
	c := newConsole(nil, nil)
	c.newRunner = func(plan *workload.Plan, opts workload.Options) (runner, error) {
		return workload.NewRunner(plan, opts)
	}
	c.tryPlan = workload.Try
	return c
}

// measured runs a command line with JSON output and returns its result.
func measured(t *testing.T, wantCode int, args ...string) *result.Result {
	t.Helper()
	c := newRealConsole()
	if code := c.sessbench(t, append(args, "--format", "json")...); code != wantCode {
		t.Fatalf("%q: exit code %d, want %d: %s", args, code, wantCode, c.err.String())
	}
	res := new(result.Result)
	if err := json.Unmarshal(c.out.Bytes(), res); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	// See withEnoughCPUs.
	res.Warnings = slices.DeleteFunc(res.Warnings, func(w result.Warning) bool { return w.Code == "generator_saturated" })
	res.Valid = !slices.ContainsFunc(res.Warnings, func(w result.Warning) bool { return w.Invalid })
	return res
}

// server starts a counting server and returns it with the flags that trust it.
func server(t *testing.T, config testserver.Config) (s *testserver.Server, trust []string) {
	t.Helper()
	s, err := testserver.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if !config.TLS {
		return s, nil
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := s.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	return s, []string{"--cacert", ca}
}

func TestCompareWithoutURLMeasuresTheEmbeddedServer(t *testing.T) {
	res := measured(t, exitDone, "compare", "-n", "80", "-c", "2", "--blocks", "4")
	if !res.Target.Embedded || !res.Valid || res.Interrupted {
		t.Errorf("embedded %v, valid %v, interrupted %v, warnings %+v", res.Target.Embedded, res.Valid, res.Interrupted, res.Warnings)
	}
	for i, name := range []string{"pooled", "fresh-resumed", "fresh"} {
		if a := res.Arms[i]; a.Name != name || a.Requests != 80 || a.Errors != 0 {
			t.Errorf("arm %d: %s with %d requests and %d errors", i, a.Name, a.Requests, a.Errors)
		}
	}
	if len(res.Comparisons) == 0 {
		t.Error("nothing was compared")
	}
}

// The embedded server speaks what the arms ask for, HTTP/3 on the same port number.
func TestTheEmbeddedServerSpeaksWhatTheArmsAskFor(t *testing.T) {
	zero := "fresh+http3+0rtt"
	if programs.EarlyDataRaces {
		zero = "fresh+http3"
	}
	res := measured(t, exitDone, "compare", "-n", "40", "-c", "2", "--blocks", "4",
		"--arms", "h1=pooled,h2=pooled+http2,h3=pooled+http3,zero="+zero)
	if !res.Valid {
		t.Errorf("not valid: %+v", res.Warnings)
	}
	for i, http := range []string{"1.1", "2", "3", "3"} {
		a := res.Arms[i]
		if a.Policy.HTTP != http || a.Requests != 40 || a.Errors != 0 || a.Phases["connect"].Max > 0 && http == "3" {
			t.Errorf("arm %s: HTTP/%s, %d requests, %d errors, connect %+v", a.Name, a.Policy.HTTP, a.Requests, a.Errors, a.Phases["connect"])
		}
	}
	if c := res.Arms[3].Connections; c.Opened != 40 || c.EarlyData == 0 && !programs.EarlyDataRaces {
		t.Errorf("%d connections and %d requests in 0-RTT, want 40 and some", c.Opened, c.EarlyData)
	}
}

// Each arm alone, so that the server's counts are the arm's and the preflight's.
func TestEveryArmsConnectionsAreTheServersConnections(t *testing.T) {
	const requests, workers = 50, 5
	for _, test := range []struct {
		arm           string
		opened        int64
		full, resumed int64
	}{
		{"pooled", workers, workers, 0},
		{"fresh", requests, requests, 0},
		{"fresh-resumed", requests, workers, requests - workers},
		{"shared-pool", -1, -1, 0}, // as many as met, at most one for each worker
		{"reuse-5", -1, -1, 0},     // depends on how the requests fall to workers
	} {
		for _, tls := range []bool{false, true} {
			t.Run(test.arm, func(t *testing.T) {
				s, trust := server(t, testserver.Config{TLS: tls})
				args := append([]string{"run", s.URL() + "/", "--arms", test.arm, "-n", "50", "-c", "5", "--blocks", "5"}, trust...)
				res := measured(t, exitDone, args...)
				arm, stats := res.Arms[0], s.Stats()
				if arm.Requests != requests || stats.Requests != requests {
					t.Errorf("%d requests, the server had %d; want %d", arm.Requests, stats.Requests, requests)
				}
				if got := arm.Connections.Opened + res.Preflight.Connections; got != stats.Connections.Accepted {
					t.Errorf("%d connections, the server accepted %d", got, stats.Connections.Accepted)
				}
				if test.opened >= 0 && arm.Connections.Opened > test.opened {
					t.Errorf("%d connections, want at most %d", arm.Connections.Opened, test.opened)
				}
				if got := arm.Connections.TLSFull + res.Preflight.TLSFull; got != stats.Handshakes.Full {
					t.Errorf("%d full handshakes, the server had %d", got, stats.Handshakes.Full)
				}
				if arm.Connections.TLSResumed != stats.Handshakes.Resumed {
					t.Errorf("%d resumed handshakes, the server had %d", arm.Connections.TLSResumed, stats.Handshakes.Resumed)
				}
				if tls && test.full >= 0 && (arm.Connections.TLSFull > test.full || arm.Connections.TLSResumed < test.resumed) {
					t.Errorf("%d full and %d resumed handshakes, want at most %d and at least %d",
						arm.Connections.TLSFull, arm.Connections.TLSResumed, test.full, test.resumed)
				}
			})
		}
	}
}

// waitUntil waits for a condition that another process or goroutine brings about.
func waitUntil(t *testing.T, what string, condition func() bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestInterruptKeepsFinishedTrials(t *testing.T) {
	s, trust := server(t, testserver.Config{TLS: true})
	file := filepath.Join(t.TempDir(), "r.json")
	args := append([]string{"compare", s.URL() + "/", "-d", "1000s", "--blocks", "10000", "--warmup", "0s", "-c", "2", "-q", "-o", file}, trust...)
	cmd := exec.Command(os.Args[0], args...) // which TestMain makes sessbench
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Trials last 100 ms and the arms' connections tell them apart: by the time that
	// fresh has opened many, at least one trial has ended.
	waitUntil(t, "two trials", func() bool { return s.Stats().Connections.Accepted > 3 && trialsSeen(s) })
	cmd.Process.Signal(os.Interrupt)
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Fatalf("exit code %d, want %d: %v", code, exitInterrupted, err)
	}
	res, err := result.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	trials := 0
	for _, a := range res.Arms {
		trials += len(a.Trials)
	}
	if !res.Interrupted || trials == 0 {
		t.Errorf("interrupted %v, %d trials", res.Interrupted, trials)
	}
}

// trialsSeen says whether both kinds of arms had their turn twice: fresh connections
// were opened, and far more requests than connections were made.
func trialsSeen(s *testserver.Server) bool {
	stats := s.Stats()
	return stats.Connections.Accepted > 100 && stats.Requests > 2*stats.Connections.Accepted
}

func TestAnUnreachableTargetFailsWithinTheConnectTimeoutAndSavesNothing(t *testing.T) {
	// A listener whose backlog nobody empties cannot be relied on to hang, and a
	// closed port refuses at once: either way the run must end by itself.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	file := filepath.Join(t.TempDir(), "r.json")
	c := newRealConsole()
	if code := c.sessbench(t, "compare", "http://"+addr+"/", "-d", "1h", "--connect-timeout", "1s", "-o", file); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if msg := c.err.String(); !strings.HasPrefix(msg, "sessbench: ") || strings.Count(msg, "\n") != 1 || !strings.Contains(msg, addr) {
		t.Errorf("message %q", msg)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("file: %v", err)
	}
}

func TestAServerThatNeverShakesHandsFailsWithinTheConnectTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts by its backlog, and is silent
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := newRealConsole()
	if code := c.sessbench(t, "compare", "https://"+l.Addr().String()+"/", "-d", "1h", "--connect-timeout", "100ms"); code != exitFailed {
		t.Errorf("exit code %d, want %d: %s", code, exitFailed, c.err.String())
	}
}

func TestFailIfOnARealRun(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	res := measured(t, exitHeld, "run", s.URL()+"/", "-n", "20", "-c", "1", "--fail-if", "pooled.response_time.p99 > 0ms")
	if res.Arms[0].Requests != 20 {
		t.Errorf("%d requests", res.Arms[0].Requests)
	}
	measured(t, exitDone, "run", s.URL()+"/", "-n", "20", "-c", "1", "--fail-if", "pooled.response_time.p99 > 1h")
}

func TestOutIsWholeOrNothing(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	file := filepath.Join(t.TempDir(), "r.json")
	if err := os.WriteFile(file, []byte("what was there"), 0o666); err != nil {
		t.Fatal(err)
	}
	c := newRealConsole()
	if code := c.sessbench(t, "run", s.URL()+"/", "-n", "20", "-o", file, "--fail-if", "nonsense"); code != exitUsage {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "what was there" {
		t.Errorf("a refused run left %q, %v", data, err)
	}
	if code := c.sessbench(t, "run", s.URL()+"/", "-n", "20", "-o", file); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	res, err := result.ReadFile(file)
	if err != nil || res.Arms[0].Requests != 20 {
		t.Errorf("saved %+v, %v", res, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("beside it: %v, %v", entries, err)
	}
}

func TestAFullDeviceFailsARealRun(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	c := newRealConsole()
	if code := c.sessbench(t, "run", s.URL()+"/", "-n", "20", "-o", full(t)); code != exitFailed {
		t.Errorf("exit code %d, want %d: %s", code, exitFailed, c.err.String())
	}
	if !strings.Contains(c.err.String(), "NOT saved") || c.out.Len() == 0 {
		t.Errorf("stderr %q, stdout %q", c.err.String(), c.out.String())
	}
}

func TestASavedResultIsReportedAsItsRunWas(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	file := filepath.Join(t.TempDir(), "r.json")
	first := newRealConsole()
	if code := first.sessbench(t, "compare", s.URL()+"/", "-n", "40", "-o", file); code != exitDone {
		t.Fatalf("exit code %d: %s", code, first.err.String())
	}
	again := newRealConsole()
	if code := again.sessbench(t, "report", file); code != exitDone {
		t.Fatalf("exit code %d: %s", code, again.err.String())
	}
	if first.out.String() != again.out.String() {
		t.Errorf("reported\n%s\nand again\n%s", first.out.String(), again.out.String())
	}
}

// The embedded server must not outlive a parent that could not stop it.
func TestEmbeddedServerEndsWithAKilledParent(t *testing.T) {
	cmd := exec.Command(os.Args[0], "run", "-d", "1h", "-q")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := childWith(t, cmd.Process.Pid, 1)
	cmd.Process.Kill()
	cmd.Wait()
	stderr.Close()
	waitUntil(t, "the embedded server's end", func() bool {
		data, err := os.ReadFile("/proc/" + child + "/cmdline")
		return err != nil || len(data) == 0
	})
}

// startRun starts a run of an hour as a process, against the embedded server, and returns
// it and the server's pid once the load is under way.
func startRun(t *testing.T, out, complaints io.Writer, args ...string) (*exec.Cmd, int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"run", "-d", "1h"}, args...)...)
	cmd.Stdout, cmd.Stderr = out, complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	pid, err := strconv.Atoi(childWith(t, cmd.Process.Pid, workload.DefaultWorkers+1))
	if err != nil {
		t.Fatal(err)
	}
	return cmd, pid
}

// Calls that fail because the server is gone must not be taken for the arm's.
func TestLosingTheEmbeddedServerStopsTheRunAndSaysSo(t *testing.T) {
	var out, complaints bytes.Buffer
	cmd, pid := startRun(t, &out, &complaints, "--format", "json")
	server, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	err = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("exit code %d (%v), want %d", code, err, exitFailed)
	}
	if want := "sessbench: the embedded test server ended during the run (signal: killed)"; !strings.Contains(complaints.String(), want) {
		t.Errorf("no %q in %q", want, complaints.String())
	}
	if strings.Contains(complaints.String(), "interrupt") {
		t.Errorf("nobody interrupted the run, but: %q", complaints.String())
	}
	res, err := result.Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	if !res.Interrupted || len(res.Arms) != 1 {
		t.Errorf("interrupted %v, %d arms", res.Interrupted, len(res.Arms))
	}
}

// Whoever closes the terminal, or ends a job, wants what was measured.
func TestSignalsThatEndAProcessInterruptTheRun(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		file := filepath.Join(t.TempDir(), "r.json")
		cmd, _ := startRun(t, io.Discard, io.Discard, "-o", file)
		cmd.Process.Signal(signal)
		err := cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
			t.Errorf("%v: exit code %d (%v), want %d", signal, code, err, exitInterrupted)
		}
		if res, err := result.ReadFile(file); err != nil || !res.Interrupted {
			t.Errorf("%v: saved %v, %v", signal, res, err)
		}
	}
}

// childWith waits for a child of a process with so many sockets, and returns its pid. Before it starts the first one, a Go program has
// another child for a moment, to see what the system can do (os.checkPidfd).
func childWith(t *testing.T, pid, wanted int) (child string) {
	t.Helper()
	waitUntil(t, "the embedded server and its connections", func() bool {
		child = childOf(t, pid)
		return child != "" && sockets(child) >= wanted
	})
	return child
}

// sockets counts those of a process.
func sockets(pid string) int {
	n := 0
	files, _ := filepath.Glob("/proc/" + pid + "/fd/*")
	for _, file := range files {
		if to, err := os.Readlink(file); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// childOf returns the pid of a process's child, where the system tells.
func childOf(t *testing.T, pid int) string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		t.Skip("no /proc")
	}
	for _, file := range stats {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(data), ") ") // "pid (name) state parent ..."
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			return filepath.Base(filepath.Dir(file))
		}
	}
	return ""
}

// A server that closes every connection leaves nothing to reuse, whether it says so in
// its responses or not.
func TestAServerThatClosesAfterEveryResponseMakesPooledInvalid(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	for path, closes := range map[string]bool{
		"/close":                true,
		"/silent-close":         true,
		"/silent-close?after=3": false,
	} {
		code, invalid := exitDone, 0
		if closes {
			code, invalid = exitInvalid, 1
		}
		res := measured(t, code, "run", s.URL()+path, "-n", "300", "-c", "2")
		n := 0
		for _, w := range res.Warnings {
			if w.Code == "no_reuse" {
				n++
			}
		}
		if n != invalid {
			t.Errorf("%s: %d warnings of no reuse, want %d; %+v", path, n, invalid, res.Warnings)
		}
	}
}

// That calls fail is said as such; that their connections were not reused follows.
func TestAServerThatOnlyFailsIsNotBlamedForClosing(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	res := measured(t, exitFailed, "run", s.URL()+"/close-early", "-n", "50", "-c", "2")
	for _, w := range res.Warnings {
		if w.Invalid || w.Code == "closed_by_peer" {
			t.Errorf("warned of %s: %s", w.Code, w.Detail)
		}
	}
}

func TestAnUnreachableTargetsMessageSaysWhatToTry(t *testing.T) {
	plain, _ := server(t, testserver.Config{})
	secure, trust := server(t, testserver.Config{TLS: true})
	port := secure.URL()[strings.LastIndexByte(secure.URL(), ':'):]
	for _, test := range []struct {
		hint string
		args []string
	}{
		{"try http instead of https", []string{strings.Replace(plain.URL(), "http:", "https:", 1)}},
		{"name the authority to trust with --cacert", []string{secure.URL()}},
		{"use a host name that the certificate is for", append([]string{"https://other.example" + port, "--resolve", "other.example" + port + ":127.0.0.1"}, trust...)},
	} {
		c := newRealConsole()
		if code := c.sessbench(t, append([]string{"run", "-q"}, test.args...)...); code != exitFailed {
			t.Errorf("%v: exit code %d, want %d", test.args, code, exitFailed)
		}
		if !strings.Contains(c.err.String(), test.hint) {
			t.Errorf("%v: no %q in %q", test.args, test.hint, c.err.String())
		}
	}
}

func TestTheReportSaysWhatWasRequested(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	res := measured(t, exitDone, "run", s.URL()+"/bytes/100?token=hunter2&page=1", "-n", "20", "-c", "2")
	if want := s.URL() + "/bytes/100?token=***&page=1"; res.Target.URL != want {
		t.Errorf("target %s, want %s", res.Target.URL, want)
	}
}
