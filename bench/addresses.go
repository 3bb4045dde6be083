//go:build linux

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// nginxAddresses is how many loopback addresses nginx listens on. In runs of three
	// seconds an address comes up again after three minutes.
	nginxAddresses = 64

	// timeWait is how long the kernel keeps a closed connection's ports (TCP_TIMEWAIT_LEN),
	// and a second for the last of them to be cleared away.
	timeWait = 61 * time.Second
)

// addresses are the destinations of the runs. The kernel keeps the two ports of a closed
// connection for a minute, and the more of them a destination has, the longer it searches
// for a free one. So every run has an address to which no connection was lately closed.
type addresses struct {
	next  int
	freed [nginxAddresses]time.Time // when an address can be used; zero: at once
}

// all lists them.
func (*addresses) all() []string {
	list := make([]string, nginxAddresses)
	for i := range list {
		list[i] = fmt.Sprintf("127.0.1.%d", i+1)
	}
	return list
}

// take returns the address of the next run and how long that run has to wait for it.
// The caller says by rest when it used it for many connections.
func (a *addresses) take(now time.Time) (i int, wait time.Duration) {
	i = a.next
	a.next = (a.next + 1) % nginxAddresses
	return i, max(0, a.freed[i].Sub(now))
}

// rest keeps the i-th address from being used again while it may have connections in TIME_WAIT.
func (a *addresses) rest(i int, now time.Time) { a.freed[i] = now.Add(timeWait) }

// waitForRoom waits until the kernel can keep all connections that one run can close.
// Beyond tcp_max_tw_buckets of them it forgets further ones at once, and a run would find
// free ports for nothing. After a minute all of ours are gone; what is left then is not
// going to go away.
func waitForRoom(ctx context.Context) error {
	limit, err := strconv.Atoi(readText("/proc/sys/net/ipv4/tcp_max_tw_buckets"))
	if err != nil {
		return nil // no such limit
	}
	low, high, err := parsePortRange(readText("/proc/sys/net/ipv4/ip_local_port_range"))
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(timeWait); time.Now().Before(deadline); {
		waiting, err := parseTimeWait(readText("/proc/net/sockstat"))
		if err != nil {
			return err
		}
		if waiting+(high-low+1) <= limit {
			return nil
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func parsePortRange(text string) (low, high int, err error) {
	if _, err := fmt.Sscan(text, &low, &high); err != nil || high < low {
		return 0, 0, fmt.Errorf("port range %q is none", text)
	}
	return low, high, nil
}

// parseTimeWait finds the number of TCP connections in TIME_WAIT in /proc/net/sockstat.
func parseTimeWait(sockstat string) (int, error) {
	for line := range strings.Lines(sockstat) {
		fields := strings.Fields(line)
		for i := 1; i+1 < len(fields) && fields[0] == "TCP:"; i += 2 {
			if fields[i] == "tw" {
				return strconv.Atoi(fields[i+1])
			}
		}
	}
	return 0, fmt.Errorf("no TCP tw in %q", sockstat)
}

// pause waits for d, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
