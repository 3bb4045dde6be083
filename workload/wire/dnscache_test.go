package wire

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// A resolver answers after a second, or fails.
type resolver struct {
	asked int
	err   error
}

func (r *resolver) lookup(context.Context, string) ([]string, error) {
	r.asked++
	time.Sleep(time.Second)
	if r.err != nil {
		return nil, r.err
	}
	return []string{"127.0.0.1"}, nil
}

func TestHowLongAddressesAreKept(t *testing.T) {
	for name, tc := range map[string]struct {
		lifetime time.Duration
		asks     [4]bool // at 0, 3, 6 and 3600 seconds
	}{
		"not":         {0, [4]bool{true, true, true, true}},
		"five":        {5 * time.Second, [4]bool{true, false, true, true}},
		"a long time": {time.Hour, [4]bool{true, false, false, false}},
		"for ever":    {-1, [4]bool{true, false, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r resolver
				c := NewClient(NewClock(), &Options{LookupHost: r.lookup, Dial: silent}, Policy{RequestsPerConnection: 1, DNSLifetime: tc.lifetime}, nil)
				begun, want := time.Now(), 0
				for i, at := range []time.Duration{0, 3 * time.Second, 6 * time.Second, time.Hour} {
					time.Sleep(time.Until(begun.Add(at)))
					phases := call(t, c, get(t, "http://a.test")).Phases
					dns := time.Duration(0)
					if tc.asks[i] {
						want, dns = want+1, time.Second
					}
					if r.asked != want || phases.DNS != dns || c.Counts().Lookups != int64(want) {
						t.Errorf("after %v: asked %d times, %d counted, DNS %v; want %d, %v", at, r.asked, c.Counts().Lookups, phases.DNS, want, dns)
					}
				}
			})
		})
	}
}

// silent returns a connection whose peer is gone.
func silent(context.Context, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	_ = theirs.Close()
	return ours, nil
}

func TestFailedLookupsAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := resolver{err: errors.New("server misbehaving")}
		c := NewClient(NewClock(), &Options{LookupHost: r.lookup, Dial: silent}, Policy{DNSLifetime: -1}, nil)
		wantClass(t, call(t, c, get(t, "http://a.test")), ClassDNS)
		r.err = nil
		wantClass(t, call(t, c, get(t, "http://a.test")), ClassClosedEarly)
		wantClass(t, call(t, c, get(t, "http://a.test:81")), ClassClosedEarly)
		if n := c.Counts(); r.asked != 2 || n.Lookups != 2 || n.Opened != 2 {
			t.Errorf("asked %d times: %+v", r.asked, n)
		}
	})
}

// Clients do not share what they looked up, even where they share connections.
func TestEachClientLooksUpForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r resolver
		opts, policy, clock := &Options{LookupHost: r.lookup, Dial: silent}, Policy{DNSLifetime: -1, SharedPool: true}, NewClock()
		pool := NewPool(PoolOptions{})
		for range 2 {
			c := NewClient(clock, opts, policy, pool)
			for range 2 {
				call(t, c, get(t, "http://a.test"))
			}
		}
		if r.asked != 2 {
			t.Errorf("asked %d times by 2 clients", r.asked)
		}
	})
}

func TestKeptNamesAreBounded(t *testing.T) {
	var c dnsCache
	for i := range 3 * dnsNames {
		c.put(string(rune(0x4e00+i)), []string{"127.0.0.1"}, 0, time.Second)
		if len(c) > dnsNames {
			t.Fatalf("%d names are kept", len(c))
		}
	}
	if _, ok := c.get(string(rune(0x4e00+3*dnsNames-1)), 0); !ok {
		t.Error("the last name is not kept")
	}
}
