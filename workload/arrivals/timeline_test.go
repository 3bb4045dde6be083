package arrivals

import (
	"math"
	"testing"
	"testing/quick"
	"time"
)

func TestRampsAreCut(t *testing.T) {
	second := time.Second
	got := Profile{
		{From: 0, To: 10, Length: second, Stage: 0},
		{From: 10, To: 10, Length: second, Stage: 1},
		{From: 10, To: 0, Length: 250 * time.Millisecond, Stage: 2},
		{From: 0, To: 3, Length: time.Millisecond, Stage: 3},
	}.Cut(5, 100*time.Millisecond)
	fifth := 200 * time.Millisecond
	want := Profile{
		{0, 2, fifth, 0}, {2, 4, fifth, 0}, {4, 6, fifth, 0}, {6, 8, fifth, 0}, {8, 10, fifth, 0},
		{10, 10, second, 1},
		{10, 5, 125 * time.Millisecond, 2}, {5, 0, 125 * time.Millisecond, 2},
		{0, 3, time.Millisecond, 3},
	}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if math.Abs(got[i].From-want[i].From) > 1e-12 || math.Abs(got[i].To-want[i].To) > 1e-12 || got[i].Length != want[i].Length || got[i].Stage != want[i].Stage {
			t.Errorf("part %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestCuttingChangesNoIntegral(t *testing.T) {
	check := func(levels []uint16, milliseconds uint16) bool {
		var p Profile
		for i := 1; i < len(levels); i++ {
			p = append(p, Segment{From: float64(levels[i-1]), To: float64(levels[i]), Length: time.Duration(milliseconds)*time.Millisecond + 13})
		}
		cut := p.Cut(5, 100*time.Millisecond)
		return cut.Length() == p.Length() && math.Abs(cut.Integral()-p.Integral()) <= 1e-9*p.Integral()
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestWhenALevelIsPassed(t *testing.T) {
	line := NewTimeline(shop) // 0 to 50 in 4 s, 50 until 6 s, 0 until 9 s, 120 until 10 s, to 7 in 5 s
	never := time.Duration(-1)
	for _, test := range []struct {
		level      float64
		from, want time.Duration
	}{
		{0, 0, 1},
		{25, 0, 2*time.Second + 1},
		{49, time.Second, 3920*time.Millisecond + 1},
		{50, 0, 9 * time.Second},
		{25, 5 * time.Second, 5 * time.Second},
		{0, 7 * time.Second, 9 * time.Second},
		{119, 9500 * time.Millisecond, 9500 * time.Millisecond},
		{119, 11 * time.Second, never},
		{120, 0, never},
		{6, 15*time.Second - 1, 15*time.Second - 1},
		{6, 15 * time.Second, never},
	} {
		got, ok := line.Above(test.level, test.from)
		if !ok {
			got = never
		}
		if got != test.want {
			t.Errorf("above %v from %v: %v, want %v", test.level, test.from, got, test.want)
		}
	}
}

func TestSegmentOfAnInstant(t *testing.T) {
	line := NewTimeline(shop)
	for at, want := range map[time.Duration]int{0: 0, 4*time.Second - 1: 0, 4 * time.Second: 1, 8 * time.Second: 2, 9 * time.Second: 3, 14 * time.Second: 4, time.Hour: 4} {
		if got := line.Segment(at); got != want {
			t.Errorf("%v is in segment %d, want %d", at, got, want)
		}
	}
}
