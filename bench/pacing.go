//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A pace is how well the arrivals of one run kept to an even schedule, as seen by
// the server. Times are seconds.
type pace struct {
	Arrived   int       `json:"arrived"`
	Due       int       `json:"due"`
	Deviation quantiles `json:"deviation"` // distance of an arrival from its slot
	Worst     float64   `json:"worst"`
	Held      quantiles `json:"held"` // from arrival in the kernel to the answer written
}

// An arrivalLog is what cmd/arrivals recorded. Times are nanoseconds.
type arrivalLog struct {
	Arrivals    []int64 `json:"arrivals"` // wall clock, by the kernel, in any order
	Held        []int64 `json:"held"`
	Connections int64   `json:"connections"`
}

// paceOf holds arrivals against a schedule of rate per second whose slots are as far
// apart as they should be and whose beginning is unknown: it is set so that the median
// arrival is on time. A request that never came makes all after it one slot late.
func paceOf(log arrivalLog, rate int, length time.Duration) (pace, error) {
	p := pace{Arrived: len(log.Arrivals), Due: int(math.Round(float64(rate) * length.Seconds()))}
	if len(log.Arrivals) == 0 {
		return p, errors.New("no request arrived")
	}
	arrivals := slices.Sorted(slices.Values(log.Arrivals))
	late := make([]float64, len(arrivals))
	for i, at := range arrivals {
		late[i] = float64(at-arrivals[0])/1e9 - float64(i)/float64(rate)
	}
	offset := summarise(late).Median
	for i := range late {
		late[i] = math.Abs(late[i] - offset)
	}
	slices.Sort(late)
	p.Deviation = quantilesOf(late)
	p.Worst = late[len(late)-1]

	held := make([]float64, len(log.Held))
	for i, ns := range log.Held {
		held[i] = float64(ns) / 1e9
	}
	slices.Sort(held)
	p.Held = quantilesOf(held)
	return p, nil
}

// quantilesOf takes them of sorted values.
func quantilesOf(sorted []float64) quantiles {
	return quantiles{
		P50: quantile(sorted, 0.50), P90: quantile(sorted, 0.90), P99: quantile(sorted, 0.99), P999: quantile(sorted, 0.999),
	}
}

// quantile is the nearest-rank quantile of sorted values; NaN of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// An arrivalServer is a running cmd/arrivals: a fresh one for every run.
type arrivalServer struct {
	URL    string
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout *bufio.Reader
}

// startArrivals starts the server on some CPUs; with hold it answers after a while.
func startArrivals(ctx context.Context, binary, cpus string, hold bool) (*arrivalServer, error) {
	cmd := exec.CommandContext(ctx, "taskset", "-c", cpus, binary, "-hold="+strconv.FormatBool(hold))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &arrivalServer{cmd: cmd, stdin: stdin, stdout: bufio.NewReader(stdout)}
	line, err := s.stdout.ReadString('\n')
	if err != nil {
		_, stopErr := s.stop()
		return nil, fmt.Errorf("arrival server did not start: %w", errors.Join(err, stopErr))
	}
	s.URL = strings.TrimSpace(line)
	return s, nil
}

// stop ends the server and returns what it recorded.
func (s *arrivalServer) stop() (arrivalLog, error) {
	var log arrivalLog
	closeErr := s.stdin.Close() // the sign to stop
	decodeErr := json.NewDecoder(s.stdout).Decode(&log)
	return log, errors.Join(closeErr, decodeErr, s.cmd.Wait())
}
