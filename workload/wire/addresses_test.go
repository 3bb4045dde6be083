package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// firstTried returns which address each of n fresh connections to a name tried first, and all that
// the first of them tried. None is established.
func firstTried(t *testing.T, c *Client, target string, tried *[]string, n int) (first []string, order []string) {
	t.Helper()
	for range n {
		*tried = nil
		wantClass(t, call(t, c, get(t, target)), ClassConnect)
		first = append(first, (*tried)[0])
		if order == nil {
			order = *tried
		}
	}
	return first, order
}

// noting returns options whose Dial notes the hosts that it is asked for, and fails.
func noting(tried *[]string, choice AddressChoice) *Options {
	return &Options{
		Addresses: choice,
		Turns:     NewTurns(),
		Resolve:   map[string][]string{"a.test:80": {"127.0.0.1", "127.0.0.2", "127.0.0.3"}, "b.test:80": {"127.0.0.4", "127.0.0.5"}},
		ConnectTo: []Redirection{{"c.test", "", "a.test", ""}},
		Dial: func(_ context.Context, addr string) (net.Conn, error) {
			*tried = append(*tried, strings.TrimSuffix(addr, ":80"))
			return nil, errors.New("host is down")
		},
	}
}

func TestAddressesInTurn(t *testing.T) {
	var tried []string
	opts := noting(&tried, InTurn)
	one, two := newClient(t, opts, Policy{}), newClient(t, opts, Policy{})
	first, order := firstTried(t, one, "http://a.test", &tried, 4)
	if want := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.1"}; !slices.Equal(first, want) {
		t.Errorf("tried first %q, want %q", first, want)
	}
	if want := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}; !slices.Equal(order, want) {
		t.Errorf("tried %q, want %q", order, want)
	}
	// Another name has a turn of its own, another Client begins with the next, whatever leads there.
	if first, _ := firstTried(t, one, "http://b.test", &tried, 2); !slices.Equal(first, []string{"127.0.0.4", "127.0.0.5"}) {
		t.Errorf("tried first %q", first)
	}
	first, order = firstTried(t, two, "http://c.test", &tried, 2)
	if !slices.Equal(first, []string{"127.0.0.2", "127.0.0.3"}) || !slices.Equal(order, []string{"127.0.0.2", "127.0.0.3", "127.0.0.1"}) {
		t.Errorf("tried first %q, %q", first, order)
	}
}

func TestAddressesAtRandom(t *testing.T) {
	var tried []string
	c := newClient(t, noting(&tried, Random), Policy{})
	seen := map[string]int{}
	first, _ := firstTried(t, c, "http://a.test", &tried, 300)
	for _, addr := range first {
		seen[addr]++
	}
	// One of the three comes up less than 50 times of 300 by chance once in some 10^11 runs.
	for _, addr := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"} {
		if seen[addr] < 50 {
			t.Errorf("%v", seen)
		}
	}
}

// Of a proxy's addresses the choice is made as of a server's.
func TestAddressesOfAProxyInTurn(t *testing.T) {
	var tried []string
	c := newClient(t, noting(&tried, InTurn), Policy{})
	proxy := &Proxy{Kind: ProxyHTTP, Host: "b.test", Port: 80}
	req := via(t, proxy, "http://server.test")
	var first []string
	for range 3 {
		tried = nil
		if r := call(t, c, req); r.Err == nil {
			t.Fatal("a connection came from nowhere")
		}
		first = append(first, tried[0])
	}
	if want := []string{"127.0.0.4", "127.0.0.5", "127.0.0.4"}; !slices.Equal(first, want) {
		t.Errorf("tried first %q, want %q", first, want)
	}
}

func TestFamiliesAlternate(t *testing.T) {
	for in, want := range map[string]string{
		"::1 ::2 ::3 1.1.1.1 1.1.1.2": "::1 1.1.1.1 ::2 1.1.1.2 ::3",
		"1.1.1.1 1.1.1.2 1.1.1.3 ::1": "1.1.1.1 ::1 1.1.1.2 1.1.1.3",
		"::1 1.1.1.1 ::2":             "::1 1.1.1.1 ::2",
		"::1 ::2":                     "::1 ::2",
	} {
		var all []address
		for _, text := range strings.Fields(in) {
			all = append(all, address{netip.AddrPortFrom(netip.MustParseAddr(text), 80), text})
		}
		interleave(all)
		var got []string
		for _, a := range all {
			got = append(got, a.text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", in, got, want)
		}
	}
}
