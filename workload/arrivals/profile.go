package arrivals

import (
	"math"
	"time"
)

// Length is how long the profile lasts.
func (p Profile) Length() time.Duration {
	var sum time.Duration
	for _, s := range p {
		sum += s.Length
	}
	return sum
}

// Integral is what the level adds up to over the profile, in units of the level times seconds: of a rate, how many
// arrivals there are.
func (p Profile) Integral() float64 {
	var sum float64
	for _, s := range p {
		sum += s.area()
	}
	return sum
}

func (s *Segment) area() float64 { return (s.From + s.To) / 2 * s.Length.Seconds() }

// Cut returns the profile with each ramp in parts of equal length, as many as given or as few as it takes for none to be
// shorter than least. Stretches of one level stay whole.
func (p Profile) Cut(parts int, least time.Duration) Profile {
	var cut Profile
	for _, s := range p {
		n := 1
		if s.From != s.To {
			n = max(1, min(parts, int(s.Length/least)))
		}
		for i := range n {
			begin, end := s.Length*time.Duration(i)/time.Duration(n), s.Length*time.Duration(i+1)/time.Duration(n)
			part := Segment{From: s.at(begin), To: s.at(end), Length: end - begin, Stage: s.Stage}
			if i == n-1 {
				part.To = s.To // whatever rounding makes of it
			}
			cut = append(cut, part)
		}
	}
	return cut
}

// at is the level so long after the segment's beginning.
func (s *Segment) at(t time.Duration) float64 {
	if s.From == s.To {
		return s.From
	}
	return s.From + (s.To-s.From)*(float64(t)/float64(s.Length))
}

// A curve is how many arrivals a rate has brought by when: the profile's integral, to be read the other way round.
type curve struct {
	pieces  []piece
	total   float64
	endless bool // the last piece goes on
}

// A piece is a segment and what came before it.
type piece struct {
	start, length time.Duration
	begin, end    float64 // the integral at its start and at its end
	from, slope   float64 // arrivals per second, and by how many more in each second
}

func newCurve(p Profile) *curve {
	c := &curve{pieces: make([]piece, 0, len(p))}
	var start time.Duration
	for _, s := range p {
		next := piece{start: start, length: s.Length, begin: c.total, from: s.From}
		if s.From != s.To {
			next.slope = (s.To - s.From) / s.Length.Seconds()
		}
		c.total += s.area()
		next.end = c.total
		c.pieces = append(c.pieces, next)
		start += s.Length
	}
	return c
}

// hair is a part of an arrival that rounding may add or take.
const hair = 1e-6

// place returns the instant at which the integral reaches x, and the piece that it is in: where the rate is 0 meanwhile, the end of
// that. It looks on from piece at; x does not fall from call to call.
func (c *curve) place(x float64, at int) (time.Duration, int) {
	for at < len(c.pieces)-1 && x >= c.pieces[at].end-hair {
		at++
	}
	p := &c.pieces[at]
	into := nanoseconds(p.after(max(0, x-p.begin)))
	if c.endless && at == len(c.pieces)-1 {
		return p.start + min(into, math.MaxInt64-p.start), at
	}
	return p.start + max(0, min(into, p.length-1)), at
}

// after is how many seconds into the piece its own integral reaches y: the root of from·t + slope·t²/2 = y, in the form that loses
// no digits where the slope is small.
func (p *piece) after(y float64) float64 {
	if p.slope == 0 {
		if y == 0 {
			return 0
		}
		return y / p.from
	}
	root := math.Sqrt(max(0, p.from*p.from+2*p.slope*y))
	if sum := p.from + root; sum > 0 {
		return 2 * y / sum
	}
	return 0
}

// nanoseconds is a number of seconds as a time, or the longest time where it is longer.
func nanoseconds(seconds float64) time.Duration {
	if ns := seconds*float64(time.Second) + 0.5; ns < math.MaxInt64 {
		return time.Duration(ns)
	}
	return math.MaxInt64
}
