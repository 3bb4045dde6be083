package stats

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// Hollander and Wolfe (1973), p. 29: Hamilton depression scale factors of 9 patients
// at two visits. R: wilcox.test(x, y, paired = TRUE) gives V = 40; its one-sided
// p-value is 0.01953 = 10/512.
func TestSignedRankTestAgreesWithROnHamiltonDepressionScores(t *testing.T) {
	x := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	y := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	for i := range x {
		x[i] -= y[i]
	}
	if got, want := signedRankTest(x), 20.0/512; math.Abs(got-want) > 1e-12 {
		t.Errorf("p = %v, want %v", got, want)
	}
}

// Hollander and Wolfe (1973), p. 69: permeability of a placental membrane. R:
// wilcox.test(x, y, alternative = "g") gives W = 35, p-value = 0.1272.
func TestRankSumTestAgreesWithROnMembranePermeability(t *testing.T) {
	x := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	y := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	if got := rankSumTest(x, y); math.Abs(got-2*0.1272) > 1e-4 {
		t.Errorf("p = %v, want 0.2544", got)
	}
}

// R: l1 <- seq(0, 499)*2; l2 <- seq(0, 599)*2-41; wilcox.test(l1, l2), and the same
// with the first 30 of l2 tied to l1's.
func TestRankSumTestAgreesWithROnLargeSamples(t *testing.T) {
	var x, y []float64
	for i := range 500 {
		x = append(x, float64(2*i))
	}
	for i := range 600 {
		y = append(y, float64(2*i-41))
	}
	if got := rankSumTest(x, y); math.Abs(got-0.0049335360814172224) > 1e-12 {
		t.Errorf("p = %v", got)
	}
	copy(y, x[:30])
	if got := rankSumTest(x, y); math.Abs(got-0.0038703814239617884) > 1e-12 {
		t.Errorf("with ties: p = %v", got)
	}
}

func TestRankSumTestAgreesWithROnSmallSamples(t *testing.T) {
	if got := rankSumTest([]float64{2, 1, 3, 5}, []float64{12, 11, 13, 15}); math.Abs(got-0.028571428571428577) > 1e-12 {
		t.Errorf("p = %v", got)
	}
	if got := rankSumTest([]float64{2, 1, 3, 5}, []float64{0, 4, 6, 7}); math.Abs(got-0.48571428571428577) > 1e-12 {
		t.Errorf("p = %v", got)
	}
}

// few returns n small whole numbers, so that ties and zeros abound.
func few(random *rand.Rand, n, below int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(random.IntN(below))
	}
	return values
}

func TestSignedRankTestWithTiesAndZerosIsTheExactPermutationTest(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	for range 60 {
		differences := few(random, 1+random.IntN(9), 7)
		for i := range differences {
			differences[i] -= 3
		}
		if got, want := signedRankTest(differences), permutedSigns(differences); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v: p = %v, want %v", differences, got, want)
		}
	}
}

// permutedSigns is the signed-rank test by trying every combination of signs.
func permutedSigns(differences []float64) float64 {
	var sizes []float64
	observed, n := 0, 0
	for _, d := range differences {
		if d != 0 {
			sizes = append(sizes, math.Abs(d))
			if d > 0 {
				observed |= 1 << n
			}
			n++
		}
	}
	ranks, _ := doubledRanks(sizes)
	sum := func(signs int) (s int) {
		for i, r := range ranks {
			s += r * (signs >> i & 1)
		}
		return s
	}
	below, above := 0, 0
	for signs := range 1 << n {
		if sum(signs) <= sum(observed) {
			below++
		}
		if sum(signs) >= sum(observed) {
			above++
		}
	}
	return math.Min(1, 2*float64(min(below, above))/float64(int(1)<<n))
}

func TestRankSumTestWithTiesIsTheExactPermutationTest(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	for range 40 {
		n, m := 1+random.IntN(5), 1+random.IntN(5)
		all := few(random, n+m, 6)
		ranks, _ := doubledRanks(all)
		sum := func(set int) (s int) {
			for i, r := range ranks {
				s += r * (set >> i & 1)
			}
			return s
		}
		observed := sum(1<<n - 1)
		below, above, count := 0, 0, 0
		for set := range 1 << (n + m) {
			if bits.OnesCount(uint(set)) != n {
				continue
			}
			count++
			if sum(set) <= observed {
				below++
			}
			if sum(set) >= observed {
				above++
			}
		}
		want := math.Min(1, 2*float64(min(below, above))/float64(count))
		if got := rankSumTest(all[:n], all[n:]); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v | %v: p = %v, want %v", all[:n], all[n:], got, want)
		}
	}
}

func TestRankTestsMeetTheirApproximationWhereTheyChangeOver(t *testing.T) {
	random := rand.New(rand.NewPCG(10, 10))
	for range 20 {
		values := make([]float64, exactPairs+1)
		sizes := make([]float64, len(values))
		for i := range values {
			values[i] = random.NormFloat64() + 0.2
			sizes[i] = math.Abs(values[i])
		}
		ranks, _ := doubledRanks(sizes)
		sum, total := 0, 0
		for i, r := range ranks {
			total += r
			if values[i] > 0 {
				sum += r
			}
		}
		if got, want := signedRankTest(values), twoSided(signedRankDistribution(ranks, total), sum); math.Abs(got-want) > 0.005 {
			t.Errorf("signed rank: %v beside %v", got, want)
		}

		n := exactTotal / 2
		ranks, _ = doubledRanks(values[:exactTotal+1])
		sum = 0
		for _, r := range ranks[:n] {
			sum += r
		}
		got, want := rankSumTest(values[:n], values[n:exactTotal+1]), twoSided(rankSumDistribution(ranks, n), sum)
		if math.Abs(got-want) > 0.005 {
			t.Errorf("rank sum: %v beside %v", got, want)
		}
	}
}

func TestRankTestsSeeNothingWhereAllIsEqual(t *testing.T) {
	equal := make([]float64, 100)
	for _, n := range []int{1, 10, 100} {
		if got := signedRankTest(equal[:n]); got != 1 {
			t.Errorf("signed rank of %d zeros: %v", n, got)
		}
		if got := rankSumTest(equal[:n], equal); got != 1 {
			t.Errorf("rank sum of %d equal values: %v", n, got)
		}
	}
}

func TestLeastPValuesAreThoseOfCompleteSeparation(t *testing.T) {
	var low, high []float64
	for n := 1; n <= 12; n++ {
		low, high = append(low, float64(n)), append(high, float64(n+100))
		if got, want := signedRankTest(high), leastSignedRankP(n); math.Abs(got-want) > 1e-12 {
			t.Errorf("%d pairs: %v, want %v", n, got, want)
		}
		if got, want := rankSumTest(low, high), leastRankSumP(n, n); math.Abs(got-want) > 1e-12 {
			t.Errorf("%d and %d: %v, want %v", n, n, got, want)
		}
	}
}
