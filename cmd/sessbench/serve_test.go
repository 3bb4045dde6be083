package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"sessbench/result"
)

func clientTrusting(t *testing.T, caPEM []byte) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	if len(caPEM) > 0 && !roots.AppendCertsFromPEM(caPEM) {
		t.Fatalf("no certificate in %q", caPEM)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func get(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// served is a serve command that runs beside the test.
type served struct {
	url     string
	lines   *bufio.Reader // of stderr, from the second on
	signals chan os.Signal
	code    chan int
}

func serve(t *testing.T, args ...string) *served {
	t.Helper()
	reader, writer := io.Pipe()
	s := &served{lines: bufio.NewReader(reader), signals: make(chan os.Signal, 1), code: make(chan int, 1)}
	c := newConsole(nil, nil)
	c.stderr, c.signals = writer, s.signals
	go func() {
		s.code <- run(t.Context(), append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), &c.process)
		writer.Close()
	}()
	line := s.line(t)
	s.url = strings.TrimSuffix(strings.TrimPrefix(line, "sessbench: serving "), " until interrupted")
	if !strings.HasPrefix(s.url, "http") {
		t.Fatalf("first line %q", line)
	}
	return s
}

func (s *served) line(t *testing.T) string {
	t.Helper()
	line, err := s.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("after %q: %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func TestServeServesUntilInterruptedAndTellsTheCounts(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	for _, test := range []struct {
		args   []string
		scheme string
		trust  string
	}{
		{[]string{"--ca-out", ca}, "https://", "--cacert " + ca + " "},
		{nil, "https://", "--insecure "},
		{[]string{"--http"}, "http://", ""},
		{[]string{"--tls=false"}, "http://", ""},
	} {
		s := serve(t, test.args...)
		if !strings.HasPrefix(s.url, test.scheme) {
			t.Errorf("%q: URL %s, want scheme %s", test.args, s.url, test.scheme)
		}
		if got, want := s.line(t), "sessbench: try: sessbench compare "+test.trust+s.url+"/"; got != want {
			t.Errorf("%q: hint %q, want %q", test.args, got, want)
		}
		var trusted []byte
		if strings.HasPrefix(test.trust, "--cacert") {
			var err error
			if trusted, err = os.ReadFile(ca); err != nil {
				t.Fatal(err)
			}
		}
		if trusted != nil || test.scheme == "http://" {
			get(t, clientTrusting(t, trusted), s.url+"/")
		}
		s.signals <- os.Interrupt
		if line := s.line(t); !strings.HasSuffix(line, " requests") || !strings.Contains(line, "TLS handshakes") {
			t.Errorf("%q: last line %q", test.args, line)
		}
		if code := <-s.code; code != exitDone {
			t.Errorf("%q: exit code %d, want %d", test.args, code, exitDone)
		}
	}
}

func TestServeOffersHTTP3OnTheSamePort(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	s := serve(t, "--http3", "--ca-out", ca)
	s.line(t)
	trusted, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	client := clientTrusting(t, trusted)
	transport := &http3.Transport{TLSClientConfig: client.Transport.(*http.Transport).TLSClientConfig}
	defer transport.Close()
	get(t, client, s.url+"/")
	client.Transport = transport
	get(t, client, s.url+"/")
	s.signals <- os.Interrupt
	if got, want := s.line(t), "sessbench: 2 connections, 2 full and 0 resumed TLS handshakes, 2 requests"; got != want {
		t.Errorf("last line %q, want %q", got, want)
	}
	if code := <-s.code; code != exitDone {
		t.Errorf("exit code %d, want %d", code, exitDone)
	}
}

func TestAnAddressInUseIsAClearFailure(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := newConsole(nil, nil)
	if code := c.sessbench(t, "serve", "--listen", l.Addr().String()); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if want := "sessbench: cannot listen on " + l.Addr().String() + ": address already in use; choose another address with --listen\n"; c.err.String() != want {
		t.Errorf("message %q, want %q", c.err.String(), want)
	}
}

func TestAnnouncedServerHeedsItsStandardInputAlone(t *testing.T) {
	c := newConsole(nil, nil)
	stdin, closeStdin := io.Pipe()
	stdout, stdoutEnd := io.Pipe()
	signals := make(chan os.Signal, 1)
	c.stdin, c.stdout, c.signals = stdin, stdoutEnd, signals
	code := make(chan int, 1)
	go func() {
		code <- run(t.Context(), []string{"serve", "--tls", "--listen", "127.0.0.1:0", "--announce"}, &c.process)
	}()
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var a announcement
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatal(err)
	}
	signals <- os.Interrupt
	get(t, clientTrusting(t, []byte(a.CAPEM)), a.URL+"/")
	closeStdin.Close()
	if got := <-code; got != exitDone {
		t.Errorf("exit code %d, want %d", got, exitDone)
	}
	if c.err.Len() > 0 {
		t.Errorf("said %q", c.err.String())
	}
}

func TestEmbeddedServerIsAProcessOfItsOwnUntilItIsStopped(t *testing.T) {
	s, err := startEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.process.Process.Pid == os.Getpid() {
		t.Error("it is this process")
	}
	get(t, clientTrusting(t, s.CAPEM), s.URL+"/")
	s.stop()
	if state := s.process.ProcessState; state == nil || state.ExitCode() != 0 {
		t.Errorf("it ended with %v", state)
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "https://")); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}

func TestEmbeddedServerOutlivesAnInterruption(t *testing.T) {
	c := newConsole(nil, nil)
	signals := make(chan os.Signal, 1)
	c.signals = signals
	c.runWith(&fakeRunner{run: func(ctx context.Context) (*result.Result, error) {
		signals <- os.Interrupt
		<-ctx.Done()
		get(t, clientTrusting(t, c.options.Embedded.CAPEM), c.options.Embedded.URL+"/") // draining
		return nil, ctx.Err()
	}})
	if code := c.sessbench(t, "compare"); code != exitInterrupted {
		t.Errorf("exit code %d, want %d: %s", code, exitInterrupted, c.err.String())
	}
}

func TestWithoutURLThePlanHasNoTargetAndTheOptionsHaveTheServer(t *testing.T) {
	c := newConsole(goodResult(), nil)
	if code := c.sessbench(t, "compare", "-n", "50"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	if c.plan.Target != "" || c.plan.Mix[0].URL != embeddedPath {
		t.Errorf("target %q, operation %q", c.plan.Target, c.plan.Mix[0].URL)
	}
	if len(c.plan.Arms) != 3 {
		t.Errorf("arms %v", c.plan.Arms)
	}
	e := c.options.Embedded
	if e == nil || !strings.HasPrefix(e.URL, "https://127.0.0.1:") || !bytes.Contains(e.CAPEM, []byte("BEGIN CERTIFICATE")) {
		t.Errorf("embedded %+v", e)
	}
	if c.options.CPUTime == nil || !strings.HasPrefix(c.options.UserAgent, "sessbench/") {
		t.Errorf("options %+v", c.options)
	}
}

func TestWithAURLNoServerIsStarted(t *testing.T) {
	c := newConsole(goodResult(), nil)
	if code := c.sessbench(t, "run", anyURL); code != exitDone || c.options.Embedded != nil {
		t.Errorf("exit code %d, embedded %+v", code, c.options.Embedded)
	}
}

func TestWhatTheEmbeddedServerSaysIsPassedOn(t *testing.T) {
	err := embeddedError(io.ErrUnexpectedEOF, "sessbench: cannot listen on 127.0.0.1:0: too many open files\n")
	if want := "cannot start the embedded test server: cannot listen on 127.0.0.1:0: too many open files"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}
