package feed

import "sync/atomic"

// A Cursor gives rows of a table in turn, to any goroutine. Each arm has one of its own, so that all get the same.
type Cursor struct {
	rows int64
	wrap bool
	next atomic.Int64
}

// NewCursor returns a cursor before the first row; wrap says that the first one follows the last.
func NewCursor(t *Table, wrap bool) *Cursor { return &Cursor{rows: int64(t.Rows()), wrap: wrap} }

// Next returns the next row, or false after the last. No row is given twice before all were given.
func (c *Cursor) Next() (row int, ok bool) { return c.At(c.next.Add(1) - 1) }

// At returns the n-th row, from 0, of a table that may begin again, or false where there is none. It does not move
// the cursor.
func (c *Cursor) At(n int64) (row int, ok bool) {
	switch {
	case 0 <= n && n < c.rows:
		return int(n), true
	case n < 0 || !c.wrap:
		return 0, false
	}
	return int(n % c.rows), true
}
