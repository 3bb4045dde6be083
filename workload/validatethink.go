package workload

import (
	"fmt"
	"time"
)

// longestThink is longer than any pause between requests; drawn ones are cut there.
const longestThink = 24 * time.Hour

// maxSigma bounds log-normal pauses: with it one in a hundred is ten thousand million times the median.
const maxSigma = 10

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
	if err := t.validateTimes(key); err != nil {
		return err
	}
	switch {
	case t.Uniform != nil && t.Uniform[0] > t.Uniform[1]:
		return &KeyError{key + ".uniform", fmt.Sprintf("is from %v to %v; write the shorter time first", time.Duration(t.Uniform[0]), time.Duration(t.Uniform[1]))}
	case t.LogNormal != nil && (!(t.LogNormal.Sigma >= 0) || t.LogNormal.Sigma > maxSigma):
		return &KeyError{key + ".lognormal.sigma", fmt.Sprintf("is %v; it must be from 0 to %d", t.LogNormal.Sigma, maxSigma)}
	}
	return nil
}

func (t *Think) validateTimes(key string) error {
	type named struct {
		key   string
		value Duration
	}
	times := []named{{"max", t.Max}}
	switch {
	case t.Constant != nil:
		times = append(times, named{"constant", *t.Constant})
	case t.Uniform != nil:
		times = append(times, named{"uniform", t.Uniform[0]}, named{"uniform", t.Uniform[1]})
	case t.Normal != nil:
		times = append(times, named{"normal.mean", t.Normal.Mean}, named{"normal.deviation", t.Normal.Deviation})
	case t.Exponential != nil:
		times = append(times, named{"exponential", *t.Exponential})
	case t.LogNormal != nil:
		times = append(times, named{"lognormal.median", t.LogNormal.Median})
	}
	for _, each := range times {
		if each.value < 0 || time.Duration(each.value) > longestThink {
			return &KeyError{key + "." + each.key, fmt.Sprintf("is %v; it must be from 0 to %v", time.Duration(each.value), longestThink)}
		}
	}
	return nil
}
