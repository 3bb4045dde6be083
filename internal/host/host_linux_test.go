package host

import (
	"math"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"sessbench/result"
)

func tree(files map[string]string) fstest.MapFS {
	root := fstest.MapFS{}
	for name, data := range files {
		root[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return root
}

func TestFactsComeFromTheKernelsFiles(t *testing.T) {
	var h result.Host
	describeFrom(tree(map[string]string{
		"proc/sys/kernel/osrelease": "6.1.0\n",
		"proc/cpuinfo":              "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\n",
		"proc/meminfo":              "MemTotal:       1024 kB\nMemAvailable:    512 kB\n",
		"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
		"proc/sys/net/ipv4/ip_local_port_range":                           "32768\t60999\n",
	}), &h)
	want := result.Host{Kernel: "6.1.0", CPUModel: "Some CPU @ 3 GHz", MemoryBytes: 1 << 20, ClockSource: "tsc", PortRange: [2]int{32768, 60999}}
	if h != want {
		t.Errorf("got %+v, want %+v", h, want)
	}
}

func TestWhatCannotBeReadIsAbsent(t *testing.T) {
	var h result.Host
	describeFrom(tree(map[string]string{
		"proc/meminfo":                          "MemTotal: lots\n",
		"proc/sys/net/ipv4/ip_local_port_range": "32768\n",
	}), &h)
	if h != (result.Host{}) {
		t.Errorf("invented %+v", h)
	}
	s := settingsFrom(tree(map[string]string{"proc/loadavg": "high\n", "proc/sys/net/core/somaxconn": "many"}))
	if want := (Settings{TimeWait: timeWait, TimeWaitReuseAfter: timeWaitReuseAfter}); s != want {
		t.Errorf("invented %+v", s)
	}
}

func TestSettingsComeFromTheKernelsFiles(t *testing.T) {
	s := settingsFrom(tree(map[string]string{
		"proc/sys/net/ipv4/tcp_tw_reuse": "2\n",
		"proc/sys/net/core/somaxconn":    "4096\n",
		"proc/loadavg":                   "0.73 1.15 0.70 2/108 20125\n",
		"proc/meminfo":                   "MemAvailable: 2 kB\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
	}))
	if s.TimeWaitReuse == nil || *s.TimeWaitReuse != 2 || s.Backlog == nil || *s.Backlog != 4096 || s.Load == nil || *s.Load != 0.73 {
		t.Errorf("got %+v", s)
	}
	if s.Governor != "powersave" || s.MemoryAvailable != 2048 {
		t.Errorf("got %+v", s)
	}
}

func TestTheTightestCPUQuotaOfTheCgroupsAboveHolds(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  float64 // NaN: unknown
	}{
		{"no cgroups", nil, math.NaN()},
		{"v2 without a quota", map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "max 100000\n"}, math.Inf(1)},
		{"v2 own", map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"}, 1.5},
		{"v2 parent is tighter", map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "300000 100000\n", "sys/fs/cgroup/a/cpu.max": "50000 100000\n"}, 0.5},
		{"v2 in a namespace", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2},
		{"v1", map[string]string{"proc/self/cgroup": "3:cpuset:/x\n2:cpu,cpuacct:/c\n",
			"sys/fs/cgroup/cpu/c/cpu.cfs_quota_us": "25000\n", "sys/fs/cgroup/cpu/c/cpu.cfs_period_us": "100000\n"}, 0.25},
		{"v1 without a quota", map[string]string{"proc/self/cgroup": "2:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"}, math.Inf(1)},
		{"nonsense", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "0 0\n"}, math.NaN()},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := math.NaN()
			if q := cpuQuota(tree(test.files)); q != nil {
				got = *q
			}
			if got != test.want && !(math.IsNaN(got) && math.IsNaN(test.want)) {
				t.Errorf("quota %v, want %v", got, test.want)
			}
		})
	}
}

func TestFileLimitIsRaisedAsFarAsTheHardLimitLets(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max > 1<<30 {
		t.Skip("there is no hard limit to speak of")
	}
	lowered := unix.Rlimit{Cur: limit.Max / 2, Max: limit.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lowered); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) })

	if have, err := RaiseFileLimit(limit.Max/2 + 1); err != nil || have != limit.Max/2+1 {
		t.Errorf("raising within the hard limit of %d gave %d, %v", limit.Max, have, err)
	}
	if have, err := RaiseFileLimit(limit.Max + 1); err != nil || have != limit.Max {
		t.Errorf("raising beyond the hard limit of %d gave %d, %v", limit.Max, have, err)
	}
}

func TestPortsThatAreNotThere(t *testing.T) {
	s := settingsFrom(tree(map[string]string{
		"proc/sys/net/ipv4/ip_local_port_range":     "32768\t60999\n",
		"proc/sys/net/ipv4/ip_local_reserved_ports": "80,32760-32769,40000,60990-65535,x,7-y\n",
		"proc/sys/net/ipv4/tcp_tw_reuse_delay":      "250\n",
		"proc/sys/net/ipv4/tcp_timestamps":          "0\n",
	}))
	if s.ReservedPorts != 2+1+10 || !s.NoTimestamps || s.TimeWaitReuseAfter != 250*time.Millisecond {
		t.Errorf("%+v", s)
	}
	for text, want := range map[string]int{
		"sockets: used 17\nTCP: inuse 1 orphan 0 tw 2221 alloc 1 mem 0\nUDP: inuse 0 mem 0\n": 2221,
		"TCP: inuse 1 orphan 0\n":     -1,
		"TCP: inuse 1 tw many\n":      -1,
		"UDP: inuse 1 tw 7 alloc 0\n": -1,
	} {
		if got := timeWaitFrom(tree(map[string]string{"proc/net/sockstat": text})); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}
