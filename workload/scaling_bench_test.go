package workload

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"sessbench/stats"
	"sessbench/workload/wire"
)

// An echo is a connection to nobody: every write is answered by the same bytes, at once and at no cost.
type echo struct {
	net.Conn // nil: what is not defined here is not asked
	answer   []byte
	left     []byte
}

func (e *echo) Write(b []byte) (int, error) { e.left = e.answer; return len(b), nil }
func (e *echo) Read(b []byte) (int, error) {
	n := copy(b, e.left)
	e.left = e.left[n:]
	return n, nil
}
func (e *echo) Close() error                     { return nil }
func (e *echo) SetDeadline(time.Time) error      { return nil }
func (e *echo) SetReadDeadline(time.Time) error  { return nil }
func (e *echo) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkScaling is how the worker loop, from pacer to recorder, fares on several processors where neither a server nor a system
// call is in its way: run it with -cpu 1,2,4. What it costs a request in all must not grow with the processors; a lock or a line
// of cache that all workers want would show.
func BenchmarkScaling(b *testing.B) {
	for _, policy := range []string{"pooled", "shared-pool", "fresh"} {
		b.Run(policy, func(b *testing.B) {
			const workers = 32
			r, err := NewRunner(&Plan{
				Target: "http://127.0.0.1:1/",
				Arms:   []Arm{{Name: policy, Policy: policy}},
				Mix:    []Operation{{Name: "get", Method: "GET", URL: "/"}},
				Load:   Load{Workers: workers, Requests: 1, Blocks: 1},
			}, Options{UserAgent: "test"})
			if err != nil {
				b.Fatal(err)
			}
			r.clock = wire.NewClock()
			defer r.close()
			for _, a := range r.arms {
				a.setup.wire.Dial = func(context.Context, string) (net.Conn, error) {
					return &echo{answer: []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")}, nil
				}
			}
			if err := r.open(); err != nil {
				b.Fatal(err)
			}
			to := &recording{calls: stats.NewRecorder(r.setup.program.recorded, 0, runtime.GOMAXPROCS(0))}
			b.ReportAllocs()
			b.ResetTimer()
			var group sync.WaitGroup
			for _, w := range r.arms[0].workers {
				group.Go(func() {
					if err := w.run(b.Context(), newClosedCount(int64(b.N/workers+1), nil), to); err != nil {
						b.Error(err)
					}
				})
			}
			group.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())*float64(runtime.GOMAXPROCS(0))/float64(b.N), "processor-ns/op")
			var trial stats.Trial
			to.calls.Trial(&trial)
			if total := trial.Total(); total.Errors > 0 || total.Requests < int64(b.N) {
				b.Fatal(fmt.Errorf("%d calls of %d, %v", total.Requests, b.N, total.Classes))
			}
		})
	}
}
