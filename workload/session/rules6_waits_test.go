package session

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/workload/wire"
)

func TestRule_6_7_BackoffIsWaited(t *testing.T) {
	policy := &Retry{Total: countOf(5), Statuses: []int{503}, Backoff: 300 * time.Millisecond, BackoffMax: 2 * time.Second}
	want := []time.Duration{0, 0, 600 * time.Millisecond, 1200 * time.Millisecond, 2 * time.Second}
	events := []string{busy, "refused", "drop", busy}
	p := play(t, policy, "GET", false, events...)
	if p.err != nil || len(p.resp.Attempts) != len(want) {
		t.Fatalf("error %v", p.err)
	}
	for i, a := range p.resp.Attempts {
		if a.Backoff != want[i] || a.RetryAfter {
			t.Errorf("attempt %d: backoff %v, want %v", i, a.Backoff, want[i])
		}
		if i > 0 {
			if waited := a.Started - p.resp.Attempts[i-1].Finished; waited != want[i] {
				t.Errorf("attempt %d came after %v, want %v", i, waited, want[i])
			}
		}
	}
	m := play(t, policy, "GET", true, events...)
	if sum := 3800 * time.Millisecond; m.call.Backoff != sum || m.call.Finished-m.call.Started != sum {
		t.Errorf("%+v", m.call)
	}
}

// The rule's table; waits are those before the second attempt, the third, ...
func TestRule_6_8_RetryAfterIsObeyed(t *testing.T) {
	const second = time.Second
	asking := func(status int, value string) string { return reply(status, "", "Retry-After: "+value) }
	in90 := func(offset time.Duration) string {
		// Bubbles begin at midnight UTC 2000-01-01.
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(offset).Format(http.TimeFormat)
	}
	total := func(r Retry) *Retry { r.Total = countOf(3); return &r }
	listed := total(Retry{Statuses: []int{500, 503}, Backoff: 10 * second})
	for name, tc := range map[string]struct {
		policy *Retry
		method string
		events []string
		waits  []time.Duration
		wished bool
		status int
	}{
		"503, not listed":         {total(Retry{}), "GET", []string{asking(503, "7")}, []time.Duration{7 * second}, true, 200},
		"429":                     {total(Retry{}), "GET", []string{asking(429, "7")}, []time.Duration{7 * second}, true, 200},
		"413":                     {total(Retry{}), "GET", []string{asking(413, "7")}, []time.Duration{7 * second}, true, 200},
		"500 is not one of them":  {total(Retry{}), "GET", []string{asking(500, "7")}, nil, false, 500},
		"total unlimited (13.37)": {&Retry{}, "GET", []string{asking(503, "7")}, []time.Duration{7 * second}, true, 200},
		"nothing left of total":   {Retries(1), "GET", []string{asking(503, "7"), asking(503, "8")}, []time.Duration{7 * second}, true, 503},
		"POST":                    {total(Retry{}), "POST", []string{asking(503, "7")}, nil, false, 503},
		"listed, instead of backoff": {listed, "GET", []string{asking(500, "7"), asking(500, "8")},
			[]time.Duration{7 * second, 8 * second}, true, 200},
		"blanks around":             {total(Retry{}), "GET", []string{asking(503, "  7 ")}, []time.Duration{7 * second}, true, 200},
		"a date":                    {total(Retry{}), "GET", []string{asking(503, in90(90*second))}, []time.Duration{90 * second}, true, 200},
		"a past date":               {listed, "GET", []string{asking(503, in90(-second)), asking(503, in90(-second))}, []time.Duration{0, 20 * second}, false, 200},
		"zero":                      {listed, "GET", []string{asking(503, "0"), asking(503, "0")}, []time.Duration{0, 20 * second}, false, 200},
		"nonsense (13.23)":          {listed, "GET", []string{asking(503, "soon"), asking(503, "1.5")}, []time.Duration{0, 20 * second}, false, 200},
		"longer than allowed":       {total(Retry{}), "GET", []string{asking(503, "999999999999")}, []time.Duration{6 * time.Hour}, true, 200},
		"a limit of one's own":      {total(Retry{RetryAfterMax: second}), "GET", []string{asking(503, "7")}, []time.Duration{second}, true, 200},
		"backoff's limit is not it": {total(Retry{BackoffMax: second}), "GET", []string{asking(503, "7")}, []time.Duration{7 * second}, true, 200},
		"off, listed":               {total(Retry{IgnoreRetryAfter: true, Statuses: []int{503}}), "GET", []string{asking(503, "7")}, []time.Duration{0}, false, 200},
		"off, not listed":           {total(Retry{IgnoreRetryAfter: true}), "GET", []string{asking(503, "7")}, nil, false, 503},
	} {
		t.Run(name, func(t *testing.T) {
			p := play(t, tc.policy, tc.method, false, tc.events...)
			if p.err != nil || p.resp.Status != tc.status || len(p.resp.Attempts) != 1+len(tc.waits) {
				t.Fatalf("%+v, error %v", p.resp, p.err)
			}
			var sum time.Duration
			for i, want := range tc.waits {
				a, before := p.resp.Attempts[i+1], p.resp.Attempts[i]
				if a.Backoff != want || a.Started-before.Finished != want || a.RetryAfter != tc.wished {
					t.Errorf("attempt %d: waited %v, told %v, wished %t; want %v, %t", i+1, a.Started-before.Finished, a.Backoff, a.RetryAfter, want, tc.wished)
				}
				sum += want
			}
			m := play(t, tc.policy, tc.method, true, tc.events...)
			if m.call.Backoff != sum || m.call.Status != tc.status || m.call.Retries != len(tc.waits) {
				t.Errorf("%+v, want backoff %v", m.call, sum)
			}
		})
	}
}

func TestRule_6_15_EveryAttemptIsToBeSeen(t *testing.T) {
	const second = time.Second
	script := func(f *farEnd) {
		for f.request() != nil {
			if f.number == 1 {
				time.Sleep(2 * second)
				f.say(reply(503, "busy"))
				if f.request() == nil {
					return
				}
				time.Sleep(3 * second)
				return
			}
			f.drip(reply(200, "fine")[:1], 4*second)
			f.say(reply(200, "fine")[1:])
		}
	}
	options := AdapterOptions{Retries: &Retry{Total: countOf(2), Statuses: []int{503}, Backoff: 5 * second}}
	bubble(t, options, script, func(t *testing.T, s *Session) {
		resp := got(t, s, pipeURL, "fine")
		if len(resp.Attempts) != 3 || len(resp.History) != 0 || resp.Elapsed != 4*second {
			t.Fatalf("%d attempts, history %v, elapsed %v", len(resp.Attempts), resp.History, resp.Elapsed)
		}
		for i, want := range []struct {
			backoff, took time.Duration
			status        int
			class         wire.Class
			reused        bool
		}{{0, 2 * second, 503, "", false}, {0, 3 * second, 0, wire.ClassClosedEarly, true}, {10 * second, 4 * second, 200, "", false}} {
			a := resp.Attempts[i]
			if a.Backoff != want.backoff || a.Finished-a.Started != want.took || a.Status != want.status || a.Class != want.class || a.Reused != want.reused {
				t.Errorf("attempt %d: backoff %v, %+v", i, a.Backoff, a.Exchange)
			}
		}
		s.Close()
		if call := measure(t, s, &Request{URL: pipeURL}); call.Finished-call.Started != 4*second {
			t.Errorf("%+v", call) // the second connection and those after it are well
		}
	})
	bubble(t, options, script, func(t *testing.T, s *Session) {
		call := measure(t, s, &Request{URL: pipeURL})
		want := Call{Attempts: 3, Retries: 2, Status: 200, Backoff: 10 * second, Phases: wire.Phases{Wait: 9 * second}}
		if call.Attempts != want.Attempts || call.Retries != want.Retries || call.Status != want.Status || call.Backoff != want.Backoff ||
			call.Phases != want.Phases || call.Finished-call.Started != 19*second || call.Err != nil {
			t.Errorf("%+v", call)
		}
	})
}

// With a hook that sees responses, a measured call is another one inside; it adds up as well.
func TestRule_6_15_MeasuredWithHooks(t *testing.T) {
	script := func(f *farEnd) {
		for i := 0; f.request() != nil; i++ {
			time.Sleep(time.Second)
			switch i {
			case 0:
				f.say(reply(503, "busy"))
			case 1:
				f.say(reply(302, "", "Location: /two"))
			default:
				f.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
				f.drip("fine", time.Second)
			}
		}
	}
	options := AdapterOptions{Retries: &Retry{Total: countOf(2), Statuses: []int{503}}}
	bubble(t, options, script, func(t *testing.T, s *Session) {
		var seen []int
		s.Hooks.After = append(s.Hooks.After, func(r *Response) (*Response, error) {
			seen = append(seen, r.Status)
			return nil, nil
		})
		call := measure(t, s, &Request{URL: pipeURL})
		if call.Attempts != 3 || call.Retries != 1 || call.Redirects != 1 || call.Finished-call.Started != 7*time.Second || call.Err != nil {
			t.Errorf("%+v", call)
		}
		if !slices.Equal(seen, []int{302, 200}) {
			t.Errorf("the hook saw %v", seen)
		}
	})
}

func TestRule_6_12_AnEndedContextIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plot := &plot{left: []string{"refused", "refused"}}
		options := AdapterOptions{Retries: &Retry{Total: countOf(5), Backoff: time.Hour}}
		options.Wire.Dial = plot.dial()
		s := sessionWith(t, options)
		p, err := s.Prepare(&Request{URL: pipeURL})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var call Call
		s.Measure(ctx, p, &call)
		wantKind(t, call.Err, ErrCanceled, "", ErrTimeout, ErrConnection)
		checkCall(t, &call)
		if call.Class != "canceled" || call.Retries != 1 || call.Backoff != time.Minute || call.Finished-call.Started != time.Minute {
			t.Errorf("%+v", call)
		}
		if !errors.Is(call.Err, context.DeadlineExceeded) {
			t.Errorf("error %v", call.Err)
		}
	})
}
