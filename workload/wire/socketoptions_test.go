package wire

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestSocketOptionsThatCannotBe(t *testing.T) {
	yes := true
	loopback := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	for name, tc := range map[string]struct {
		opts SocketOptions
		says string // "": fine
	}{
		"zero":                    {SocketOptions{}, ""},
		"all of TCP":              {SocketOptions{Source: loopback, ProxyProtocol: 2, NoDelay: &yes, KeepAlive: KeepAlive{time.Second, 2 * time.Second, 3}, SendBuffer: 1, ReceiveBuffer: 1 << 20}, ""},
		"path":                    {SocketOptions{UnixSocket: "/run/server.sock", ProxyProtocol: 1, SendBuffer: 4096}, ""},
		"version":                 {SocketOptions{ProxyProtocol: 3}, "version 3"},
		"negative version":        {SocketOptions{ProxyProtocol: -1}, "version -1"},
		"negative buffer":         {SocketOptions{SendBuffer: -1}, "buffer"},
		"huge buffer":             {SocketOptions{ReceiveBuffer: 1 << 30}, "buffer"},
		"no address":              {SocketOptions{Source: []netip.Addr{{}}}, "source"},
		"unspecified":             {SocketOptions{Source: []netip.Addr{netip.IPv6Unspecified()}}, "source"},
		"multicast":               {SocketOptions{Source: []netip.Addr{netip.MustParseAddr("224.0.0.1")}}, "source"},
		"another machine's":       {SocketOptions{Source: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}, "192.0.2.1"},
		"half a second":           {SocketOptions{KeepAlive: KeepAlive{Idle: 1500 * time.Millisecond}}, "whole seconds"},
		"negative interval":       {SocketOptions{KeepAlive: KeepAlive{Idle: time.Second, Interval: -time.Second}}, "whole seconds"},
		"too long":                {SocketOptions{KeepAlive: KeepAlive{Idle: 10 * time.Hour}}, "32767"},
		"too many probes":         {SocketOptions{KeepAlive: KeepAlive{Idle: time.Second, Count: 128}}, "128"},
		"probes without idling":   {SocketOptions{KeepAlive: KeepAlive{Count: 3}}, "idle"},
		"Unix socket from source": {SocketOptions{UnixSocket: "/a", Source: loopback}, "source"},
		"Unix socket, no delay":   {SocketOptions{UnixSocket: "/a", NoDelay: &yes}, "TCP"},
		"Unix socket, fast open":  {SocketOptions{UnixSocket: "/a", FastOpen: true}, "TCP"},
		"long path":               {SocketOptions{UnixSocket: "/" + strings.Repeat("a", 108)}, "at most"},
		"empty abstract name":     {SocketOptions{UnixSocket: "@"}, "path"},
		"zero byte":               {SocketOptions{UnixSocket: "/a\x00b"}, "path"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.opts.Validate()
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want one with %q", err, tc.says)
			}
		})
	}
	for choice, fine := range map[AddressChoice]bool{"": true, InOrder: true, InTurn: true, Random: true, "first": false} {
		if err := choice.Validate(); (err == nil) != fine {
			t.Errorf("%q: %v", choice, err)
		}
	}
}

// Of two sources and two servers that are taken in turn, all four pairs come up.
func TestSourcesMeetEveryServer(t *testing.T) {
	all := []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.3")}
	servers := []netip.Addr{netip.MustParseAddr("127.0.0.4"), netip.MustParseAddr("127.0.0.5")}
	var turn sourceTurn
	type pair struct{ from, to netip.Addr }
	met := map[pair]int{}
	for i := range 8 {
		from, err := turn.next(all, servers[i%2])
		if err != nil {
			t.Fatal(err)
		}
		met[pair{from, servers[i%2]}]++
	}
	for p, n := range met {
		if !p.from.Is4() || n != 2 {
			t.Errorf("%v to %v: %d times, want 2", p.from, p.to, n)
		}
	}
	if len(met) != 4 {
		t.Errorf("%v", met)
	}
}
