//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// A use is what becomes of a connection in a workload.
type use int

const (
	usePooled  use = iota
	useFresh       // a new connection for every request, with a full TLS handshake
	useResumed     // a new connection for every request, with a resumed TLS session
)

// A workload is what all contestants of a table do.
type workload struct {
	name, title string
	use         use
	streams     int                                   // HTTP/2 with so many on each connection; 0: HTTP/1.1
	url         func(n *nginx, address string) string // nil: open model, on a server that notes arrivals

	rate int // of an accuracy workload, in which that server holds its answers; 0: none
}

// accuracyRates are requests per second.
var accuracyRates = []int{100, 1000, 5000, 20_000}

const (
	// accuracyWorkers is how many requests can be under way: at the highest rate some fifty are.
	accuracyWorkers = 256
	// accuracyRequests are the least that say something about the 99.9th percentile.
	accuracyRequests = 2000
)

// length is how long a run lasts where the others last for d.
func (w workload) length(d time.Duration) time.Duration {
	if w.rate == 0 {
		return d
	}
	return max(d, time.Duration(accuracyRequests)*time.Second/time.Duration(w.rate))
}

// Of HTTP/2 there are few connections, each of which carries many requests.
const (
	http2Connections = 8
	http2Streams     = 32
)

// connections is how many a workload keeps, or has at a time, where the others have n.
func (w workload) connections(n int) int {
	switch {
	case w.streams > 0:
		return http2Connections
	case w.rate > 0:
		return accuracyWorkers
	}
	return n
}

// workloads are in the order in which they run: the one that leaves most ports in TIME_WAIT
// is the last.
func workloads() []workload {
	list := []workload{
		{name: "pooled-http", title: "Pooled, http", url: plainURL},
		{name: "pooled-https", title: "Pooled, https", url: tlsURL},
		{name: "pooled-http2", title: fmt.Sprintf("HTTP/2, %d connections × %d streams", http2Connections, http2Streams), streams: http2Streams, url: http2URL},
		{name: "pacing", title: "Pacing: open model"},
	}
	for _, rate := range accuracyRates {
		list = append(list, workload{name: fmt.Sprintf("accuracy-%d", rate), title: fmt.Sprintf("Accuracy at %d requests/s", rate), rate: rate})
	}
	return append(list, []workload{
		{name: "resumed-https", title: "Fresh, https, TLS sessions resumed", use: useResumed, url: tlsURL},
		{name: "fresh-https", title: "Fresh, https, full handshakes", use: useFresh, url: fullTLSURL},
		{name: "fresh-http", title: "Fresh, http", use: useFresh, url: plainURL},
	}...)
}

func plainURL(n *nginx, address string) string { return fmt.Sprintf("http://%s:%d/", address, n.HTTP) }
func tlsURL(n *nginx, address string) string   { return fmt.Sprintf("https://%s:%d/", address, n.HTTPS) }
func http2URL(n *nginx, address string) string {
	return fmt.Sprintf("https://%s:%d/", address, n.HTTP2)
}
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
