//go:build linux

// Command refclient is the least that a load generator written in Go can be: a bare
// HTTP client in a loop (fasthttp's or net/http's), or a sender that keeps an arrival
// rate by spinning. The benchmarks use it as points of reference.
//
// It prints one JSON object: requests, errors and, when spinning, latency and lag.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

// A job is what the flags ask for.
type job struct {
	url    string
	conns  int
	length time.Duration
	pooled bool
	rate   int // requests per second; used by spin only
}

// A report is what refclient prints. Times are seconds.
type report struct {
	Requests int64      `json:"requests"`
	Errors   int64      `json:"errors"`
	Latency  *quantiles `json:"latency,omitempty"`
	Lag      *quantiles `json:"lag,omitempty"`
}

type quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

func main() {
	var j job
	client := flag.String("client", "fasthttp", "fasthttp, net/http or spin")
	flag.IntVar(&j.conns, "c", 32, "workers, each with one request in flight")
	flag.DurationVar(&j.length, "d", time.Second, "how long to send")
	flag.BoolVar(&j.pooled, "pooled", true, "keep connections")
	flag.IntVar(&j.rate, "rate", 1000, "requests per second (spin)")
	flag.Parse()
	j.url = flag.Arg(0)

	r, err := carryOut(*client, j)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "refclient:", err)
		os.Exit(1)
	}
}

func carryOut(client string, j job) (report, error) {
	if j.url == "" || j.conns < 1 || j.rate < 1 {
		return report{}, fmt.Errorf("need a URL, and -c and -rate above zero")
	}
	switch client {
	case "fasthttp":
		return closedLoop(j, fasthttpWorker(j)), nil
	case "net/http":
		return closedLoop(j, stdWorker(j)), nil
	case "spin":
		return spin(j)
	}
	return report{}, fmt.Errorf("no client %q", client)
}
