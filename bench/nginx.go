//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	"golang.org/x/sys/unix"
)

// The body is what a small API answer looks like to a client: a few headers and one line.
var nginxConfig = template.Must(template.New("nginx.conf").Parse(`daemon off;
worker_processes {{.Workers}};
pid {{.Dir}}/nginx.pid;
error_log {{.Dir}}/error.log error;
events { worker_connections 8192; }
http {
	access_log off;
	default_type text/plain;
	keepalive_requests 1000000000;
	keepalive_timeout 300s;
	client_body_temp_path {{.Dir}}/body;
	proxy_temp_path {{.Dir}}/proxy;
	fastcgi_temp_path {{.Dir}}/fastcgi;
	uwsgi_temp_path {{.Dir}}/uwsgi;
	scgi_temp_path {{.Dir}}/scgi;

	ssl_certificate {{.Dir}}/cert.pem;
	ssl_certificate_key {{.Dir}}/key.pem;
	ssl_protocols TLSv1.3;
	# One line for every connection: "r" where its TLS session was resumed, "." where not.
	log_format handshake '$ssl_session_reused';
	map $connection_requests $first_request { 1 1; default ""; }

	server {
		{{range .Addresses}}listen {{.}}:{{$.HTTP}} reuseport; {{end}}
		location / { return 200 "{{.Body}}"; }
	}
	server {
		{{range .Addresses}}listen {{.}}:{{$.HTTPS}} ssl reuseport; {{end}}
		ssl_session_tickets on;
		access_log {{.Dir}}/handshakes.log handshake if=$first_request;
		location / { return 200 "{{.Body}}"; }
	}
	server {
		{{range .Addresses}}listen {{.}}:{{$.HTTPSFull}} ssl reuseport; {{end}}
		ssl_session_tickets off;
		ssl_session_cache off;
		access_log {{.Dir}}/handshakes.log handshake if=$first_request;
		location / { return 200 "{{.Body}}"; }
	}
	server {
		{{range .Addresses}}listen {{.}}:{{$.HTTP2}} ssl http2 reuseport; {{end}}
		location / { return 200 "{{.Body}}"; }
	}
	server {
		listen unix:{{.Dir}}/status.sock;
		location / { stub_status; }
	}
}
`))

// An nginx is the server under the closed-loop workloads: our own process, in a
// directory of its own, on loopback ports that were free.
type nginx struct {
	// The ports by workload kind, the same on every address. HTTPSFull offers no TLS
	// resumption.
	HTTP, HTTPS, HTTPSFull, HTTP2 int

	dir    string
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has been waited for
	status *http.Client
	polls  int64 // status requests made; nginx counts them too
}

// counts is what nginx itself has seen since it started.
type counts struct {
	Connections, Requests int64 // accepted; begun
	TLSFull, TLSResumed   int64 // by connections that carried a request
}

func (c counts) minus(before counts) counts {
	return counts{
		Connections: c.Connections - before.Connections,
		Requests:    c.Requests - before.Requests,
		TLSFull:     c.TLSFull - before.TLSFull,
		TLSResumed:  c.TLSResumed - before.TLSResumed,
	}
}

// startNginx starts nginx in dir, which must exist, on the given CPUs and loopback
// addresses, and returns once it answers. The caller stops it.
func startNginx(ctx context.Context, binary, dir, cpus string, addresses []string) (*nginx, error) {
	workers, err := countCPUs(cpus)
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(4)
	if err != nil {
		return nil, err
	}
	if err := writeCertificate(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")); err != nil {
		return nil, err
	}
	var config bytes.Buffer
	err = nginxConfig.Execute(&config, map[string]any{
		"Dir": dir, "Workers": workers, "Body": `{\"id\":1,\"name\":\"sessbench\"}`,
		"HTTP": ports[0], "HTTPS": ports[1], "HTTPSFull": ports[2], "HTTP2": ports[3], "Addresses": addresses,
	})
	if err != nil {
		return nil, err
	}
	configFile := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(configFile, config.Bytes(), 0o600); err != nil {
		return nil, err
	}
	n := &nginx{
		HTTP:      ports[0],
		HTTPS:     ports[1],
		HTTPSFull: ports[2],
		HTTP2:     ports[3],
		dir:       dir,
		ended:     make(chan struct{}),
		status:    statusClient(filepath.Join(dir, "status.sock")),
	}
	errorLog := filepath.Join(dir, "error.log")
	// A listening socket for every address, server and worker: more than the usual 1,024 files.
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return nil, fmt.Errorf("limit of open files: %w", err)
	}
	n.cmd = exec.Command("prlimit", fmt.Sprintf("--nofile=%d:", files.Max),
		"taskset", "-c", cpus, binary, "-e", errorLog, "-p", dir, "-c", configFile)
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := n.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start nginx: %w", err)
	}
	go func() {
		defer close(n.ended)
		_ = n.cmd.Wait() // how it ended does not matter: nothing is asked of it any more
	}()
	if err := n.waitReady(ctx, errorLog); err != nil {
		n.stop()
		return nil, err
	}
	return n, nil
}

func statusClient(socket string) *http.Client {
	return &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true, // so every poll is one connection and one request
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "unix", socket)
			},
		},
	}
}

func (n *nginx) waitReady(ctx context.Context, errorLog string) error {
	for range 100 {
		if _, err := n.poll(ctx); err == nil {
			return nil
		}
		select {
		case <-n.ended:
			said, _ := os.ReadFile(errorLog)
			return fmt.Errorf("nginx ended at once: %s", bytes.TrimSpace(said))
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("nginx did not answer within 5 s")
}

// stop ends nginx and returns when it is gone.
func (n *nginx) stop() {
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-n.ended:
	case <-time.After(5 * time.Second):
		_ = n.cmd.Process.Kill()
		<-n.ended
	}
}

// settled waits until no client connection is left, so that nothing of one run is
// counted in the next, and returns the counts. After three seconds it takes them as
// they are.
func (n *nginx) settled(ctx context.Context) (counts, error) {
	for deadline := time.Now().Add(3 * time.Second); ; {
		s, err := n.poll(ctx)
		if err != nil {
			return counts{}, err
		}
		if s.active <= 1 || time.Now().After(deadline) {
			full, resumed, err := countHandshakes(filepath.Join(n.dir, "handshakes.log"))
			return counts{s.accepts - n.polls, s.requests - n.polls, full, resumed}, err
		}
		select {
		case <-ctx.Done():
			return counts{}, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (n *nginx) poll(ctx context.Context) (stubStatus, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://status/", nil)
	if err != nil {
		return stubStatus{}, err
	}
	resp, err := n.status.Do(req)
	if err != nil {
		return stubStatus{}, err
	}
	defer resp.Body.Close()
	n.polls++
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return stubStatus{}, err
	}
	return parseStubStatus(string(body))
}

type stubStatus struct{ active, accepts, handled, requests int64 }

func parseStubStatus(page string) (stubStatus, error) {
	var s stubStatus
	_, err := fmt.Sscanf(strings.TrimSpace(page),
		"Active connections: %d \nserver accepts handled requests\n %d %d %d",
		&s.active, &s.accepts, &s.handled, &s.requests)
	if err != nil {
		return s, fmt.Errorf("stub_status %q: %w", page, err)
	}
	return s, nil
}

func countHandshakes(file string) (full, resumed int64, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	return int64(bytes.Count(b, []byte(".\n"))), int64(bytes.Count(b, []byte("r\n"))), nil
}

// freePorts finds loopback ports that nobody listens on now.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // after all are drawn, so that they differ
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
