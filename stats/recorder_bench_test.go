package stats

import (
	"sync/atomic"
	"testing"
	"time"
)

// benchSamples are samples whose times vary over a realistic range, so that the
// histograms' cells are not all in one cache line.
func benchSamples(fill func(i int, s *Sample)) []Sample {
	samples := make([]Sample, 4096)
	for i := range samples {
		s := &samples[i]
		*s = Sample{Attempts: 1, Status: 200, BytesIn: 600, BytesOut: 150}
		spread := time.Duration(i*i%997) * time.Microsecond
		s.Phases[Send] = 9*time.Microsecond + spread/50
		s.Phases[Wait] = 800*time.Microsecond + spread
		s.Phases[Receive] = 15*time.Microsecond + spread/20
		fill(i, s)
		var service time.Duration
		for _, p := range s.Phases {
			service += p
		}
		s.Started += s.Intended
		s.Finished = s.Started + service
	}
	return samples
}

func pooledSamples() []Sample {
	return benchSamples(func(i int, s *Sample) {
		s.Reused = true
		s.Intended = time.Duration(i) * 250 * time.Microsecond
	})
}

func freshSamples() []Sample {
	return benchSamples(func(i int, s *Sample) {
		spread := time.Duration(i*i%991) * time.Microsecond
		s.Phases[Connect] = 200*time.Microsecond + spread/10
		s.Phases[TLS] = 900*time.Microsecond + spread/2
		s.Intended = time.Duration(i) * 250 * time.Microsecond
	})
}

func openSamples() []Sample {
	return benchSamples(func(i int, s *Sample) {
		s.Reused = true
		s.Intended = time.Duration(i) * 250 * time.Microsecond
		s.Started = 60*time.Microsecond + time.Duration(i%89)*time.Microsecond
	})
}

func BenchmarkRecord(b *testing.B) {
	for _, c := range []struct {
		name    string
		samples []Sample
	}{
		{"pooled_closed", pooledSamples()},
		{"fresh_closed", freshSamples()},
		{"pooled_open", openSamples()},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := NewRecorder([]string{"get"}, 0, 4)
			for i := range c.samples {
				r.Record(0, &c.samples[i])
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				r.Record(0, &c.samples[i%len(c.samples)])
			}
		})
	}
}

func BenchmarkRecordParallel(b *testing.B) {
	samples := pooledSamples()
	r := NewRecorder([]string{"get"}, 0, 4)
	var workers atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		worker := int(workers.Add(1))
		for i := worker * 512; pb.Next(); i++ {
			r.Record(worker, &samples[i%len(samples)])
		}
	})
}

func BenchmarkTrial(b *testing.B) {
	samples := freshSamples()
	r := NewRecorder([]string{"get"}, 0, 4)
	for i := range samples {
		r.Record(i, &samples[i])
	}
	b.ReportAllocs()
	for b.Loop() {
		var trial Trial
		r.Trial(&trial)
	}
}
