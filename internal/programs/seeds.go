package programs

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// Seeds runs a subtest for each seed from 1 to last, until one fails. Of the environment, NAME_SEED=n runs that one alone, and
// NAME_FOR=5m new ones for so long.
func Seeds(t *testing.T, name string, last uint64, run func(t *testing.T, seed uint64)) {
	t.Helper()
	once := func(seed uint64) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { run(t, seed) })
	}
	if text := os.Getenv(name + "_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		once(seed)
		return
	}
	first, end := uint64(1), time.Time{}
	if text := os.Getenv(name + "_FOR"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		first, last, end = uint64(time.Now().UnixNano()), ^uint64(0), time.Now().Add(d)
	}
	for seed := first; seed <= last && !t.Failed() && (end.IsZero() || time.Now().Before(end)); seed++ {
		once(seed)
	}
}
