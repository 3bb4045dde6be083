package testserver

import (
	"io"
	"net/http"
	"strings"
)

// silentClose answers normally until the request that is number after= on its
// connection, and closes after that one. Its head does not say so.
func silentClose(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	after := p.number("after", "1", 1, 1<<40)
	if p.err != nil {
		return p.err
	}
	if r.ProtoMajor == 1 && connIn(r.Context()).total.Load() < after {
		return writeText(w, "stay\n")
	}
	answerAndClose(w, r, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbye\n")
	return nil
}

func eof(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	n := p.number("bytes", "1000", 0, 1<<20)
	if p.err != nil {
		return p.err
	}
	answerAndClose(w, r, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"+strings.Repeat("x", int(n)))
	return nil
}

func http10(w http.ResponseWriter, r *http.Request) error {
	answerAndClose(w, r, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nHTTP/1.0\n")
	return nil
}

func (s *Server) http10Keeping(w http.ResponseWriter, r *http.Request) error {
	c := ownBytes(w, r)
	if c == nil {
		return nil
	}
	if _, err := io.WriteString(c, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: keep-alive\r\n\r\nHTTP/1.0\n"); err != nil {
		return c.Close()
	}
	s.giveBack(c)
	return nil
}
