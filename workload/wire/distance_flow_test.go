package wire

import (
	"math"
	"math/bits"
	"testing"
	"time"
)

// A window that is not made use of does not grow, whatever was in flight in times past.
func TestUnusedWindow(t *testing.T) {
	f := newFlow(farRTT, 0, 10)
	use := func(now time.Duration, bytes int64, want int64) {
		t.Helper()
		for left := bytes; left > 0; {
			n, at := f.send(now, left)
			left, now = left-n, max(now, at)
		}
		f.settle(now + farRTT)
		if f.window != want {
			t.Errorf("at %v: window of %d bytes, want %d", now, f.window, want)
		}
	}
	use(0, 5_000, f.first)
	use(time.Second, 10_000, 20_000)
	use(2*time.Second, 10_000, 20_000) // back to the first one, and up again
	use(3*time.Second, 5_000, f.first)
	use(3*time.Second+farRTT, 7*f.first, 8*f.first)
	use(time.Minute, 5_000, f.first)
	use(time.Minute+farRTT, 5_000, f.first)
	use(time.Minute+2*farRTT, 5_000, f.first)
}

// FuzzFlow holds what is true of any sender with a window.
func FuzzFlow(f *testing.F) {
	f.Add(uint32(40_000_000), uint32(0), uint16(10), []byte{1, 2, 3, 200, 0, 255})
	f.Add(uint32(1), uint32(1000), uint16(1), []byte{255, 255, 255, 255, 9, 9})
	f.Add(uint32(math.MaxUint32), uint32(math.MaxUint32), uint16(1000), []byte{7, 0, 0, 255, 128})
	f.Fuzz(func(t *testing.T, rtt, rate uint32, window uint16, script []byte) {
		d := Distance{RTT: time.Duration(rtt) + 1, Down: int64(rate), InitialWindow: int(window%1000) + 1}
		if d.Down < MinBitRate {
			d.Down = 0
		}
		flow := newFlow(d.RTT, d.Down, d.InitialWindow)
		var now, before time.Duration
		for len(script) >= 2 {
			now += time.Duration(script[0]) * d.RTT / 64
			left := int64(1) << min(bits.Len8(script[1])*2, 20)
			script = script[2:]
			for left > 0 {
				n, at := flow.send(now, left)
				if n <= 0 || n > left || at < now || at < before {
					t.Fatalf("%d of %d bytes leave at %v, now %v, last %v", n, left, at, now, before)
				}
				if flow.flight > flow.window || flow.window < flow.first || flow.window > flow.most || flow.sent != flow.acked+flow.flight {
					t.Fatalf("%+v", flow)
				}
				left, before = left-n, at
			}
		}
	})
}
