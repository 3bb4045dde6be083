package arrivals

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func BenchmarkNext(b *testing.B) {
	weights, rates := make([]int, 10_000), make([]float64, 10_000)
	for i := range weights {
		weights[i], rates[i] = i+1, float64(i%50+1)
	}
	level, stages := flat(1000, 100*24*time.Hour), Profile{}
	for i := range 1000 {
		stages = append(stages, Segment{From: float64(i), To: float64(i + 1), Length: time.Hour, Stage: i})
	}
	for _, c := range []struct {
		name string
		s    Settings
	}{
		{"constant", Settings{Rate: level}},
		{"poisson", Settings{Rate: level, Poisson: true}},
		{"constant/stages", Settings{Rate: stages}},
		{"constant/3 weights", Settings{Rate: level, Weights: weights[:3]}},
		{"constant/10000 weights", Settings{Rate: level, Weights: weights}},
		{"constant/10 rates", Settings{Rate: level, Rates: rates[:10]}},
		{"constant/10000 rates", Settings{Rate: level, Rates: rates}},
		{"poisson/10000 rates", Settings{Rate: level, Rates: rates, Poisson: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			source := New(c.s).Source(0, 0, 0)
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := source.Next(); !ok {
					b.Fatal("no arrival is left")
				}
			}
		})
	}
}

func BenchmarkReadTrace(b *testing.B) {
	var text strings.Builder
	for i := range 100_000 {
		text.WriteString(strconv.FormatFloat(float64(i)/1000, 'f', 3, 64) + " list\n")
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadTrace(strings.NewReader(text.String()), shopItem); err != nil {
			b.Fatal(err)
		}
	}
}
