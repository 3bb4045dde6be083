package stats

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Merge returns the tally of t's and other's calls together. It changes neither.
// The name is kept if both have the same, else empty.
func (t Tally) Merge(other Tally) Tally {
	merged := Tally{
		Requests:  t.Requests + other.Requests,
		Errors:    t.Errors + other.Errors,
		Attempts:  t.Attempts + other.Attempts,
		Retries:   t.Retries + other.Retries,
		Redirects: t.Redirects + other.Redirects,
		Reused:    t.Reused + other.Reused,
		BytesIn:   t.BytesIn + other.BytesIn,
		BytesOut:  t.BytesOut + other.BytesOut,
		Classes:   mergeCounts(t.Classes, other.Classes),
		Status:    mergeCounts(t.Status, other.Status),
		Response:  t.Response.Merge(other.Response),
		Service:   t.Service.Merge(other.Service),
		Lag:       t.Lag.Merge(other.Lag),
		Failed:    t.Failed.Merge(other.Failed),
	}
	if t.Name == other.Name {
		merged.Name = t.Name
	}
	for p := range merged.Phases {
		merged.Phases[p] = t.Phases[p].Merge(other.Phases[p])
	}
	return merged
}

func mergeCounts[K comparable](a, b map[K]int64) map[K]int64 {
	if len(a)+len(b) == 0 {
		return nil
	}
	merged := make(map[K]int64, max(len(a), len(b)))
	maps.Copy(merged, a)
	for k, n := range b {
		merged[k] += n
	}
	return merged
}

// MergeTallies returns the tally of all calls in tallies. Its name is theirs if
// they all have the same, else empty.
func MergeTallies(tallies ...Tally) Tally {
	switch n := len(tallies); n {
	case 0:
		return Tally{}
	case 1:
		return tallies[0]
	default:
		// By halves: one after the other, thousands of them would be merged with ever longer lists of buckets.
		return MergeTallies(tallies[:n/2]...).Merge(MergeTallies(tallies[n/2:]...))
	}
}

// Total returns the tally of all operations together, without a name.
func (t Trial) Total() Tally {
	total := MergeTallies(t.Operations...)
	total.Name = ""
	return total
}

// Requests returns how many calls the trial has, failed ones included: Total().Requests, at less cost.
func (t Trial) Requests() int64 {
	var n int64
	for i := range t.Operations {
		n += t.Operations[i].Requests
	}
	return n
}

// MergeTrials puts together the shares of one trial that were carried out apart:
// trials of the same arm and block. Operations are matched by name, stages by their
// place, seconds by number; the merged trial lasts from the first start to the last finish. It
// returns an error if there is no trial, or the arms or blocks differ.
func MergeTrials(trials ...Trial) (Trial, error) {
	if len(trials) == 0 {
		return Trial{}, fmt.Errorf("stats: no trials to merge")
	}
	merged := trials[0]
	for _, t := range trials[1:] {
		if t.Arm != merged.Arm || t.Block != merged.Block {
			return Trial{}, fmt.Errorf("stats: cannot merge arm %q block %d with arm %q block %d",
				merged.Arm, merged.Block, t.Arm, t.Block)
		}
		merged = mergeShares(merged, t)
	}
	return merged, nil
}

func mergeShares(a, b Trial) Trial {
	started := min(a.Started, b.Started)
	return Trial{
		Arm:        a.Arm,
		Block:      a.Block,
		Position:   a.Position,
		Started:    started,
		Window:     max(a.Window, b.Window),
		Elapsed:    max(a.Started+a.Elapsed, b.Started+b.Elapsed) - started,
		Offered:    a.Offered + b.Offered,
		Operations: mergeOperations(a.Operations, b.Operations),
		Stages:     mergeStages(a.Stages, b.Stages),
		Series:     MergeSeries(a.Series, b.Series),
	}
}

// mergeOperations matches by name where the places do not agree: shares of a plan
// may have left operations out.
func mergeOperations(a, b []Tally) []Tally {
	merged := slices.Clone(a)
	var places map[string]int // of a's names; nil until needed
	for i, t := range b {
		if i >= len(a) || a[i].Name != t.Name {
			if places == nil {
				places = placesOf(a)
			}
			var known bool
			if i, known = places[t.Name]; !known {
				merged = append(merged, t)
				continue
			}
		}
		merged[i] = merged[i].Merge(t)
	}
	return merged
}

func placesOf(tallies []Tally) map[string]int {
	places := make(map[string]int, len(tallies))
	for i, t := range tallies {
		places[t.Name] = i
	}
	return places
}

// mergeStages matches by place; a share that has fewer adds nothing to the others.
func mergeStages(a, b []StageTally) []StageTally {
	if len(a) < len(b) {
		a, b = b, a
	}
	merged := slices.Clone(a)
	for i, s := range b {
		merged[i] = StageTally{
			Offered:  a[i].Offered + s.Offered,
			Requests: a[i].Requests + s.Requests,
			Errors:   a[i].Errors + s.Errors,
			Response: a[i].Response.Merge(s.Response),
		}
	}
	return merged
}

// MergeSeries returns one series, in order, with the calls of all of them.
func MergeSeries(series ...[]Second) []Second {
	all := slices.Concat(series...)
	slices.SortStableFunc(all, func(a, b Second) int { return cmp.Compare(a.At, b.At) })
	merged := all[:0]
	for _, s := range all {
		if n := len(merged); n > 0 && merged[n-1].At == s.At {
			merged[n-1] = mergeSeconds(merged[n-1], s)
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

func mergeSeconds(a, b Second) Second {
	return Second{
		At:       a.At,
		Requests: a.Requests + b.Requests,
		Errors:   a.Errors + b.Errors,
		Response: a.Response.Merge(b.Response),
	}
}
