package workload

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestSources(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "[]",
		"127.0.0.1":                       "[127.0.0.1]",
		"::1,127.0.0.1":                   "[::1 127.0.0.1]",
		"10.0.0.254-10.0.1.1":             "[10.0.0.254 10.0.0.255 10.0.1.0 10.0.1.1]",
		"10.0.0.0/30":                     "[10.0.0.1 10.0.0.2]",
		"10.0.0.5/30":                     "[10.0.0.5 10.0.0.6]",
		"10.0.0.4/31":                     "[10.0.0.4 10.0.0.5]",
		"10.0.0.4/32":                     "[10.0.0.4]",
		"fd00::/126":                      "[fd00::1 fd00::2 fd00::3]",
		"fe80::1%lo":                      "[fe80::1%lo]",
		"10.0.0.9-10.0.0.1":               `has the range "10.0.0.9-10.0.0.1", whose end does not come after its beginning; write it as in 10.0.0.1-10.0.0.9`,
		"10.0.0.9-::1":                    `has the range "10.0.0.9-::1", with an IPv4 and an IPv6 end; write one of each family, as in 10.0.0.1-10.0.0.9,fd00::1-fd00::9`,
		"h.example":                       `has "h.example"; write an address, a range as in 10.0.0.1-10.0.0.9, or a prefix as in 10.0.0.0/28`,
		"10.0.0.1-":                       `has "10.0.0.1-"; write an address, a range as in 10.0.0.1-10.0.0.9, or a prefix as in 10.0.0.0/28`,
		"0.0.0.0":                         `has "0.0.0.0", which is no address of this machine; name addresses that it has`,
		"224.0.0.1":                       `has "224.0.0.1", which is no address of this machine; name addresses that it has`,
		"127.0.0.1,127.0.0.0/29":          "has 127.0.0.1 twice; leave it out once",
		"10.0.0.0/8":                      "stands for more than 4096 addresses; name fewer",
		"255.255.255.254-255.255.255.255": "[255.255.255.254 255.255.255.255]",
		"ffff::-ffff:ffff:ffff:ffff::":    `has "ffff::-ffff:ffff:ffff:ffff::", which is no address of this machine; name addresses that it has`,
	} {
		var list []string
		if text != "" {
			list = strings.Split(text, ",")
		}
		addrs, err := ParseSources(list)
		got := fmt.Sprint(addrs)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func FuzzParseSources(f *testing.F) {
	for _, text := range []string{"10.0.0.0/30", "::1-::5", "fd00::/120", "255.255.255.255", "fe80::1%lo-fe80::2%lo", "::ffff:1.2.3.4-::ffff:1.2.3.9"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		addrs, err := ParseSources([]string{text})
		if err != nil {
			return
		}
		seen := map[netip.Addr]bool{}
		for _, a := range addrs {
			if !a.IsValid() || seen[a] {
				t.Errorf("%q: %v", text, addrs)
			}
			seen[a] = true
		}
		if len(addrs) == 0 || len(addrs) > maxSources {
			t.Errorf("%q: %d addresses", text, len(addrs))
		}
	})
}

func TestUnits(t *testing.T) {
	for text, want := range map[string]int{"1": 1, "64k": 65536, "4M": 4 << 20, "0.5k": 512} {
		if n, err := ParseBytes(text); err != nil || n != want {
			t.Errorf("%s: %d bytes, %v", text, n, err)
		}
	}
	for text, want := range map[string]int64{"1": 1, "500k": 500e3, "2.5M": 2.5e6, "1G": 1e9} {
		if n, err := ParseBitRate(text); err != nil || n != want {
			t.Errorf("%s: %d bit/s, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "k", "0", "-1", "1.5", "1K", "1 k", "0x10", "1e3", "9999999G", "inf", "1kk"} {
		if n, err := ParseBytes(text); err == nil {
			t.Errorf("%q: %d bytes", text, n)
		}
		if n, err := ParseBitRate(text); err == nil {
			t.Errorf("%q: %d bit/s", text, n)
		}
	}
}
