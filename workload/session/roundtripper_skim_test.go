package session

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An endless body gives its first bytes and then nothing until its request is given up.
type endless struct {
	io.Reader
	ctx context.Context
}

func (e endless) Read(p []byte) (int, error) {
	if n, err := e.Reader.Read(p); err == nil {
		return n, nil
	}
	<-e.ctx.Done()
	return 0, e.ctx.Err()
}

func (endless) Close() error { return nil }

// A redirect is followed although its body never ends, and what it took is bounded.
func TestRoundTripperDoesNotWaitForTheBodyOfARedirect(t *testing.T) {
	for _, c := range []struct {
		name   string
		total  time.Duration
		follow Follow
		want   time.Duration
		kind   Kind
	}{
		{"followed", 0, FollowAlways, discardTime, ""},
		{"the call's own limit", discardTime / 2, FollowAlways, discardTime / 2, ErrTotalTimeout},
		{"not followed", 2 * discardTime, FollowNever, 2 * discardTime, ErrTotalTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := tripFunc(func(req *http.Request) (*http.Response, error) {
					resp := &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Body: http.NoBody, ContentLength: 0}
					if req.URL.Path == "/" {
						resp.StatusCode, resp.Header = 302, http.Header{"Location": {"/there"}}
						resp.Body, resp.ContentLength = endless{strings.NewReader("some"), req.Context()}, -1
					}
					return resp, nil
				})
				s := NewWith(Settings{MaxRedirects: 3, Follow: c.follow, Timeout: &Timeout{Total: c.total}})
				if err := s.Mount("http://", Adapter{Transport: RoundTripperOn(s.Clock, rt)}); err != nil {
					t.Fatal(err)
				}
				p, err := s.Prepare(&Request{URL: "http://a.test/"})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				var call Call
				s.Measure(t.Context(), p, &call)
				if KindOf(call.Err) != c.kind || c.kind == "" && call.Status != 200 {
					t.Errorf("%d, %v", call.Status, call.Err)
				}
				if took := time.Since(began); took != c.want {
					t.Errorf("took %v, want %v", took, c.want)
				}
			})
		})
	}
}
