package report

import (
	"io"

	"github.com/olekukonko/tablewriter/tw"

	"sessbench/result"
)

// A groupTable has a row for each part of the load, and for each arm a group of columns side by side.
type groupTable struct {
	title string
	arms  []string   // names, the baseline's first
	heads []string   // of a group's columns; the arm's name stands above the first
	rows  []groupRow // at least one
	note  string     // beneath; "": none
}

// A groupRow is one part: for each arm, a cell for each column.
type groupRow struct {
	label string
	cells [][]string
}

// newGroupTable starts a table of all arms.
func newGroupTable(r *result.Result, title string, heads ...string) *groupTable {
	t := &groupTable{title: title, heads: heads}
	for i := range r.Arms {
		t.arms = append(t.arms, short(r.Arms[i].Name, 20))
	}
	return t
}

// write writes the table, and where it is too wide several, as grids are.
func (t *groupTable) write(w io.Writer) error {
	if len(t.rows) == 0 || len(t.arms) == 0 {
		return nil
	}
	if err := inParts(w, len(t.arms), t.render); err != nil || t.note == "" {
		return err
	}
	_, err := io.WriteString(w, wrap("", t.note, 0))
	return err
}

func (t *groupTable) render(chosen []int) (string, error) {
	head, below, align := []string{t.title}, []string{""}, tw.Alignment{tw.AlignLeft}
	for _, arm := range chosen {
		for i, name := range t.heads {
			above := ""
			if i == 0 {
				above = t.arms[arm]
			}
			head, below, align = append(head, above), append(below, name), append(align, tw.AlignRight)
		}
	}
	rows := [][]string{below}
	for _, row := range t.rows {
		cells := []string{row.label}
		for _, arm := range chosen {
			cells = append(cells, row.cells[arm]...)
		}
		rows = append(rows, cells)
	}
	return drawTable(head, align, rows)
}

// inParts writes a table of arms, and where it is too wide several, each with the baseline and as many of the other arms as there is
// room for.
func inParts(w io.Writer, arms int, render func(chosen []int) (string, error)) error {
	for from := 1; from == 1 || from < arms; {
		to := arms
		table, err := render(withBaseline(from, to))
		for err == nil && to > from+1 && tooWide(table) {
			to--
			table, err = render(withBaseline(from, to))
		}
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"+cutLines(table)); err != nil {
			return err
		}
		from = max(to, from+1)
	}
	return nil
}

// withBaseline lists the arms from..to-1 behind the baseline.
func withBaseline(from, to int) []int {
	chosen := []int{0}
	for i := from; i < to; i++ {
		chosen = append(chosen, i)
	}
	return chosen
}
