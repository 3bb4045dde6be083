package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"sessbench/internal/host"
	"sessbench/result"
	"sessbench/workload"
)

// A process is what commands see of the process that they run in, so that tests
// can run them with buffers.
//
// Results go to stdout. Everything else goes to stderr, in lines that begin with
// "sessbench: "; the progress bar is the one exception.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	signals        <-chan os.Signal                  // requests to end; the second is urgent
	width          func() int                        // columns of stderr's terminal; 0: it is none
	colors         func() bool                       // stdout is a terminal that shows colours
	raiseFileLimit func(need uint64) (uint64, error) // see host.RaiseFileLimit
	newRunner      func(*workload.Plan, workload.Options) (runner, error)
	environment    *workload.Environment                                                          // that the plan's values came from; notes do not have them
	tryPlan        func(context.Context, *workload.Plan, workload.Options) (*result.Trace, error) // see workload.Try
}

// A runner carries out a plan; *workload.Runner is one.
type runner interface {
	Run(context.Context) (*result.Result, error)
	Progress() workload.Progress
}

// osProcess is the process that the operating system started.
func osProcess(signals <-chan os.Signal) *process {
	return &process{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		signals:        signals,
		width:          stderrWidth,
		colors:         stdoutColors,
		raiseFileLimit: host.RaiseFileLimit,
		newRunner: func(plan *workload.Plan, opts workload.Options) (runner, error) {
			return workload.NewRunner(plan, opts)
		},
		tryPlan: workload.Try,
	}
}

func stderrWidth() int {
	columns, _, err := term.GetSize(int(os.Stderr.Fd()))
	switch {
	case err != nil, os.Getenv("TERM") == "dumb":
		return 0
	case columns == 0: // a terminal that nobody told its size, as serial lines are
		return 80
	}
	return columns
}

// stdoutColors heeds what users say in the environment (https://no-color.org).
func stdoutColors() bool {
	return term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && host.ShowsEscapes(os.Stdout)
}

// note writes one line to stderr.
func (p *process) note(format string, args ...any) {
	line := p.environment.Hide(strings.ReplaceAll(strings.TrimSpace(fmt.Sprintf(format, args...)), "\n", " "))
	io.WriteString(p.stderr, "sessbench: "+line+"\n")
}

// print writes a command's result to stdout. A reader that has left, as in
// "sessbench report x.json | head", is no error.
func (p *process) print(data []byte) error {
	if _, err := p.stdout.Write(data); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("cannot write to standard output: %w", reason(err))
	}
	return nil
}

// reason is err without the operation and the file, which the message names in the
// user's words.
func reason(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

// Exit codes. Where several apply, the order is interrupted, failed, invalid, held.
const (
	exitDone        = 0
	exitFailed      = 1   // the run failed
	exitUsage       = 2   // the command line or a file that it names is wrong
	exitHeld        = 3   // a --fail-if condition held, or a threshold was not met
	exitInvalid     = 4   // the result is invalid
	exitInterrupted = 130 // a signal ended the run
)

// A usageError is what the user can mend on the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// An exit ends a command whose messages were printed already.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// sameSignal is for how long another signal is taken for the same request to end:
// timeout(1) sends its signal to the process and then to the process's group.
const sameSignal = 300 * time.Millisecond

// run is sessbench: it carries out one command line and returns the exit code.
// The first signal cancels the command, which then reports what it has. The second,
// unless it follows within sameSignal, makes run return at once, without waiting for
// the command: the process is about to end.
func run(ctx context.Context, args []string, p *process) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan int, 1)
	go func() { done <- execute(ctx, args, p) }()
	var same <-chan time.Time // nil before the first signal and after sameSignal
	for signaled := false; ; {
		select {
		case code := <-done:
			return code
		case <-same:
			same = nil
		case <-p.signals:
			if signaled && same == nil {
				return exitInterrupted
			}
			if !signaled {
				signaled, same = true, time.After(sameSignal)
				cancel()
			}
		}
	}
}

func execute(ctx context.Context, args []string, p *process) int {
	root := newRootCommand(p)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if code, ok := errors.AsType[exit](err); ok {
		return int(code)
	}
	p.note("%v", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}
