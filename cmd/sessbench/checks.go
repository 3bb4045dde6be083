package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"sessbench/internal/host"
	"sessbench/internal/precise"
	"sessbench/result"
	"sessbench/workload"
)

// timers are how late sleeps of a millisecond end.
type timers struct{ plain50, plain99, pacer50, pacer99 time.Duration }

const (
	timerRounds = 100
	timerWait   = time.Millisecond
)

// measureTimers takes about a quarter of a second.
func measureTimers() timers {
	var t timers
	t.plain50, t.plain99 = host.Lateness(timerRounds, timerWait, func(until time.Time) { time.Sleep(time.Until(until)) })
	t.pacer50, t.pacer99 = host.Lateness(timerRounds, timerWait, func(until time.Time) { precise.SleepUntil(context.Background(), until) })
	return t
}

// checksOf judges the machine. What is unknown is left out.
func checksOf(h result.Host, s host.Settings, t timers, timeWait int) []check {
	all := []*check{
		checkFileLimit(h.FileLimit),
		checkPorts(h, s),
		checkTimeWait(timeWait),
		checkCPUs(h, s.CPUQuota),
		checkLoad(h.CPUs, s.Load),
		checkClock(h.ClockSource),
		checkTimer(t),
		checkBacklog(s.Backlog),
		checkGovernor(s.Governor),
		checkMemory(h.MemoryBytes, s.MemoryAvailable),
	}
	var known []check
	for _, c := range all {
		if c != nil {
			known = append(known, *c)
		}
	}
	return known
}

func checkFileLimit(limit int64) *check {
	if limit == 0 {
		return nil
	}
	c := &check{"open files", statusOK, fmt.Sprintf("limit %d", limit), ""}
	if limit == math.MaxInt64 {
		c.Value = "no limit"
		return c
	}
	workers := max(0, limit-otherFiles) / 3 // the arms of a default comparison
	c.Hint = fmt.Sprintf("enough for %d workers with three arms", workers)
	switch {
	case workers == 0:
		c.Status = statusBad
		c.Hint = "too few for a single worker; raise it with ulimit -n 4096"
	case workers < 10*workload.DefaultWorkers:
		c.Status = statusWarn
		c.Hint += "; raise it with ulimit -n 65536"
	}
	return c
}

// portFacts is what a run's port budget is made of.
func portFacts(h result.Host, s host.Settings) *workload.PortFacts {
	f := &workload.PortFacts{Range: h.PortRange, Reserved: s.ReservedPorts, TimeWait: s.TimeWait, InTimeWait: host.TimeWaitSockets}
	switch reuse := s.TimeWaitReuse; {
	case reuse == nil || s.NoTimestamps:
	case *reuse == 1:
		f.ReuseLoopback, f.ReuseElsewhere = s.TimeWaitReuseAfter, s.TimeWaitReuseAfter
	case *reuse == 2:
		f.ReuseLoopback = s.TimeWaitReuseAfter
	}
	return f
}

// checkPorts says how many fresh connections a second the local ports last for. A
// closed connection's port is barred for one destination as long as it is in
// TIME_WAIT, which is on our side, because we close first. Where Linux may reuse such
// a port, it does so a second after it was last used (tcp(7), tcp_tw_reuse).
func checkPorts(h result.Host, s host.Settings) *check {
	ports := h.PortRange
	if ports[0] == 0 {
		return nil
	}
	count := ports[1] - ports[0] + 1 - s.ReservedPorts
	c := &check{"local ports", statusOK, fmt.Sprintf("%d to %d (%d)", ports[0], ports[1], count), ""}
	if s.ReservedPorts > 0 {
		c.Value = fmt.Sprintf("%d to %d without %d reserved (%d)", ports[0], ports[1], s.ReservedPorts, count)
	}
	if facts := portFacts(h, s); s.TimeWait > 0 {
		far, near := facts.Sustainable(false), facts.Sustainable(true)
		c.Hint = fmt.Sprintf("sustains %.0f fresh connections/s to one address and port (TIME_WAIT %v)", far, s.TimeWait)
		switch {
		case facts.ReuseElsewhere > 0:
			c.Hint = fmt.Sprintf("sustains about %.0f fresh connections/s to one address and port (tcp_tw_reuse 1: after %v, where both ends have timestamps)", far, facts.ReuseElsewhere)
		case facts.ReuseLoopback > 0:
			c.Hint += fmt.Sprintf(", about %.0f/s on loopback (tcp_tw_reuse 2)", near)
		case s.NoTimestamps && s.TimeWaitReuse != nil && *s.TimeWaitReuse != 0:
			c.Hint += fmt.Sprintf("; tcp_tw_reuse %d has no effect while net.ipv4.tcp_timestamps is 0", *s.TimeWaitReuse)
		}
	}
	switch {
	case count < 2:
		c.Status = statusBad
		c.Hint = "widen it: sysctl -w net.ipv4.ip_local_port_range='16384 60999'"
	case count < 10000:
		c.Status = statusWarn
		c.Hint += "; widen it: sysctl -w net.ipv4.ip_local_port_range='16384 60999'"
	}
	return c
}

// checkTimeWait tells of connections that others, or a run just before, have closed.
func checkTimeWait(sockets int) *check {
	if sockets < 0 {
		return nil
	}
	c := &check{"TIME_WAIT", statusOK, fmt.Sprintf("%d sockets", sockets), ""}
	if sockets > 10_000 {
		c.Status = statusWarn
		c.Hint = "they keep local ports from new connections to the same targets; wait a minute"
	}
	return c
}

func checkCPUs(h result.Host, quota *float64) *check {
	c := &check{"CPUs", statusOK, fmt.Sprintf("%d usable, GOMAXPROCS %d", h.CPUs, h.GOMAXPROCS), ""}
	if quota != nil && !math.IsInf(*quota, 1) {
		c.Value += fmt.Sprintf(", cgroup quota %.3g", *quota)
	}
	switch {
	case quota != nil && *quota < float64(h.GOMAXPROCS):
		c.Status = statusWarn
		c.Hint = "the cgroup's quota stops all threads for the rest of a period once it is used up; raise it, or set GOMAXPROCS below it"
	case h.GOMAXPROCS < 2:
		c.Status = statusWarn
		c.Hint = "one CPU is shared by workers, garbage collection and a server on this machine; response times will have waits of our own in them"
	}
	return c
}

func checkLoad(cpus int, load *float64) *check {
	if load == nil {
		return nil
	}
	c := &check{"load average", statusOK, fmt.Sprintf("%.2f over the last minute", *load), ""}
	if *load > float64(cpus)/2 {
		c.Status = statusWarn
		c.Hint = "others use this machine; wait for them, or expect wide intervals"
	}
	return c
}

func checkClock(source string) *check {
	if source == "" {
		return nil
	}
	c := &check{"clock source", statusOK, source, ""}
	switch source {
	case "acpi_pm", "hpet", "jiffies", "refined-jiffies":
		c.Status = statusWarn
		c.Hint = "reading it takes a system call or is coarse; look for tsc or kvm-clock in /sys/devices/system/clocksource/clocksource0/available_clocksource"
	}
	return c
}

func checkTimer(t timers) *check {
	c := &check{"timer", statusOK, fmt.Sprintf("pacer late by %v at the median, %v at p99", rounded(t.pacer50), rounded(t.pacer99)),
		fmt.Sprintf("time.Sleep, which it does without: %v and %v", rounded(t.plain50), rounded(t.plain99))}
	if t.pacer99 > time.Millisecond {
		c.Status = statusWarn
		c.Hint = "requests at a --rate will start late, which counts into response times; free a CPU or lower the rate"
	}
	return c
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Microsecond) }

func checkBacklog(backlog *int) *check {
	if backlog == nil {
		return nil
	}
	c := &check{"listen backlog", statusOK, fmt.Sprintf("%d (somaxconn)", *backlog), ""}
	if *backlog < 1024 {
		c.Status = statusWarn
		c.Hint = "a server on this machine drops bursts of fresh connections, which then take a second; sysctl -w net.core.somaxconn=4096"
	}
	return c
}

func checkGovernor(governor string) *check {
	if governor == "" {
		return nil
	}
	c := &check{"CPU governor", statusOK, governor, ""}
	if governor != "performance" {
		c.Status = statusWarn
		c.Hint = "the CPU slows down between requests, so light load looks slower than heavy; cpupower frequency-set -g performance"
	}
	return c
}

func checkMemory(total, available int64) *check {
	if total == 0 {
		return nil
	}
	c := &check{"memory", statusOK, mebibytes(total), ""}
	if available > 0 {
		c.Value = fmt.Sprintf("%s available of %s", mebibytes(available), mebibytes(total))
		if available < 256<<20 {
			c.Status = statusWarn
			c.Hint = "histograms and connections may not fit; free some"
		}
	}
	return c
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }
