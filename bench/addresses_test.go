//go:build linux

package main

import (
	"net"
	"testing"
	"time"
)

func TestAnAddressRestsWhileItsConnectionsAreInTimeWait(t *testing.T) {
	var a addresses
	now := time.Unix(1000, 0)
	first, wait := a.take(now)
	if wait != 0 {
		t.Errorf("a new address has to wait %v", wait)
	}
	a.rest(first, now)
	seen := map[int]bool{first: true}
	for range nginxAddresses - 1 {
		i, wait := a.take(now)
		if seen[i] || wait != 0 {
			t.Errorf("address %d came again, or has to wait (%v), though others were not used", i, wait)
		}
		seen[i] = true
	}
	if i, wait := a.take(now.Add(time.Second)); i != first || wait != timeWait-time.Second {
		t.Errorf("address %d after %v, want %d after %v", i, wait, first, timeWait-time.Second)
	}
	a.next = first
	if _, wait := a.take(now.Add(2 * timeWait)); wait != 0 {
		t.Errorf("an address that has rested has to wait %v", wait)
	}
}

func TestAddressesAreDistinctAndLoopback(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range new(addresses).all() {
		if ip := net.ParseIP(a); ip == nil || !ip.IsLoopback() || seen[a] {
			t.Errorf("%q is no loopback address, or comes twice", a)
		}
		seen[a] = true
	}
	if len(seen) != nginxAddresses {
		t.Errorf("%d addresses, want %d", len(seen), nginxAddresses)
	}
}

func TestConnectionsInTimeWaitAreRead(t *testing.T) {
	const sockstat = "sockets: used 40\nTCP: inuse 26 orphan 0 tw 70937 alloc 26 mem 71\nUDP: inuse 0 mem 0\n"
	if n, err := parseTimeWait(sockstat); n != 70937 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, bad := range []string{"", "TCP: inuse 26 tw", "UDP: tw 3", "TCP: tw x"} {
		if n, err := parseTimeWait(bad); err == nil {
			t.Errorf("%q: %d, want an error", bad, n)
		}
	}
}

func TestPortRangeIsRead(t *testing.T) {
	if low, high, err := parsePortRange("32768\t60999"); low != 32768 || high != 60999 || err != nil {
		t.Errorf("%d to %d, %v", low, high, err)
	}
	for _, bad := range []string{"", "1", "2 1", "a b"} {
		if low, high, err := parsePortRange(bad); err == nil {
			t.Errorf("%q: %d to %d, want an error", bad, low, high)
		}
	}
}
