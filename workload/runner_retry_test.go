package workload_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/workload"
	"sessbench/workload/session"
)

// retried runs 12 calls of one worker with retries.
func retried(t *testing.T, policy string, retry *session.Retry, handler http.HandlerFunc) *result.Result {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	runner, err := workload.NewRunner(&workload.Plan{
		Target: server.URL,
		Arms:   []workload.Arm{{Name: "arm", Policy: policy}},
		Session: workload.SessionPlan{TLS: workload.TLSPlan{Verify: true},
			Adapters: workload.Adapters{{Prefix: server.URL + "/", Retries: retry}}},
		Mix:  []workload.Operation{{Name: "get", Method: "GET", URL: "/"}},
		Load: workload.Load{Workers: 1, Requests: 12, Blocks: 4, Seed: 1},
	}, workload.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	res, err := runner.Run(context.Background())
	if res == nil {
		t.Fatal(err)
	}
	return res
}

// A retry is never hidden: every attempt is counted, and the time they took is the call's.
func TestRetriesOfARunAreInItsResult(t *testing.T) {
	retry := session.Retries(2)
	retry.Statuses, retry.Backoff = []int{503}, 2*time.Millisecond
	for _, policy := range []string{"pooled", "fresh", "reuse-5", "shared-pool"} {
		var n atomic.Int64
		res := retried(t, policy, retry, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1)%3 != 0 {
				w.WriteHeader(503)
			}
		})
		a := res.Arms[0]
		if a.Requests != 12 || a.Errors != 0 || a.Retries != 24 || a.Connections.Attempts != 36 || n.Load() != 36 || a.Status["200"] != 12 {
			t.Errorf("%s: %d requests, %d errors, %d retries, %d attempts, %d at the server, status %v",
				policy, a.Requests, a.Errors, a.Retries, a.Connections.Attempts, n.Load(), a.Status)
		}
		if backoff := a.Phases["backoff"].Mean; backoff < 0.004 || backoff > a.ServiceTime.Mean {
			t.Errorf("%s: backoff %v of %v s; the second repeat of each call waits 4 ms", policy, backoff, a.ServiceTime.Mean)
		}
		addsUp(t, policy, &a)
		for _, w := range res.Warnings {
			if w.Code == "resent" || w.Invalid {
				t.Errorf("%s: warning %+v", policy, w)
			}
		}
	}
}

// What is used up is an error of its own, and no time of a success.
func TestRetriesThatAreUsedUpAreErrors(t *testing.T) {
	retry := session.Retries(1)
	retry.Statuses = []int{503}
	res := retried(t, "pooled", retry, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	a := res.Arms[0]
	if a.Errors != 12 || a.ErrorClasses["status"] != 12 || a.Retries != 12 || a.Connections.Attempts != 24 || a.Status["503"] != 12 {
		t.Errorf("%d errors %v, %d retries, %d attempts, status %v", a.Errors, a.ErrorClasses, a.Retries, a.Connections.Attempts, a.Status)
	}
}

// addsUp holds that no time of a call is in no phase.
func addsUp(t *testing.T, name string, a *result.Arm) {
	t.Helper()
	sum := 0.0
	for _, phase := range a.Phases {
		sum += phase.Mean
	}
	if math.Abs(sum-a.ServiceTime.Mean) > 1e-9+1e-6*sum {
		t.Errorf("%s: phases add up to %v of %v s", name, sum, a.ServiceTime.Mean)
	}
}

// Every arm follows redirects with the same requests; what differs is connections.
func TestRedirectsOfARunAreInItsResult(t *testing.T) {
	var requests, withCookie atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		if _, err := r.Cookie("hop"); err == nil {
			withCookie.Add(1)
		}
		if n > 0 {
			http.SetCookie(w, &http.Cookie{Name: "hop", Value: fmt.Sprint(n), Path: "/"})
			http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
		}
	}))
	defer server.Close()
	for _, test := range []struct {
		limit          int
		class          string
		hops, redirect int64
	}{{2, "", 3, 2}, {1, "too_many_redirects", 2, 1}, {0, "too_many_redirects", 1, 0}} {
		runner, err := workload.NewRunner(&workload.Plan{
			Target:  server.URL,
			Arms:    []workload.Arm{{Name: "pooled", Policy: "pooled"}, {Name: "fresh", Policy: "fresh"}, {Name: "reuse", Policy: "reuse-2"}, {Name: "shared", Policy: "shared-pool"}},
			Session: workload.SessionPlan{TLS: workload.TLSPlan{Verify: true}, Follow: true, MaxRedirects: &test.limit},
			Mix:     []workload.Operation{{Name: "get", Method: "GET", URL: "/2"}},
			Load:    workload.Load{Workers: 2, Requests: 20, Blocks: 4, Seed: 1},
		}, workload.Options{UserAgent: "test"})
		if err != nil {
			t.Fatal(err)
		}
		requests.Store(0)
		withCookie.Store(0)
		res, _ := runner.Run(context.Background())
		if res == nil {
			t.Fatal("no result")
		}
		for _, a := range res.Arms {
			if a.Requests != 20 || a.Redirects != 20*test.redirect || a.Connections.Attempts != 20*test.hops || a.Retries != 0 {
				t.Errorf("%s, limit %d: %d calls, %d redirects, %d requests written, %d retries", a.Name, test.limit, a.Requests, a.Redirects, a.Connections.Attempts, a.Retries)
			}
			if failed := a.ErrorClasses[test.class]; test.class != "" && failed != 20 || test.class == "" && a.Errors != 0 {
				t.Errorf("%s, limit %d: errors %v", a.Name, test.limit, a.ErrorClasses)
			}
			if test.class == "" {
				addsUp(t, a.Name, &a)
			}
		}
		if want := 4 * 20 * test.hops; requests.Load() != want {
			t.Errorf("limit %d: the server got %d requests, want %d", test.limit, requests.Load(), want)
		}
		if first := int64(8); withCookie.Load() < requests.Load()-first { // of each worker in each arm, at most
			t.Errorf("limit %d: %d of %d requests had the cookie of the hop before", test.limit, withCookie.Load(), requests.Load())
		}
	}
}
