package feed

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ReadCSV reads a file whose first row names the columns (RFC 4180, in UTF-8 with or without a byte order mark). Lines end with
// LF or CRLF, also inside of quotes, where a value has LF; empty lines are skipped. All rows have as many values as there are columns, and
// there is at least one row beside the names. Column names have letters, digits and _, and, but for the
// beginning, hyphens, points and blanks; none begins with a digit. Values may be in any encoding; they are taken as they are.
//
// The error is an *Error with the line that is wrong, or that of opening or reading the file.
func ReadCSV(path string) (*Table, error) { return read(path, (*builder).csv) }

func (b *builder) csv(in *bufio.Reader) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	names, err := r.Read()
	if err == io.EOF {
		return b.noNames()
	}
	if err == nil {
		err = b.name(r, names)
	}
	for err == nil {
		var row []string
		if row, err = r.Read(); err == nil {
			err = b.row(row)
		}
	}
	switch {
	case err != io.EOF:
		return b.csvError(err, r)
	case len(b.ends) == 0:
		return &Error{b.path, 0, 0, "has no row behind the one that names the columns; add one with values"}
	}
	return nil
}

func (b *builder) row(values []string) error {
	for _, value := range values {
		if err := b.add(value); err != nil {
			return err
		}
	}
	return nil
}

// name takes the first row. Its texts are not repeated: they may be values, where the names were forgotten.
func (b *builder) name(r *csv.Reader, names []string) error {
	for i, name := range names {
		line, column := r.FieldPos(i)
		if problem := wrongName(name); problem != "" {
			return &Error{b.path, line, column, fmt.Sprintf("the name of column %d %s (the first row names the columns)", i+1, problem)}
		}
		if first := slices.Index(names[:i], name); first >= 0 {
			return &Error{b.path, line, column, fmt.Sprintf("column %d has the name of column %d; give each one of its own", i+1, first+1)}
		}
		b.columns = append(b.columns, strings.Clone(name))
	}
	return nil
}

// csvError puts what encoding/csv has to say into words that help.
func (b *builder) csvError(err error, r *csv.Reader) error {
	parse, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return err
	}
	e := &Error{Path: b.path, Line: parse.Line, Column: parse.Column}
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		e.Line, e.Column = parse.StartLine, 0
		e.Problem = fmt.Sprintf("does not have %d values, as the first row has; put quotes around a value with a comma in it", len(b.columns))
	case errors.Is(err, csv.ErrBareQuote):
		e.Problem = `a quote is inside of a value without quotes around it; write "say ""hello"""`
	case errors.Is(err, csv.ErrQuote) && parse.StartLine != parse.Line:
		e.Line, e.Column = parse.StartLine, 0
		e.Problem = `a quoted value begins and does not end well; double the quotes inside of it, as in "say ""hello"""`
	case errors.Is(err, csv.ErrQuote):
		e.Problem = `a quoted value does not end, or goes on behind its end; double the quotes inside of it, as in "say ""hello"""`
	default:
		e.Problem = parse.Err.Error()
	}
	return e
}
