package session

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"sessbench/workload/wire"
)

func TestRule_12_6_TooManyRedirects(t *testing.T) {
	server := record(t, func(r *received) string {
		return reply(302, "body of "+r.Target, "Location: "+r.Target+"x?secret")
	})
	s := testSession(t)
	s.MaxRedirects = 2
	e := isKind(t, second(s.Get(t.Context(), server.url+"/a?secret")), ErrTooManyRedirects)
	if e.Response == nil || e.Response.Status != 302 || len(e.History) != 2 || len(e.Response.History) != 2 || e.Sent == nil || len(e.Attempts) != 1 {
		t.Fatalf("%+v", e)
	}
	if data, err := e.Response.Bytes(); !strings.HasPrefix(string(data), "body of /a") || err != nil {
		t.Errorf("its body is %q, %v", data, err)
	}
	for i, r := range append(slices.Clone(e.History), e.Response) {
		if len(r.History) != i || r.Status != 302 {
			t.Errorf("response %d: %d with a history of %d", i, r.Status, len(r.History))
		}
	}
	if len(server.all()) != 3 || server.connections() != 1 {
		t.Errorf("%q over %d connections", server.targets(), server.connections())
	}
}

func TestRule_12_7_BrokenBodies(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, f := range []serverFault{
		{"bad chunk size", chunked + "secret\r\n", []Kind{ErrBrokenBody}, true},
		{"bad end of a chunk", chunked + "1\r\nsecret\r\n", []Kind{ErrBrokenBody}, true},
		{"cut short between chunks", chunked + "6\r\nsecret\r\n" + hangUp, []Kind{ErrBrokenBody}, true},
		{"cut short in a chunk", chunked + "7\r\nsecret" + hangUp, []Kind{ErrBrokenBody}, true},
		{"shorter than its length", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsecret" + hangUp, []Kind{ErrBrokenBody}, true},
		{"compressed and cut short", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\n\x1f\x8b\x08" + hangUp, []Kind{ErrBrokenBody}, true},
	} {
		f.each(t, nil)
	}
}

func TestRule_12_7_ResetInTheBody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	read := make(chan struct{})
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsecret")
			<-read
			_ = conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
		served <- err
	}()
	s := testSession(t)
	r := secretive("http://"+listener.Addr().String(), "/")
	r.Stream = true
	resp := must(t, s, r)
	if _, err := io.ReadFull(resp.Body, make([]byte, len("secret"))); err != nil {
		t.Fatal(err)
	}
	close(read)
	_, err = resp.Body.Read(make([]byte, 1))
	e := isKind(t, err, ErrBrokenBody)
	if e.Response != resp || e.Sent == nil || len(e.Attempts) != 1 || e.URL == "" {
		t.Errorf("%+v", e)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestRule_12_7_ErrorsOfALaterHopTellOfIt(t *testing.T) {
	server := record(t, func(r *received) string {
		if r.Target == "/start" {
			return reply(302, "", "Location: /end")
		}
		return "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nshort" + hangUp
	})
	s := testSession(t)
	e := isKind(t, second(s.Get(t.Context(), server.url+"/start")), ErrBrokenBody)
	if e.URL != server.url+"/end" || len(e.History) != 1 || e.Sent == nil || e.Sent.URL.Path != "/end" || e.Response == nil || len(e.Attempts) != 1 {
		t.Errorf("%+v", e)
	}
	if class := e.Attempts[0].Class; class != wire.ClassClosedEarly {
		t.Errorf("the attempt's class is %q", class)
	}
}

func TestRule_12_8_Decoding(t *testing.T) {
	var whole bytes.Buffer
	w := gzip.NewWriter(&whole)
	if _, err := io.WriteString(w, strings.Repeat("secret", 100)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	server := record(t, func(r *received) string {
		switch r.Target {
		case "/plain":
			return reply(200, "secret, not gzip", "Content-Encoding: gzip")
		case "/truncated":
			return reply(200, whole.String()[:whole.Len()-4], "Content-Encoding: gzip")
		}
		return reply(200, whole.String(), "Content-Encoding: gzip")
	})
	s := testSession(t)
	for _, path := range []string{"/plain", "/truncated"} {
		e := isKind(t, second(s.Get(t.Context(), server.url+path)), ErrContentDecoding)
		if e.Response == nil || e.Response.Status != 200 || e.Sent == nil || len(e.Attempts) != 1 {
			t.Errorf("%s: %+v", path, e)
		}
	}
	resp := must(t, s, &Request{URL: server.url})
	if text, err := resp.Text(); len(text) != 600 || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if server.connections() != 1 {
		t.Errorf("%d connections: what came over the wire was whole", server.connections())
	}
}

func TestRule_12_9_RetriesExhausted(t *testing.T) {
	server := record(t, func(*received) string { return reply(503, "busy") })
	s := testSession(t)
	retries := Retries(2)
	retries.Statuses = []int{503}
	if err := s.Mount("http://", NewAdapter(AdapterOptions{Retries: retries})); err != nil {
		t.Fatal(err)
	}
	e := isKind(t, second(s.Do(t.Context(), secretive(server.url, "/"))), ErrRetry)
	if e.Response == nil || e.Response.Status != 503 || len(e.Attempts) != 3 || e.Sent == nil || len(e.History) != 0 {
		t.Fatalf("%+v", e)
	}
	if text, err := e.Response.Text(); text != "busy" || err != nil {
		t.Errorf("the last response says %q, %v", text, err)
	}
	if len(server.all()) != 3 || server.connections() != 1 {
		t.Errorf("%d requests over %d connections", len(server.all()), server.connections())
	}
}
