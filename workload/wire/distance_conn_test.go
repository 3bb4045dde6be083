package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// distantPipe returns the two ends of a pipe, the first of them at a distance.
func distantPipe(t *testing.T, d Distance) (far *distant, peer net.Conn) {
	t.Helper()
	here, there := net.Pipe()
	far = d.over(here, NewClock()).(*distant)
	far.begin()
	t.Cleanup(func() { _ = far.Close(); _ = there.Close() })
	return far, there
}

// after returns how long f takes.
func after(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

func TestDistantReadIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, peer := distantPipe(t, Distance{RTT: farRTT})
		buf := make([]byte, 10)
		read := func(want int, wantErr error, within time.Duration) {
			t.Helper()
			var n int
			var err error
			if took := after(func() { n, err = far.Read(buf) }); n != want || !errors.Is(err, wantErr) || took != within {
				t.Errorf("%d bytes, %v after %v; want %d, %v after %v", n, err, took, want, wantErr, within)
			}
		}
		deadline := func(d time.Duration) {
			if err := far.SetDeadline(time.Now().Add(d)); err != nil {
				t.Error(err)
			}
		}
		go func() { _, _ = peer.Write([]byte("some")) }()
		deadline(farRTT / 4)
		read(0, os.ErrDeadlineExceeded, farRTT/4)
		read(0, os.ErrDeadlineExceeded, 0)
		go func() { time.Sleep(farRTT / 4); deadline(0) }()
		_ = far.SetDeadline(time.Time{})
		read(0, os.ErrDeadlineExceeded, farRTT/4)
		go func() { time.Sleep(farRTT / 4); _ = far.SetDeadline(time.Unix(1, 0)) }()
		deadline(time.Hour)
		read(0, os.ErrDeadlineExceeded, farRTT/4)
		_ = far.SetDeadline(time.Time{})
		read(4, nil, farRTT/4)
		deadline(-1) // a deadline that has passed comes before data, as with package net
		go func() { _, _ = peer.Write([]byte("more")) }()
		time.Sleep(farRTT)
		read(0, os.ErrDeadlineExceeded, 0)
		deadline(time.Hour)
		read(4, nil, 0)
	})
}

// What an interrupted write left goes when it would have gone without the interruption.
func TestDistantWriteIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, peer := distantPipe(t, Distance{RTT: farRTT, InitialWindow: 1})
		var got []time.Duration
		began := time.Now()
		go func() {
			buf := make([]byte, 10*segmentBytes)
			for {
				if _, err := peer.Read(buf); err != nil {
					return
				}
				got = append(got, time.Since(began))
			}
		}()
		text := make([]byte, 7*segmentBytes)
		_ = far.SetDeadline(time.Now().Add(farRTT + farRTT/2))
		n, err := far.Write(text)
		if n != 3*segmentBytes || !isDeadline(err) || time.Since(began) != farRTT+farRTT/2 {
			t.Errorf("%d written, %v after %v", n, err, time.Since(began))
		}
		_ = far.SetDeadline(time.Time{})
		if m, err := far.Write(text[n:]); n+m != len(text) || err != nil {
			t.Errorf("%d written, %v", m, err)
		}
		synctest.Wait()
		if len(got) != 3 || got[0] != 0 || got[1] != farRTT || got[2] != 2*farRTT {
			t.Errorf("arrived after %v", got)
		}
	})
}

// By what the writing goroutine was woken late, it is assumed to have written late.
func TestDistantMakesUpForLateness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 1_000_000
		far, peer := distantPipe(t, Distance{RTT: farRTT, Up: rate})
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		text := make([]byte, 5*segmentBytes)
		took := after(func() {
			for range 2 {
				_, _ = far.Write(text)
				time.Sleep(time.Millisecond)
				far.up.late = time.Millisecond
			}
			_, _ = far.Write(nil)
			_, _ = far.Write(text)
		})
		// The third write follows one without bytes, which took the lateness with it.
		if want := time.Duration(3*len(text))*8*time.Second/rate + time.Millisecond; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
	})
}

// A peer that reads nothing holds up a write, which has a deadline for that too.
func TestDistantWriteToADeafPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, _ := distantPipe(t, Distance{RTT: farRTT})
		go func() { time.Sleep(time.Second); _ = far.SetDeadline(time.Unix(1, 0)) }()
		var n int
		var err error
		if took := after(func() { n, err = far.Write([]byte("x")) }); n != 0 || !isDeadline(err) || took != time.Second {
			t.Errorf("%d written, %v after %v", n, err, took)
		}
	})
}

// What a peer did not take for a time is not made up for by going faster than the path does.
func TestDistantWriteToASlowPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 1_000_000
		far, peer := distantPipe(t, Distance{RTT: farRTT, Up: rate})
		go func() {
			_, _ = io.ReadFull(peer, make([]byte, segmentBytes))
			time.Sleep(time.Second)
			_, _ = io.Copy(io.Discard, peer)
		}()
		took := after(func() { _, _ = far.Write(make([]byte, 10*segmentBytes)) })
		// The second segment is what it did not take, the third had left.
		if want := 8*segmentBytes*8*time.Second/rate + time.Second; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
	})
}

func TestDistantClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, peer := distantPipe(t, Distance{RTT: farRTT, InitialWindow: 1})
		var ends sync.WaitGroup
		ends.Go(func() { _, _ = io.Copy(io.Discard, peer) })
		for _, op := range []func([]byte) (int, error){far.Read, far.Write} {
			ends.Go(func() {
				if _, err := op(make([]byte, 1<<20)); !errors.Is(err, net.ErrClosed) {
					t.Errorf("ended with %v", err)
				}
			})
		}
		synctest.Wait()
		if took := after(func() { _ = far.Close(); ends.Wait() }); took != 0 {
			t.Errorf("closing took %v", took)
		}
		if far.peek() != peerClosed {
			t.Error("it is open")
		}
		if _, err := far.Read(nil); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if err := far.SetDeadline(time.Now()); err == nil {
			t.Error("a closed connection took a deadline")
		}
	})
}

// Input that nobody asked for is known of when it has come, and behind it the end.
func TestDistantPeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, peer := distantPipe(t, Distance{RTT: farRTT})
		go func() { _, _ = peer.Write([]byte("unasked")); time.Sleep(farRTT / 2); _ = peer.Close() }()
		s := &sock{raw: far}
		for _, tc := range []struct {
			after           time.Duration
			plain, withData peerState
		}{{farRTT - 1, peerQuiet, peerQuiet}, {1, peerSpoke, peerQuiet}, {farRTT/2 - 1, peerSpoke, peerQuiet}, {1, peerClosed, peerClosed}} {
			time.Sleep(tc.after)
			var check idleCheck
			if got := check.state(s, false); got != tc.plain {
				t.Errorf("%v later: state %v, want %v", tc.after, got, tc.plain)
			}
			if got := check.state(s, true); got != tc.withData {
				t.Errorf("%v later, with data allowed: state %v, want %v", tc.after, got, tc.withData)
			}
		}
		if text, err := io.ReadAll(far); string(text) != "unasked" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	})
}

// The end is behind all data, on a narrow path too.
func TestDistantPeekOnANarrowPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 1_000_000
		far, peer := distantPipe(t, Distance{RTT: farRTT, Down: rate})
		go func() { _, _ = peer.Write(make([]byte, 10*segmentBytes)); _ = peer.Close() }()
		segment := segmentBytes * 8 * time.Second / rate
		time.Sleep(farRTT + 10*segment - 1)
		if got := far.peek(); got != peerSpoke {
			t.Errorf("state %v before the end", got)
		}
		time.Sleep(time.Nanosecond)
		if got := far.peek(); got != peerClosed {
			t.Errorf("state %v at the end", got)
		}
	})
}

// A connection whose bytes nobody takes holds so many and no more, and can be closed.
func TestDistantMemory(t *testing.T) {
	for _, closed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			far, peer := distantPipe(t, Distance{RTT: farRTT, Down: 10_000_000})
			text := make([]byte, 10<<20)
			var written int
			go func() { written, _ = peer.Write(text) }()
			time.Sleep(time.Minute)
			far.mu.Lock()
			held := int64(far.down.data.Len())
			far.mu.Unlock()
			if most := 2*far.down.most + arrivalStep; held < 2*far.down.most || held > most {
				t.Errorf("%d bytes held, at most %d", held, most)
			}
			if closed {
				if err := far.Close(); err != nil {
					t.Error(err)
				}
				return
			}
			if n, err := io.ReadFull(far, make([]byte, len(text))); n != len(text) || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			synctest.Wait()
			if written != len(text) {
				t.Errorf("%d bytes written", written)
			}
		})
	}
}

// A large body comes at the full rate although not all of it is held at a time.
func TestDistantRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 80_000_000
		far, peer := distantPipe(t, Distance{RTT: farRTT, Down: rate, InitialWindow: 1000})
		text := make([]byte, 8<<20)
		go func() { _, _ = peer.Write(text) }()
		took := after(func() { _, _ = io.ReadFull(far, text) })
		if want := farRTT + time.Duration(len(text))*8*time.Second/rate; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
	})
}
