package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"sessbench/internal/host"
	"sessbench/result"
)

func TestDoctorLooksAtThisMachine(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		c := newConsole(nil, nil)
		code := c.sessbench(t, "doctor", "--format", format)
		if code != exitDone && code != exitFailed {
			t.Errorf("%s: exit code %d: %s", format, code, c.err.String())
		}
		for _, name := range []string{"CPUs", "timer"} {
			if !strings.Contains(c.out.String(), name) {
				t.Errorf("%s: no %s in %s", format, name, c.out.String())
			}
		}
		var parsed struct{ Checks []check }
		if err := json.Unmarshal(c.out.Bytes(), &parsed); format == "json" && (err != nil || len(parsed.Checks) < 2) {
			t.Errorf("%d checks, %v", len(parsed.Checks), err)
		}
	}
}

func TestDoctorFailsOnlyWhereLoadIsImpossible(t *testing.T) {
	for s, want := range map[status]error{statusOK: nil, statusWarn: nil, statusBad: exit(exitFailed)} {
		c := newConsole(nil, nil)
		if err := c.diagnose([]check{{"x", s, "y", "z"}}, "text"); err != want {
			t.Errorf("%s: %v, want %v", s, err, want)
		}
	}
}

func TestChecksAsText(t *testing.T) {
	got, err := renderChecks([]check{{"a", statusOK, "1", ""}, {"long", statusWarn, "2", "mend it"}}, "text")
	if want := "ok    a     1\nwarn  long  2\n            mend it\n"; err != nil || string(got) != want {
		t.Errorf("text %q, %v; want %q", got, err, want)
	}
}

func TestUnknownFactsAreNotJudged(t *testing.T) {
	var names []string
	for _, c := range checksOf(result.Host{CPUs: 4, GOMAXPROCS: 4}, host.Settings{}, timers{}, -1) {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, ","); got != "CPUs,timer" {
		t.Errorf("checks %s", got)
	}
}

func TestJudgements(t *testing.T) {
	ports := func(first, last int, reuse *int, timeWait time.Duration) *check {
		return checkPorts(result.Host{PortRange: [2]int{first, last}}, host.Settings{TimeWait: timeWait, TimeWaitReuse: reuse, TimeWaitReuseAfter: time.Second})
	}
	cpus := func(procs int, quota *float64) *check {
		return checkCPUs(result.Host{CPUs: 4, GOMAXPROCS: procs}, quota)
	}
	for _, test := range []struct {
		name string
		got  *check
		want status
		says string
	}{
		{"many files", checkFileLimit(20000), statusOK, "enough for 6645 workers with three arms"},
		{"unlimited files", checkFileLimit(math.MaxInt64), statusOK, "no limit"},
		{"few files", checkFileLimit(256), statusWarn, "enough for 64 workers"},
		{"no files", checkFileLimit(60), statusBad, "too few for a single worker"},
		{"ports without reuse", ports(32768, 60999, new(0), time.Minute), statusOK, "sustains 471 fresh connections/s to one address and port (TIME_WAIT 1m0s)"},
		{"ports with reuse on loopback", ports(32768, 60999, new(2), time.Minute), statusOK, "471 fresh connections/s to one address and port (TIME_WAIT 1m0s), about 28232/s on loopback"},
		{"ports with reuse", ports(32768, 60999, new(1), time.Minute), statusOK, "about 28232 fresh connections/s"},
		{"ports without timestamps", checkPorts(result.Host{PortRange: [2]int{32768, 60999}}, host.Settings{TimeWait: time.Minute, TimeWaitReuse: new(2), TimeWaitReuseAfter: time.Second, NoTimestamps: true}),
			statusOK, "sustains 471 fresh connections/s to one address and port (TIME_WAIT 1m0s); tcp_tw_reuse 2 has no effect"},
		{"ports, reuse unknown", ports(49152, 65535, nil, 30*time.Second), statusOK, "sustains 546 fresh connections/s"},
		{"few ports", ports(60000, 60999, new(0), time.Minute), statusWarn, "sustains 17 fresh connections/s to one address and port (TIME_WAIT 1m0s); widen it"},
		{"no ports", ports(60000, 60000, new(0), time.Minute), statusBad, "widen it"},
		{"reserved ports", checkPorts(result.Host{PortRange: [2]int{32768, 60999}}, host.Settings{ReservedPorts: 232}), statusOK, "32768 to 60999 without 232 reserved (28000)"},
		{"some in TIME_WAIT", checkTimeWait(2221), statusOK, "2221 sockets"},
		{"many in TIME_WAIT", checkTimeWait(20_000), statusWarn, "wait a minute"},
		{"CPUs", cpus(4, nil), statusOK, "4 usable, GOMAXPROCS 4"},
		{"CPUs without a quota", cpus(4, new(math.Inf(1))), statusOK, "4 usable, GOMAXPROCS 4"},
		{"tight quota", cpus(4, new(1.5)), statusWarn, "cgroup quota 1.5"},
		{"one CPU", cpus(1, nil), statusWarn, "one CPU is shared"},
		{"idle", checkLoad(4, new(0.5)), statusOK, "0.50"},
		{"busy", checkLoad(4, new(3.5)), statusWarn, "others use this machine"},
		{"fast clock", checkClock("tsc"), statusOK, "tsc"},
		{"slow clock", checkClock("acpi_pm"), statusWarn, "system call"},
		{"precise timer", checkTimer(timers{time.Millisecond, time.Millisecond, time.Microsecond, time.Microsecond}), statusOK, "pacer late by 1µs at the median, 1µs at p99"},
		{"late timer", checkTimer(timers{pacer99: 2 * time.Millisecond}), statusWarn, "free a CPU or lower the rate"},
		{"backlog", checkBacklog(new(4096)), statusOK, "4096"},
		{"short backlog", checkBacklog(new(128)), statusWarn, "drops bursts"},
		{"performance", checkGovernor("performance"), statusOK, "performance"},
		{"powersave", checkGovernor("powersave"), statusWarn, "slows down"},
		{"memory", checkMemory(8<<30, 4<<30), statusOK, "4096 MiB available of 8192 MiB"},
		{"memory, available unknown", checkMemory(8<<30, 0), statusOK, "8192 MiB"},
		{"little memory", checkMemory(8<<30, 1<<20), statusWarn, "free some"},
	} {
		if test.got == nil {
			t.Errorf("%s: not judged", test.name)
			continue
		}
		if test.got.Status != test.want || !strings.Contains(test.got.Value+"|"+test.got.Hint, test.says) {
			t.Errorf("%s: %+v, want %s and %q", test.name, *test.got, test.want, test.says)
		}
		if test.got.Status != statusOK && test.got.Hint == "" {
			t.Errorf("%s: no hint", test.name)
		}
	}
}

func TestDoctorsJSONHasChecksOnly(t *testing.T) {
	data, err := renderChecks([]check{{"a", statusOK, "1", ""}}, "json")
	if want := `{"checks":[{"name":"a","status":"ok","value":"1"}]}`; err != nil || compact(t, data) != want {
		t.Errorf("JSON %s, %v; want %s", data, err, want)
	}
}

func compact(t *testing.T, data []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
