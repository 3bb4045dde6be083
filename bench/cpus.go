//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"
)

// A placement says which CPUs the client and the server of a workload may use,
// in the list form of taskset and /proc: "0", "1-3", "0,2".
type placement struct{ client, server string }

// saturating is the placement for closed-loop workloads: one CPU for the client,
// so that requests per second and CPU per request tell the same story, and the
// rest for the server, so that the client is what limits the rate.
func saturating(cpus int) placement {
	if cpus < 2 {
		return placement{"0", "0"}
	}
	return placement{"0", cpuRange(1, cpus-1)}
}

// roomy is the placement for the pacing workload: the client has a second CPU
// free where the machine can spare one.
func roomy(cpus int) placement {
	if cpus < 3 {
		return saturating(cpus)
	}
	return placement{cpuRange(0, 1), cpuRange(2, cpus-1)}
}

func cpuRange(first, last int) string {
	if first == last {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
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
