package stats

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestParseHistogramIsTheInverseOfSummarize(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	for i := range 30 {
		values := durations(random, i)
		if i%3 == 0 {
			values = append(values, 2*time.Hour, -1)
		}
		d := frozen(values...)
		text, err := json.Marshal(Summarize(d))
		if err != nil {
			t.Fatal(err)
		}
		var s Summary
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		got, err := ParseHistogram(s)
		if err != nil {
			t.Fatalf("%v\n%+v", err, d)
		}
		// Sum and SumSquares come from rounded figures.
		if (got.Sum-d.Sum).Abs() > 1+d.Sum/1e15 || math.Abs(got.SumSquares-d.SumSquares) > 1e-9*d.SumSquares+1e-18 {
			t.Fatalf("sum %v and squares %v, want %v and %v", got.Sum, got.SumSquares, d.Sum, d.SumSquares)
		}
		got.Sum, got.SumSquares = d.Sum, d.SumSquares
		if !equal(got, d) {
			t.Fatalf("got %+v\nwant %+v", got, d)
		}
	}
}

func TestSummaryHoldsTheDistributionsFigures(t *testing.T) {
	values := make([]time.Duration, 1000)
	for i := range values {
		values[i] = time.Duration(i+1) * time.Millisecond
	}
	s := SummarizeWithoutHistogram(frozen(values...))
	if s.Histogram != "" {
		t.Error("has a histogram")
	}
	if s.Count != 1000 || s.Min != 0.001 || s.Max != 1 || s.Mean != 0.5005 {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct{ got, want float64 }{
		{s.P50, 0.500}, {s.P75, 0.750}, {s.P90, 0.900}, {s.P95, 0.950}, {s.P99, 0.990}, {s.P999, 0.999}, {s.P9999, 1},
		{s.Stddev, math.Sqrt(999999.0/12) / 1000},
	} {
		if math.Abs(c.got-c.want) > c.want*0.0006 {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
}

func TestSummaryHistogramIsReadByHdrHistogramItself(t *testing.T) {
	s := Summarize(frozen(0, time.Millisecond, time.Second))
	h, err := hdrhistogram.Decode([]byte(s.Histogram))
	if err != nil {
		t.Fatal(err)
	}
	if h.TotalCount() != 3 || math.Abs(float64(h.Max())/1e9-1) > 0.001 {
		t.Errorf("count %d, max %d", h.TotalCount(), h.Max())
	}
}

func TestParseHistogramRefusesWhatContradictsItself(t *testing.T) {
	good := Summarize(frozen(time.Millisecond, 2*time.Millisecond, 3*time.Millisecond))
	other := hdrhistogram.New(1, 1000, 2)
	_ = other.RecordValues(1, 3)
	foreign, err := other.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := newCounts(fineDigits).Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Summary){
		"count":             func(s *Summary) { s.Count = 4 },
		"negative count":    func(s *Summary) { s.Count = -3 },
		"huge count":        func(s *Summary) { s.Count = math.MaxInt64 },
		"no count":          func(s *Summary) { s.Count = 0 },
		"clamped":           func(s *Summary) { s.Clamped = 4 },
		"mean":              func(s *Summary) { s.Mean = 1 },
		"mean NaN":          func(s *Summary) { s.Mean = math.NaN() },
		"stddev":            func(s *Summary) { s.Stddev = math.Inf(1) },
		"min":               func(s *Summary) { s.Min = -1 },
		"min not in bucket": func(s *Summary) { s.Min = 0 },
		"max":               func(s *Summary) { s.Max = 1e300 },
		"no histogram":      func(s *Summary) { s.Histogram = "" },
		"empty histogram":   func(s *Summary) { s.Histogram = string(empty) },
		"not base64":        func(s *Summary) { s.Histogram = "!" },
		"cut short":         func(s *Summary) { s.Histogram = s.Histogram[:12] },
		"other range":       func(s *Summary) { s.Histogram = string(foreign) },
		"too long":          func(s *Summary) { s.Histogram = strings.Repeat("A", maxEncodedHistogram+4) },
	} {
		s := good
		spoil(&s)
		if d, err := ParseHistogram(s); err == nil {
			t.Errorf("%s: accepted as %+v", name, d)
		}
	}
}

func FuzzParseHistogram(f *testing.F) {
	for _, d := range []Distribution{{}, frozen(0), frozen(time.Millisecond, time.Second, 2*time.Hour)} {
		s := Summarize(d)
		f.Add(s.Count, s.Clamped, s.Mean, s.Stddev, s.Min, s.Max, s.Histogram)
	}
	f.Fuzz(func(t *testing.T, count, clamped int64, mean, stddev, lowest, highest float64, histogram string) {
		d, err := ParseHistogram(Summary{
			Count: count, Clamped: clamped, Mean: mean, Stddev: stddev, Min: lowest, Max: highest, Histogram: histogram,
		})
		if err != nil {
			return
		}
		checkShape(t, d)
		again, err := ParseHistogram(Summarize(d))
		if err != nil {
			t.Fatalf("accepted once, then: %v", err)
		}
		if again.Count != d.Count || again.Min != d.Min || again.Max != d.Max {
			t.Fatalf("%+v became %+v", d, again)
		}
		if _, err := json.Marshal(SummarizeWithoutHistogram(d.Merge(d))); err != nil {
			t.Fatal(err)
		}
	})
}
