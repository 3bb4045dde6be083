package report

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestNumbersHaveThreeDigitsOrAreWhole(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.0042: "0.00420", 0.2309: "0.231", 1: "1.00", 9.994: "9.99", 9.996: "10.0", 99.96: "100", 123.4: "123",
		999.6: "1,000", 4423.4: "4,423", 1234567: "1,234,567", -1234.5: "-1,234", -0.5: "-0.500", 1e15: "1.00e+15",
		1e-12: "0.000000000", math.NaN(): "n/a", math.Inf(-1): "n/a",
	} {
		if got := digits(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
	if got := fixed(-0.0001, 2); got != "0.00" {
		t.Errorf("a rounded-off loss is written as %s", got)
	}
	if got := count(math.MinInt64); got != "-9,223,372,036,854,775,808" {
		t.Errorf("got %s", got)
	}
}

func TestSharesAreWrittenWithoutIdleZeros(t *testing.T) {
	for share, want := range map[float64]string{0: "0 %", 0.95: "95 %", 1: "100 %", 0.0004: "0.04 %", 0.09384: "9.38 %", 0.425: "42.5 %", 0.1: "10 %"} {
		if got := percent(share); got != want {
			t.Errorf("%v: got %s, want %s", share, got, want)
		}
	}
}

func TestRatiosCloseToOneHaveADigitMore(t *testing.T) {
	for v, want := range map[float64]string{1.003: "1.003", 0.991: "0.991", 1.05: "1.050", 1.31: "1.31", 19.24: "19.2", 0.0521: "0.0521", 235: "235"} {
		if got := ratio(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func TestOneUnitServesAllTimesOfARow(t *testing.T) {
	for _, tc := range []struct {
		seconds []float64
		want    string
	}{
		{nil, "ms"}, {[]float64{0, 0}, "ms"}, {[]float64{0.000231, 0.00442}, "ms"}, {[]float64{0.000031, 0.00442}, "µs"},
		{[]float64{0, 0.2, 3}, "s"}, {[]float64{5e-8}, "ns"}, {[]float64{-0.5}, "s"},
	} {
		if got := unitFor(tc.seconds...).name; got != tc.want {
			t.Errorf("%v: got %s, want %s", tc.seconds, got, tc.want)
		}
	}
}

func TestWrappedTextKeepsItsWordsAndItsWidth(t *testing.T) {
	word := strings.Repeat("x", 250)
	for _, text := range []string{"", "one", strings.Repeat("some words ", 40), word, "a " + word + " b", strings.Repeat("長い", 150)} {
		got := wrap("[1] ", text, 4)
		if tooWide(got) || !strings.HasSuffix(got, "\n") {
			t.Errorf("%q:\n%s", text, got)
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(got) != squeeze("[1] "+text) {
			t.Errorf("%q lost or gained words:\n%s", text, got)
		}
	}
}

// What is shown as a sum has to be one, to its last digit.
func TestPartsAddUpToTheirSumAsShown(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		parts := map[string]float64{}
		sum := 0.0
		for _, name := range []string{"dns", "connect", "tls", "send", "wait"} {
			parts[name] = (rng.Float64() - 0.3) * math.Pow(10, -float64(rng.IntN(6)))
			sum += parts[name]
		}
		if rng.IntN(3) == 0 {
			sum += 0.1 // which the parts do not explain
		}
		u := unitFor(sum)
		decimals := decimalsFor(u.in(sum), 3)
		step := math.Pow10(-decimals)
		shown := addUp(parts, sum, u, decimals)
		total := 0.0
		for name, v := range shown {
			total += math.Round(v / step)
			if name != other && math.Abs(v-u.in(parts[name])) > step*1.001 {
				t.Fatalf("%s is %v and shown as %v", name, u.in(parts[name]), v)
			}
		}
		if want := math.Round(u.in(sum) / step); total != want {
			t.Fatalf("parts of %v add up to %v steps, not %v: %v", sum, total, want, shown)
		}
	}
}
