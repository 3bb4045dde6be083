package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/result"
	"sessbench/workload"
)

func invalid(r *result.Result) {
	r.Valid = false
	r.Warnings = []result.Warning{{Code: "slow", Detail: "slow start"}, {Code: "ports", Detail: "local ports ran out", Invalid: true}}
}

func TestExitCodeIsTheGravestThatApplies(t *testing.T) {
	holds, fails := "pooled.response_time.p99 > 5ms", "pooled.response_time.p99 > 50ms"
	for _, test := range []struct {
		name   string
		res    *result.Result
		err    error
		failIf string
		code   int
		says   []string
	}{
		{"done", goodResult(), nil, "", exitDone, nil},
		{"condition does not hold", goodResult(), nil, fails, exitDone, nil},
		{"condition holds", goodResult(), nil, holds, exitHeld, []string{`--fail-if "pooled.response_time.p99 > 5ms" held: it is 20ms`}},
		{"invalid", with(goodResult(), invalid), nil, "", exitInvalid, []string{"the result is invalid: local ports ran out"}},
		{"invalid and held", with(goodResult(), invalid), nil, holds, exitInvalid, []string{"invalid", "held"}},
		{"unreachable", nil, errors.New("nobody listens"), "", exitFailed, []string{"nobody listens"}},
		{"every call failed", with(goodResult(), invalid), errors.New("every call of pooled failed"), holds, exitFailed, []string{"every call of pooled failed", "invalid", "held"}},
		{"interrupted", with(goodResult(), func(r *result.Result) { r.Interrupted = true; invalid(r) }), errors.New("every call failed"), holds, exitInterrupted, []string{"invalid", "held"}},
		{"condition on what was not measured", with(goodResult(), func(r *result.Result) { r.Arms[0].ResponseTime.Count = 0 }), nil, holds, exitFailed, []string{"could not be checked: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newConsole(test.res, test.err)
			args := []string{"run", anyURL}
			if test.failIf != "" {
				args = append(args, "--fail-if", test.failIf)
			}
			if code := c.sessbench(t, args...); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, want := range test.says {
				if !strings.Contains(c.err.String(), want) {
					t.Errorf("no %q in %q", want, c.err.String())
				}
			}
			if test.says == nil && c.err.Len() > 0 {
				t.Errorf("stderr has %q", c.err.String())
			}
			if reported := c.out.Len() > 0; reported != (test.res != nil) {
				t.Errorf("reported: %v; standard output %q", reported, c.out.String())
			}
		})
	}
}

func TestAnErrorOfTheTargetsPlanKeyNamesItsFlag(t *testing.T) {
	c := newConsole(nil, nil)
	c.newRunner = func(*workload.Plan, workload.Options) (runner, error) {
		return nil, &workload.KeyError{Key: "session.tls.cert", Problem: "does not fit session.tls.key"}
	}
	if code := c.sessbench(t, "run", anyURL); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	if want := "sessbench: --cert does not fit --key\n"; c.err.String() != want {
		t.Errorf("message %q, want %q", c.err.String(), want)
	}
}

func TestResultIsSavedBeforeANonZeroExit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	c := newConsole(with(goodResult(), invalid), nil)
	if code := c.sessbench(t, "run", anyURL, "-o", file); code != exitInvalid {
		t.Errorf("exit code %d, want %d", code, exitInvalid)
	}
	res, err := result.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Arms) != 1 || res.Arms[0].Requests != 100 {
		t.Errorf("saved %+v", res.Arms)
	}
	if res.Tool != tool() || res.Host.CPUs < 1 {
		t.Errorf("saved tool %+v and host %+v", res.Tool, res.Host)
	}
}

func TestSavedFileIsNotCreatedByARunThatFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	c := newConsole(nil, errors.New("nobody listens"))
	if code := c.sessbench(t, "run", anyURL, "-o", file); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("file: %v", err)
	}
}

func full(t *testing.T) string {
	t.Helper()
	const device = "/dev/full"
	if _, err := os.Stat(device); err != nil {
		t.Skip("no ", device)
	}
	return device
}

func TestAResultThatCannotBeSavedIsStillReportedAndSaysSo(t *testing.T) {
	for format, kept := range map[string]string{
		"text": "only the report on standard output remains",
		"json": "standard output has it",
	} {
		c := newConsole(goodResult(), nil)
		if code := c.sessbench(t, "run", anyURL, "-o", full(t), "--format", format); code != exitFailed {
			t.Errorf("%s: exit code %d, want %d", format, code, exitFailed)
		}
		for _, want := range []string{"sessbench: the result was NOT saved: ", "no space left on device", kept} {
			if !strings.Contains(c.err.String(), want) {
				t.Errorf("%s: no %q in %q", format, want, c.err.String())
			}
		}
		if c.out.Len() == 0 {
			t.Errorf("%s: nothing was reported", format)
		}
	}
}

func TestFullStandardOutputIsAFailureAndTheFileIsSaved(t *testing.T) {
	stdout, err := os.OpenFile(full(t), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	file := filepath.Join(t.TempDir(), "r.json")
	c := newConsole(goodResult(), nil)
	c.stdout = stdout
	if code := c.sessbench(t, "run", anyURL, "-o", file); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if want := "sessbench: cannot write to standard output: no space left on device\n"; c.err.String() != want {
		t.Errorf("message %q, want %q", c.err.String(), want)
	}
	if _, err := result.ReadFile(file); err != nil {
		t.Error(err)
	}
}

func TestAReaderThatLeftIsNoFailure(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	reader.Close()
	c := newConsole(goodResult(), nil)
	c.stdout = writer
	if code := c.sessbench(t, "run", anyURL); code != exitDone {
		t.Errorf("exit code %d, want %d: %s", code, exitDone, c.err.String())
	}
}

func TestFirstSignalKeepsWhatWasMeasured(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	c := newConsole(nil, nil)
	signals := make(chan os.Signal, 1)
	c.signals = signals
	c.runWith(&fakeRunner{run: func(ctx context.Context) (*result.Result, error) {
		signals <- os.Interrupt
		<-ctx.Done()
		return with(goodResult(), func(r *result.Result) { r.Interrupted = true }), nil
	}})
	if code := c.sessbench(t, "run", anyURL, "-o", file); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if c.out.Len() == 0 {
		t.Error("nothing was reported")
	}
	if _, err := result.ReadFile(file); err != nil {
		t.Error(err)
	}
}

func TestInterruptedBeforeAnythingWasMeasured(t *testing.T) {
	c := newConsole(nil, nil)
	signals := make(chan os.Signal, 1)
	c.signals = signals
	c.runWith(&fakeRunner{run: func(ctx context.Context) (*result.Result, error) {
		signals <- os.Interrupt
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	if code := c.sessbench(t, "run", anyURL, "-q"); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if want := "sessbench: interrupted before anything was measured\n"; c.err.String() != want {
		t.Errorf("message %q, want %q", c.err.String(), want)
	}
}

// The same signal twice, as timeout(1) sends it, is one request to end.
func TestSecondSignalEndsAtOnceUnlessItIsTheFirstAgain(t *testing.T) {
	for _, test := range []struct {
		pause time.Duration
		ended bool // the run reports before run returns
	}{{0, true}, {2 * sameSignal, false}} {
		synctest.Test(t, func(t *testing.T) {
			c := newConsole(nil, nil)
			signals := make(chan os.Signal, 2)
			c.signals = signals
			release, returned := make(chan struct{}), make(chan struct{})
			c.runWith(&fakeRunner{run: func(ctx context.Context) (*result.Result, error) {
				defer close(returned)
				signals <- os.Interrupt
				<-ctx.Done()
				time.Sleep(test.pause)
				signals <- os.Interrupt
				synctest.Wait()
				if test.ended {
					return goodResult(), errors.New("done")
				}
				<-release // a run that does not end
				return nil, ctx.Err()
			}})
			code := run(t.Context(), []string{"run", anyURL, "-q"}, &c.process)
			select {
			case <-returned:
				if !test.ended || c.out.Len() == 0 {
					t.Errorf("signals %v apart: the run was waited for, and reported %q", test.pause, c.out.String())
				}
			default:
				if test.ended || code != exitInterrupted {
					t.Errorf("signals %v apart: the run was left, code %d", test.pause, code)
				}
			}
			if code != exitInterrupted {
				t.Errorf("signals %v apart: exit code %d, want %d", test.pause, code, exitInterrupted)
			}
			close(release)
			<-returned
		})
	}
}

func TestInterruptionIsAcknowledged(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	acknowledged := make(chan string, 1)
	p := &process{width: func() int { return 0 }, stderr: writerFunc(func(data []byte) { acknowledged <- string(data) })}
	w := watch(ctx, p, &fakeRunner{}, newQueue(), false)
	cancel()
	if got := <-acknowledged; !strings.HasPrefix(got, "sessbench: interrupted; ") {
		t.Errorf("said %q", got)
	}
	w.stop()
}

type writerFunc func([]byte)

func (f writerFunc) Write(data []byte) (int, error) { f(bytes.Clone(data)); return len(data), nil }
