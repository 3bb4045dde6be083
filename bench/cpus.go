//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A placement says which CPUs the client and the server of a workload may use,
// in the list form of taskset and /proc: "0", "1-3", "0,2".
type placement struct{ client, server string }

// usableCPUs are those that this process may run on, in order.
func usableCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("CPU affinity: %w", err)
	}
	var cpus []int
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// saturating is the placement for closed-loop workloads: one CPU for the client,
// so that requests per second and CPU per request tell the same story, and the
// rest for the server, so that the client is what limits the rate.
func saturating(cpus []int) placement {
	if len(cpus) < 2 {
		return placement{cpuList(cpus), cpuList(cpus)}
	}
	return placement{cpuList(cpus[:1]), cpuList(cpus[1:])}
}

// roomy is the placement for the pacing workload: the client has a second CPU
// free where the machine can spare one.
func roomy(cpus []int) placement {
	if len(cpus) < 3 {
		return saturating(cpus)
	}
	return placement{cpuList(cpus[:2]), cpuList(cpus[2:])}
}

// cpuList writes ascending CPUs as a list, as a range where they are one.
func cpuList(cpus []int) string {
	if n := len(cpus); n > 1 && cpus[n-1]-cpus[0] == n-1 {
		return fmt.Sprintf("%d-%d", cpus[0], cpus[n-1])
	}
	texts := make([]string, len(cpus))
	for i, cpu := range cpus {
		texts[i] = strconv.Itoa(cpu)
	}
	return strings.Join(texts, ",")
}

// countCPUs counts the CPUs of a list such as "0,2-3".
func countCPUs(list string) (int, error) {
	total := 0
	for part := range strings.SplitSeq(list, ",") {
		first, last, ranged := strings.Cut(part, "-")
		lo, err := strconv.Atoi(first)
		if err != nil {
			return 0, fmt.Errorf("CPU list %q: %w", list, err)
		}
		hi := lo
		if ranged {
			if hi, err = strconv.Atoi(last); err != nil {
				return 0, fmt.Errorf("CPU list %q: %w", list, err)
			}
		}
		if lo < 0 || hi < lo {
			return 0, fmt.Errorf("CPU list %q: %q is no range", list, part)
		}
		total += hi - lo + 1
	}
	return total, nil
}
