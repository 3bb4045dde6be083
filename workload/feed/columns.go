package feed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// CSVColumns returns the names of the columns that ReadCSV would find, without reading the rows.
func CSVColumns(path string) ([]string, error) {
	return columnsOf(path, func(r io.Reader) ([]string, error) {
		columns, err := csv.NewReader(r).Read()
		if errors.Is(err, io.EOF) {
			return nil, errEmpty
		}
		return columns, err
	})
}

// JSONLColumns returns the names of the columns that ReadJSONL would find, without reading more than the first line.
func JSONLColumns(path string) ([]string, error) {
	return columnsOf(path, func(r io.Reader) ([]string, error) {
		dec := json.NewDecoder(r)
		switch first, err := dec.Token(); {
		case errors.Is(err, io.EOF):
			return nil, errEmpty
		case err != nil:
			return nil, err
		case first != json.Delim('{'):
			return nil, errors.New("line 1: is no JSON object; write one object in each line")
		}
		var columns []string
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			var value json.RawMessage
			if err := dec.Decode(&value); err != nil {
				return nil, err
			}
			columns = append(columns, fmt.Sprint(name))
		}
		return columns, nil
	})
}

var errEmpty = errors.New("line 1: is empty; name the columns there")

// columnsOf opens a file and reads its beginning, behind a byte-order mark.
func columnsOf(path string, read func(io.Reader) ([]string, error)) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	if mark, err := r.Peek(3); err == nil && bytes.Equal(mark, []byte("\ufeff")) {
		r.Discard(3)
	}
	return read(r)
}
