package workload_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sessbench/internal/programs"
	"sessbench/result"
	"sessbench/workload"
)

// Every built-in arm's sockets, handshakes and requests are those that nginx logged.
func TestCountsEqualNginxLog(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		arms := []string{"pooled", "fresh", "fresh-resumed", "reuse-3", "shared-pool"}
		if scheme == "https" {
			arms = append(arms, "pooled+http2", "fresh+http2", "fresh-resumed+http2", "reuse-3+http2", "shared-pool+http2", "shared-pool+http2+streams-2",
				"shared-pool+http2+pool-2+requests-5")
		}
		for _, arm := range arms {
			t.Run(scheme+"/"+arm, func(t *testing.T) {
				t.Parallel()
				server := startNginx(t, "")
				res := runAgainst(t, server, scheme, arm)
				server.requireCounts(t, res)
				requirePhases(t, res)
				for _, w := range res.Warnings {
					if w.Invalid {
						t.Errorf("the run is not valid: %s: %s", w.Code, w.Detail)
					}
				}
			})
		}
	}
}

// A server that ends connections after some requests leaves the pooled arm valid,
// with a warning, and the counts still agree.
func TestPooledWithKeepaliveRequests(t *testing.T) {
	server := startNginx(t, "keepalive_requests 7;")
	res := runAgainst(t, server, "http", "pooled")
	server.requireCounts(t, res)
	requireWarning(t, res, "closed_by_peer", false)
	c := res.Arms[0].Connections
	// Each of the four workers ends with a connection that has not carried its seven yet.
	if full := c.ClosedByPeer * 7; full > c.Attempts || full < c.Attempts-4*6 {
		t.Errorf("%d connections were closed by the peer for %d requests, 7 on each", c.ClosedByPeer, c.Attempts)
	}
}

// Over HTTP/2 it says GOAWAY, and what it did not take is sent again.
func TestPooledHTTP2WithKeepaliveRequests(t *testing.T) {
	for _, arm := range []string{"pooled+http2", "shared-pool+http2+streams-4"} {
		server := startNginx(t, "keepalive_requests 7;")
		res := runAgainst(t, server, "https", arm)
		requireWarning(t, res, "closed_by_peer", false)
		c := res.Arms[0].Connections
		if a := &res.Arms[0]; a.Errors != 0 || c.Opened < 203/7 {
			t.Errorf("%s: %d errors (%v) over %d connections", arm, a.Errors, a.ErrorClasses, c.Opened)
		}
		var requests, sockets int64
		waitFor(t, "nginx to log all requests", func() bool {
			requests, sockets, _, _ = server.counts(t, "HTTP/2.0")
			return requests >= c.Attempts-c.StaleRetries
		})
		if requests > c.Attempts || sockets != c.Opened {
			t.Errorf("%s: %d requests over %d connections, nginx logged %d over %d", arm, c.Attempts, c.Opened, requests, sockets)
		}
	}
}

// A server without keep-alive leaves nothing to reuse: the pooled arm is not what it says.
func TestPooledWithoutKeepalive(t *testing.T) {
	server := startNginx(t, "keepalive_timeout 0;")
	res := runAgainst(t, server, "http", "pooled")
	server.requireCounts(t, res)
	requireWarning(t, res, "no_reuse", true)
	if res.Valid {
		t.Error("the result is valid although nothing was reused")
	}
}

// Without tickets nothing can be resumed, and fresh-resumed says so.
func TestResumptionRefused(t *testing.T) {
	server := startNginx(t, "ssl_session_tickets off; ssl_session_cache off;")
	res := runAgainst(t, server, "https", "fresh-resumed")
	server.requireCounts(t, res)
	requireWarning(t, res, "no_resumption", true)
}

func requireWarning(t *testing.T, res *result.Result, code string, invalid bool) {
	t.Helper()
	for _, w := range res.Warnings {
		if w.Code == code {
			if w.Invalid != invalid || w.Detail == "" || w.Hint == "" {
				t.Errorf("warning %+v", w)
			}
			return
		}
	}
	t.Errorf("no warning %s in %+v", code, res.Warnings)
}

func runAgainst(t *testing.T, server *nginx, scheme, arm string) *result.Result {
	t.Helper()
	arms, err := workload.ParseArms(arm)
	if err != nil {
		t.Fatal(err)
	}
	plan := &workload.Plan{
		Target: scheme + "://" + map[string]string{"http": server.http, "https": server.https}[scheme] + "/",
		Arms:   arms,
		Session: workload.SessionPlan{
			TLS:     workload.TLSPlan{Verify: true, CA: server.ca},
			Timeout: workload.Timeout{Connect: workload.Duration(10 * time.Second), Read: workload.Duration(30 * time.Second)},
		},
		Mix:  []workload.Operation{{Name: "GET /", Method: "GET", URL: "/"}},
		Load: workload.Load{Workers: 4, Requests: 203, Blocks: 5, Warmup: workload.Duration(20 * time.Millisecond), Seed: 1},
	}
	runner, err := workload.NewRunner(plan, workload.Options{UserAgent: "sessbench/test"})
	if err != nil {
		t.Fatal(err)
	}
	res, err := runner.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Arms[0].Requests; got != 203 {
		t.Errorf("%d requests were measured, want 203", got)
	}
	return res
}

// An nginx is a server started for one test.
type nginx struct {
	http, https string // addresses
	ca          string // PEM file
	log         string
}

// startNginx starts a server with these directives. Another process may take one of its ports before it does, or both may
// be the same one; it is then tried with others.
func startNginx(t *testing.T, directives string) *nginx {
	t.Helper()
	if !strings.Contains(directives, "keepalive_requests") {
		directives += " keepalive_requests 1000000;"
	}
	path := programs.Find(t, "nginx", "nginx-light")
	for range 5 {
		if s := tryNginx(t, path, directives); s != nil {
			return s
		}
	}
	t.Fatal("nginx does not start")
	return nil
}

// tryNginx returns nil where the program has ended at once.
func tryNginx(t *testing.T, path, directives string) *nginx {
	t.Helper()
	dir := t.TempDir()
	s := &nginx{http: programs.Address(t), https: programs.Address(t), ca: filepath.Join(dir, "cert.pem"), log: filepath.Join(dir, "access.log")}
	writeCertificate(t, s.ca, filepath.Join(dir, "key.pem"))
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process off; error_log stderr; pid %[1]s/pid;
events { worker_connections 512; }
http {
	log_format counts '$connection $server_protocol $ssl_session_reused';
	access_log %[1]s/access.log counts;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	%[2]s
	server {
		listen %[3]s; listen %[4]s ssl http2;
		ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/key.pem;
		location / { return 200 "hello\n"; }
	}
}`, dir, directives, s.http, s.https)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	command := exec.Command(path, "-p", dir, "-c", config, "-e", "stderr")
	command.Stderr = &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill() // an interrupt that comes just before nginx goes to sleep is noticed when something else wakes it
		<-ended
		if t.Failed() {
			t.Logf("nginx said: %s", output.String())
		}
	})
	listens := false
	waitFor(t, "nginx to listen", func() bool {
		select {
		case <-ended:
			return true
		default:
			_, err := os.Stat(filepath.Join(dir, "pid")) // written when it does
			listens = err == nil
			return listens
		}
	})
	if !listens {
		return nil
	}
	return s
}

// requireCounts holds a one-arm result against the access log.
func (s *nginx) requireCounts(t *testing.T, res *result.Result) {
	t.Helper()
	c := res.Arms[0].Connections
	protocol := map[string]string{"1.1": "HTTP/1.1", "2": "HTTP/2.0"}[res.Arms[0].Policy.HTTP]
	var requests, sockets, full, resumed int64
	waitFor(t, fmt.Sprintf("nginx to log %d requests", c.Attempts), func() bool {
		requests, sockets, full, resumed = s.counts(t, protocol)
		return requests >= c.Attempts
	})
	check := func(what string, got, logged int64) {
		t.Helper()
		if got != logged {
			t.Errorf("%s: sessbench says %d, nginx logged %d", what, got, logged)
		}
	}
	check("requests", c.Attempts, requests)
	check("requests with those of the warm-up", res.Arms[0].Requests+res.Arms[0].WarmupRequests, requests)
	check("sockets", c.Opened, sockets)
	if c.TLSFull+c.TLSResumed > 0 {
		check("full handshakes", c.TLSFull, full)
		check("resumed handshakes", c.TLSResumed, resumed)
	}
}

// counts reads the access log, in which all requests have to be of that protocol.
func (s *nginx) counts(t *testing.T, protocol string) (requests, sockets, full, resumed int64) {
	t.Helper()
	file, err := os.Open(s.log)
	if err != nil {
		return
	}
	defer file.Close()
	seen := map[string]bool{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		requests++
		fields := strings.Fields(lines.Text())
		if len(fields) > 1 && fields[1] != protocol {
			t.Fatalf("nginx logged %q, want requests of %s", lines.Text(), protocol)
		}
		if len(fields) < 2 || seen[fields[0]] {
			continue
		}
		seen[fields[0]] = true
		sockets++
		if len(fields) == 3 && fields[2] == "r" {
			resumed++
		} else {
			full++
		}
	}
	return
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func writeCertificate(t *testing.T, certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sessbench test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
