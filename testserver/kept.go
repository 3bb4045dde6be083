package testserver

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"
)

// maxKeptBody bounds the request bodies that serveKept holds in memory.
const maxKeptBody = 16 << 20

// serveKept serves a request that asked for its connection to be closed, without
// closing it. net/http's server cannot be talked out of closing, so the connection is
// taken from it, the response written by a keptWriter, and the connection handed in
// again as if it were a new one.
func (s *Server) serveKept(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxKeptBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	mustClose := w.Header().Get("Connection") == "close" // MaxRequestsPerConn
	c := ownBytes(w, r)
	if c == nil {
		return
	}
	kept := newKeptWriter(c, r.Method)
	if mustClose {
		kept.header.Set("Connection", "close")
	}
	aborted := true
	defer func() {
		if aborted { // the handler panicked
			c.Close()
		}
	}()
	s.mux.ServeHTTP(kept, r)
	aborted = false
	switch {
	case kept.hijacked: // whoever took it ends it
	case kept.finish() != nil, kept.header.Get("Connection") == "close":
		c.Close()
	default:
		s.giveBack(c)
	}
}

// A keptWriter writes one HTTP/1.1 response to a connection: with the handler's
// Content-Length, or else in chunks.
type keptWriter struct {
	conn        *ownConn
	out         *bufio.Writer
	header      http.Header
	chunks      io.WriteCloser // nil: not chunked
	head        bool           // the request was HEAD
	wroteHeader bool
	bodyless    bool
	hijacked    bool
	left        int64 // of Content-Length
}

func newKeptWriter(c *ownConn, method string) *keptWriter {
	return &keptWriter{conn: c, out: bufio.NewWriter(c), header: make(http.Header), head: method == http.MethodHead}
}

func (k *keptWriter) Header() http.Header { return k.header }

func (k *keptWriter) WriteHeader(status int) {
	if k.wroteHeader || k.hijacked {
		return
	}
	if status >= 100 && status < 200 {
		k.writeHead(status)
		k.out.Flush()
		return
	}
	k.wroteHeader = true
	k.bodyless = k.head || status == http.StatusNoContent || status == http.StatusNotModified
	if k.header.Get("Date") == "" {
		k.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	length, err := strconv.ParseInt(k.header.Get("Content-Length"), 10, 64)
	if err == nil {
		k.left = length
	} else if !k.bodyless {
		k.header.Set("Transfer-Encoding", "chunked")
		k.chunks = httputil.NewChunkedWriter(k.out)
	}
	k.writeHead(status)
}

func (k *keptWriter) writeHead(status int) {
	fmt.Fprintf(k.out, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	k.header.WriteSubset(k.out, k.trailers())
	io.WriteString(k.out, "\r\n")
}

// trailers returns the announced names, which do not belong into the head.
func (k *keptWriter) trailers() map[string]bool {
	names := make(map[string]bool)
	for _, line := range k.header["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			names[http.CanonicalHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	return names
}

func (k *keptWriter) Write(p []byte) (int, error) {
	if k.hijacked {
		return 0, http.ErrHijacked
	}
	k.WriteHeader(http.StatusOK)
	switch {
	case k.bodyless || len(p) == 0:
		return len(p), nil
	case k.chunks != nil:
		return k.chunks.Write(p)
	case int64(len(p)) > k.left:
		return 0, http.ErrContentLength
	}
	k.left -= int64(len(p))
	return k.out.Write(p)
}

// FlushError is what http.ResponseController calls.
func (k *keptWriter) FlushError() error {
	k.WriteHeader(http.StatusOK)
	return k.out.Flush()
}

// Flush makes it an http.Flusher, which go-httpbin asks for.
func (k *keptWriter) Flush() { k.FlushError() }

// Hijack passes on the connection that was taken from net/http.
func (k *keptWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	k.hijacked = true
	k.conn.putBack(k.conn.early)
	return k.conn.tap, bufio.NewReadWriter(bufio.NewReader(k.conn), k.out), nil
}

// finish ends the response. An error means that the connection cannot be used again.
func (k *keptWriter) finish() error {
	k.WriteHeader(http.StatusOK)
	if k.left > 0 && !k.bodyless {
		return io.ErrUnexpectedEOF
	}
	if k.chunks != nil {
		k.chunks.Close()
		for name := range k.trailers() {
			for _, value := range k.header.Values(name) {
				fmt.Fprintf(k.out, "%s: %s\r\n", name, value)
			}
		}
		io.WriteString(k.out, "\r\n")
	}
	return k.out.Flush()
}
