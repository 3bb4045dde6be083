//go:build !linux

package precise

import (
	"context"
	"time"
)

// An alarm has nothing to hold here.
type alarm struct{}

func (alarm) close() {}

func (alarm) until(ctx context.Context, t time.Time) error { return yieldUntil(ctx, t) }
