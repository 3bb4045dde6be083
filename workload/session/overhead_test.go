package session

import (
	"context"
	"testing"

	"sessbench/workload/wire"
)

// An instant is a Transport that answers at once.
type instant struct{}

func (*instant) Do(_ context.Context, _ *wire.Request, resp *wire.Response, ex *wire.Exchange) {
	*ex = wire.Exchange{Started: 1, Finished: 2, Attempts: 1, Reused: true, Status: 200}
	resp.Status = 200
}

func (*instant) Close() {}

// BenchmarkOverhead is what a session costs beside the exchange, free of the noise of a network.
func BenchmarkOverhead(b *testing.B) {
	for _, c := range []struct {
		name   string
		change func(*Session)
	}{
		{"plain", func(*Session) {}},
		{"cookies", func(s *Session) { _ = s.Jar.Set(Cookie{Name: "sid", Value: "1"}) }},
		{"retries", func(s *Session) { _ = s.Mount("http://", Adapter{Transport: new(instant), Retries: Retries(3)}) }},
		{"total timeout", func(s *Session) { s.Timeout = &Timeout{Total: 1e9} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := NewWith(Settings{Follow: FollowNever})
			if err := s.Mount("http://", Adapter{Transport: new(instant)}); err != nil {
				b.Fatal(err)
			}
			c.change(s)
			p, err := s.Prepare(&Request{URL: "http://a.test/"})
			if err != nil {
				b.Fatal(err)
			}
			var call Call
			b.ReportAllocs()
			for b.Loop() {
				s.Measure(context.Background(), p, &call)
			}
		})
	}
}
