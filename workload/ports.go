package workload

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sessbench/result"
	"sessbench/workload/arrivals"
	"sessbench/workload/wire"
)

// PortFacts is what the system says about local ports. The zero value: nothing.
type PortFacts struct {
	Range    [2]int        // that connections are given, inclusive
	Reserved int           // of these, never given
	TimeWait time.Duration // how long a connection that we closed keeps its port; 0: unknown
	// Reuse is after how long a new connection to the same destination is given the port nevertheless:
	// on loopback, and elsewhere. 0: not before TimeWait.
	ReuseLoopback, ReuseElsewhere time.Duration

	InTimeWait func() int // sockets in TIME_WAIT now; -1: unknown. nil: unknown
}

// count is how many connections from one address to another can be there at the same time.
func (f *PortFacts) count() int { return max(0, f.Range[1]-f.Range[0]+1-f.Reserved) }

// known says whether a budget can be made.
func (f *PortFacts) known() bool { return f.Range[0] > 0 && f.TimeWait > 0 }

// hold is how long the port of a closed connection is lost to others to the same destination.
func (f *PortFacts) hold(loopback bool) time.Duration {
	reuse := f.ReuseElsewhere
	if loopback {
		reuse = f.ReuseLoopback
	}
	if reuse == 0 {
		return f.TimeWait
	}
	return min(reuse, f.TimeWait)
}

// Sustainable is how many connections a second, each closed by us, can be opened from one address to
// one address and port for ever. 0: unknown.
func (f *PortFacts) Sustainable(loopback bool) float64 {
	if !f.known() {
		return 0
	}
	return float64(f.count()) / f.hold(loopback).Seconds()
}

// A portBudget is what there is of local ports for one run.
type portBudget struct {
	facts        *PortFacts
	sources      int
	destinations int
	pairs        int // of a source and a destination, each with ports of its own
	hold         time.Duration
	start        int // sockets in TIME_WAIT before the run; -1: unknown
}

// newPortBudget returns nil where nothing is known, or no connection takes a port. addresses are
// those connected to, "ip:port".
func newPortBudget(facts *PortFacts, opts *wire.Options, addresses []string) *portBudget {
	if facts == nil || !facts.known() || opts.Socket.UnixSocket != "" || len(addresses) == 0 {
		return nil
	}
	b := &portBudget{facts: facts, start: facts.inTimeWait()}
	b.reach(opts.Socket.Source, addresses, opts.Addresses == wire.InTurn || opts.Addresses == wire.Random)
	loopback := true
	for _, text := range addresses {
		to, err := netip.ParseAddrPort(text)
		loopback = loopback && err == nil && to.Addr().IsLoopback()
	}
	b.hold = facts.hold(loopback)
	return b
}

// reach counts from how many sources connections are opened, and to how many of the addresses: all of them, or the
// first. An address is reached from the sources of its family, and passed over where there is none.
func (b *portBudget) reach(sources []netip.Addr, addresses []string, all bool) {
	four := 0
	for _, ip := range sources {
		if ip.Unmap().Is4() {
			four++
		}
	}
	six := len(sources) - four
	if len(sources) == 0 {
		four, six = 1, 1 // the system's choice
	}
	var to4, to6 int
	for i, text := range addresses {
		to, err := netip.ParseAddrPort(text)
		switch is4 := to.Addr().Unmap().Is4(); {
		case err != nil || slices.Contains(addresses[:i], text):
		case is4 && four > 0:
			to4++
		case !is4 && six > 0:
			to6++
		}
		if to4+to6 > 0 && !all {
			break
		}
	}
	b.sources, b.destinations, b.pairs = 1, max(1, to4+to6), max(1, to4*four+to6*six)
	if len(sources) > 0 {
		b.sources = max(1, min(to4, 1)*four+min(to6, 1)*six)
	}
}

func (f *PortFacts) inTimeWait() int {
	if f.InTimeWait == nil {
		return -1
	}
	return f.InTimeWait()
}

// ports is how many connections can have a port at the same time.
func (b *portBudget) ports() int { return b.facts.count() * b.pairs }

// keepsPorts says whether connections leave their port in TIME_WAIT for us.
func keepsPorts(p *wire.Policy) bool {
	return p.RequestsPerConnection > 0 && p.HTTP != wire.HTTP3 && (p.Close == "" || p.Close == wire.CloseByClient)
}

// A demand is one trial's need of ports.
type demand struct {
	arm           int
	start, length time.Duration
	rate          float64 // connections per second that keep their port
}

// A bend is where the number of ports that are held changes its slope.
type bend struct {
	at    float64 // seconds
	slope float64 // connections per second, more or less from here on
}

// peak follows the number of ports that are held over the demands: each connection's for b.hold from
// when it is opened. It returns the greatest number, and when it first exceeds what there is, in
// seconds; +Inf for never.
func (b *portBudget) peak(demands []demand) (most, fails float64) {
	var bends []bend
	for _, d := range demands {
		start, end, hold := d.start.Seconds(), (d.start + d.length).Seconds(), b.hold.Seconds()
		bends = append(bends, bend{start, d.rate}, bend{end, -d.rate}, bend{start + hold, -d.rate}, bend{end + hold, d.rate})
	}
	slices.SortFunc(bends, func(a, b bend) int { return cmp.Compare(a.at, b.at) })
	ports, fails := float64(b.ports()), math.Inf(1)
	var held, slope, at float64
	for _, next := range bends {
		then := held + slope*(next.at-at)
		if then > ports && math.IsInf(fails, 1) {
			fails = at + (ports-held)/slope
		}
		most = max(most, then)
		held, at = then, next.at
		slope += next.slope
	}
	return most, fails
}

// A forecast is what the budget comes to.
type forecast struct {
	arms  []result.ArmPorts
	needs float64 // ports at the same time, all arms together; 0: unknown
	fails float64 // seconds from the start of the warm-up; +Inf: not to be expected
}

// forecast says whether the ports will last. rates are connections per second for each arm in its own trials, as
// planned or as measured; 0 where that is not known.
func (b *portBudget) forecast(p *Plan, o *offer, policies []wire.Policy, rates []float64) forecast {
	f := forecast{fails: math.Inf(1)}
	var all []demand
	unknown := false
	for i, arm := range p.Arms {
		entry := result.ArmPorts{Arm: arm.Name, Verdict: "none"}
		if keepsPorts(&policies[i]) {
			entry.Rate = rates[i]
			own := p.demands(o, i, len(p.Arms), rates[i], policies[i].RequestsPerConnection)
			entry.Needed, _ = b.peak(own)
			if entry.Verdict = "sustained"; own == nil {
				entry.Verdict, unknown = "unknown", true
			}
			all = append(all, own...)
		}
		f.arms = append(f.arms, entry)
	}
	f.needs, f.fails = b.peak(all)
	if unknown {
		f.needs = 0
	}
	if math.IsInf(f.fails, 1) {
		return f
	}
	for i := range f.arms {
		if f.arms[i].Verdict == "sustained" { // they share what there is
			f.arms[i].Verdict, f.arms[i].FailAfter = "fails", f.fails
		}
	}
	return f
}

// demands are the trials of the arm at that place among arms, in the order of the plan; nil where a rate or a length is needed and
// not known. Trials that end by a count and have no rate take all their ports at once, at worst.
func (p *Plan) demands(o *offer, arm, arms int, rate float64, perConnection int) []demand {
	l := &p.Load
	each := p.meanCalls() / float64(perConnection) // connections of an iteration
	connections := float64(l.Requests) * each
	length := o.window
	if l.Requests == 0 && (rate == 0 || length == 0) {
		return nil
	}
	if l.Requests > 0 {
		share := connections / float64(l.Blocks)
		if rate == 0 {
			rate = share / time.Microsecond.Seconds()
		}
		length = max(1, time.Duration(share/rate*float64(time.Second)))
	}
	list := make([]demand, 0, l.Blocks+1)
	warmup, shape := time.Duration(l.Warmup), o.shape
	if len(shape) > mostDemands/l.Blocks {
		shape = nil // the mean has to do
	}
	if warmup > 0 {
		first := rate
		if o.shape != nil {
			first = o.warmup * each
		}
		list = append(list, demand{arm, time.Duration(arm) * warmup, warmup, first})
	}
	for block := range l.Blocks {
		start := time.Duration(arms)*warmup + time.Duration(block*arms+arm)*length
		if shape == nil {
			list = append(list, demand{arm, start, length, rate})
		}
		for _, s := range shape { // a spike needs more ports than its block's mean
			list = append(list, demand{arm, start, s.Length, (s.From + s.To) / 2 * each})
			start += s.Length
		}
	}
	return list
}

// mostDemands is how many an arm's forecast may consist of.
const mostDemands = 1_000_000

// An offer is what a load asks of each arm.
type offer struct {
	rate   float64          // iterations per second over a block; 0 in the closed model, and where all fall due at once
	window time.Duration    // of a block; 0: it ends by a count, or all fall due at once
	shape  arrivals.Profile // of the rate over a block; nil: it does not change
	warmup float64          // iterations per second of the warm-up, where there is a shape
}

// offer is the load's, but for a trace, whose file only a pacing has read.
func (p *Plan) offer() *offer {
	o := &offer{rate: p.meanRate(), window: p.Load.window()}
	if p.Load.rateStages() {
		o.shape, o.warmup = p.Load.profile().Cut(stretches, shortestStretch), p.Load.firstLevel()
	}
	return o
}

// offer is what the load comes to.
func (g *pacing) offer() *offer {
	if g.trace == nil {
		return g.plan.offer()
	}
	const steps, shortest = 1000, 100 * time.Millisecond // ports are held for a second and longer
	warmup := time.Duration(g.plan.Load.Warmup)
	return &offer{
		rate: g.meanRate(), window: g.window, shape: g.trace.Rates(steps, shortest),
		warmup: perSecond(int64(g.trace.Before(warmup)), warmup),
	}
}

// plannedRates are connections per second that the plan asks of each arm in the mean of a block, 0 where only a run can tell.
func plannedRates(p *Plan, o *offer, policies []wire.Policy) []float64 {
	rates := make([]float64, len(policies))
	for i := range policies {
		if n := policies[i].RequestsPerConnection; n > 0 {
			rates[i] = o.rate * p.meanCalls() / float64(n)
		}
	}
	return rates
}

// warning tells a user of a forecast that fails; nil where none does.
func (b *portBudget) warning(f forecast) *result.Warning {
	if math.IsInf(f.fails, 1) {
		return nil
	}
	var arms []string
	total := 0.0
	for _, a := range f.arms {
		if a.Verdict == "fails" {
			text := a.Arm
			if a.Rate > 0 {
				text += fmt.Sprintf(" at %s/s", thousands(a.Rate))
				total += a.Rate
			}
			arms = append(arms, text)
		}
	}
	verb := "needs"
	if len(arms) > 1 {
		verb = "need"
	}
	after := "within a second"
	if f.fails >= 1 {
		after = fmt.Sprintf("after about %.0f s", f.fails)
	}
	return &result.Warning{
		Code: "ports_forecast",
		Detail: fmt.Sprintf("%s %s %s ports; %s are there: it will fail %s",
			strings.Join(arms, " and "), verb, thousands(f.needs), thousands(float64(b.ports())), after),
		Hint: fmt.Sprintf("connect from %s (--source), close by reset (+close-reset), offer at most %s connections a second, or make the run shorter",
			moreAddresses(int(math.Ceil(f.needs/float64(max(1, b.facts.count()*b.destinations))))),
			thousands(math.Floor(float64(b.ports())/b.hold.Seconds()))),
	}
}

func moreAddresses(n int) string {
	if n > 50 {
		return "more addresses"
	}
	return fmt.Sprintf("%d addresses", n)
}

// thousands writes a number with commas, without a fraction where it is no small one.
func thousands(n float64) string {
	if n < 10 && n != math.Trunc(n) {
		return fmt.Sprintf("%.1f", n)
	}
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// result is the budget as the result tells it.
func (b *portBudget) result(f forecast) *result.Ports {
	return &result.Ports{
		Range:         b.facts.Range,
		Available:     b.facts.count(),
		Sources:       b.sources,
		Destinations:  b.destinations,
		TimeWait:      b.facts.TimeWait.Seconds(),
		Reuse:         b.hold.Seconds(),
		Sustainable:   float64(b.ports()) / b.hold.Seconds(),
		TimeWaitStart: b.start,
		TimeWaitEnd:   b.facts.inTimeWait(),
		Arms:          f.arms,
	}
}
