package workload

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// longestThink is longer than any pause between requests; drawn ones are cut there.
const longestThink = 24 * time.Hour

// maxSigma bounds log-normal pauses: with it one in a hundred is ten thousand million times the median.
const maxSigma = 10

// draw returns how long a pause is. It takes one random value, or none of a constant one, so that what is drawn afterwards does not
// depend on what came of it.
func (t *Think) draw(r *rand.Rand) time.Duration {
	var pause float64 // nanoseconds
	switch {
	case t.Constant != nil:
		pause = float64(*t.Constant)
	case t.Uniform != nil:
		from, to := float64(t.Uniform[0]), float64(t.Uniform[1])
		pause = from + (to-from)*unit(r)
	case t.Normal != nil:
		pause = float64(t.Normal.Mean) + float64(t.Normal.Deviation)*normal(r)
	case t.Exponential != nil:
		pause = -float64(*t.Exponential) * math.Log(unit(r))
	case t.LogNormal != nil:
		pause = float64(t.LogNormal.Median) * math.Exp(t.LogNormal.Sigma*normal(r))
	}
	most := longestThink
	if t.Max > 0 {
		most = min(most, time.Duration(t.Max))
	}
	return time.Duration(max(0, min(pause, float64(most))))
}

// unit returns a number between 0 and 1, neither of them.
func unit(r *rand.Rand) float64 { return (float64(r.Uint64()>>12) + 0.5) / (1 << 52) }

// normal returns a number of the standard normal distribution, by the inverse of its distribution function: rand's own method takes a
// varying number of random values.
func normal(r *rand.Rand) float64 { return math.Sqrt2 * math.Erfinv(2*unit(r)-1) }

// validate looks at a pause, whose place in the plan is key; nil is none.
func (t *Think) validate(key string) error {
	if t == nil {
		return nil
	}
	kinds := 0
	for _, given := range []bool{t.Constant != nil, t.Uniform != nil, t.Normal != nil, t.Exponential != nil, t.LogNormal != nil} {
		if given {
			kinds++
		}
	}
	if kinds != 1 {
		return &KeyError{key, fmt.Sprintf("has %d kinds of pause; give one of constant, uniform, normal, exponential and lognormal", kinds)}
	}
	problems := t.validateTimes(key)
	switch {
	case t.Uniform != nil && t.Uniform[0] > t.Uniform[1] && !wrongThink(t.Uniform[0]) && !wrongThink(t.Uniform[1]):
		problems = append(problems, &KeyError{key + ".uniform", fmt.Sprintf("is from %v to %v; write the shorter time first", time.Duration(t.Uniform[0]), time.Duration(t.Uniform[1]))})
	case t.LogNormal != nil && (!(t.LogNormal.Sigma >= 0) || t.LogNormal.Sigma > maxSigma):
		problems = append(problems, &KeyError{key + ".lognormal.sigma", fmt.Sprintf("is %v; it must be from 0 to %d", t.LogNormal.Sigma, maxSigma)})
	}
	return errors.Join(problems...)
}

func wrongThink(d Duration) bool { return d < 0 || time.Duration(d) > longestThink }

func (t *Think) validateTimes(key string) (problems []error) {
	type named struct {
		key   string
		value Duration
	}
	times := []named{{"max", t.Max}}
	switch {
	case t.Constant != nil:
		times = append(times, named{"constant", *t.Constant})
	case t.Uniform != nil:
		times = append(times, named{"uniform[0]", t.Uniform[0]}, named{"uniform[1]", t.Uniform[1]})
	case t.Normal != nil:
		times = append(times, named{"normal.mean", t.Normal.Mean}, named{"normal.deviation", t.Normal.Deviation})
	case t.Exponential != nil:
		times = append(times, named{"exponential", *t.Exponential})
	case t.LogNormal != nil:
		times = append(times, named{"lognormal.median", t.LogNormal.Median})
	}
	for _, each := range times {
		if wrongThink(each.value) {
			problems = append(problems, &KeyError{key + "." + each.key, fmt.Sprintf("is %v; it must be from 0 to %v", time.Duration(each.value), longestThink)})
		}
	}
	return problems
}
