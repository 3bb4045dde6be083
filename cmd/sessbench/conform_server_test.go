package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a plan's examiner reads of the JSON that try prints.
type (
	examTrace struct {
		Schema      string          `json:"schema"`
		Interrupted bool            `json:"interrupted"`
		Plan        json.RawMessage `json:"plan"`
		Operations  []examOperation `json:"operations"`
	}
	examOperation struct {
		Name, Part, URL              string
		Error                        *examError
		Status                       int
		Elapsed                      float64
		Attempts, Retries, Redirects int
		Reused                       bool
		Exchanges                    []examExchange
		Jar                          []examCookie
	}
	examError    struct{ Class, Message, During string }
	examExchange struct {
		Why     string
		Request struct {
			Method, URL, Proxy, Body string
			Headers                  []examHeader
			BodyEncoding             string `json:"body_encoding"`
			BodyBytes                int64  `json:"body_bytes"`
			Truncated                bool
		}
		Attempts []struct {
			Error      *examError
			Status     int
			Reused     bool
			Backoff    float64
			RetryAfter bool `json:"retry_after"`
			Phases     map[string]float64
			BytesIn    int64 `json:"bytes_in"`
			BytesOut   int64 `json:"bytes_out"`
		}
		Response *struct {
			Status       int
			Reason, HTTP string
			Headers      []examHeader
			Body         string
			BodyEncoding string `json:"body_encoding"`
			BodyBytes    int64  `json:"body_bytes"`
			WireBytes    int64  `json:"wire_bytes"`
			Truncated    bool
			Cookies      []examCookie
		}
	}
	examHeader struct{ Name, Value string }
	examCookie struct{ Name, Value, Domain, Path string }
)

// sent returns what the exchange sent under a name, " | " between several, or "-" for nothing.
func (e *examExchange) sent(name string) string {
	var values []string
	for _, h := range e.Request.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	if values == nil {
		return "-"
	}
	return strings.Join(values, " | ")
}

// class is "" where nothing failed.
func (o *examOperation) class() string {
	if o.Error == nil {
		return ""
	}
	return o.Error.Class
}

// jar lists the cookies as name=value@domain/path.
func (o *examOperation) jar() string {
	var list []string
	for _, c := range o.Jar {
		list = append(list, c.Name+"="+c.Value+"@"+c.Domain+c.Path)
	}
	return strings.Join(list, " ")
}

// hops lists the exchanges as "METHOD path status".
func (o *examOperation) hops() string {
	var list []string
	for _, e := range o.Exchanges {
		status := 0
		if e.Response != nil {
			status = e.Response.Status
		}
		_, path, _ := strings.Cut(e.Request.URL, "://")
		_, path, _ = strings.Cut(path, "/")
		list = append(list, fmt.Sprintf("%s /%s %d", e.Request.Method, path, status))
	}
	return strings.Join(list, ", ")
}

// examine runs sessbench as a process of its own on a plan and reads what it prints.
func examine(t *testing.T, wantCode int, plan string, args ...string) *examTrace {
	t.Helper()
	out, complaints, code := tryProcess(t, plan, append([]string{"--format", "json", "--show-secrets"}, args...)...)
	if code != wantCode {
		t.Fatalf("exit code %d, want %d: %s\n%s", code, wantCode, complaints, out)
	}
	trace := new(examTrace)
	if err := json.Unmarshal([]byte(out), trace); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if trace.Schema != "sessbench/try/v1" {
		t.Errorf("schema %q", trace.Schema)
	}
	return trace
}

// tryProcess runs sessbench try as a process of its own, without the environment's proxies.
func tryProcess(t *testing.T, plan string, args ...string) (out, complaints string, code int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(file, []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"try", "--plan", file}, args...)...)
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// An asked request is one that a scripted server got.
type asked struct {
	*http.Request
	body string
	conn int // number of its connection, from 1
}

// A scripted server answers as its script says, byte for byte.
type scripted struct {
	url, host, port string

	mu       sync.Mutex
	requests []asked
	opened   int
}

// What a script says beside raw responses.
const (
	hangUp = "\x00hang up" // at the end: close the connection then
	tunnel = "\x00tunnel"  // connect to the request's host
	wait   = "\x00wait"    // at the end: keep silent until the client goes
)

// script starts a scripted server on 127.0.0.1.
func script(t *testing.T, answer func(r asked) string) *scripted {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	_, port, _ := net.SplitHostPort(host)
	s := &scripted{url: "http://" + host, host: host, port: port}
	var serving sync.WaitGroup
	var open sync.Map
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			serving.Go(func() { defer conn.Close(); s.converse(conn, answer) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		open.Range(func(conn, _ any) bool { conn.(net.Conn).Close(); return true })
		serving.Wait()
	})
	return s
}

func (s *scripted) converse(conn net.Conn, answer func(asked) string) {
	s.mu.Lock()
	s.opened++
	number := s.opened
	s.mu.Unlock()
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			if err != io.EOF {
				io.WriteString(conn, reply(400, ""))
			}
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		q := asked{r, string(body), number}
		s.mu.Lock()
		s.requests = append(s.requests, q)
		text := answer(q)
		s.mu.Unlock()
		if text == tunnel {
			pass(conn, in, r.Host)
			return
		}
		text, closing := strings.CutSuffix(text, hangUp)
		text, waiting := strings.CutSuffix(text, wait)
		if _, err := io.WriteString(conn, text); err != nil || closing {
			return
		}
		if waiting {
			in.Peek(1)
			return
		}
	}
}

// pass is a proxy's tunnel.
func pass(conn net.Conn, in io.Reader, host string) {
	to, err := net.DialTimeout("tcp", host, 5*time.Second)
	if err != nil {
		io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	defer to.Close()
	io.WriteString(conn, "HTTP/1.1 200 Connected\r\n\r\n")
	var both sync.WaitGroup
	both.Go(func() { io.Copy(to, in); to.(*net.TCPConn).CloseWrite() })
	both.Go(func() { io.Copy(conn, to); conn.Close() })
	both.Wait()
}

// reply writes a whole response; headers are "Name: value".
func reply(status int, body string, headers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", status, http.StatusText(status), len(body))
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return b.String() + "\r\n" + body
}

// got returns the requests so far as "METHOD target".
func (s *scripted) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, r := range s.requests {
		list = append(list, r.Method+" "+r.RequestURI)
	}
	return list
}

func (s *scripted) all() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]asked(nil), s.requests...)
}
