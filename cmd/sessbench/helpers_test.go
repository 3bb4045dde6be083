package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"sessbench/internal/host"
	"sessbench/internal/programs"
	"sessbench/result"
	"sessbench/stats"
	"sessbench/workload"
)

// asSessbench makes the test binary be sessbench, for the processes that tests and
// sessbench itself start.
const asSessbench = "SESSBENCH_TEST_AS_SESSBENCH"

func TestMain(m *testing.M) {
	// The fuzzing engine starts the test binary too.
	if os.Getenv(asSessbench) != "" && !(len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "-test.")) {
		main()
	}
	os.Setenv(asSessbench, "1")
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(programs.Main(m))
}

// A console is a process that ran, or will run, one command line.
type console struct {
	process
	out, err bytes.Buffer
	plan     *workload.Plan   // that the runner was made for; nil: it was not
	options  workload.Options // likewise
}

// newConsole has a fake runner that returns res and err.
func newConsole(res *result.Result, err error) *console {
	c := &console{}
	c.stdin = bytes.NewReader(nil)
	c.stdout, c.stderr = &c.out, &c.err
	c.width = func() int { return 0 }
	c.colors = func() bool { return false }
	c.raiseFileLimit = func(need uint64) (uint64, error) { return need, nil }
	c.runWith(&fakeRunner{run: func(context.Context) (*result.Result, error) { return res, err }})
	return c
}

func (c *console) runWith(r runner) {
	c.newRunner = func(plan *workload.Plan, opts workload.Options) (runner, error) {
		c.plan, c.options = plan, opts
		return r, nil
	}
}

func (c *console) sessbench(t *testing.T, args ...string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // only a hang gets there
	defer cancel()
	code := run(ctx, append([]string{}, args...), &c.process) // cobra makes of nil the arguments of the test itself
	return withEnoughCPUs(code, c.err.String())
}

// withEnoughCPUs returns the exit code that sessbench would have ended with if the machine had CPUs enough. Where it has few, sessbench uses
// them up together with the test's server, which often is in its process; that is not what tests are about.
func withEnoughCPUs(code int, said string) int {
	switch {
	case code != exitInvalid || !onlySaturated.MatchString(said):
		return code
	case strings.Contains(said, " held: ") || strings.Contains(said, " is not met: "):
		return exitHeld
	}
	return exitDone
}

// onlySaturated finds a result that is invalid for want of CPUs and nothing else.
var onlySaturated = regexp.MustCompile(`(?m)^sessbench: the result is invalid: (sessbench used \d+ % of the CPUs it may use, so it measured itself(; |$))+$`)

// needFiles skips a test where a process cannot have so many files open.
func needFiles(t *testing.T, n uint64) {
	t.Helper()
	if have, err := host.RaiseFileLimit(n); err != nil || have < n {
		t.Skipf("it needs %d open files, and %d are allowed (%v)", n, have, err)
	}
}

type fakeRunner struct {
	run      func(context.Context) (*result.Result, error)
	progress workload.Progress
}

func (f *fakeRunner) Run(ctx context.Context) (*result.Result, error) { return f.run(ctx) }
func (f *fakeRunner) Progress() workload.Progress                     { return f.progress }

// goodResult has one arm, pooled, with a p99 of 20 ms.
func goodResult() *result.Result {
	return &result.Result{
		Schema: result.Schema,
		Valid:  true,
		Plan:   []byte("{}"),
		Arms: []result.Arm{{
			Name: "pooled",
			Numbers: result.Numbers{
				Requests:     100,
				AchievedRate: 100,
				ResponseTime: stats.Summary{Count: 100, Mean: 0.01, P50: 0.01, P99: 0.02, Max: 0.02},
			},
		}},
	}
}

func with(res *result.Result, change func(*result.Result)) *result.Result {
	change(res)
	return res
}

const anyURL = "http://127.0.0.1:9/"

// writeIdentity writes a certificate and its key as PEM files.
func writeIdentity(t *testing.T, identity tls.Certificate, cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(identity.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: identity.Certificate[0]},
		key:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
