package session

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"
)

// Something comes on a connection while it is idle. The next request, of any method, goes over a new one.
func TestRule_5_8_WhatHappensToIdleConnectionsIsNotNoticed(t *testing.T) {
	for name, tc := range map[string]struct {
		unasked string
		ends    bool
	}{
		"closed":                 {"", true},
		"answered without asked": {reply(200, "not yours"), false},
		"408 and closed":         {reply(408, "", "Connection: close"), true},
	} {
		t.Run(name, func(t *testing.T) {
			answered := make(chan struct{})
			conns := make(chan int, 8)
			url := listen(t, func(f *farEnd) {
				f.request()
				conns <- f.number
				f.say(reply(200, "fine"))
				<-answered
				f.say(tc.unasked)
				if !tc.ends {
					f.await()
				}
			})
			var dialled []*net.TCPConn
			options := AdapterOptions{}
			options.Wire.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
				if err == nil {
					dialled = append(dialled, conn.(*net.TCPConn))
				}
				return conn, err
			}
			s := sessionWith(t, options)
			for i, method := range []string{"GET", "POST", "PATCH", "GET"} {
				if i > 0 {
					answered <- struct{}{}
					awaitInput(t, dialled[i-1])
				}
				if i < 2 {
					call := measure(t, s, &Request{Method: method, URL: url})
					if call.Err != nil || call.Reused || call.Attempts != 1 || call.Retries != 0 {
						t.Errorf("%s: %+v", method, call)
					}
					continue
				}
				resp, err := s.Do(t.Context(), &Request{Method: method, URL: url})
				if err != nil || len(resp.Attempts) != 1 || resp.Reused() {
					t.Errorf("%s: %+v, error %v", method, resp, err)
				}
			}
			close(answered)
			for want := range 4 {
				if number := <-conns; number != want+1 {
					t.Errorf("request %d came over connection %d", want+1, number)
				}
			}
		})
	}
}

// awaitInput returns when there is something to be read from conn, be it its end.
func awaitInput(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	control, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	come := false
	for end := time.Now().Add(10 * time.Second); !come; {
		if time.Now().After(end) {
			t.Fatal("nothing came")
		}
		if err := control.Control(func(fd uintptr) {
			_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			come = err == nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
