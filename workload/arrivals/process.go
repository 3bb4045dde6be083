package arrivals

import (
	"math"
	"math/rand/v2"
)

// Settings describe the arrivals of all trials of a load.
type Settings struct {
	// Rate is in arrivals per second, over one trial. Where there is none, no arrivals are.
	Rate Profile

	// Poisson makes them come at random, independently of each other. Otherwise they are as evenly spread as the rate lets them be.
	Poisson bool

	// Weights are those of the items from which every arrival's is drawn, each at least 1; nil: there is one item.
	Weights []int

	// Rates are given instead of Weights where each item has arrivals of its own, above 0 and in proportion to each other:
	// their sum is Rate's.
	Rates []float64

	Seed   uint64
	Stream uint64 // of the seed's random streams, the first of 2^32 that are for this
}

// A Process makes the arrivals of a load's trials. It is not changed once it was made; any goroutine may use it.
//
// Constant arrivals fall due where the integral of the rate reaches a whole number: at a constant rate the first one at once, the
// others at equal distances. They run on from block to block, so that all blocks together have as many as the
// rate says, however few fall into each.
//
// Poisson arrivals come after gaps of that integral that are exponential with mean 1. At a constant rate that is the usual
// process; at one that changes it is the inhomogeneous one (time-rescaling: E. N. Brown et al., The time-rescaling theorem and its
// application to neural spike train data analysis, Neural Computation 14(2), 2002, theorem 1; E. Çınlar, Introduction to
// Stochastic Processes, 1975, 4.7). Blocks have arrivals of their own.
type Process struct {
	settings Settings
	curve    *curve
	choice   *Choice
	shares   []share // of items with arrivals of their own
}

// A share is one item's part in the arrivals.
type share struct {
	part  float64 // of the rate; all add up to 1
	phase float64 // of constant arrivals: part of a gap by which the first one is later
}

// New returns the process that the settings describe.
func New(s Settings) *Process {
	p := &Process{settings: s, curve: newCurve(s.Rate)}
	if s.Rates == nil {
		p.choice = NewChoice(s.Weights)
		return p
	}
	p.shares = shares(s.Rates, p.random(-1, phasePart))
	return p
}

// shares spreads constant arrivals: items with the same rate come in turn, at equal distances. The first rate's begin at once, the
// others' at a part of such a distance that is drawn, so that they do not keep falling due together where rates are multiples of each
// other.
func shares(rates []float64, random *rand.Rand) []share {
	type group struct{ size, seen, shift float64 }
	groups := map[float64]*group{}
	var sum float64
	for _, rate := range rates {
		sum += rate
		g := groups[rate]
		if g == nil {
			g = &group{}
			if len(groups) > 0 {
				g.shift = random.Float64()
			}
			groups[rate] = g
		}
		g.size++
	}
	list := make([]share, len(rates))
	for i, rate := range rates {
		g := groups[rate]
		list[i] = share{part: rate / sum, phase: (g.seen + g.shift) / g.size}
		g.seen++
	}
	return list
}

// Source returns the arrivals of a trial. Block is its number, from 0, or -1 for one that is none of the blocks. count is how many
// arrivals it has, the rate at the profile's end going on for as long as that takes, and before how many the blocks before it had; items
// with rates of their own then get their parts but for an arrival or so at the ends of blocks. Where count is 0, it has those of the profile.
func (p *Process) Source(block int, before, count int64) Source {
	curve, left := p.curve, int64(math.MaxInt64)
	number := float64(max(0, block))
	from, to := number*curve.total, (number+1)*curve.total
	if count > 0 {
		endless := *curve
		endless.endless = true
		curve, left = &endless, count
		from, to = float64(before), math.Inf(1)
	}
	if len(curve.pieces) == 0 {
		return &single{}
	}
	if p.shares != nil {
		return p.merged(curve, block, from, to, left)
	}
	s := &single{stream: p.stream(curve, share{part: 1}, block, 0, from, to), left: left, choice: p.choice}
	if s.choice != nil {
		s.random = p.random(block, choicePart)
	}
	return s
}

// Parts of a block's random streams; items' own arrivals have those from 0.
const (
	partBits   = 17
	choicePart = 1<<partBits - 1
	phasePart  = 1<<partBits - 2
)

func (p *Process) random(block, part int) *rand.Rand {
	return rand.New(rand.NewPCG(p.settings.Seed, p.settings.Stream+uint64(block+1)<<partBits+uint64(part)))
}

// stream is an item's process in a block; from and to are the integrals of the rate, over all blocks, at its beginning and at its end.
func (p *Process) stream(c *curve, of share, block, item int, from, to float64) stream {
	s := stream{curve: c, share: of}
	if p.settings.Poisson {
		s.random = p.random(block, item)
		return s
	}
	s.passed = from * of.part
	s.index, s.last = of.first(s.passed), of.first(to*of.part)
	return s
}

// first is the first of a share's constant arrivals that is not before the integral of its own rate reaches passed. An arrival
// that rounding puts a hair before it is taken, by the block whose beginning that is and by no other.
func (s *share) first(passed float64) int64 {
	if passed <= 0 {
		return 0
	}
	least := 0.0
	if s.phase == 0 {
		least = 1 // however little has passed, the one at 0 was before
	}
	if n := math.Ceil(passed - s.phase - hair); n < math.MaxInt64 {
		return int64(max(least, n))
	}
	return math.MaxInt64
}

// A stream is one process of arrivals.
type stream struct {
	curve *curve
	share share
	at    int // piece of the curve that the last arrival was in

	random  *rand.Rand // nil: constant arrivals
	reached float64    // integral of its own rate, Poisson only

	index, last int64   // constant only: the next one and the one that is no longer of this trial
	passed      float64 // integral before this trial
}

// next returns the stream's next arrival, without its item.
func (s *stream) next() (Arrival, bool) {
	var x float64
	if s.random != nil {
		s.reached += s.random.ExpFloat64()
		if x = s.reached / s.share.part; x >= s.curve.total && !s.curve.endless {
			return Arrival{}, false
		}
	} else {
		if s.index >= s.last {
			return Arrival{}, false
		}
		// Multiplied rather than summed: a million gaps must not add up their rounding.
		x = (float64(s.index) + s.share.phase - s.passed) / s.share.part
		s.index++
	}
	var a Arrival
	a.At, s.at = s.curve.place(x, s.at)
	a.Stage = s.at
	return a, true
}

// A single is a source of one stream, whose arrivals' items are drawn.
type single struct {
	stream stream
	left   int64 // arrivals that it may still give
	choice *Choice
	random *rand.Rand // nil where there is no choice
}

func (s *single) Next() (Arrival, bool) {
	if s.left == 0 {
		return Arrival{}, false
	}
	a, ok := s.stream.next()
	if !ok {
		s.left = 0
		return a, false
	}
	s.left--
	a.Item = s.choice.Draw(s.random)
	return a, true
}
