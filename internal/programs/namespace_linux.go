package programs

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// InNamespace runs f as a subtest in a network namespace of its own that has a loopback interface, with these settings
// ("net/ipv4/..."), or skips where that is not permitted. Sockets that f's own goroutine makes are in there, and so are
// programs that it starts.
func InNamespace(t *testing.T, settings map[string]string, f func(t *testing.T)) {
	t.Run("namespace", func(t *testing.T) {
		// Never unlocked: the thread ends with the test's goroutine, and the namespace with it.
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The process's first thread never ends, and its namespace is what /proc/net shows ever after. As this goroutine
			// keeps it meanwhile, that of another test gets another thread.
			defer runtime.UnlockOSThread()
			InNamespace(t, settings, f)
			return
		}
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Skip("no network namespace of our own: ", err)
		}
		if err := raiseLoopback(); err != nil {
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

func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	loopback, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	loopback.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, loopback)
}
