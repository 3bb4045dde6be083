package host

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// The kernel tells the size of the table (FDSize); opening that many files does not make it grow any more.
func TestTheTableOfFilesIsLargeEnoughAtOnce(t *testing.T) {
	const n = 1500
	if fileLimit() < n {
		t.Skip("the limit of open files is lower")
	}
	ReserveFiles(n)
	if size := fdSize(t); size < n {
		t.Errorf("the table has room for %d files, want %d", size, n)
	}
	before := fdSize(t)
	ReserveFiles(uint64(fileLimit()) + 1)
	ReserveFiles(0)
	if size := fdSize(t); size != before {
		t.Errorf("it has room for %d, had for %d", size, before)
	}
}

func fdSize(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "FDSize:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
