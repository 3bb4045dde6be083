package workload

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sessbench/workload/wire"
)

// usual is a Linux machine as it comes.
func usual() *PortFacts {
	return &PortFacts{Range: [2]int{32768, 60999}, TimeWait: time.Minute, ReuseLoopback: time.Second}
}

func budgetOf(t *testing.T, facts *PortFacts, opts wire.Options, addresses ...string) *portBudget {
	t.Helper()
	b := newPortBudget(facts, &opts, addresses)
	if b == nil {
		t.Fatal("no budget")
	}
	return b
}

var (
	freshPolicy  = wire.Policy{RequestsPerConnection: 1}
	resetPolicy  = wire.Policy{RequestsPerConnection: 1, Close: wire.CloseByReset}
	serverPolicy = wire.Policy{RequestsPerConnection: 1, Close: wire.CloseByServer}
	quicPolicy   = wire.Policy{RequestsPerConnection: 1, HTTP: wire.HTTP3}
)

func loadFor(d time.Duration, blocks int) Load { return Load{Duration: Duration(d), Blocks: blocks} }

func TestTheForecastIsArithmetic(t *testing.T) {
	const far, near = "192.0.2.1:443", "127.0.0.1:443"
	three := wire.Options{}
	three.Socket.Source = parseAddrs(t, "192.0.2.7", "192.0.2.8", "192.0.2.9")
	turns := wire.Options{Addresses: wire.InTurn}
	for name, test := range map[string]struct {
		opts      wire.Options
		addresses []string
		policies  []wire.Policy
		rate      float64
		load      Load
		needs     float64
		fails     float64 // +Inf: not
	}{
		"two thousand a second, far":    {wire.Options{}, []string{far}, []wire.Policy{freshPolicy}, 2000, loadFor(100*time.Second, 10), 120_000, 28_232.0 / 2000},
		"the same on loopback":          {wire.Options{}, []string{near}, []wire.Policy{freshPolicy}, 2000, loadFor(100*time.Second, 10), 2000, math.Inf(1)},
		"a short run":                   {wire.Options{}, []string{far}, []wire.Policy{freshPolicy}, 2000, loadFor(10*time.Second, 10), 20_000, math.Inf(1)},
		"just sustained":                {wire.Options{}, []string{far}, []wire.Policy{freshPolicy}, 470, loadFor(time.Hour, 10), 28_200, math.Inf(1)},
		"five on each":                  {wire.Options{}, []string{far}, []wire.Policy{{RequestsPerConnection: 5}}, 2000, loadFor(time.Hour, 10), 24_000, math.Inf(1)},
		"three sources":                 {three, []string{far}, []wire.Policy{freshPolicy}, 2000, loadFor(time.Hour, 10), 120_000, 3 * 28_232.0 / 2000},
		"two destinations in turn":      {turns, []string{far, "192.0.2.2:443"}, []wire.Policy{freshPolicy}, 2000, loadFor(time.Hour, 10), 120_000, 2 * 28_232.0 / 2000},
		"two destinations, one is used": {wire.Options{}, []string{far, "192.0.2.2:443"}, []wire.Policy{freshPolicy}, 2000, loadFor(time.Hour, 10), 120_000, 28_232.0 / 2000},
		"half of the time":              {wire.Options{}, []string{far}, []wire.Policy{{}, freshPolicy}, 900, loadFor(60*time.Second, 60), 27_000, math.Inf(1)},
		"two arms that need them":       {wire.Options{}, []string{far}, []wire.Policy{freshPolicy, freshPolicy}, 900, loadFor(60*time.Second, 60), 54_000, 28_232.0 / 900},
		"reset":                         {wire.Options{}, []string{far}, []wire.Policy{resetPolicy}, 2000, loadFor(time.Hour, 10), 0, math.Inf(1)},
		"the server closes":             {wire.Options{}, []string{far}, []wire.Policy{serverPolicy}, 2000, loadFor(time.Hour, 10), 0, math.Inf(1)},
		"QUIC":                          {wire.Options{}, []string{far}, []wire.Policy{quicPolicy}, 2000, loadFor(time.Hour, 10), 0, math.Inf(1)},
		"closed, rate unknown":          {wire.Options{}, []string{far}, []wire.Policy{freshPolicy}, 0, loadFor(time.Hour, 10), 0, math.Inf(1)},
		"closed, a count that fits":     {wire.Options{}, []string{far}, []wire.Policy{freshPolicy}, 0, Load{Requests: 28_000, Blocks: 10}, 28_000, math.Inf(1)},
		"a spike after ten minutes": {wire.Options{}, []string{far}, []wire.Policy{freshPolicy}, 0, Load{Blocks: 1, Stages: []Stage{
			rateStage(600*time.Second, 100, Step), rateStage(10*time.Second, 5000, Step),
		}}, 55_000, 600 + (28_232.0-6000)/4900},
		"a ramp": {wire.Options{}, []string{far}, []wire.Policy{freshPolicy}, 0, Load{Blocks: 1, Stages: []Stage{
			rateStage(50*time.Second, 1000, Ramp),
		}}, 25_000, math.Inf(1)},
		"closed, a count that is too big": {wire.Options{}, []string{far}, []wire.Policy{freshPolicy}, 0, Load{Requests: 30_000, Blocks: 1}, 30_000, 0},
	} {
		b := budgetOf(t, usual(), test.opts, test.addresses...)
		test.load.Rate = test.rate
		p := &Plan{Load: test.load, Arms: make([]Arm, len(test.policies))}
		f := b.forecast(p, test.policies, plannedRates(p, test.policies))
		if math.Abs(f.needs-test.needs) > 1e-6*test.needs+1e-6 {
			t.Errorf("%s: needs %v, want %v", name, f.needs, test.needs)
		}
		if f.fails != test.fails && math.Abs(f.fails-test.fails) > 0.001 {
			t.Errorf("%s: fails after %v, want %v", name, f.fails, test.fails)
		}
	}
}

func TestAForecastIsToldInFull(t *testing.T) {
	b := budgetOf(t, usual(), wire.Options{}, "192.0.2.1:443")
	p := &Plan{Load: loadFor(2*time.Minute, 10), Arms: []Arm{{Name: "pooled"}, {Name: "fresh"}}}
	p.Load.Rate = 2000
	f := b.forecast(&Plan{Load: p.Load, Arms: p.Arms[1:]}, []wire.Policy{freshPolicy}, []float64{2000})
	w := b.warning(f)
	if want := "fresh at 2,000/s needs 120,000 ports; 28,232 are there: it will fail after about 14 s"; w == nil || w.Detail != want {
		t.Fatalf("%+v, want %q", w, want)
	}
	if want := "connect from 5 addresses (--source), close by reset (+close-reset), offer at most 470 connections a second, or make the run shorter"; w.Hint != want {
		t.Errorf("%q", w.Hint)
	}
	if r := b.result(f); r.Available != 28232 || r.Reuse != 60 || math.Floor(r.Sustainable) != 470 || len(r.Arms) != 1 ||
		r.Arms[0].Verdict != "fails" || r.Arms[0].Needed != 120_000 || r.TimeWaitStart != -1 {
		t.Errorf("%+v", r)
	}
	policies := []wire.Policy{{}, freshPolicy}
	f = b.forecast(p, policies, []float64{0, 400})
	if w := b.warning(f); w != nil || f.arms[0].Verdict != "none" || f.arms[1].Verdict != "sustained" {
		t.Errorf("%+v %+v", w, f)
	}
	p.Load.Rate = 0
	if f = b.forecast(p, policies, plannedRates(p, policies)); f.arms[1].Verdict != "unknown" || f.needs != 0 {
		t.Errorf("%+v", f)
	}
	if f = b.forecast(p, policies, []float64{0, 3000}); b.warning(f) == nil || !strings.HasPrefix(b.warning(f).Detail, "fresh at 3,000/s needs 108,000 ports") {
		t.Errorf("measured: %+v", f)
	}
}

func TestNoBudgetWithoutFacts(t *testing.T) {
	if newPortBudget(nil, &wire.Options{}, []string{"127.0.0.1:1"}) != nil || newPortBudget(&PortFacts{}, &wire.Options{}, []string{"127.0.0.1:1"}) != nil {
		t.Error("invented")
	}
	var unix wire.Options
	unix.Socket.UnixSocket = "/x"
	if newPortBudget(usual(), &unix, []string{"unix:/x"}) != nil {
		t.Error("a Unix socket takes no port")
	}
	if s := usual().Sustainable(false); math.Floor(s) != 470 {
		t.Error(s)
	}
	if s := usual().Sustainable(true); s != 28232 {
		t.Error(s)
	}
}

func parseAddrs(t *testing.T, list ...string) []netip.Addr {
	t.Helper()
	var addrs []netip.Addr
	for _, text := range list {
		a, err := netip.ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, a)
	}
	return addrs
}
