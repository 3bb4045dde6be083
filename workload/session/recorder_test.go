package session

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sessbench/workload/wire"
)

// A recorder is a server that keeps the requests as they came and answers them with what its script
// says, byte for byte.
type recorder struct {
	host  string // "127.0.0.1:port"
	url   string // "http://127.0.0.1:port" or https
	caPEM string // of an https one

	mu       sync.Mutex
	requests []*received
	opened   int
}

// A received is a request as it came.
type received struct {
	Conn                  int // number of its connection, from 1
	Method, Target, Proto string
	Lines                 []wire.Header
	Body                  []byte
	BodyErr               error
}

// get returns the values of all lines of a name, joined by " | ", or "".
func (r *received) get(name string) string {
	var values []string
	for _, line := range r.Lines {
		if strings.EqualFold(line.Name, name) {
			values = append(values, line.Value)
		}
	}
	return strings.Join(values, " | ")
}

func (r *received) has(name string) bool { return slices.ContainsFunc(r.Lines, named(name)) }

// What a script's answer can end with. One that is cut short without them is followed by silence.
const (
	hangUp = "\x00hang up" // close the connection, after what stands before it
	cutOff = "\x00cut off" // reset it; what stands before it may be lost
)

// reply writes a whole response; headers are "Name: value".
func reply(status int, body string, headers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", status, http.StatusText(status), len(body))
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return b.String() + "\r\n" + body
}

// record starts a recorder on 127.0.0.1. The script is called for one request at a time.
func record(t testing.TB, script func(*received) string) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{host: listener.Addr().String(), url: "http://" + listener.Addr().String()}
	r.serve(t, listener, script)
	return r
}

// recordTLS is record over TLS, with a certificate for 127.0.0.1, localhost and *.test.
func recordTLS(t testing.TB, script func(*received) string) *recorder {
	t.Helper()
	certificate, caPEM := selfSigned(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{host: listener.Addr().String(), url: "https://" + listener.Addr().String(), caPEM: caPEM}
	r.serve(t, listener, script)
	return r
}

func (r *recorder) serve(t testing.TB, listener net.Listener, script func(*received) string) {
	var serving sync.WaitGroup
	var open sync.Map
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			r.mu.Lock()
			r.opened++
			number := r.opened
			r.mu.Unlock()
			serving.Go(func() {
				defer open.Delete(conn)
				defer conn.Close()
				r.converse(conn, number, script)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		open.Range(func(conn, _ any) bool { conn.(net.Conn).Close(); return true })
		serving.Wait()
	})
}

func (r *recorder) converse(conn net.Conn, number int, script func(*received) string) {
	in := bufio.NewReader(conn)
	for {
		request, err := readRequest(in)
		if err != nil {
			return
		}
		request.Conn = number
		r.mu.Lock()
		r.requests = append(r.requests, request)
		answer := script(request)
		r.mu.Unlock()
		if answer == tunnel {
			join(conn, in, request.Target)
			return
		}
		answer, closing := strings.CutSuffix(answer, hangUp)
		answer, reset := strings.CutSuffix(answer, cutOff)
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
			closing = true
		}
		if _, err := io.WriteString(conn, answer); err != nil || closing {
			return
		}
	}
}

func readRequest(in *bufio.Reader) (*received, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	words := strings.Split(strings.TrimRight(line, "\r\n"), " ")
	if len(words) != 3 {
		return nil, fmt.Errorf("request line %q", line)
	}
	r := &received{Method: words[0], Target: words[1], Proto: words[2]}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ": ")
		r.Lines = append(r.Lines, wire.Header{Name: name, Value: value})
	}
	switch {
	case strings.EqualFold(r.get("Transfer-Encoding"), "chunked"):
		r.Body, r.BodyErr = io.ReadAll(newChunked(in))
	case r.get("Content-Length") != "":
		var n int64
		if _, err := fmt.Sscan(r.get("Content-Length"), &n); err != nil {
			return nil, err
		}
		r.Body = make([]byte, n)
		_, r.BodyErr = io.ReadFull(in, r.Body)
	}
	return r, nil
}

// newChunked reads a chunked body up to and with its last line.
func newChunked(in *bufio.Reader) io.Reader {
	pipe, out := io.Pipe()
	go func() {
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				out.CloseWithError(err)
				return
			}
			var n int64
			if _, err := fmt.Sscanf(strings.TrimSpace(line), "%x", &n); err != nil {
				out.CloseWithError(err)
				return
			}
			if n > 0 {
				if _, err := io.CopyN(out, in, n); err != nil {
					out.CloseWithError(err)
					return
				}
			}
			if _, err := in.ReadString('\n'); err != nil || n == 0 {
				out.CloseWithError(err)
				return
			}
		}
	}()
	return pipe
}

// all returns the requests so far.
func (r *recorder) all() []*received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// last returns the last request; there has to be one.
func (r *recorder) last(t testing.TB) *received {
	t.Helper()
	all := r.all()
	if len(all) == 0 {
		t.Fatal("the server got no request")
	}
	return all[len(all)-1]
}

// targets returns "METHOD target" of the requests so far.
func (r *recorder) targets() []string {
	var list []string
	for _, q := range r.all() {
		list = append(list, q.Method+" "+q.Target)
	}
	return list
}

// connections returns how many connections were accepted.
func (r *recorder) connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened
}

// testSession returns a session that does not look at the environment, for names under .test as for
// 127.0.0.1.
func testSession(t testing.TB) *Session {
	t.Helper()
	s := NewWith(Defaults())
	s.TrustEnv = false
	options := AdapterOptions{}
	options.Wire.LookupHost = lookupTest
	for _, prefix := range []string{"http://", "https://"} {
		if err := s.Mount(prefix, NewAdapter(options)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(s.Close)
	return s
}

// at returns the URL of path at a host of that name, which is the recorder.
func (r *recorder) at(name, path string) string {
	scheme, address, _ := strings.Cut(r.url, "://")
	_, port, _ := net.SplitHostPort(address)
	return scheme + "://" + net.JoinHostPort(name, port) + path
}

func selfSigned(t testing.TB) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		DNSNames:              []string{"localhost", "*.test", "*.example.test"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	caPEM := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caPEM
}
