package session

import (
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"sessbench/internal/programs"
)

func TestRule_6_8_RetryAfterForms(t *testing.T) {
	now := time.Date(1994, 11, 6, 8, 49, 7, 0, time.UTC) // 30 s before the dates below
	const most = time.Duration(1<<63 - 1)
	for _, c := range []struct {
		value string
		wait  time.Duration
		ok    bool
	}{
		{"0", 0, true}, {"1", time.Second, true}, {"007", 7 * time.Second, true}, {" 120 ", 2 * time.Minute, true}, {"\t5", 5 * time.Second, true},
		{"9223372036", 9223372036 * time.Second, true}, {"9223372037", most, true}, {"18446744073709551617", most, true}, {strings.Repeat("9", 400), most, true},
		{"Sun, 06 Nov 1994 08:49:37 GMT", 30 * time.Second, true},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 30 * time.Second, true},
		{"Sun Nov  6 08:49:37 1994", 30 * time.Second, true},
		{" Sun, 06 Nov 1994 08:49:37 GMT ", 30 * time.Second, true},
		{"Sun, 06 Nov 1994 08:49:06 GMT", 0, true},
		{"Fri, 31 Dec 9999 23:59:59 GMT", most, true},
		{"", 0, false}, {" ", 0, false}, {"soon", 0, false}, {"1.5", 0, false}, {"-1", 0, false}, {"+1", 0, false}, {"1s", 0, false}, {"1 2", 0, false},
		{"0x10", 0, false}, {"1e3", 0, false}, {"١", 0, false}, {"Sun", 0, false}, {"1994-11-06T08:49:37Z", 0, false}, {"5, 6", 0, false}, {"\n5", 0, false},
	} {
		wait, ok := parseRetryAfter(c.value, now)
		if wait != c.wait || ok != c.ok {
			t.Errorf("%q: %v, %v; want %v, %v", c.value, wait, ok, c.wait, c.ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{
		"0", " 120\t", "9223372037", "99999999999999999999999", "soon", "1.5", "-1", "", " ",
		"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
		"sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(seed, int64(784111740))
	}
	f.Fuzz(func(t *testing.T, value string, unix int64) {
		now := time.Unix(unix%(1<<35), 0)
		wait, ok := parseRetryAfter(value, now)
		want, wantOK := retryAfterOracle(value, now)
		if wait != want || ok != wantOK {
			t.Errorf("%q at %v: %v, %v; want %v, %v", value, now, wait, ok, want, wantOK)
		}
	})
}

// retryAfterOracle is the same by big numbers and net/http alone.
func retryAfterOracle(value string, now time.Time) (time.Duration, bool) {
	value = strings.Trim(value, " \t")
	if value != "" && strings.Trim(value, "0123456789") == "" {
		n, _ := new(big.Int).SetString(value, 10)
		if n.Mul(n, big.NewInt(int64(time.Second))); !n.IsInt64() {
			return 1<<63 - 1, true
		}
		return time.Duration(n.Int64()), true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if date.Before(now) {
		return 0, true
	}
	return date.Sub(now), true
}

func BenchmarkRetryAfterSuccess(b *testing.B) {
	policy := &Retry{Total: countOf(3), Statuses: []int{500, 502, 503, 504}}
	o, now := answeredWith(200), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		budget := policy.budget()
		if budget.after(o, now, nil).again {
			b.Fatal("again")
		}
	}
}

func TestASuccessAllocatesNothing(t *testing.T) {
	policy := &Retry{Total: countOf(3), Statuses: []int{500}}
	o, failure, now := answeredWith(200), askingFor(503, "5"), time.Now()
	if n := programs.Allocs(100, func() {
		budget := policy.budget()
		budget.after(failure, now, nil)
		budget.after(o, now, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
