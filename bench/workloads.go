//go:build linux

package main

import "math/rand/v2"

// A workload is what all contestants of a table do.
type workload struct {
	name, title string
	pooled      bool
	url         func(*nginx) string // nil: the pacing workload, which has its own server
}

func workloads() []workload {
	return []workload{
		{"pooled-http", "Pooled, http", true, func(n *nginx) string { return n.HTTP }},
		{"fresh-http", "Fresh, http", false, func(n *nginx) string { return n.HTTP }},
		{"pooled-https", "Pooled, https", true, func(n *nginx) string { return n.HTTPS }},
		{"fresh-https", "Fresh, https, server offers session tickets", false, func(n *nginx) string { return n.HTTPS }},
		{"fresh-https-full", "Fresh, https, server offers no resumption", false, func(n *nginx) string { return n.HTTPSFull }},
		{"pacing", "Pacing: open model", true, nil},
	}
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
