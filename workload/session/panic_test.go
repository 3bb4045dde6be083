package session

import (
	"io"
	"net"
	"testing"
	"time"

	"sessbench/workload/wire"
)

// halfAnswer is a server that begins to answer one request, and then tells how its connection ended.
func halfAnswer(t *testing.T, head string) (url string, end <-chan error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	ended := make(chan error, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			ended <- err
			return
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Read(make([]byte, 4096)); err != nil {
			ended <- err
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 "+head+"\r\nContent-Length: 100\r\n\r\npart")
		_, err = io.Copy(io.Discard, c)
		ended <- err
	}()
	return "http://" + ln.Addr().String(), ended
}

// panickyAuth panics when it is to answer a challenge.
type panickyAuth struct{}

func (panickyAuth) Authenticate(*Hop) error         { return nil }
func (panickyAuth) Answer(*Hop, int, []string) bool { panic("answer") }

func TestAPanicOfAUsersClosesTheConnection(t *testing.T) {
	for name, tc := range map[string]struct {
		head    string
		request Request
	}{
		"in a hook":      {"200 OK", Request{Hooks: Hooks{After: []func(*Response) (*Response, error){func(*Response) (*Response, error) { panic("hook") }}}}},
		"in an Answerer": {"401 Unauthorized", Request{Auth: panickyAuth{}}},
	} {
		t.Run(name, func(t *testing.T) {
			url, ended := halfAnswer(t, tc.head)
			s := testSession(t)
			client := wire.NewClient(s.Clock, nil, wire.Policy{}, nil)
			t.Cleanup(client.Close)
			if err := s.Mount("http://", Adapter{Transport: client}); err != nil {
				t.Fatal(err)
			}
			request := tc.request
			request.URL = url
			func() {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				_, _ = s.Do(t.Context(), &request)
			}()
			if err := <-ended; err != nil {
				t.Errorf("the server's connection ended with %v", err)
			}
			if n := client.Open(); n != 0 {
				t.Errorf("%d connections open", n)
			}
		})
	}
}
