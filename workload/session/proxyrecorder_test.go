package session

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
)

// tunnel makes the recorder open the tunnel that a CONNECT asks for, to the port on 127.0.0.1.
const tunnel = "\x00tunnel"

// join connects conn, of which in may have read more, to the port of target.
func join(conn net.Conn, in *bufio.Reader, target string) {
	_, port, _ := net.SplitHostPort(target)
	server, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		_, _ = io.WriteString(conn, reply(502, "no"))
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connected\r\n\r\n"); err != nil {
		_ = server.Close()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(conn, server)
		_ = conn.Close()
	}()
	_, _ = io.Copy(server, in)
	_ = server.Close()
	<-done
}

// recordOver is record over TLS with a configuration.
func recordOver(t testing.TB, config *tls.Config, script func(*received) string) *recorder {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{host: listener.Addr().String(), url: "https://" + listener.Addr().String()}
	r.serve(t, listener, script)
	return r
}

// A proxyScript answers requests for plain http itself, and opens tunnels.
func proxyScript(r *received) string {
	if r.Method == "CONNECT" {
		return tunnel
	}
	return reply(200, "by the proxy")
}

// as returns the proxy's URL with a user and password in front of its host.
func (r *recorder) as(login string) string {
	return strings.Replace(r.url, "://", "://"+login+"@", 1)
}

// connects returns the requests for tunnels, and others the rest.
func (r *recorder) connects() (connects, others []*received) {
	for _, q := range r.all() {
		if q.Method == "CONNECT" {
			connects = append(connects, q)
		} else {
			others = append(others, q)
		}
	}
	return connects, others
}

// hello answers every request with 200.
func hello(*received) string { return reply(200, "hello") }

// noEnvironment takes out of the test's environment what a session looks for there.
func noEnvironment(t testing.TB) {
	t.Helper()
	for _, name := range []string{
		"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
		"REQUEST_METHOD", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("NETRC", t.TempDir()+"/none")
}

// wantGet makes a call with GET whose answer has to be this.
func wantGet(t testing.TB, s *Session, url, body string) *Response {
	t.Helper()
	return wantDo(t, s, &Request{URL: url}, body)
}

func wantDo(t testing.TB, s *Session, r *Request, body string) *Response {
	t.Helper()
	resp, err := s.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := resp.Text(); err != nil || resp.Status != 200 || text != body {
		t.Errorf("%s: %d %q, %v; want 200 %q", r.URL, resp.Status, text, err, body)
	}
	return resp
}

// wantLines checks the names of a request's header lines, in their order.
func wantLines(t testing.TB, r *received, names ...string) {
	t.Helper()
	var got []string
	for _, line := range r.Lines {
		got = append(got, line.Name)
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("%s %s has the lines %q, want %q", r.Method, r.Target, got, names)
	}
}
