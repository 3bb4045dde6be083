package session

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Outcomes of a GET.
func failedWith(kind Kind, written bool) outcome {
	return outcome{method: "GET", err: &Error{Kind: kind, Err: errors.New("test")}, written: written, replayable: true}
}

func answeredWith(status int) outcome {
	return outcome{method: "GET", status: status, written: true, replayable: true}
}

func askingFor(status int, retryAfter string) outcome {
	o := answeredWith(status)
	o.retryAfter = retryAfter
	return o
}

func (o outcome) by(method string) outcome { o.method = method; return o }

func (o outcome) redirecting() outcome { o.location = true; return o }

func (o outcome) oneShot() outcome { o.replayable = false; return o }

func (o outcome) because(err error) outcome {
	o.err = &Error{Kind: o.err.(*Error).Kind, Err: err}
	return o
}

var (
	refusedConn = failedWith(ErrConnection, false)
	dropped     = failedWith(ErrConnection, true)
	tlsFailure  = failedWith(ErrTLS, false)
)

func countOf(n int) *int { return &n }

// playHop carries out a hop whose attempts end as given; the last way repeats. It returns how many
// attempts were made and the last decision.
func playHop(r *Retry, ends ...outcome) (attempts int, last decision) {
	b := r.budget()
	for attempts < 100 {
		o := ends[min(attempts, len(ends)-1)]
		attempts++
		if last = b.after(o, time.Time{}, nil); !last.again {
			break
		}
	}
	return attempts, last
}

// A retryCase is a policy, how attempts end, and what is to come of it.
type retryCase struct {
	name      string
	policy    *Retry
	ends      []outcome
	attempts  int
	exhausted bool
}

func (c retryCase) check(t *testing.T) {
	t.Helper()
	attempts, last := playHop(c.policy, c.ends...)
	if attempts != c.attempts || last.exhausted != c.exhausted {
		t.Errorf("%s: %d attempts, exhausted %v; want %d, %v", c.name, attempts, last.exhausted, c.attempts, c.exhausted)
	}
}

func checkAll(t *testing.T, cases []retryCase) {
	t.Helper()
	for _, c := range cases {
		c.check(t)
	}
}

func TestRule_6_1_NothingIsRetriedWithoutAPolicy(t *testing.T) {
	for _, o := range []outcome{refusedConn, dropped, tlsFailure, answeredWith(503), askingFor(503, "1")} {
		retryCase{"nil", nil, []outcome{o}, 1, false}.check(t)
	}
}

func TestRule_6_1_EveryHopStartsWithTheFullBudget(t *testing.T) {
	policy := Retries(1)
	for range 3 {
		retryCase{"a hop", policy, []outcome{dropped}, 2, true}.check(t)
	}
	if *policy.Total != 1 {
		t.Errorf("the policy changed: total %d", *policy.Total)
	}
}

func TestRule_6_2_Counters(t *testing.T) {
	listed := []int{503}
	checkAll(t, []retryCase{
		{"total=2, list", &Retry{Total: countOf(2), Statuses: listed}, []outcome{answeredWith(503)}, 3, true},
		{"total=1, status=9", &Retry{Total: countOf(1), Status: countOf(9), Statuses: listed}, []outcome{answeredWith(503)}, 2, true},
		{"total=9, status=1", &Retry{Total: countOf(9), Status: countOf(1), Statuses: listed}, []outcome{answeredWith(503)}, 2, true},
		{"total=null, status=2", &Retry{Status: countOf(2), Statuses: listed}, []outcome{answeredWith(503)}, 3, true},
		{"total=0, list", &Retry{Total: countOf(0), Statuses: listed}, []outcome{answeredWith(503)}, 1, true},
		{"total=2: drop, 503, 503", &Retry{Total: countOf(2), Statuses: listed}, []outcome{dropped, answeredWith(503)}, 3, true},
		{"total=5, read=0: drop", &Retry{Total: countOf(5), Read: countOf(0)}, []outcome{dropped}, 1, true},
		{"connect=3, read=1: refused×2, drop, ok", &Retry{Connect: countOf(3), Read: countOf(1)},
			[]outcome{refusedConn, refusedConn, dropped, answeredWith(200)}, 4, false},
		{"other=1", &Retry{Other: countOf(1)}, []outcome{tlsFailure}, 2, true},
		{"connect=0 lets reads be", &Retry{Connect: countOf(0), Read: countOf(2)}, []outcome{dropped, dropped, answeredWith(200)}, 3, false},
		{"no limit at all", new(Retry), []outcome{dropped}, 100, false},
	})
}

func TestRule_6_3_AnIntegerCoversConnectReadAndRetryAfter(t *testing.T) {
	checkAll(t, []retryCase{
		{"connect", Retries(2), []outcome{refusedConn}, 3, true},
		{"read", Retries(2), []outcome{dropped}, 3, true},
		{"read of POST", Retries(2), []outcome{dropped.by("POST")}, 1, false},
		{"Retry-After", Retries(2), []outcome{askingFor(503, "1"), answeredWith(200)}, 2, false},
		{"status", Retries(2), []outcome{answeredWith(503)}, 1, false},
		{"0: Retry-After", Retries(0), []outcome{askingFor(503, "1")}, 1, false},
		{"0: connect", Retries(0), []outcome{refusedConn}, 1, true},
	})
}

func TestRule_6_4_StatusesThatAreListed(t *testing.T) {
	policy := &Retry{Total: countOf(1), Statuses: []int{500, 404}}
	checkAll(t, []retryCase{
		{"listed", policy, []outcome{answeredWith(500)}, 2, true},
		{"listed, any status", policy, []outcome{answeredWith(404)}, 2, true},
		{"not listed", policy, []outcome{answeredWith(502)}, 1, false},
		{"method", policy, []outcome{answeredWith(500).by("POST")}, 1, false},
		{"none are by default", Retries(3), []outcome{answeredWith(500)}, 1, false},
	})
}

func TestRule_6_5_Methods(t *testing.T) {
	idempotent := map[string]bool{"HEAD": true, "GET": true, "PUT": true, "DELETE": true, "OPTIONS": true, "TRACE": true}
	for _, method := range []string{"HEAD", "GET", "PUT", "DELETE", "OPTIONS", "TRACE", "POST", "PATCH", "CONNECT", "PURGE"} {
		for _, c := range []struct {
			name   string
			policy Retry
			gated  bool // methods that are retried
		}{
			{"default", Retry{}, idempotent[method]},
			{"empty list", Retry{Methods: []string{}}, idempotent[method]},
			{"own list", Retry{Methods: []string{"POST", "patch"}}, method == "POST" || method == "PATCH"},
			{"any", Retry{AnyMethod: true}, true},
			{"any beats a list", Retry{AnyMethod: true, Methods: []string{"GET"}}, true},
		} {
			c.policy.Total, c.policy.Statuses = countOf(1), []int{500}
			want := map[bool]int{false: 1, true: 2}
			for name, o := range map[string]outcome{"read": dropped, "status": answeredWith(500), "Retry-After": askingFor(429, "1")} {
				if attempts, _ := playHop(&c.policy, o.by(method), answeredWith(200).by(method)); attempts != want[c.gated] {
					t.Errorf("%s, %s, %s: %d attempts, want %d", c.name, method, name, attempts, want[c.gated])
				}
			}
			for name, o := range map[string]outcome{"connect": refusedConn, "other": tlsFailure} {
				if attempts, _ := playHop(&c.policy, o.by(method)); attempts != 2 {
					t.Errorf("%s, %s, %s: %d attempts, want 2", c.name, method, name, attempts)
				}
			}
		}
	}
}

func TestRule_6_6_ASuccessIsNotCounted(t *testing.T) {
	b := (&Retry{Total: countOf(1)}).budget()
	for range 5 {
		if d := b.after(answeredWith(200), time.Time{}, nil); d != (decision{}) {
			t.Fatalf("after 200: %+v", d)
		}
	}
	if d := b.after(dropped, time.Time{}, nil); !d.again {
		t.Error("the budget was used up by successes")
	}
}

// waitsOf returns the waits before the repeats of n failures.
func waitsOf(r *Retry, n int, random *rand.Rand, ends ...outcome) []time.Duration {
	b := r.budget()
	list := make([]time.Duration, n)
	for i := range list {
		list[i] = b.after(ends[min(i, len(ends)-1)], time.Time{}, random).wait
	}
	return list
}

func TestRule_6_7_Backoff(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name   string
		policy Retry
		want   []time.Duration
	}{
		{"factor 0", Retry{}, []time.Duration{0, 0, 0, 0}},
		{"factor 0.3", Retry{Backoff: 300 * ms}, []time.Duration{0, 600 * ms, 1200 * ms, 2400 * ms}},
		{"max", Retry{Backoff: 300 * ms, BackoffMax: time.Second}, []time.Duration{0, 600 * ms, time.Second, time.Second}},
		{"default max", Retry{Backoff: 50 * time.Second}, []time.Duration{0, 100 * time.Second, 2 * time.Minute, 2 * time.Minute}},
		{"factor above max", Retry{Backoff: time.Hour}, []time.Duration{0, 2 * time.Minute, 2 * time.Minute}},
		{"no overflow", Retry{Backoff: math.MaxInt64/2 + 1, BackoffMax: math.MaxInt64}, []time.Duration{0, math.MaxInt64, math.MaxInt64}},
	} {
		if got := waitsOf(&c.policy, len(c.want), nil, dropped); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	mixed := []outcome{refusedConn, answeredWith(500), dropped, tlsFailure}
	policy := &Retry{Backoff: 300 * ms, Statuses: []int{500}}
	if got, want := waitsOf(policy, 4, nil, mixed...), waitsOf(policy, 4, nil, dropped); !reflect.DeepEqual(got, want) {
		t.Errorf("kinds of failure matter: %v, want %v", got, want)
	}
}

func TestRule_6_7_Jitter(t *testing.T) {
	const unit = 100 * time.Millisecond
	random := rand.New(rand.NewPCG(1, 2))
	policy := &Retry{Backoff: unit, Jitter: unit, BackoffMax: 7 * unit}
	base := []time.Duration{0, 2 * unit, 4 * unit, 7 * unit}
	seen := map[time.Duration]bool{}
	for range 1000 {
		got := waitsOf(policy, 4, random, dropped)
		if got[0] != 0 || got[3] != base[3] {
			t.Fatalf("first and capped waits: %v", got)
		}
		for i, wait := range got[1:3] {
			if wait < base[i+1] || wait >= base[i+1]+unit {
				t.Fatalf("wait %d: %v", i+2, wait)
			}
		}
		seen[got[1]] = true
	}
	if len(seen) < 900 {
		t.Errorf("%d different waits of 1000", len(seen))
	}
	if got := waitsOf(&Retry{Jitter: unit}, 2, random, dropped); got[0] != 0 || got[1] >= unit {
		t.Errorf("jitter alone: %v", got)
	}
	if got := waitsOf(&Retry{Jitter: math.MaxInt64, Backoff: time.Hour, BackoffMax: math.MaxInt64}, 2, random, dropped); got[1] < 2*time.Hour {
		t.Errorf("overflow: %v", got)
	}
}

func TestRule_6_8_RetryAfter(t *testing.T) {
	now := time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format("Mon, 02 Jan 2006 15:04:05 GMT") }
	const factor = 10 * time.Second // a second failure waits 20 s
	for _, c := range []struct {
		name   string
		policy Retry
		first  bool // of the hop: no failure before
		o      outcome
		want   decision
	}{
		{"413", *Retries(1), true, askingFor(413, "7"), decision{again: true, wait: 7 * time.Second, retryAfter: true}},
		{"429", *Retries(1), true, askingFor(429, "7"), decision{again: true, wait: 7 * time.Second, retryAfter: true}},
		{"503", *Retries(1), true, askingFor(503, "7"), decision{again: true, wait: 7 * time.Second, retryAfter: true}},
		{"500 is none of them", *Retries(1), true, askingFor(500, "7"), decision{}},
		{"no header", *Retries(1), true, askingFor(503, ""), decision{}},
		{"method", *Retries(1), true, askingFor(503, "7").by("POST"), decision{}},
		{"total 0", *Retries(0), true, askingFor(503, "7"), decision{}},
		{"total used up", *Retries(1), false, askingFor(503, "7"), decision{}},
		{"total unlimited", Retry{}, true, askingFor(503, "7"), decision{again: true, wait: 7 * time.Second, retryAfter: true}},
		{"listed status", Retry{Statuses: []int{500}}, true, askingFor(500, "7"), decision{again: true, wait: 7 * time.Second, retryAfter: true}},
		{"instead of backoff", Retry{Backoff: factor}, false, askingFor(503, "7"), decision{again: true, wait: 7 * time.Second, retryAfter: true}},
		{"blanks around", Retry{}, true, askingFor(503, " \t7 "), decision{again: true, wait: 7 * time.Second, retryAfter: true}},
		{"date", Retry{}, true, askingFor(503, date(time.Minute)), decision{again: true, wait: time.Minute, retryAfter: true}},
		{"past date", Retry{Backoff: factor}, false, askingFor(503, date(-time.Minute)), decision{again: true, wait: 2 * factor}},
		{"0", Retry{Backoff: factor}, false, askingFor(503, "0"), decision{again: true, wait: 2 * factor}},
		{"0 at first", Retry{Backoff: factor}, true, askingFor(503, "0"), decision{again: true}},
		{"words", Retry{Backoff: factor}, false, askingFor(503, "soon"), decision{again: true, wait: 2 * factor}},
		{"fraction", Retry{Backoff: factor, Statuses: []int{500}}, false, askingFor(500, "1.5"), decision{again: true, wait: 2 * factor}},
		{"cut", Retry{}, true, askingFor(503, "99999999999999999999"), decision{again: true, wait: 6 * time.Hour, retryAfter: true}},
		{"own cut", Retry{RetryAfterMax: time.Minute}, true, askingFor(503, "61"), decision{again: true, wait: time.Minute, retryAfter: true}},
		{"beyond the backoff's", Retry{BackoffMax: time.Second}, true, askingFor(503, "7"), decision{again: true, wait: 7 * time.Second, retryAfter: true}},
		{"off: no trigger", Retry{IgnoreRetryAfter: true}, true, askingFor(503, "7"), decision{}},
		{"off: no delay", Retry{IgnoreRetryAfter: true, Statuses: []int{503}}, true, askingFor(503, "7"), decision{again: true}},
		{"POST, 500, total 0", *Retries(0), true, answeredWith(500).by("POST"), decision{}},
	} {
		b := c.policy.budget()
		if !c.first {
			b.after(refusedConn, now, nil)
		}
		if got := b.after(c.o, now, nil); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestRule_13_23_AnOddRetryAfterIsNotFatal(t *testing.T) {
	for _, value := range []string{"soon", "1.5", "-1", "Sun, 99 Nov 1994 08:49:37 GMT"} {
		b := (&Retry{Backoff: time.Second, Statuses: []int{500}}).budget()
		b.after(dropped, time.Time{}, nil)
		if d := b.after(askingFor(500, value), time.Time{}, nil); d != (decision{again: true, wait: 2 * time.Second}) {
			t.Errorf("%q: %+v", value, d)
		}
	}
}

func TestRule_13_37_NoLimitInAllKeepsTheRetryAfterRule(t *testing.T) {
	for _, status := range []int{413, 429, 503} {
		retryCase{"no total", &Retry{Status: countOf(2)}, []outcome{askingFor(status, "1")}, 3, true}.check(t)
	}
}

// Whatever happens, no counter is overdrawn, and one that is not used up is not the reason to stop.
func TestAttemptsNeverExceedTheCounters(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	ends := []struct {
		o    outcome
		kind failure
	}{
		{refusedConn, failedConnect}, {dropped, failedRead}, {tlsFailure, failedOther},
		{answeredWith(500), failedStatus}, {answeredWith(302).redirecting(), failedRedirect},
	}
	limit := func() *int {
		if random.IntN(3) == 0 {
			return nil
		}
		return countOf(random.IntN(5))
	}
	for range 20000 {
		r := &Retry{
			Total: limit(), Connect: limit(), Read: limit(), Status: limit(), Redirect: limit(), Other: limit(),
			Statuses: []int{500, 302}, Backoff: time.Duration(random.Int64()), Jitter: time.Duration(random.Int64()),
			BackoffMax: time.Duration(random.Int64()),
		}
		limits := map[failure]*int{failedConnect: r.Connect, failedRead: r.Read, failedStatus: r.Status, failedRedirect: r.Redirect, failedOther: r.Other}
		b, again, count := r.budget(), 0, map[failure]int{}
		for again < 50 {
			end := ends[random.IntN(len(ends))]
			room := (r.Total == nil || again < *r.Total) && (limits[end.kind] == nil || count[end.kind] < *limits[end.kind])
			d := b.after(end.o, time.Time{}, random)
			if d.again != room || d.exhausted == room || d.wait < 0 || r.BackoffMax > 0 && d.wait > r.BackoffMax {
				t.Fatalf("%+v after %d repeats, %v: %+v", *r, again, count, d)
			}
			if !d.again {
				break
			}
			again++
			count[end.kind]++
		}
	}
}

func TestRetryErrorTextsNameTheField(t *testing.T) {
	for _, c := range []struct {
		r    Retry
		want string
	}{
		{Retry{Total: countOf(-1)}, "total"}, {Retry{Connect: countOf(-1)}, "connect"}, {Retry{Read: countOf(-2)}, "read"},
		{Retry{Status: countOf(-1)}, "status"}, {Retry{Redirect: countOf(-1)}, "redirect"}, {Retry{Other: countOf(-1)}, "other"},
		{Retry{Methods: []string{"GET", ""}}, "methods"}, {Retry{Methods: []string{"G T"}}, "methods"}, {Retry{Methods: []string{"*"}}, "methods"},
		{Retry{Statuses: []int{99}}, "statuses"}, {Retry{Statuses: []int{200, 600}}, "statuses"},
		{Retry{Backoff: -1}, "backoff "}, {Retry{BackoffMax: -1}, "backoff_max"}, {Retry{Jitter: -1}, "jitter"}, {Retry{RetryAfterMax: -1}, "retry_after_max"},
	} {
		if err := c.r.validate(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want one about %s", c.r, err, c.want)
		}
	}
	good := Retry{Total: countOf(0), Statuses: []int{100, 599}, Methods: []string{"GET", "M-SEARCH"}, Jitter: 1}
	if err := good.validate(); err != nil {
		t.Error(err)
	}
}
