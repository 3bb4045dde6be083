package programs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inside marks the process that runs in the namespace.
const inside = "SESSBENCH_TEST_NAMESPACE"

// Main is for TestMain: it runs the package's tests in a network namespace of their own and returns the exit code. Tests
// that offer load to new connections leave ports in TIME_WAIT by the ten thousand, which the tests of other
// packages, running at the same time, would miss. Where namespaces are not permitted the tests run as they are. As one who is not
// root they do so in a user namespace.
func Main(m *testing.M) int {
	if os.Getenv(inside) != "" {
		if err := os.Unsetenv(inside); err != nil {
			panic(err)
		}
		if err := raiseLoopback(); err != nil {
			fmt.Fprintln(os.Stderr, "the tests' network namespace:", err)
			return 1
		}
		keepPortsFree()
		return m.Run()
	}
	for _, arg := range os.Args[1:] {
		if strings.HasPrefix(arg, "-test.fuzzworker") { // it has the engine's files, and is inside already
			return m.Run()
		}
	}
	code, err := runInside()
	if err != nil {
		return m.Run()
	}
	return code
}

// keepPortsFree bounds how many connections of the namespace are in TIME_WAIT, so that a server of a test always finds a port
// although others have just opened connections by the ten thousand. Where that is not allowed it is left.
func keepPortsFree() {
	_ = os.WriteFile("/proc/sys/net/ipv4/tcp_max_tw_buckets", []byte("16384"), 0)
}

// runInside runs this program again in a namespace. The error says that it did not begin.
func runInside() (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	command := exec.Command(self, os.Args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), inside+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		command.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		command.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN, unix.CAP_SYS_ADMIN} // the latter for InNamespace
	}
	runtime.LockOSThread() // whose end would be the child's
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		return 0, err
	}
	err = command.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1), nil // -1 is a signal
	}
	if err != nil {
		return 1, nil
	}
	return 0, nil
}
