//go:build linux

package main

import (
	"bufio"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// host describes the machine in a few lines, for the head of the report.
func host() []string {
	return []string{
		fmt.Sprintf("CPU: %s, %d usable", procField("/proc/cpuinfo", "model name"), runtime.NumCPU()),
		"Memory: " + procField("/proc/meminfo", "MemTotal"),
		"Kernel: Linux " + readText("/proc/sys/kernel/osrelease"),
		"Load average when it began: " + firstFields(readText("/proc/loadavg"), 3),
		fmt.Sprintf("Ports: %s, tcp_tw_reuse %s, tcp_max_tw_buckets %s",
			strings.Join(strings.Fields(readText("/proc/sys/net/ipv4/ip_local_port_range")), "–"),
			readText("/proc/sys/net/ipv4/tcp_tw_reuse"), readText("/proc/sys/net/ipv4/tcp_max_tw_buckets")),
	}
}

// procField is the value of the first "name : value" line; "unknown" without one.
func procField(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, found := strings.Cut(lines.Text(), ":")
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// stolen is for how long in all the CPUs would have run and did not, because the host of a virtual machine ran something else (steal in proc(5));
// 0 where the kernel does not tell.
func stolen() time.Duration { return parseStolen(readText("/proc/stat")) }

func parseStolen(stat string) time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every machine that Go runs on
	first, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(first) // cpu, user, nice, system, idle, iowait, irq, softirq, steal
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0
	}
	ticks, err := strconv.ParseInt(fields[8], 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(ticks) * tick
}

// readText is a small file without the white space around it; empty when unreadable.
func readText(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func firstFields(text string, n int) string {
	fields := strings.Fields(text)
	return strings.Join(fields[:min(n, len(fields))], " ")
}

// find looks for a program in the harness's own directory, then on the PATH, then
// where Debian keeps servers.
func find(binDir, name string) (string, bool) {
	for _, path := range []string{filepath.Join(binDir, name), name, filepath.Join("/usr/sbin", name)} {
		if found, err := exec.LookPath(path); err == nil {
			absolute, err := filepath.Abs(found)
			return absolute, err == nil
		}
	}
	return "", false
}

var versionNumber = regexp.MustCompile(`\d+\.\d+[\w.+~-]*`)

// versionOf asks a program what it is: its Go module version, the Debian package it
// came in, or what it prints about itself.
func versionOf(ctx context.Context, path string) string {
	if info, err := buildinfo.ReadFile(path); err == nil {
		if v := info.Main.Version; v != "" {
			return goVersion(v, info.Settings)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if owner, err := exec.CommandContext(ctx, "dpkg-query", "-S", path).Output(); err == nil {
		pkg, _, _ := strings.Cut(string(owner), ":")
		if v, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Version}", pkg).Output(); err == nil {
			return string(v)
		}
	}
	for _, flag := range []string{"--version", "-v"} {
		out, _ := exec.CommandContext(ctx, path, flag).CombinedOutput() // many exit with a status of 1
		if v := versionNumber.Find(out); v != nil {
			return string(v)
		}
	}
	return "unknown"
}

// goVersion is a Go module's version, or for one built from its source tree the commit
// where the toolchain noted it.
func goVersion(module string, settings []debug.BuildSetting) string {
	if module != "(devel)" {
		return module
	}
	for _, s := range settings {
		if s.Key == "vcs.revision" {
			return "devel, commit " + s.Value[:min(len(s.Value), 12)]
		}
	}
	return "devel"
}

// commit is what the working directory has checked out; "unknown" outside a repository.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// readReasons reads run.sh's notes of what it could not install: lines of a tool, a
// tab, and why. No file: no reasons.
func readReasons(file string) map[string]string {
	reasons := map[string]string{}
	for line := range strings.Lines(readText(file)) {
		if name, why, found := strings.Cut(strings.TrimSpace(line), "\t"); found {
			reasons[name] = why
		}
	}
	return reasons
}
