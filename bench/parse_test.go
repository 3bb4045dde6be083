//go:build linux

package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestStubStatusIsRead(t *testing.T) {
	got, err := parseStubStatus("Active connections: 3 \nserver accepts handled requests\n 844149 844148 1529754 \nReading: 0 Writing: 1 Waiting: 2 \n")
	if want := (stubStatus{3, 844149, 844148, 1529754}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := parseStubStatus("<html>404</html>"); err == nil {
		t.Error("another page is no error")
	}
}

func TestHandshakesAreCountedByKind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(".\nr\nr\n.\nr\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if full, resumed, err := countHandshakes(file); full != 2 || resumed != 3 || err != nil {
		t.Errorf("%d full, %d resumed, %v", full, resumed, err)
	}
}

func TestPeakResidentIsRead(t *testing.T) {
	for status, want := range map[string]int64{
		"Name:\twrk\nVmPeak:\t  90000 kB\nVmHWM:\t    4912 kB\nVmRSS:\t 10 kB\n": 4912 << 10,
		"Name:\twrk\nState:\tZ (zombie)\n":                                       0,
		"VmHWM:":                                                                 0,
	} {
		if got := parsePeakResident(status); got != want {
			t.Errorf("%q: %d, want %d", status, got, want)
		}
	}
}

func TestStolenTimeIsRead(t *testing.T) {
	for stat, want := range map[string]time.Duration{
		"cpu  4855848 0 1270686 10797610 16488 0 451465 704126 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10": 7041260 * time.Millisecond,
		"cpu  1 2 3 4": 0, "": 0, "cpu 1 2 3 4 5 6 7 x": 0, "intr 1 2 3 4 5 6 7 8 9": 0,
	} {
		if got := parseStolen(stat); got != want {
			t.Errorf("%q: %v, want %v", stat, got, want)
		}
	}
	if stolen() < 0 {
		t.Error("time was given back")
	}
}

func TestCPUListsAreCounted(t *testing.T) {
	for list, want := range map[string]int{"0": 1, "1-3": 3, "0,2-3": 3} {
		if got, err := countCPUs(list); got != want || err != nil {
			t.Errorf("%q: %d, %v; want %d", list, got, err, want)
		}
	}
	for _, list := range []string{"", "a", "3-1", "1-", "-1", "0,,1"} {
		if n, err := countCPUs(list); err == nil {
			t.Errorf("%q: %d, want an error", list, n)
		}
	}
}

func TestClientAndServerShareNoCPUWhereThereAreTwo(t *testing.T) {
	for _, c := range []struct {
		cpus []int
		want [2]placement
	}{
		{[]int{0}, [2]placement{{"0", "0"}, {"0", "0"}}},
		{[]int{2, 3}, [2]placement{{"2", "3"}, {"2", "3"}}},
		{[]int{0, 1, 2}, [2]placement{{"0", "1-2"}, {"0-1", "2"}}},
		{[]int{0, 1, 2, 3}, [2]placement{{"0", "1-3"}, {"0-1", "2-3"}}},
		{[]int{1, 3, 5, 6}, [2]placement{{"1", "3,5,6"}, {"1,3", "5-6"}}},
	} {
		if got := [2]placement{saturating(c.cpus), roomy(c.cpus)}; got != c.want {
			t.Errorf("CPUs %v: %v, want %v", c.cpus, got, c.want)
		}
	}
}

func TestReasonsAreReadByTool(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reasons")
	if err := os.WriteFile(file, []byte("hey\tapt-get install hey failed\nno tab\nk6\tno network\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"hey": "apt-get install hey failed", "k6": "no network"}
	if got := readReasons(file); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := readReasons(filepath.Join(t.TempDir(), "none")); len(got) != 0 {
		t.Errorf("without a file: %v", got)
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions(strings.Fields("--rounds 5 --seconds 0.5 --only pooled-http,pacing --tools wrk,hey --client-cpus 2"), []int{0, 1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	if o.rounds != 5 || o.length != 500*time.Millisecond || o.saturating != (placement{"2", "1-3"}) {
		t.Errorf("%+v", o)
	}
	if !o.wantsWorkload("pacing") || o.wantsWorkload("fresh-http") {
		t.Errorf("workloads of %v", o.only)
	}
	// The denominators take part whether named or not.
	if !o.wantsTool("wrk") || !o.wantsTool("sessbench") || !o.wantsTool("fasthttp") || o.wantsTool("ab") {
		t.Errorf("tools of %v", o.tools)
	}
	for _, bad := range []string{"--rounds 0", "--seconds -1", "--only https", "--tools curl", "--client-cpus x", "rest"} {
		if _, err := parseOptions(strings.Fields(bad), []int{0, 1, 2, 3}); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
}
