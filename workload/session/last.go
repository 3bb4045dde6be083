package session

import "context"

// MeasureOnce is Measure for a request that is not sent again: nothing is kept of it.
func (s *Session) MeasureOnce(ctx context.Context, p *Prepared, call *Call) { s.Measure(ctx, p, call) }
