package stats

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Summarize returns d in figures, with its whole histogram.
func Summarize(d Distribution) Summary {
	s := SummarizeWithoutHistogram(d)
	s.Histogram = encodeBuckets(d.Buckets)
	return s
}

// SummarizeWithoutHistogram returns d in figures, for places where the kilobytes
// of a histogram are not needed.
func SummarizeWithoutHistogram(d Distribution) Summary {
	at := func(q float64) float64 { return d.Quantile(q).Seconds() }
	return Summary{
		Count:   d.Count,
		Mean:    d.Mean(),
		Stddev:  d.Stddev(),
		Min:     d.Min.Seconds(),
		Max:     d.Max.Seconds(),
		P50:     at(0.50),
		P75:     at(0.75),
		P90:     at(0.90),
		P95:     at(0.95),
		P99:     at(0.99),
		P999:    at(0.999),
		P9999:   at(0.9999),
		Clamped: d.Clamped,
	}
}

func encodeBuckets(buckets []Bucket) string {
	if len(buckets) == 0 {
		return ""
	}
	counts := newCounts(fineDigits)
	for _, b := range buckets {
		// Only a distribution made by hand can hold what is refused here.
		_ = counts.RecordValues(int64(min(b.Value, highestValue)), b.Count)
	}
	encoded, err := counts.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil { // it writes to memory, which does not fail
		return ""
	}
	return string(encoded)
}

// maxEncodedHistogram bounds what ParseHistogram decodes: every counter of a fine
// histogram at its longest would take 290 kB.
const maxEncodedHistogram = 512 << 10

// ParseHistogram is the inverse of Summarize. The exact figures come from the
// summary's fields, the buckets from its histogram; Sum and SumSquares, which a
// summary does not hold, are as exact as the float64 mean and deviation that they
// are worked out from.
//
// It returns an error if the fields contradict each other or the histogram, or the
// histogram is missing, damaged, or of another range or resolution than this
// package writes. The input need not be trusted.
func ParseHistogram(s Summary) (Distribution, error) {
	if err := checkFigures(s); err != nil {
		return Distribution{}, fmt.Errorf("stats: summary: %w", err)
	}
	if s.Count == 0 {
		return Distribution{}, nil
	}
	buckets, err := decodeBuckets(s.Histogram)
	if err != nil {
		return Distribution{}, fmt.Errorf("stats: histogram: %w", err)
	}
	d := Distribution{
		Count:      s.Count,
		Clamped:    s.Clamped,
		Sum:        duration(s.Mean * float64(s.Count)),
		SumSquares: float64(s.Count) * (s.Stddev*s.Stddev + s.Mean*s.Mean),
		Min:        duration(s.Min),
		Max:        duration(s.Max),
		Buckets:    buckets,
	}
	if err := checkBuckets(d); err != nil {
		return Distribution{}, err
	}
	return d, nil
}

func duration(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// checkFigures makes sure that the fields can be turned into a Distribution: finite,
// in order, and with a sum that a Duration can hold. Every comparison with NaN is
// false, so each is written to demand what is right.
func checkFigures(s Summary) error {
	const slack = 1e-9 // seconds; mean, min and max were rounded apart
	const maxSum = float64(math.MaxInt64/2) / float64(time.Second)
	const maxCount = 1 << 53 // float64 holds integers up to here
	switch {
	case s.Count < 0, s.Count > maxCount, s.Clamped < 0, s.Clamped > s.Count:
		return fmt.Errorf("count %d with %d clamped", s.Count, s.Clamped)
	case s.Count == 0 && s.Histogram != "":
		return errors.New("a histogram, but no count")
	case !(0 <= s.Min && s.Min <= s.Max && s.Max <= highestValue.Seconds()):
		return fmt.Errorf("min %v and max %v", s.Min, s.Max)
	case !(s.Min-slack <= s.Mean && s.Mean <= s.Max+slack):
		return fmt.Errorf("mean %v beyond min %v or max %v", s.Mean, s.Min, s.Max)
	case !(0 <= s.Stddev && s.Stddev <= (s.Max-s.Min)/2+slack):
		return fmt.Errorf("standard deviation %v", s.Stddev)
	case !(s.Mean*float64(s.Count) < maxSum):
		return fmt.Errorf("mean %v of %d values", s.Mean, s.Count)
	}
	return nil
}

func decodeBuckets(encoded string) ([]Bucket, error) {
	switch {
	case encoded == "":
		return nil, errors.New("missing")
	case len(encoded) > maxEncodedHistogram:
		return nil, fmt.Errorf("%d bytes long", len(encoded))
	}
	counts, err := hdrhistogram.Decode([]byte(encoded))
	if err != nil {
		return nil, err
	}
	low, high, digits := counts.LowestTrackableValue(), counts.HighestTrackableValue(), counts.SignificantFigures()
	if low != int64(lowestValue) || high != int64(highestValue) || digits != fineDigits {
		return nil, fmt.Errorf("range %d..%d ns with %d digits is not ours", low, high, digits)
	}
	return bucketsOf(counts), nil
}

func checkBuckets(d Distribution) error {
	var total int64
	for _, b := range d.Buckets {
		total += b.Count
	}
	if total != d.Count {
		return fmt.Errorf("stats: histogram of %d values in a summary of %d", total, d.Count)
	}
	first, last := d.Buckets[0].Value, d.Buckets[len(d.Buckets)-1].Value
	if (d.Min-first).Abs() > bucketWidth(d.Min) || (d.Max-last).Abs() > bucketWidth(d.Max) {
		return fmt.Errorf("stats: histogram from %v to %v in a summary from %v to %v", first, last, d.Min, d.Max)
	}
	return nil
}
