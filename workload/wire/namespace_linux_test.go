package wire

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sessbench/internal/programs"
)

// inNamespace runs f in a network namespace of its own, with these settings, or skips where that is not permitted.
func inNamespace(t *testing.T, settings map[string]string, f func(t *testing.T)) {
	programs.InNamespace(t, settings, f)
}

// needFiles skips a test where a process cannot have so many files open. The Go runtime has raised the limit as far as it goes.
func needFiles(t *testing.T, n int) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < uint64(n) {
		t.Skipf("it needs %d open files, and %d are allowed", n, limit.Cur)
	}
}

// netstat returns a counter of this thread's namespace.
func netstat(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/netstat")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		for i, n := range names {
			if n == name && fields[0] == names[0] {
				return fields[i]
			}
		}
		names = fields
	}
	t.Fatalf("no counter %s", name)
	return ""
}
