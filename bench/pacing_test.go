//go:build linux

package main

import (
	"testing"
	"time"
)

func TestPaceMeasuresDistanceFromAnEvenSchedule(t *testing.T) {
	const rate, n, begin = 1000, 1000, int64(1_700_000_000_000_000_000)
	log := arrivalLog{Arrivals: make([]int64, n), Held: make([]int64, n)}
	for i := range n {
		at := begin + int64(i)*int64(time.Millisecond)
		switch {
		case i%50 == 7: // 2 % come 3 ms late
			at += int64(3 * time.Millisecond)
		case i%10 == 3: // 10 % come 0.2 ms late
			at += int64(200 * time.Microsecond)
		}
		log.Arrivals[n-1-i] = at // in no particular order
		log.Held[i] = int64(50 * time.Microsecond)
	}
	p, err := paceOf(log, rate, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	// A request that is 3 ms late is overtaken by three others, each of which then
	// takes the slot before its own: 2 % x 3 by 1 ms, and its own rank is on time.
	if p.Arrived != n || p.Due != n || !near6(p.Deviation.P50, 0) || !near6(p.Deviation.P99, 0.001) {
		t.Errorf("%+v", p)
	}
	if !near6(p.Held.P50, 50e-6) || !near6(p.Held.P99, 50e-6) {
		t.Errorf("held %+v", p.Held)
	}
}

func TestPaceForgivesAConstantOffsetOnly(t *testing.T) {
	var late, slow arrivalLog
	for i := range int64(1000) {
		late.Arrivals = append(late.Arrivals, 5_000_000+i*1_000_000)
		slow.Arrivals = append(slow.Arrivals, i*1_010_000) // 1 % too slow
	}
	p, err := paceOf(late, 1000, time.Second)
	if err != nil || p.Worst > 1e-6 {
		t.Errorf("constant: %+v, %v", p, err)
	}
	p, err = paceOf(slow, 1000, time.Second)
	if err != nil || !near6(p.Worst, 0.005) {
		t.Errorf("drifting: %+v, %v; want 5 ms off at both ends", p, err)
	}
}

func TestPaceOfNothingIsAnError(t *testing.T) {
	if _, err := paceOf(arrivalLog{}, 1000, time.Second); err == nil {
		t.Error("no error")
	}
}

// near6 compares to ten microseconds.
func near6(a, b float64) bool { return a-b < 1e-5 && b-a < 1e-5 }

func TestQuantileIsNearestRank(t *testing.T) {
	v := []float64{1, 2, 3, 4}
	for q, want := range map[float64]float64{0: 1, 0.25: 1, 0.5: 2, 0.51: 3, 0.99: 4, 1: 4} {
		if got := quantile(v, q); got != want {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
}
