package wire

import (
	"math"
	"time"
)

// never is an instant that does not come.
const never time.Duration = math.MaxInt64

// A bell wakes one goroutine. Struck while nobody waits, it ends the next wait.
type bell struct {
	struck chan struct{}
	timer  *time.Timer
	fine   *fineTimer // in its place; or nil
}

func newBell() bell {
	timer := time.NewTimer(never)
	timer.Stop()
	return bell{struck: make(chan struct{}, 1), timer: timer}
}

func (b *bell) strike() {
	select {
	case b.struck <- struct{}{}:
	default:
	}
	if b.fine != nil {
		b.fine.interrupt()
	}
}

// close is called when the bell is no longer of use. It ends a wait.
func (b *bell) close() {
	b.strike()
	if b.fine != nil {
		b.fine.close()
	}
}

// wait returns when the bell is struck, or at an instant; it may return early.
func (b *bell) wait(until, now time.Duration) {
	if until == never {
		<-b.struck
		return
	}
	if b.fine != nil {
		b.fine.wait(until-now, b.struck)
		return
	}
	b.timer.Reset(until - now)
	select {
	case <-b.struck:
		b.timer.Stop()
	case <-b.timer.C:
	}
}
