package stats

import (
	"cmp"
	"math"
	"slices"
)

// Up to these numbers of blocks the rank tests enumerate their distribution;
// beyond, the normal approximation is good and the enumeration slow.
const (
	exactPairs = 50 // signed-rank: pairs
	exactTotal = 40 // rank sum: both samples together
)

// signedRankTest returns the two-sided p-value of the Wilcoxon signed-rank test for
// paired differences being symmetric about zero. Zeros are dropped, and ties get the
// mean of their ranks, as Wilcoxon and R's wilcox.test have it; the distribution is
// then the exact one given those ranks. With no difference other than zero it
// returns 1.
//
// Wilcoxon, F. (1945): Individual comparisons by ranking methods. Biometrics
// Bulletin 1, 80–83. Streitberg, B., Röhmel, J. (1986): Exact distributions for
// permutation and rank tests. Statistical Software Newsletter 12, 10–17 (the shift
// algorithm for tied ranks). Hollander, Wolfe, Chicken (2014): Nonparametric
// Statistical Methods, 3rd ed., §3.1 (normal approximation).
func signedRankTest(differences []float64) float64 {
	sizes := make([]float64, 0, len(differences))
	positive := make([]bool, 0, len(differences))
	for _, d := range differences {
		if d != 0 {
			sizes = append(sizes, math.Abs(d))
			positive = append(positive, d > 0)
		}
	}
	if len(sizes) == 0 {
		return 1
	}
	ranks, _ := doubledRanks(sizes)
	sum, total := 0, 0
	for i, r := range ranks {
		total += r
		if positive[i] {
			sum += r
		}
	}
	if len(ranks) <= exactPairs {
		return twoSided(signedRankDistribution(ranks, total), sum)
	}
	var variance float64 // of the doubled sum: each rank is in or out by a fair coin
	for _, r := range ranks {
		variance += float64(r*r) / 4
	}
	return normalTwoSided(float64(sum)-float64(total)/2, variance)
}

// leastSignedRankP returns the smallest p-value that n pairs can have: that of all
// differences having the same sign.
func leastSignedRankP(n int) float64 { return min(1, math.Exp2(float64(1-n))) }

// signedRankDistribution returns the probability of each sum of the ranks that have
// a positive sign when every sign is a fair coin.
func signedRankDistribution(ranks []int, total int) []float64 {
	p := make([]float64, total+1)
	p[0] = 1
	reach := 0
	for _, r := range ranks {
		reach += r
		for s := reach; s >= 0; s-- {
			p[s] /= 2
			if s >= r {
				// p[s-r] is not halved yet: s runs downwards.
				p[s] += p[s-r] / 2
			}
		}
	}
	return p
}

// rankSumTest returns the two-sided p-value of the Mann–Whitney (Wilcoxon rank sum)
// test for x and y coming from one distribution. Ties get the mean of their ranks;
// the distribution is the exact one given those ranks. If all values are equal it
// returns 1.
//
// Mann, H. B., Whitney, D. R. (1947): On a test of whether one of two random
// variables is stochastically larger than the other. Annals of Mathematical
// Statistics 18, 50–60. Streitberg and Röhmel as above. Lehmann, E. L. (1975):
// Nonparametrics, §1.4 (variance with ties).
func rankSumTest(x, y []float64) float64 {
	n, m := len(x), len(y)
	ranks, ties := doubledRanks(slices.Concat(x, y))
	sum := 0
	for _, r := range ranks[:n] {
		sum += r
	}
	if n+m <= exactTotal {
		return twoSided(rankSumDistribution(ranks, n), sum)
	}
	total := float64(n + m)
	mean := float64(n) * (total + 1) // twice n(N+1)/2, because ranks are doubled
	variance := float64(n) * float64(m) / 12 * (total + 1 - ties/(total*(total-1)))
	return normalTwoSided(float64(sum)-mean, 4*variance)
}

// leastRankSumP returns the smallest p-value that samples of n and m can have: that
// of one lying wholly below the other.
func leastRankSumP(n, m int) float64 {
	p := 2.0 // over (n+m choose n)
	for i := range n {
		p *= float64(n-i) / float64(n+m-i)
	}
	return min(1, p)
}

// rankSumDistribution returns the probability of each sum of n ranks drawn from
// ranks without replacement.
func rankSumDistribution(ranks []int, n int) []float64 {
	top := slices.Clone(ranks)
	slices.SortFunc(top, func(a, b int) int { return cmp.Compare(b, a) })
	most := 0
	for _, r := range top[:n] {
		most += r
	}
	ways := make([][]float64, n+1) // ways[k][s]: subsets of k ranks that add up to s
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	for i, r := range ranks {
		for k := min(i+1, n); k > 0; k-- {
			for s := most; s >= r; s-- {
				ways[k][s] += ways[k-1][s-r]
			}
		}
	}
	var all float64
	for _, w := range ways[n] {
		all += w
	}
	for s := range ways[n] {
		ways[n][s] /= all
	}
	return ways[n]
}

// doubledRanks returns twice the rank of each value, so that the mean ranks of ties
// are whole numbers, and Σ(t³−t) over the groups of t tied values.
func doubledRanks(values []float64) (ranks []int, ties float64) {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks = make([]int, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = from + 1 + to // first rank + last rank = twice their mean
		}
		t := float64(to - from)
		ties += t*t*t - t
		from = to
	}
	return ranks, ties
}

// twoSided returns twice the probability of the nearer tail that ends with sum.
func twoSided(probabilities []float64, sum int) float64 {
	var below, above float64
	for s, p := range probabilities {
		if s <= sum {
			below += p
		}
		if s >= sum {
			above += p
		}
	}
	return min(1, 2*min(below, above))
}

// normalTwoSided returns the p-value of a deviation in doubled ranks, with the
// continuity correction of half a rank.
func normalTwoSided(deviation, variance float64) float64 {
	if variance <= 0 {
		return 1
	}
	z := max(0, math.Abs(deviation)-1) / math.Sqrt(variance)
	return min(1, 2*normalCDF(-z))
}
