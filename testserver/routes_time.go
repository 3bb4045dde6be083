package testserver

import (
	"fmt"
	"net/http"
	"time"
)

func delay(w http.ResponseWriter, r *http.Request) error {
	start := time.Now()
	p := paramsOf(r)
	d := p.duration("duration", "")
	if p.err != nil {
		return p.err
	}
	pause(r, start.Add(d))
	return writeText(w, "delayed\n")
}

// stallInside sends all but the last byte, falls silent, and sends the last one.
func (s *Server) stallInside(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	after := p.number("after", "0", 0, maxBody)
	d := p.duration("for", "1s")
	if p.err != nil {
		return p.err
	}
	promise(w, "application/octet-stream", after+1)
	w.WriteHeader(http.StatusOK)
	s.fill(w, after)
	http.NewResponseController(w).Flush()
	pause(r, time.Now().Add(d))
	w.Write(s.filler[after%26:][:1])
	return nil
}

func (s *Server) drip(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	n := p.number("bytes", "10", 0, 1<<20)
	interval := p.duration("interval", "100ms")
	if p.err != nil {
		return p.err
	}
	promise(w, "application/octet-stream", n)
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w).Flush
	due := time.Now()
	for i := range n {
		w.Write(s.filler[i%26:][:1])
		flush()
		if due = due.Add(interval); i < n-1 {
			pause(r, due)
		}
	}
	return nil
}

func (s *Server) stallOnce(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	at := p.number("at", "1", 1, 1<<40)
	d := p.duration("for", "1s")
	if p.err != nil {
		return p.err
	}
	number, err := s.tallies.next(r)
	if err != nil {
		return err
	}
	if number == at {
		pause(r, time.Now().Add(d))
	}
	return writeText(w, fmt.Sprintf("request %d\n", number))
}

func (s *Server) stallAll(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	in := p.duration("in", "0s")
	d := p.duration("for", "1s")
	if p.err != nil {
		return p.err
	}
	s.Stall(time.Now().Add(in), d)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
