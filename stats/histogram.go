package stats

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The histograms' range. hdrhistogram rounds the lowest value down to a power of
// two, so values below 1.05 ms are told apart in steps of 512 ns.
const (
	lowestValue  = time.Microsecond
	highestValue = time.Hour
)

// Significant decimal digits: fine for a trial's totals (190 kB once it holds many
// values), coarse for one second of a series (4 kB).
const (
	fineDigits   = 3
	coarseDigits = 1
)

// fewValues is how many values a fine histogram holds before it takes a count for
// every bucket. Fewer are held by the buckets that they lie in: that takes some bytes
// for each, and twice the time.
const fewValues = 512

// A histogram records durations. Recording cannot fail: values outside the range
// are moved to its end and counted. Zero is counted apart, because a call on a
// reused connection records three zeros (dns, connect, tls) and they must cost
// next to nothing.
//
// The zero value with digits set is ready for use; memory is taken when the first
// duration other than zero arrives. It has one owner at a time.
type histogram struct {
	digits  int
	room    *int                          // how many more of its owner's histograms may be dense; nil: any number
	few     *hdrhistogram.PackedHistogram // until it is dense; nil until needed; holds no zeros
	counts  *hdrhistogram.Histogram       // once it is dense; holds no zeros
	zeros   int64
	clamped int64
	sum     time.Duration
	squares uint128       // ns²
	min     time.Duration // of what few or counts holds
	max     time.Duration
}

func (h *histogram) record(d time.Duration) {
	if d == 0 {
		h.zeros++
		return
	}
	h.recordNonZero(d)
}

func (h *histogram) recordNonZero(d time.Duration) {
	if d < 0 {
		h.clamped++
		h.zeros++
		return
	}
	if d > highestValue {
		h.clamped++
		d = highestValue
	}
	if h.counts == nil {
		h.prepare()
	}
	if h.counts != nil {
		_ = h.counts.RecordValue(int64(d)) // in range by now
	} else {
		_ = h.few.RecordValue(int64(d))
	}
	h.sum += d
	h.squares.addSquare(uint64(d))
	if d < h.min || h.min == 0 {
		h.min = d
	}
	if d > h.max {
		h.max = d
	}
}

// prepare makes sure that there is something to count with. A coarse histogram is
// small enough to be dense from the beginning.
func (h *histogram) prepare() {
	switch {
	case h.digits != fineDigits:
		h.counts = newCounts(h.digits)
	case h.few == nil:
		h.few = hdrhistogram.NewPacked(int64(lowestValue), int64(highestValue), h.digits)
	case h.few.TotalCount() >= fewValues && h.room == nil:
		h.turnDense()
	case h.few.TotalCount() >= fewValues && *h.room > 0:
		*h.room--
		h.turnDense()
	}
}

func (h *histogram) turnDense() {
	h.counts = newCounts(h.digits)
	h.few.MergeInto(h.counts)
	h.few = nil
}

func newCounts(digits int) *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(lowestValue), int64(highestValue), digits)
}

// reset empties the histogram and keeps its memory.
func (h *histogram) reset() {
	if h.few != nil {
		h.few.Reset()
	}
	if h.counts != nil && h.counts.TotalCount() > 0 {
		h.counts.Reset()
	}
	*h = histogram{digits: h.digits, room: h.room, few: h.few, counts: h.counts}
}

// freeze returns what was recorded as a value that shares nothing with h.
func (h *histogram) freeze() Distribution {
	d := Distribution{
		Count:      h.zeros,
		Clamped:    h.clamped,
		Sum:        h.sum,
		SumSquares: h.squares.float() / (float64(time.Second) * float64(time.Second)),
		Max:        h.max,
	}
	var buckets []Bucket
	switch {
	case h.counts != nil:
		d.Count += h.counts.TotalCount()
		buckets = bucketsOf(h.counts)
	case h.few != nil:
		d.Count += h.few.TotalCount()
		buckets = bucketsOfFew(h.few)
	}
	if h.zeros == 0 {
		d.Min = h.min
		d.Buckets = buckets
	} else {
		d.Buckets = mergeBuckets([]Bucket{{Value: 0, Count: h.zeros}}, buckets)
	}
	return d
}

// bucketsOf lists the buckets of counts that hold something. counts.Distribution would list the others too: up to two megabytes of
// garbage for a fine histogram.
func bucketsOf(counts *hdrhistogram.Histogram) []Bucket {
	few := hdrhistogram.NewPacked(int64(lowestValue), int64(highestValue), int(counts.SignificantFigures()))
	few.MergeFrom(counts)
	return bucketsOfFew(few)
}

// bucketsOfFew is bucketsOf for a histogram that is not dense.
//
// The first bucket stands for what is too short to tell from zero. Its value is
// zero and not its middle, so that a median over mostly reused connections says 0.
func bucketsOfFew(few *hdrhistogram.PackedHistogram) []Bucket {
	if few.Populated() == 0 {
		return nil
	}
	digits := int(few.SignificantFigures())
	buckets := make([]Bucket, 0, few.Populated())
	for from, count := range few.ForEachBucket {
		middle := time.Duration(from)
		if from > 0 {
			middle += widthWith(digits, middle) / 2
		}
		buckets = append(buckets, Bucket{Value: middle, Count: count})
	}
	return buckets
}

// bucketWidth returns the width of the fine bucket that holds d.
func bucketWidth(d time.Duration) time.Duration { return widthWith(fineDigits, d) }

// widthWith returns the width of the bucket that holds d in a histogram with so many digits, fine or coarse.
func widthWith(digits int, d time.Duration) time.Duration {
	const unit = 9      // log2 of the first buckets' width: 2⁹ ns ≤ 1 µs < 2¹⁰ ns
	subBucketBits := 11 // 2¹¹ ≥ 2·10³, the values that three digits must tell apart
	if digits == coarseDigits {
		subBucketBits = 5 // 2⁵ ≥ 2·10¹
	}
	return 1 << max(unit, bits.Len64(uint64(max(d, 0)))-subBucketBits)
}

// A uint128 sums squares of nanoseconds exactly: in a float64 the spread of a
// narrow distribution far from zero would drown in rounding.
type uint128 struct{ hi, lo uint64 }

func (u *uint128) addSquare(v uint64) {
	hi, lo := bits.Mul64(v, v)
	var carry uint64
	u.lo, carry = bits.Add64(u.lo, lo, 0)
	u.hi, _ = bits.Add64(u.hi, hi, carry)
}

func (u uint128) float() float64 { return float64(u.hi)*(1<<64) + float64(u.lo) }
