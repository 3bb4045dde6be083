//go:build linux

package main

import (
	"bytes"
	"context"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// shell measures a shell command on the first usable CPU.
func shell(t *testing.T, script string, change func(*command)) usage {
	t.Helper()
	for _, program := range []string{"taskset", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cpus, err := usableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	c := command{argv: []string{"sh", "-c", script}, dir: t.TempDir(), cpus: cpuList(cpus[:1]), limit: time.Minute}
	if change != nil {
		change(&c)
	}
	u, err := run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestOutputAndCPUOfAProcessAreTaken(t *testing.T) {
	u := shell(t, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo $i", nil)
	if string(u.Stdout) != "100000\n" || u.CPU <= 0 || u.Wall <= 0 || u.PeakMemory <= 0 || u.Failure != "" {
		t.Errorf("%+v", u)
	}
}

func TestAFailureSaysWhatTheProcessSaid(t *testing.T) {
	u := shell(t, "echo one >&2; echo cannot connect >&2; exit 4", nil)
	if !strings.Contains(u.Failure, "exit status 4") || !strings.Contains(u.Failure, "cannot connect") {
		t.Errorf("failure %q", u.Failure)
	}
	if u := shell(t, "exit 4", func(c *command) { c.okExits = []int{4} }); u.Failure != "" {
		t.Errorf("an exit code that is no failure: %q", u.Failure)
	}
}

func TestAProcessThatDoesNotEndIsStopped(t *testing.T) {
	u := shell(t, "exec sleep 600", func(c *command) { c.stopAfter = 10 * time.Millisecond })
	if u.Failure != "" {
		t.Errorf("stopped as planned: %q", u.Failure)
	}
	u = shell(t, "exec sleep 600", func(c *command) { c.limit = 10 * time.Millisecond })
	if !strings.HasPrefix(u.Failure, "stopped: ") {
		t.Errorf("over its limit: %q", u.Failure)
	}
}

func TestPeakMemoryIsTheChildsOwn(t *testing.T) {
	const ours = 128 << 20
	ballast := bytes.Repeat([]byte{1}, ours)
	u := shell(t, "true", nil)
	runtime.KeepAlive(ballast)
	if u.PeakMemory >= ours {
		t.Errorf("a shell took %d MiB; the memory of the process that started it was counted", u.PeakMemory>>20)
	}
}
