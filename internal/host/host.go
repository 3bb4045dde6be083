// Package host tells facts about the machine that offers the load, and about the
// limits that it sets. What cannot be known on a system is absent: a zero value
// or a nil pointer, never a guess.
//
// All functions may be called by any goroutine. None needs privileges, and only
// RaiseFileLimit changes anything.
package host

import (
	"runtime"
	"slices"
	"time"

	"sessbench/result"
)

// Facts describes this machine for a result.
func Facts() result.Host {
	h := result.Host{
		OS:         runtime.GOOS,
		Arch:       runtime.GOARCH,
		CPUs:       runtime.NumCPU(), // heeds the affinity that the process was started with
		GOMAXPROCS: runtime.GOMAXPROCS(0),
		FileLimit:  fileLimit(),
	}
	describe(&h)
	return h
}

// Settings are the system's settings and its present state as far as they bear
// on offering load. A nil pointer, an empty string or a zero means unknown.
type Settings struct {
	// TimeWait is how long a closed connection keeps its local port from being used
	// again to the same destination.
	TimeWait time.Duration
	// TimeWaitReuse is Linux's net.ipv4.tcp_tw_reuse: 0 off, 1 on, 2 for loopback only. It has an effect where connections have timestamps.
	TimeWaitReuse *int
	// TimeWaitReuseAfter is how long such a connection must have been silent before its port is
	// used again, where TimeWaitReuse allows it.
	TimeWaitReuseAfter time.Duration
	// NoTimestamps says that Linux's net.ipv4.tcp_timestamps is 0.
	NoTimestamps bool
	// ReservedPorts is how many of the ports for connections are never given.
	ReservedPorts int
	// Backlog is how many connections a listening socket can have waiting (somaxconn).
	Backlog *int
	// CPUQuota is how many CPUs' worth of time the process's cgroups allow; +Inf: no
	// quota.
	CPUQuota *float64
	// Load is the system's load average over the last minute.
	Load *float64
	// Governor is how the first CPU's frequency is chosen.
	Governor string
	// MemoryAvailable is what can be used without swapping, in bytes.
	MemoryAvailable int64
}

// ReadSettings reads the settings as they are now.
func ReadSettings() Settings { return settings() }

// TimeWaitSockets returns how many sockets are in TIME_WAIT now; -1: unknown.
func TimeWaitSockets() int { return timeWaitSockets() }

// ReserveFiles makes room for n open files, so that opening them later costs no more than it must. It does nothing where
// that is not needed, or n is above the limit. Any goroutine may call it.
func ReserveFiles(n uint64) { reserveFiles(n) }

// RaiseFileLimit raises the soft limit of open files to at least need where that is
// allowed, and returns the limit that then holds. A limit that stays below need is
// no error; the error says why the limit could not be read.
func RaiseFileLimit(need uint64) (have uint64, err error) { return raiseFileLimit(need) }

// Lateness says how late sleep returns, at the median and at the 99th percentile
// of count calls, each to sleep until an instant that is wait away.
func Lateness(count int, wait time.Duration, sleep func(until time.Time)) (p50, p99 time.Duration) {
	late := make([]time.Duration, max(count, 1))
	for i := range late {
		until := time.Now().Add(wait)
		sleep(until)
		late[i] = time.Since(until)
	}
	slices.Sort(late)
	return late[len(late)/2], late[len(late)*99/100]
}
