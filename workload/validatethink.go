package workload

import (
	"fmt"
	"time"
)

// maxSigma keeps the tail of a log-normal pause within what a time can be: ten deviations are e^100 times the median.
const maxSigma = 10

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
		return &KeyError{key, fmt.Sprintf("has %d distributions; give one of constant, uniform, normal, exponential and lognormal", kinds)}
	}
	for _, d := range t.durations() {
		switch v := time.Duration(d.value); {
		case v < 0:
			return &KeyError{key + d.key, fmt.Sprintf("is %v; use a positive time", v)}
		case v > longestRun:
			return &KeyError{key + d.key, fmt.Sprintf("is %v; it must be at most %v", v, longestRun)}
		}
	}
	switch {
	case t.Uniform != nil && t.Uniform[0] > t.Uniform[1]:
		return &KeyError{key + ".uniform", fmt.Sprintf("goes from %v to %v; write the shorter time first", time.Duration(t.Uniform[0]), time.Duration(t.Uniform[1]))}
	case t.LogNormal != nil && !(t.LogNormal.Sigma >= 0 && t.LogNormal.Sigma <= maxSigma):
		return &KeyError{key + ".lognormal.sigma", fmt.Sprintf("is %v; it must be from 0 to %d", t.LogNormal.Sigma, maxSigma)}
	}
	return nil
}

type keyedDuration struct {
	key   string
	value Duration
}

// durations are the times of a pause with their keys.
func (t *Think) durations() []keyedDuration {
	list := []keyedDuration{{".max", t.Max}}
	if t.Constant != nil {
		list = append(list, keyedDuration{".constant", *t.Constant})
	}
	if t.Uniform != nil {
		list = append(list, keyedDuration{".uniform", t.Uniform[0]}, keyedDuration{".uniform", t.Uniform[1]})
	}
	if t.Normal != nil {
		list = append(list, keyedDuration{".normal.mean", t.Normal.Mean}, keyedDuration{".normal.deviation", t.Normal.Deviation})
	}
	if t.Exponential != nil {
		list = append(list, keyedDuration{".exponential", *t.Exponential})
	}
	if t.LogNormal != nil {
		list = append(list, keyedDuration{".lognormal.median", t.LogNormal.Median})
	}
	return list
}
