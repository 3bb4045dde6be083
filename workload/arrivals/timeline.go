package arrivals

import (
	"math"
	"sort"
	"time"
)

// A Timeline finds its way in a profile. It is not changed once it was made; any goroutine may use it.
type Timeline struct {
	profile Profile
	ends    []time.Duration // of the segments
}

// NewTimeline returns the timeline of a profile, which has at least one segment.
func NewTimeline(p Profile) *Timeline {
	t := &Timeline{profile: p, ends: make([]time.Duration, len(p))}
	var end time.Duration
	for i := range p {
		end += p[i].Length
		t.ends[i] = end
	}
	return t
}

// Segment returns which segment an instant is in, or the last one. An instant between two is in the later one.
func (t *Timeline) Segment(at time.Duration) int {
	return min(t.from(at), len(t.ends)-1)
}

// from is the first segment that ends after an instant; none does at the profile's end.
func (t *Timeline) from(at time.Duration) int {
	return sort.Search(len(t.ends), func(i int) bool { return t.ends[i] > at })
}

// Above returns the first instant, not before from, at which the profile is above level, or false where it is not again.
func (t *Timeline) Above(level float64, from time.Duration) (time.Duration, bool) {
	for i := t.from(from); i < len(t.profile); i++ {
		s := &t.profile[i]
		begin := t.ends[i] - s.Length
		if at, ok := s.above(level, max(0, from-begin)); ok {
			return begin + at, true
		}
	}
	return 0, false
}

// above is Above within the segment, whose beginning is 0; from lies in it.
func (s *Segment) above(level float64, from time.Duration) (time.Duration, bool) {
	switch {
	case s.at(from) > level:
		return from, true
	case s.To <= level || s.From > s.To:
		return 0, false
	}
	// It rises, and passes the level later on.
	crossing := math.Floor(float64(s.Length) * (level - s.From) / (s.To - s.From))
	at := max(from, time.Duration(crossing)+1)
	return at, at < s.Length
}
