package wire

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// inNamespace runs f in a network namespace of its own that has a loopback interface, with these settings
// ("net/ipv4/..."), or skips where that is not permitted. Sockets that f's own goroutine makes are in there.
func inNamespace(t *testing.T, settings map[string]string, f func(t *testing.T)) {
	t.Run("namespace", func(t *testing.T) {
		// Never unlocked: the thread ends with the test's goroutine, and the namespace with it.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Skip("no network namespace of our own: ", err)
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unix.Close(fd) }()
		loopback, err := unix.NewIfreq("lo")
		if err != nil {
			t.Fatal(err)
		}
		loopback.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, loopback); err != nil {
			t.Fatal(err)
		}
		for name, value := range settings {
			if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0); err != nil {
				t.Skip("no settings of our own: ", err)
			}
		}
		f(t)
	})
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
