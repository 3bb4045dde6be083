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
		value, verdict := thresholdValue(t), "FAIL"
		switch {
		case t.Met:
			verdict = "pass"
		case t.Aborted:
			verdict = "FAIL, ended the run"
		}
		if t.Problem != "" {
			problems += wrap("", "Could not be told: "+clean(t.Condition)+": "+clean(t.Problem), 4)
		}
		rows = append(rows, []string{short(t.Condition, 60), value, verdict})
	}
	table, err := drawTable([]string{"Thresholds", "value", ""}, tw.Alignment{tw.AlignLeft, tw.AlignRight, tw.AlignLeft}, rows)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n"+cutLines(table)+problems)
	return err
}

// thresholdValue writes what was compared, in the unit that suits it.
func thresholdValue(t *result.Threshold) string {
	c, err := result.ParseCondition(t.Condition)
	switch {
	case err != nil || t.Problem != "":
		return "-"
	case c.Unit == "":
		return level(t.Value)
	case c.Unit == "%":
		return percent(t.Value)
	}
	return unitFor(t.Value).show(t.Value)
}
