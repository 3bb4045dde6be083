package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"sessbench/workload"
)

// embeddedPath is what is requested where no URL is given: a small answer.
const embeddedPath = "/"

const (
	embeddedStart = 10 * time.Second // longest wait for the server to listen
	embeddedStop  = 3 * time.Second  // longest wait for its end before it is killed
)

// embeddedFlags are what the server needs for a plan: it offers HTTP/2 and 3 where they are spoken, and otherwise
// answers clients of all kinds by HTTP/1.1.
func embeddedFlags(p *workload.Plan) []string {
	var flags []string
	if p.Speaks("2") {
		flags = append(flags, "--http2")
	}
	if p.Speaks("3") {
		flags = append(flags, "--http3")
	}
	return flags
}

// An announcement is the one line that "serve --announce" writes to standard output
// when it listens.
type announcement struct {
	URL   string `json:"url"`
	CAPEM string `json:"ca_pem"`
}

// An embeddedServer is a test server in a process of its own, so that the CPU time
// and the garbage collections that the generator is audited by are the generator's
// alone. The server ends when its standard input does: at stop, or at whatever end
// this process comes to.
type embeddedServer struct {
	workload.Embedded
	process *exec.Cmd
	cancel  context.CancelFunc
	said    *head         // on standard error; to be read once ended is closed
	ended   chan struct{} // closed when the process is gone
	how     error         // that it ended with; to be read once ended is closed
}

// startEmbedded starts this same executable as a test server on loopback and waits
// until it listens. extra are further flags for it.
func startEmbedded(ctx context.Context, extra ...string) (*embeddedServer, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, embeddedError(err, "")
	}
	// An interrupted run still drains its requests, so the server outlives ctx.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cmd := exec.CommandContext(life, executable, append([]string{"serve", "--tls", "--listen", "127.0.0.1:0", "--announce"}, extra...)...)
	complaints := &head{limit: 4096}
	cmd.Stderr = complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		cancel()
		return nil, embeddedError(err, "")
	}
	cmd.Cancel = stdin.Close
	cmd.WaitDelay = embeddedStop
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, embeddedError(err, "")
	}
	s := &embeddedServer{process: cmd, cancel: cancel, said: complaints, ended: make(chan struct{})}
	s.Embedded, err = heed(ctx, stdout)
	go s.attend() // ends with the process, which stop ends
	if err != nil {
		s.stop()
		return nil, embeddedError(err, complaints.String())
	}
	return s, nil
}

func (s *embeddedServer) attend() {
	s.how = s.process.Wait()
	close(s.ended)
}

// guard returns a context that ends with ctx, or when the server ends before release
// is called: what would be measured from then on is not worth reporting. release
// returns how the server ended in that case, and nil otherwise.
func (s *embeddedServer) guard(ctx context.Context) (guarded context.Context, release func() error) {
	guarded, cancel := context.WithCancelCause(ctx)
	watched := make(chan error, 1)
	go func() {
		select {
		case <-s.ended:
			lost := s.untimely()
			cancel(lost)
			watched <- lost
		case <-guarded.Done():
			watched <- nil
		}
	}()
	return guarded, func() error {
		cancel(nil)
		return <-watched
	}
}

// A lostServer is the error of an end of the server that nobody asked for.
type lostServer struct{ how string }

func (e *lostServer) Error() string {
	return "the embedded test server ended during the run (" + e.how + "), which was stopped; what is reported was measured before"
}

func (s *embeddedServer) untimely() error {
	how := "it left without an error"
	if s.how != nil {
		how = s.how.Error()
	}
	if said := strings.TrimSpace(strings.ReplaceAll(s.said.String(), "sessbench: ", "")); said != "" {
		how += ": " + said
	}
	return &lostServer{how}
}

// heed waits for the server's announcement.
func heed(ctx context.Context, stdout io.ReadCloser) (workload.Embedded, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, embeddedStart, fmt.Errorf("it did not listen within %v", embeddedStart))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { stdout.Close() })
	defer stop()
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if ctx.Err() != nil {
		return workload.Embedded{}, context.Cause(ctx)
	}
	var a announcement
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	if err != nil {
		return workload.Embedded{}, fmt.Errorf("it did not say where it listens: %w", err)
	}
	return workload.Embedded{URL: a.URL, CAPEM: []byte(a.CAPEM)}, nil
}

// embeddedError prefers what the server said itself.
func embeddedError(err error, complaints string) error {
	said := strings.TrimSpace(strings.ReplaceAll(complaints, "sessbench: ", ""))
	if said != "" {
		return fmt.Errorf("cannot start the embedded test server: %s", said)
	}
	return fmt.Errorf("cannot start the embedded test server: %w; name a URL to do without it", err)
}

// stop ends the server and returns when it is gone.
func (s *embeddedServer) stop() {
	s.cancel()
	<-s.ended // how is of no interest any more
}

// A head keeps the first bytes that are written to it.
type head struct {
	bytes.Buffer
	limit int
}

func (h *head) Write(data []byte) (int, error) {
	if room := h.limit - h.Len(); room > 0 {
		h.Buffer.Write(data[:min(room, len(data))])
	}
	return len(data), nil
}
