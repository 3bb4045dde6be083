package stats

import (
	"cmp"
	"slices"
	"time"
)

// A seriesRecorder counts calls by the second in which they finished.
//
// Only the two newest seconds have a live histogram; an older one is frozen, which
// takes a fraction of the memory, so that an hour's series stays small. A sample that
// comes after its second was frozen is still counted there, at the price of an
// allocation; samples are recorded as calls finish, so that is rare.
type seriesRecorder struct {
	current, previous liveSecond
	frozen            []Second // ascending
}

func (r *seriesRecorder) init() {
	r.current.response.digits = coarseDigits
	r.previous.response.digits = coarseDigits
}

func (r *seriesRecorder) record(finished, response time.Duration, ok bool) {
	switch {
	case r.current.holds(finished):
		r.current.record(response, ok)
	case r.previous.holds(finished):
		r.previous.record(response, ok)
	case finished >= r.current.to:
		r.advance(finished)
		r.current.record(response, ok)
	default:
		r.recordLate(finished, response, ok)
	}
}

// advance makes the second in which finished lies the current one.
func (r *seriesRecorder) advance(finished time.Duration) {
	r.keep(r.previous.freeze())
	r.previous, r.current = r.current, r.previous
	r.current.begin(finished)
}

// recordLate records a call of a second that is no longer live.
func (r *seriesRecorder) recordLate(finished, response time.Duration, ok bool) {
	late := liveSecond{response: histogram{digits: coarseDigits}}
	late.begin(finished)
	late.record(response, ok)
	r.keep(late.freeze())
}

// keep adds a frozen second where it belongs, unless it is empty.
func (r *seriesRecorder) keep(s Second) {
	if s.Requests == 0 {
		return
	}
	i, found := slices.BinarySearchFunc(r.frozen, s, func(a, b Second) int { return cmp.Compare(a.At, b.At) })
	if found {
		r.frozen[i] = mergeSeconds(r.frozen[i], s)
	} else {
		r.frozen = slices.Insert(r.frozen, i, s)
	}
}

// recent returns the live seconds that hold a call.
func (r *seriesRecorder) recent() []Second {
	var recent []Second
	for _, s := range []*liveSecond{&r.previous, &r.current} {
		if s.requests > 0 {
			recent = append(recent, s.freeze())
		}
	}
	return recent
}

func (r *seriesRecorder) freeze() []Second { return MergeSeries(r.frozen, r.recent()) }

func (r *seriesRecorder) reset() {
	r.current.reset()
	r.previous.reset()
	r.frozen = nil
}

// A liveSecond is one that more samples are expected for. One that has not begun
// holds no instant.
type liveSecond struct {
	from, to time.Duration // since the start of the run; to is outside
	requests int64
	errors   int64
	response histogram
}

// begin empties s and sets its bounds to those of the second in which finished lies.
func (s *liveSecond) begin(finished time.Duration) {
	s.reset()
	s.from = finished.Truncate(time.Second)
	s.to = s.from + time.Second
}

func (s *liveSecond) holds(finished time.Duration) bool {
	return s.from <= finished && finished < s.to
}

func (s *liveSecond) record(response time.Duration, ok bool) {
	s.requests++
	if ok {
		s.response.record(response)
	} else {
		s.errors++
	}
}

func (s *liveSecond) freeze() Second {
	return Second{
		At:       int64(s.from / time.Second),
		Requests: s.requests,
		Errors:   s.errors,
		Response: s.response.freeze(),
	}
}

func (s *liveSecond) reset() {
	s.from, s.to = 0, 0
	s.requests, s.errors = 0, 0
	s.response.reset()
}
