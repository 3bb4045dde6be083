// Package precise is a stand-in.
package precise

import (
	"context"
	"time"
)

func SleepUntil(ctx context.Context, t time.Time) error { time.Sleep(time.Until(t)); return ctx.Err() }
