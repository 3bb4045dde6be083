package feed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"io"
	"os"
)

// CSVColumns returns the names of the columns of a file that ReadCSV would read, without its rows. Errors are as ReadCSV's.
func CSVColumns(path string) ([]string, error) { return columns(path, (*builder).csvNames) }

// JSONLColumns returns the names of the columns of a file that ReadJSONL would read, which the first object has. Errors
// are as ReadJSONL's.
func JSONLColumns(path string) ([]string, error) { return columns(path, (*builder).jsonlNames) }

func columns(path string, fill func(*builder, *bufio.Reader) error) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	t, err := build(path, file, 0, fill)
	if err != nil {
		return nil, err
	}
	return t.columns, nil
}

func (b *builder) csvNames(in *bufio.Reader) error {
	r := csv.NewReader(in)
	names, err := r.Read()
	switch {
	case err == io.EOF:
		return b.noNames()
	case err != nil:
		return b.csvError(err, r)
	}
	return b.name(r, names)
}

func (b *builder) noNames() error {
	return &Error{b.path, 0, 0, "is empty; the first row names the columns, and each further one has their values"}
}

func (b *builder) jsonlNames(in *bufio.Reader) error {
	r := jsonlReader{builder: b}
	for {
		line, err := r.readLine(in)
		if err != nil && err != io.EOF {
			return err
		}
		r.line++
		if text := bytes.TrimSpace(line); len(text) > 0 {
			return r.object(text)
		}
		if err == io.EOF {
			return r.noObjects()
		}
	}
}

func (b *builder) noObjects() error {
	return &Error{b.path, 0, 0, "is empty; write a JSON object in each line, whose members are the columns"}
}
