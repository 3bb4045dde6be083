package testserver

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func reset(_ http.ResponseWriter, r *http.Request) error {
	connIn(r.Context()).reset()
	panic(http.ErrAbortHandler)
}

func (s *Server) flaky(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	every := p.number("every", "2", 1, 1<<40)
	code := int(p.number("status", "503", 200, 599))
	if p.err != nil {
		return p.err
	}
	number, err := s.tallies.next(r)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("request %d\n", number)
	promise(w, "text/plain; charset=utf-8", int64(len(text)))
	if number%every == 0 {
		w.WriteHeader(code)
	}
	io.WriteString(w, text)
	return nil
}

// answerAndClose writes a response as it stands and closes the connection.
func answerAndClose(w http.ResponseWriter, r *http.Request, response string) {
	if c := ownBytes(w, r); c != nil {
		io.WriteString(c, response)
		c.Close()
	}
}

func closeEarly(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	length := p.number("length", "1000", 1, maxBody)
	sent := p.number("sent", "10", 0, 1<<20)
	if p.err == nil && sent >= length {
		p.err = fmt.Errorf("sent: %d is not less than the length %d", sent, length)
	}
	if p.err != nil {
		return p.err
	}
	answerAndClose(w, r, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", length)+strings.Repeat("x", int(sent)))
	return nil
}

// nonsense returns the kinds of responses that no client should accept.
func nonsense() map[string]string {
	const ok = "HTTP/1.1 200 OK\r\n"
	return map[string]string{
		"not-http":        "SSH-2.0-OpenSSH_9.9\r\n",
		"status-line":     "HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok",
		"version":         "HTTP/1.one 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"header":          ok + "this line has no colon\r\nContent-Length: 2\r\n\r\nok",
		"header-name":     ok + "Bad Name: x\r\nContent-Length: 2\r\n\r\nok",
		"header-cut":      ok + "Content-Len",
		"length":          ok + "Content-Length: two\r\n\r\nok",
		"length-negative": ok + "Content-Length: -2\r\n\r\nok",
		"length-twice":    ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
		"chunk":           ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
		"chunk-end":       ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nokXX0\r\n\r\n",
		"chunk-cut":       ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nok",
	}
}

func malformed(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	kind := p.value("kind", "status-line")
	kinds := nonsense()
	response, known := kinds[kind]
	if !known {
		p.complain("kind", fmt.Errorf("%q is none of %s", kind, strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")))
	}
	if p.err != nil {
		return p.err
	}
	answerAndClose(w, r, response)
	return nil
}
