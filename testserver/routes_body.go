package testserver

import (
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
)

// promise sets the header fields that describe a body.
func promise(w http.ResponseWriter, contentType string, length int64) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
}

func (s *Server) root(w http.ResponseWriter, _ *http.Request) error {
	return writeText(w, "sessbench test server\n")
}

// newFiller returns the start of every generated body: the alphabet over and over. Its
// length is a multiple of the alphabet's, so it can be repeated.
func newFiller() []byte {
	filler := make([]byte, 26*1260) // nearly 32 KiB
	for i := range filler {
		filler[i] = 'a' + byte(i%26)
	}
	return filler
}

// fill writes n bytes of the alphabet.
func (s *Server) fill(w io.Writer, n int64) error {
	for n > 0 {
		part := min(n, int64(len(s.filler)))
		if _, err := w.Write(s.filler[:part]); err != nil {
			return err
		}
		n -= part
	}
	return nil
}

func (s *Server) bytes(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	n := p.number("n", "", 0, maxBody)
	if p.err != nil {
		return p.err
	}
	promise(w, "application/octet-stream", n)
	s.fill(w, n)
	return nil
}

// chunked sends its trailers X-Bytes and X-Crc32 (IEEE, hexadecimal) after the body.
func chunked(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	n := p.number("n", "", 0, maxBody)
	size := p.number("chunk", "1024", 1, 1<<20)
	if p.err != nil {
		return p.err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Trailer", "X-Bytes, X-Crc32")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w).Flush
	flush() // the length is not known from here on
	var sum uint32
	chunk := make([]byte, min(size, n))
	for sent := int64(0); sent < n; {
		chunk = chunk[:min(size, n-sent)]
		for i := range chunk {
			chunk[i] = 'a' + byte((sent+int64(i))%26)
		}
		sum = crc32.Update(sum, crc32.IEEETable, chunk)
		if _, err := w.Write(chunk); err != nil || flush() != nil {
			return nil // the client has gone
		}
		sent += int64(len(chunk))
	}
	w.Header().Set("X-Bytes", strconv.FormatInt(n, 10))
	w.Header().Set("X-Crc32", fmt.Sprintf("%08x", sum))
	return nil
}

func status(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	code := int(p.number("code", "", 200, 599))
	if p.err != nil {
		return p.err
	}
	if code == http.StatusNoContent || code == http.StatusNotModified {
		w.WriteHeader(code)
		return nil
	}
	text := fmt.Sprintf("%d %s\n", code, http.StatusText(code))
	promise(w, "text/plain; charset=utf-8", int64(len(text)))
	w.WriteHeader(code)
	io.WriteString(w, text)
	return nil
}

func redirect(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	n := p.number("n", "", 1, 1000)
	code := int(p.number("status", "302", 300, 308))
	if p.err != nil {
		return p.err
	}
	location := "/"
	if n > 1 {
		location = fmt.Sprintf("/redirect/%d?status=%d", n-1, code)
	}
	w.Header().Set("Location", location)
	promise(w, "text/plain; charset=utf-8", 0)
	w.WriteHeader(code)
	return nil
}

func interim(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Link", "</style.css>; rel=preload; as=style")
	w.WriteHeader(http.StatusEarlyHints)
	w.Header().Del("Link")
	w.WriteHeader(http.StatusProcessing)
	return writeText(w, "after 103 and 102\n")
}

func closing(w http.ResponseWriter, r *http.Request) error {
	sayClose(w, r)
	return writeText(w, "this connection closes\n")
}
