package feed

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

func counted(t testing.TB) *Table {
	t.Helper()
	table, err := ReadCSV(file(t, "f", "n\n0\n1\n2\n"))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestNextGoesThroughTheRowsAndEndsOrBeginsAgain(t *testing.T) {
	for wrap, want := range map[bool][]int{false: {0, 1, 2, -1, -1}, true: {0, 1, 2, 0, 1, 2, 0}} {
		c := NewCursor(counted(t), wrap)
		for i, row := range want {
			got, ok := c.Next()
			if !ok {
				got = -1
			}
			if got != row {
				t.Errorf("wrap %v: row %d is %d, want %d", wrap, i, got, row)
			}
		}
	}
}

func TestAtIsARowWithoutMovingTheCursor(t *testing.T) {
	table := counted(t)
	for _, tc := range []struct {
		wrap bool
		n    int64
		row  int
		ok   bool
	}{
		{false, 0, 0, true}, {false, 2, 2, true}, {false, 3, 0, false}, {false, -1, 0, false},
		{true, 2, 2, true}, {true, 3, 0, true}, {true, 1<<62 + 1, int((1<<62 + 1) % 3), true}, {true, -1, 0, false},
	} {
		c := NewCursor(table, tc.wrap)
		if row, ok := c.At(tc.n); row != tc.row || ok != tc.ok {
			t.Errorf("wrap %v: %d is row %d, %v; want %d, %v", tc.wrap, tc.n, row, ok, tc.row, tc.ok)
		}
		if row, ok := c.Next(); row != 0 || !ok {
			t.Errorf("the first row is %d, %v", row, ok)
		}
	}
}

func TestEachRowIsGivenOnceToAllWorkersTogether(t *testing.T) {
	const size = 10_000
	table, err := ReadCSV(file(t, "f", "n\n"+strings.Repeat("x\n", size)))
	if err != nil {
		t.Fatal(err)
	}
	c := NewCursor(table, false)
	var mu sync.Mutex
	var all []int
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			var own []int
			for row, ok := c.Next(); ok; row, ok = c.Next() {
				own = append(own, row)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, own...)
		})
	}
	group.Wait()
	slices.Sort(all)
	if len(all) != size || len(slices.Compact(all)) != size {
		t.Errorf("%d rows were given, of %d", len(all), size)
	}
}

func BenchmarkNext(b *testing.B) {
	c := NewCursor(counted(b), true)
	b.ReportAllocs()
	for b.Loop() {
		c.Next()
	}
}

func BenchmarkNextParallel(b *testing.B) {
	c := NewCursor(counted(b), true)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Next()
		}
	})
}
