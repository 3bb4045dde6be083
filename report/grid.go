package report

import (
	"bytes"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// A grid is a table with a row for each measurement and the arms side by side.
type grid struct {
	title string
	arms  []string // column heads, the baseline's first
	notes string   // head of the second column that each arm but the baseline has; "": none
	rows  []gridRow
}

// A gridRow is one measurement: a value for each arm and, where the grid has
// them, a note for each.
type gridRow struct {
	label  string
	values []string
	notes  []string
}

func (g *grid) add(label string, values []string) {
	g.rows = append(g.rows, gridRow{label: label, values: values})
}

func (g *grid) addNoted(label string, values, notes []string) {
	g.rows = append(g.rows, gridRow{label, values, notes})
}

// write writes the grid, and where it is too wide several, each with the
// baseline and as many of the other arms as there is room for.
func (g *grid) write(w io.Writer) error {
	if len(g.rows) == 0 || len(g.arms) == 0 {
		return nil
	}
	return inParts(w, len(g.arms), g.render)
}

// render gives the table of some arms.
func (g *grid) render(chosen []int) (string, error) {
	align := tw.Alignment{tw.AlignLeft}
	head := []string{g.title}
	for _, i := range chosen {
		head, align = append(head, g.arms[i]), append(align, tw.AlignRight)
		if g.hasNote(i) {
			head, align = append(head, g.notes), append(align, tw.AlignLeft)
		}
	}
	var rows [][]string
	for _, row := range g.rows {
		cells := []string{row.label}
		for _, i := range chosen {
			cells = append(cells, row.values[i])
			if g.hasNote(i) {
				cells = append(cells, noteOf(row, i))
			}
		}
		rows = append(rows, cells)
	}
	return drawTable(head, align, rows)
}

func (g *grid) hasNote(arm int) bool { return arm > 0 && g.notes != "" }

func noteOf(row gridRow, arm int) string {
	if arm < len(row.notes) {
		return row.notes[arm]
	}
	return ""
}

// drawTable draws without borders and leaves the words as they are.
func drawTable(head []string, align tw.Alignment, rows [][]string) (string, error) {
	var buf bytes.Buffer
	cell := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{PerColumn: align},
		Padding:    tw.CellPadding{Global: tw.Padding{Right: "  ", Overwrite: true}},
	}
	table := tablewriter.NewTable(&buf,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderConfig(cell),
		tablewriter.WithRowConfig(cell),
	)
	table.Header(head)
	if err := table.Bulk(rows); err != nil {
		return "", err
	}
	if err := table.Render(); err != nil {
		return "", err
	}
	return trimLines(buf.String()), nil
}

func trimLines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

func tooWide(s string) bool {
	for line := range strings.Lines(s) {
		if twwidth.Width(strings.TrimSuffix(line, "\n")) > width {
			return true
		}
	}
	return false
}

// cutLines is the last resort for a table whose narrowest form is too wide.
func cutLines(s string) string {
	if !tooWide(s) {
		return s
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if twwidth.Width(line) > width {
			line = twwidth.Truncate(line, width-1) + "…"
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
