//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
)

// A workload is what all contestants of a table do.
type workload struct {
	name, title string
	pooled      bool
	url         func(n *nginx, address string) string // nil: the pacing workload, which has its own server
}

// workloads are in the order in which they run: the one that leaves most ports in TIME_WAIT
// is the last.
func workloads() []workload {
	return []workload{
		{"pooled-http", "Pooled, http", true, plainURL},
		{"pooled-https", "Pooled, https", true, tlsURL},
		{"pacing", "Pacing: open model", true, nil},
		{"fresh-https", "Fresh, https, server offers session tickets", false, tlsURL},
		{"fresh-https-full", "Fresh, https, server offers no resumption", false, fullTLSURL},
		{"fresh-http", "Fresh, http", false, plainURL},
	}
}

func plainURL(n *nginx, address string) string { return fmt.Sprintf("http://%s:%d/", address, n.HTTP) }
func tlsURL(n *nginx, address string) string   { return fmt.Sprintf("https://%s:%d/", address, n.HTTPS) }
func fullTLSURL(n *nginx, address string) string {
	return fmt.Sprintf("https://%s:%d/", address, n.HTTPSFull)
}

// drawOrder is the order of n contestants in one round: the same for the same seed,
// workload and round, and drawn anew for each.
func drawOrder(n int, seed uint64, workload string, round int) []int {
	stream := uint64(round)
	for _, b := range []byte(workload) {
		stream = stream*131 + uint64(b)
	}
	return rand.New(rand.NewPCG(seed, stream)).Perm(n)
}
