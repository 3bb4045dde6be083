// Package feed holds tables of values for requests, and says whose row is which. Tables are read once and shared by
// all workers.
package feed

// A Table is rows of texts, in one piece of memory. It is not changed once it was read; any goroutine may use it.
type Table struct{}

// ReadCSV reads a file whose first row names the columns (RFC 4180). The error names the line that is wrong.
func ReadCSV(path string) (*Table, error) { panic("not yet") }

// ReadJSONL reads a file with a JSON object in each line. The first one's members, in its order, are the columns; a value that is
// no text is taken as it is written. The error names the line that is wrong.
func ReadJSONL(path string) (*Table, error) { panic("not yet") }

// Columns returns the names of the columns; they are not to be changed.
func (t *Table) Columns() []string { panic("not yet") }

// Rows returns how many rows there are, at least 1.
func (t *Table) Rows() int { panic("not yet") }

// Text returns what stands in a row and a column, both from 0.
func (t *Table) Text(row, column int) string { panic("not yet") }

// A Cursor gives rows of a table in turn, to any goroutine. Each arm has one of its own, so that all get the same.
type Cursor struct{}

// NewCursor returns a cursor before the first row; wrap says that the first one follows the last.
func NewCursor(t *Table, wrap bool) *Cursor { panic("not yet") }

// Next returns the next row, or false after the last.
func (c *Cursor) Next() (row int, ok bool) { panic("not yet") }

// At returns the n-th row, from 0, of a table that may begin again, or false where there is none.
func (c *Cursor) At(n int64) (row int, ok bool) { panic("not yet") }
