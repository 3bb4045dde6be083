//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A lane is one connection of the spinning sender. The sender writes requests and
// sent; its reader takes answers and appends latencies.
type lane struct {
	conn      net.Conn
	sent      atomic.Int64 // nanoseconds since the start of the run, of the request in flight
	answered  atomic.Int64
	latencies []float64 // seconds; the reader's until it has ended
}

// spin sends j.rate requests per second, one to each connection in turn, from a loop
// that watches the clock and never sleeps. An answer that takes longer than a round of
// all connections has its latency measured too short; on loopback that is 32 ms.
func spin(j job) (report, error) {
	u, err := url.Parse(j.url)
	if err != nil {
		return report{}, err
	}
	lanes, err := connect(u.Host, j.conns)
	if err != nil {
		return report{}, err
	}
	total := int(math.Round(float64(j.rate) * j.length.Seconds()))
	begin := time.Now().Add(10 * time.Millisecond)
	var readers sync.WaitGroup
	for _, l := range lanes {
		readers.Go(func() { l.read(begin) })
	}
	lags, sendErr := sendAll(lanes, u.Host, begin, j.rate, total)
	awaitAnswers(lanes, len(lags))
	for _, l := range lanes {
		l.conn.Close()
	}
	readers.Wait()
	var latencies []float64
	for _, l := range lanes {
		latencies = append(latencies, l.latencies...)
	}
	r := report{
		Requests: int64(total), Errors: int64(total - len(latencies)),
		Latency: quantilesOf(latencies), Lag: quantilesOf(lags),
	}
	return r, sendErr
}

func connect(host string, n int) ([]*lane, error) {
	lanes := make([]*lane, n)
	for i := range lanes {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			return nil, err
		}
		lanes[i] = &lane{conn: conn}
	}
	return lanes, nil
}

// sendAll writes every request when it falls due and returns how late each was, in seconds.
func sendAll(lanes []*lane, host string, begin time.Time, rate, total int) ([]float64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	request := fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host)
	lags := make([]float64, 0, total)
	for i := range total {
		due := time.Duration(int64(i) * int64(time.Second) / int64(rate))
		now := time.Since(begin)
		for now < due {
			now = time.Since(begin)
		}
		lags = append(lags, (now - due).Seconds())
		l := lanes[i%len(lanes)]
		l.sent.Store(int64(now))
		if _, err := l.conn.Write(request); err != nil {
			return lags, err
		}
	}
	return lags, nil
}

// awaitAnswers returns when that many answers have come, or after two seconds.
func awaitAnswers(lanes []*lane, want int) {
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		var got int64
		for _, l := range lanes {
			got += l.answered.Load()
		}
		if got >= int64(want) {
			return
		}
	}
}

// read takes answers until the connection ends.
func (l *lane) read(begin time.Time) {
	buf := make([]byte, 4096)
	for {
		n, err := l.conn.Read(buf)
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				l.conn.Close()
			}
			return
		}
		// More than one only where the server held them for a whole round of connections.
		for range bytes.Count(buf[:n], []byte("HTTP/1.1 200")) {
			l.answered.Add(1)
			l.latencies = append(l.latencies, (time.Since(begin) - time.Duration(l.sent.Load())).Seconds())
		}
	}
}

// quantilesOf sorts values and takes nearest ranks; nil of none.
func quantilesOf(values []float64) *quantiles {
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	at := func(q float64) float64 {
		return values[max(int(math.Ceil(q*float64(len(values)))), 1)-1]
	}
	return &quantiles{P50: at(0.50), P99: at(0.99)}
}
