package feed

import (
	"fmt"
	"runtime"
	"testing"

	"sessbench/internal/programs"
)

const largeRows = 1_000_000

// large writes rows of three columns.
func large(t testing.TB, head, row string) (path string, size int64) {
	t.Helper()
	text := []byte(head)
	for i := range largeRows {
		text = fmt.Appendf(text, row, i, i, i*7)
	}
	return file(t, "large", string(text)), int64(len(text))
}

func largeCSV(t testing.TB) (string, int64) {
	return large(t, "name,password,id\n", "user-%d@example.com,\"secret, number %d\",%d\n")
}

func largeJSONL(t testing.TB) (string, int64) {
	return large(t, "", `{"name":"user-%d@example.com","password":"secret \"%d\"","id":%d}`+"\n")
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestALargeFeedTakesLittleMoreMemoryThanItsFile(t *testing.T) {
	for name, of := range map[string]struct {
		write func(testing.TB) (string, int64)
		read  func(string) (*Table, error)
		last  []string
	}{
		"CSV":   {largeCSV, ReadCSV, []string{"user-999999@example.com", "secret, number 999999", "6999993"}},
		"JSONL": {largeJSONL, ReadJSONL, []string{"user-999999@example.com", `secret "999999"`, "6999993"}},
	} {
		t.Run(name, func(t *testing.T) {
			path, size := of.write(t)
			before := heap()
			table, err := of.read(path)
			if err != nil {
				t.Fatal(err)
			}
			used := heap() - before
			t.Logf("a file of %.1f MB takes %.1f MB", float64(size)/1e6, float64(used)/1e6)
			if used > size+size/2 {
				t.Errorf("a file of %d bytes takes %d", size, used)
			}
			if table.Rows() != largeRows {
				t.Errorf("%d rows", table.Rows())
			}
			for column, want := range of.last {
				if got := table.Text(largeRows-1, column); got != want {
					t.Errorf("column %d is %q, want %q", column, got, want)
				}
			}
		})
	}
}

func TestTextAllocatesNothing(t *testing.T) {
	table := counted(t)
	c := NewCursor(table, true)
	if n := programs.Allocs(100, func() {
		row, _ := c.Next()
		if table.Text(row, 0) == "" {
			t.Error("no text")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func benchmarkRead(b *testing.B, write func(testing.TB) (string, int64), read func(string) (*Table, error)) {
	path, size := write(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := read(path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadCSV(b *testing.B)   { benchmarkRead(b, largeCSV, ReadCSV) }
func BenchmarkReadJSONL(b *testing.B) { benchmarkRead(b, largeJSONL, ReadJSONL) }

func BenchmarkText(b *testing.B) {
	table := counted(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = table.Text(1, 0)
	}
}
