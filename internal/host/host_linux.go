package host

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"sessbench/result"
)

// timeWait is the kernel's TCP_TIMEWAIT_LEN (include/net/tcp.h), a constant.
const timeWait = 60 * time.Second

// timeWaitReuseAfter is what the kernel waits before it uses a port in TIME_WAIT again; Linux 6.14 and later
// let it be set (tcp_tw_reuse_delay).
const timeWaitReuseAfter = time.Second

func describe(h *result.Host) { describeFrom(os.DirFS("/"), h) }

func settings() Settings { return settingsFrom(os.DirFS("/")) }

func describeFrom(root fs.FS, h *result.Host) {
	h.Kernel = text(root, "proc/sys/kernel/osrelease")
	h.CPUModel = cpuModel(root)
	h.MemoryBytes = memory(root, "MemTotal")
	h.ClockSource = text(root, "sys/devices/system/clocksource/clocksource0/current_clocksource")
	if ports := integers(root, "proc/sys/net/ipv4/ip_local_port_range"); len(ports) == 2 {
		h.PortRange = [2]int(ports)
	}
}

func settingsFrom(root fs.FS) Settings {
	s := Settings{
		TimeWait:        timeWait,
		TimeWaitReuse:   integer(root, "proc/sys/net/ipv4/tcp_tw_reuse"),
		Backlog:         integer(root, "proc/sys/net/core/somaxconn"),
		CPUQuota:        cpuQuota(root),
		Governor:        text(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
		MemoryAvailable: memory(root, "MemAvailable"),
	}
	if timestamps := integer(root, "proc/sys/net/ipv4/tcp_timestamps"); timestamps != nil {
		s.NoTimestamps = *timestamps == 0
	}
	s.TimeWaitReuseAfter = timeWaitReuseAfter
	if ms := integer(root, "proc/sys/net/ipv4/tcp_tw_reuse_delay"); ms != nil {
		s.TimeWaitReuseAfter = time.Duration(*ms) * time.Millisecond
	}
	if ports := integers(root, "proc/sys/net/ipv4/ip_local_port_range"); len(ports) == 2 {
		s.ReservedPorts = reserved(text(root, "proc/sys/net/ipv4/ip_local_reserved_ports"), ports[0], ports[1])
	}
	if fields := strings.Fields(text(root, "proc/loadavg")); len(fields) > 0 {
		if load, err := strconv.ParseFloat(fields[0], 64); err == nil {
			s.Load = &load
		}
	}
	return s
}

// reserved counts the ports from low to high that a list such as "8080,9000-9010" has.
func reserved(list string, low, high int) int {
	n := 0
	for _, item := range strings.Split(list, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(item), "-")
		a, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(last); err != nil {
				continue
			}
		}
		n += max(0, min(b, high)-max(a, low)+1)
	}
	return n
}

func timeWaitSockets() int { return timeWaitFrom(os.DirFS("/")) }

// timeWaitFrom reads the line "TCP: inuse 5 orphan 0 tw 12 ...", which counts IPv6 too.
func timeWaitFrom(root fs.FS) int {
	fields := strings.Fields(value(root, "proc/net/sockstat", "TCP"))
	for i := 0; i+1 < len(fields); i += 2 {
		if n, err := strconv.Atoi(fields[i+1]); fields[i] == "tw" && err == nil {
			return n
		}
	}
	return -1
}

// text returns a small file's contents without outer space, or "".
func text(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(data))
}

// integers returns the whole numbers that a file consists of, or nil.
func integers(root fs.FS, name string) []int {
	var numbers []int
	for _, field := range strings.Fields(text(root, name)) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil
		}
		numbers = append(numbers, n)
	}
	return numbers
}

func integer(root fs.FS, name string) *int {
	if numbers := integers(root, name); len(numbers) == 1 {
		return &numbers[0]
	}
	return nil
}

// cpuModel knows the line of x86, and those of ARM and others that have one.
func cpuModel(root fs.FS) string {
	return value(root, "proc/cpuinfo", "model name", "Model", "cpu model", "Processor")
}

// memory returns a line of meminfo in bytes, or 0.
func memory(root fs.FS, key string) int64 {
	number, unit, _ := strings.Cut(value(root, "proc/meminfo", key), " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || unit != "kB" {
		return 0
	}
	return n * 1024
}

// value returns what stands behind the colon in the first line with one of keys.
func value(root fs.FS, name string, keys ...string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		for _, wanted := range keys {
			if strings.TrimSpace(key) == wanted {
				return strings.TrimSpace(value)
			}
		}
	}
	return ""
}

// cpuQuota returns the tightest quota among this process's cgroup and those above
// it, +Inf where none has one, and nil where no cgroup is to be seen.
func cpuQuota(root fs.FS) *float64 {
	var tightest *float64
	for line := range strings.Lines(text(root, "proc/self/cgroup")) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		var quota func(fs.FS, string) *float64
		var mount string
		switch controllers := "," + fields[1] + ","; {
		case fields[1] == "":
			quota, mount = quotaV2, "sys/fs/cgroup"
		case strings.Contains(controllers, ",cpu,"):
			quota, mount = quotaV1, "sys/fs/cgroup/cpu"
		default:
			continue
		}
		for _, dir := range upwards(mount, fields[2]) {
			if q := quota(root, dir); q != nil && (tightest == nil || *q < *tightest) {
				tightest = q
			}
		}
	}
	return tightest
}

// upwards lists the directories from mount/group up to mount.
func upwards(mount, group string) []string {
	dirs := []string{mount}
	for group = path.Clean("/" + group); group != "/"; group = path.Dir(group) {
		dirs = append(dirs, mount+group)
	}
	return dirs
}

func quotaV2(root fs.FS, dir string) *float64 {
	fields := strings.Fields(text(root, dir+"/cpu.max"))
	if len(fields) != 2 {
		return nil
	}
	if fields[0] == "max" {
		return new(math.Inf(1))
	}
	return share(fields[0], fields[1])
}

func quotaV1(root fs.FS, dir string) *float64 {
	quota := text(root, dir+"/cpu.cfs_quota_us")
	if quota == "-1" {
		return new(math.Inf(1))
	}
	return share(quota, text(root, dir+"/cpu.cfs_period_us"))
}

// share returns quota / period, both positive microseconds, or nil.
func share(quota, period string) *float64 {
	q, errQuota := strconv.ParseFloat(quota, 64)
	p, errPeriod := strconv.ParseFloat(period, 64)
	if errQuota != nil || errPeriod != nil || q <= 0 || p <= 0 {
		return nil
	}
	return new(q / p)
}
