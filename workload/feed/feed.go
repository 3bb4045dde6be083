// Package feed holds tables of values for requests, and says whose row is which. Tables are read once and shared by
// all workers.
package feed

// A Table is rows of texts, in one piece of memory. It is not changed once it was read; any goroutine may use it.
type Table struct {
	columns []string
	text    string   // all values, row by row
	ends    []uint32 // where each of them ends in text
}

// Columns returns the names of the columns; they are not to be changed.
func (t *Table) Columns() []string { return t.columns }

// Rows returns how many rows there are, at least 1.
func (t *Table) Rows() int { return len(t.ends) / len(t.columns) }

// Text returns what stands in a row and a column, both from 0. It allocates nothing; the text keeps the whole table in memory. It
// panics where there is no such row or column.
func (t *Table) Text(row, column int) string {
	_ = t.columns[column] // or it would be one of another row
	n := row*len(t.columns) + column
	from := uint32(0)
	if n > 0 {
		from = t.ends[n-1]
	}
	return t.text[from:t.ends[n]]
}
