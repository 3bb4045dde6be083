package session

import "context"

// MeasureOnce is Measure for a request that is not sent again: nothing is kept of it.
func (s *Session) MeasureOnce(ctx context.Context, p *Prepared, call *Call) { s.Measure(ctx, p, call) }

// Last is the last response of a call.
type Last struct{}

// Last returns the last response of the last call.
func (s *Session) Last() *Last { return nil }

func (l *Last) Status() int                          { return 0 }
func (l *Last) Header(name string) (string, bool)    { return "", false }
func (l *Last) EachHeader(each func(name, v string)) {}
func (l *Last) Cookie(name string) (string, bool)    { return "", false }
func (l *Last) Body() ([]byte, error)                { return nil, nil }
func (l *Last) Size() int64                          { return 0 }
