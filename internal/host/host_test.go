package host

import (
	"runtime"
	"testing"
	"time"
)

func TestFactsNameThisProcessesMachine(t *testing.T) {
	h := Facts()
	if h.OS != runtime.GOOS || h.Arch != runtime.GOARCH {
		t.Errorf("system %s/%s, want %s/%s", h.OS, h.Arch, runtime.GOOS, runtime.GOARCH)
	}
	if h.CPUs < 1 || h.GOMAXPROCS < 1 {
		t.Errorf("%d CPUs, GOMAXPROCS %d; want at least 1 of each", h.CPUs, h.GOMAXPROCS)
	}
	if h.PortRange[0] > h.PortRange[1] {
		t.Errorf("port range %v runs backwards", h.PortRange)
	}
}

func TestFileLimitIsNeverLoweredAndReportedAsItHolds(t *testing.T) {
	have, err := RaiseFileLimit(1)
	if err != nil {
		t.Fatal(err)
	}
	if limit := fileLimit(); limit != 0 && uint64(limit) != have {
		t.Errorf("reported %d, holds %d", have, limit)
	}
	raised, err := RaiseFileLimit(have)
	if err != nil || raised < have {
		t.Errorf("asking for the %d there are gave %d, %v", have, raised, err)
	}
}

func TestLatenessIsMeasuredFromTheInstantAskedFor(t *testing.T) {
	calls := 0
	p50, p99 := Lateness(10, time.Hour, func(until time.Time) { calls++ })
	if calls != 10 {
		t.Errorf("%d sleeps, want 10", calls)
	}
	if p50 >= 0 || p99 >= 0 || p50 > p99 {
		t.Errorf("sleeps that return an hour early are late by %v and %v", p50, p99)
	}
}
