//go:build linux

package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// counting serves "ok" and counts connections and requests.
func counting(t *testing.T) (url string, conns, requests *atomic.Int64) {
	t.Helper()
	conns, requests = new(atomic.Int64), new(atomic.Int64)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		io.WriteString(w, "ok")
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL + "/", conns, requests
}

func TestClosedLoopsUseConnectionsAsTold(t *testing.T) {
	for _, client := range []string{"fasthttp", "net/http"} {
		for _, pooled := range []bool{true, false} {
			url, conns, requests := counting(t)
			r, err := carryOut(client, job{url: url, conns: 4, length: 50 * time.Millisecond, pooled: pooled, rate: 1})
			if err != nil || r.Errors != 0 || r.Requests == 0 || r.Requests != requests.Load() {
				t.Errorf("%s, pooled %v: %+v, %v; the server saw %d requests", client, pooled, r, err, requests.Load())
			}
			if pooled && conns.Load() > 4 {
				t.Errorf("%s pooled: %d connections", client, conns.Load())
			}
			if !pooled && conns.Load() != r.Requests {
				t.Errorf("%s fresh: %d connections for %d requests", client, conns.Load(), r.Requests)
			}
		}
	}
}

func TestSpinSendsEveryRequestOnItsConnections(t *testing.T) {
	url, conns, requests := counting(t)
	r, err := carryOut("spin", job{url: url, conns: 4, length: 100 * time.Millisecond, rate: 200})
	if err != nil || r.Requests != 20 || requests.Load() != 20 || conns.Load() != 4 {
		t.Errorf("%+v, %v; the server saw %d requests on %d connections", r, err, requests.Load(), conns.Load())
	}
	if r.Lag == nil || r.Latency == nil || r.Latency.P50 <= 0 || r.Lag.P99 < r.Lag.P50 {
		t.Errorf("lag %+v, latency %+v", r.Lag, r.Latency)
	}
}

func TestMissingAndUnknownArgumentsAreErrors(t *testing.T) {
	for name, try := range map[string]func() (report, error){
		"no URL":         func() (report, error) { return carryOut("fasthttp", job{conns: 1, rate: 1}) },
		"no workers":     func() (report, error) { return carryOut("fasthttp", job{url: "http://127.0.0.1:1/", rate: 1}) },
		"unknown client": func() (report, error) { return carryOut("curl", job{url: "http://127.0.0.1:1/", conns: 1, rate: 1}) },
		"nobody listens": func() (report, error) { return carryOut("spin", job{url: "http://127.0.0.1:1/", conns: 1, rate: 1}) },
	} {
		if r, err := try(); err == nil {
			t.Errorf("%s: %+v, want an error", name, r)
		}
	}
}
