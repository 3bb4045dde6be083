package stats

// A Unit is the kind of number that a metric is.
type Unit string

const (
	Seconds   Unit = "seconds"
	PerSecond Unit = "per_second"
	Share     Unit = "share" // 0..1
)

// meanResponseTime is the metric whose difference can be split into its parts.
const meanResponseTime = "response_time.mean"

// A Metric is a number in which arms are compared.
type Metric struct {
	Name            string // as it stands in results
	Unit            Unit
	SmallerIsBetter bool

	// ofResponses: it needs trials with a successful call; else with any call.
	ofResponses bool
	// measure is the metric of the blocks together, each as often as its weight says.
	measure func(b *blocks, weights []int64) float64
	// resolution is the difference between two arms that the measurement itself can
	// make, in the metric's unit.
	resolution func(baseline, arm *blocks) float64
}

// Metrics returns the metrics that Compare compares, in its order:
// response_time.mean, .p50, .p90, .p99 and .p99.9 of successful calls;
// achieved_rate, completed calls per second, failed ones included; error_rate, the
// share of calls that failed.
//
// There is no service_time among them. In the closed model it is response time
// under another name, and each further metric is a further chance to be misled; in
// the open model the attribution of the mean says how much of a difference is lag.
func Metrics() []Metric {
	return []Metric{
		{meanResponseTime, Seconds, true, true, (*blocks).mean, exact},
		responseQuantile("response_time.p50", 0.50),
		responseQuantile("response_time.p90", 0.90),
		responseQuantile("response_time.p99", 0.99),
		responseQuantile("response_time.p99.9", 0.999),
		{"achieved_rate", PerSecond, false, false, achievedRate, rateResolution},
		{"error_rate", Share, true, false, errorRate, exact},
	}
}

// Value returns the metric of the trials together: their distributions are merged,
// their requests and times added up; nothing is averaged. ok is false when no trial
// tells anything about the metric.
func (m Metric) Value(trials ...Trial) (value float64, ok bool) {
	b := newBlocks(usable(trials, m.ofResponses))
	if b.len() == 0 {
		return 0, false
	}
	return m.measure(b, b.all()), true
}

func responseQuantile(name string, q float64) Metric {
	measure := func(b *blocks, weights []int64) float64 { return b.quantile(q, weights).Seconds() }
	resolution := func(baseline, arm *blocks) float64 {
		larger := max(baseline.quantile(q, baseline.all()), arm.quantile(q, arm.all()))
		const rounding = 1 + 1e-9 // seconds are not exact; neighbouring buckets stay within
		return bucketWidth(larger).Seconds() * rounding
	}
	return Metric{name, Seconds, true, true, measure, resolution}
}

func achievedRate(b *blocks, weights []int64) float64 {
	return quotient(weighted(b.requests, weights), weighted(b.seconds, weights))
}

func errorRate(b *blocks, weights []int64) float64 {
	return quotient(weighted(b.errors, weights), weighted(b.requests, weights))
}

func exact(_, _ *blocks) float64 { return 0 }

// rateResolution allows for the end of a trial in the open model: the trial lasts
// until its last call has finished, so its length, and with it the rate, is known to
// about one call. Without this the slower of two arms that both kept up with the
// offered rate would have the worse rate, by the length of one call. In the closed
// model a rate is as exact as the response times that it follows from.
func rateResolution(baseline, arm *blocks) float64 {
	relative := 0.0
	for _, b := range []*blocks{baseline, arm} {
		if b.paced {
			call := b.total.Service.Quantile(0.99).Seconds()
			relative = max(relative, call*float64(b.len())/weighted(b.seconds, b.all()))
		}
	}
	return relative * max(achievedRate(baseline, baseline.all()), achievedRate(arm, arm.all()))
}
