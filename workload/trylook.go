package workload

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"sessbench/result"
	"sessbench/workload/session"
)

// look checks a response and takes values from it.
func (t *tried) look(s *step, resp *session.Response, o *result.TracedOperation) {
	o.Unexpected = !s.expect.met(resp.Status)
	t.scope.Look(&whole{resp, time.Duration(o.Elapsed * float64(time.Second))})
	defer func() { t.scope.Look(nil) }()
	for i, c := range s.checks {
		passed, err := c.Holds(t.scope)
		check := result.TracedCheck{Name: c.name, Expr: s.plan.Check[i].Expr, Passed: passed && err == nil}
		if err != nil {
			check.Problem = err.Error()
		}
		o.Checks = append(o.Checks, check)
	}
	for i, x := range s.extractors {
		value := result.TracedValue{Name: s.extracted[i], From: s.plan.Extract[i].origin()}
		if err := x.Take(t.scope); err != nil {
			value.Problem = err.Error()
		} else {
			t.scope.Each(func(name string, v any) {
				if name == value.Name {
					value.Value = shownValue(v)
				}
			})
		}
		o.Extracted = append(o.Extracted, value)
	}
}

// origin says what a value is taken from: "json items.0.id".
func (x *Extraction) origin() string { return x.source() + " " + x.place() }

// place is where in its source a value is.
func (x *Extraction) place() string { return cmp.Or(x.JSON, x.Regexp, x.Header, x.Cookie, x.Form) }

// shownValue is a text as it is, and all else as JSON, which it came from.
func shownValue(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// notedRows are rows that write down what was read of them.
type notedRows struct {
	*rows
	noted []result.TracedRow // since a step began
	ended string             // the feed that had no further row last
}

// Value is script.FeedReader's.
func (n *notedRows) Value(feed, column int) (string, error) {
	text, err := n.rows.Value(feed, column)
	c := n.cursors[feed]
	if err != nil {
		n.ended = c.name
		return text, err
	}
	row := n.note(c.name, n.current[feed]+1)
	row.Columns[c.table.Columns()[column]] = text
	return text, nil
}

func (n *notedRows) note(feed string, row int) *result.TracedRow {
	for i := range n.noted {
		if n.noted[i].Feed == feed {
			return &n.noted[i]
		}
	}
	n.noted = append(n.noted, result.TracedRow{Feed: feed, Row: row, Columns: map[string]string{}})
	return &n.noted[len(n.noted)-1]
}

// A whole response is one that was kept, as checks and extractions see it.
type whole struct {
	*session.Response
	duration time.Duration
}

func (w *whole) Status() int             { return w.Response.Status }
func (w *whole) Duration() time.Duration { return w.duration }
func (w *whole) Size() int64             { return w.CodedSize() }
func (w *whole) Body() ([]byte, error)   { return w.Bytes() }

func (w *whole) Header(name string) (value string, ok bool) {
	for _, line := range w.Response.Header {
		if strings.EqualFold(line.Name, name) {
			return line.Value, true
		}
	}
	return "", false
}

func (w *whole) EachHeader(each func(name, value string)) {
	for _, line := range w.Response.Header {
		each(line.Name, line.Value)
	}
}

func (w *whole) Cookie(name string) (value string, ok bool) {
	for _, c := range w.Cookies {
		if c.Name == name {
			return c.Value, true
		}
	}
	return "", false
}
