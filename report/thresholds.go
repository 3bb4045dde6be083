package report

import (
	"io"

	"github.com/olekukonko/tablewriter/tw"

	"sessbench/result"
)

// writeThresholds writes which of the plan's thresholds are met. Why one could not be told stands beneath.
func writeThresholds(w io.Writer, r *result.Result) error {
	if len(r.Thresholds) == 0 {
		return nil
	}
	var rows [][]string
	problems := ""
	for i := range r.Thresholds {
		t := &r.Thresholds[i]
		value, verdict := clean(t.Shown()), "FAIL"
		switch {
		case t.Met:
			verdict = "pass"
		case t.Aborted:
			verdict = "FAIL, ended the run"
		}
		if t.Problem != "" || value == "" {
			value = "-"
		}
		if t.Problem != "" {
			problems += wrap("", "Could not be told: "+clean(t.Condition)+": "+clean(t.Problem), 4)
		}
		rows = append(rows, []string{short(t.Condition, 60), short(value, 16), verdict})
	}
	table, err := drawTable([]string{"Thresholds", "value", ""}, tw.Alignment{tw.AlignLeft, tw.AlignRight, tw.AlignLeft}, rows)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n"+cutLines(table)+problems)
	return err
}
