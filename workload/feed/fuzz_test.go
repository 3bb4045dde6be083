package feed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// checkTable checks what holds for every table.
func checkTable(t *testing.T, table *Table) {
	t.Helper()
	if table.Rows() < 1 || len(table.Columns()) < 1 || table.Rows()*len(table.Columns()) != len(table.ends) {
		t.Fatalf("%d rows of %q, %d values", table.Rows(), table.Columns(), len(table.ends))
	}
	seen := map[string]bool{}
	for _, name := range table.Columns() {
		if wrongName(name) != "" || seen[name] {
			t.Fatalf("columns %q", table.Columns())
		}
		seen[name] = true
	}
	size := 0
	for row := range table.Rows() {
		for column := range table.Columns() {
			size += len(table.Text(row, column))
		}
	}
	if size != len(table.text) {
		t.Fatalf("%d of %d bytes are in the cells", size, len(table.text))
	}
}

// What is read is what encoding/csv reads.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"", "a,b\n1,2\n", "\uFEFFa\r\n\"1\r\n2\"\r\n", "a,b\n1\n", "a,a\n1,2\n", "a\n\"\"\"\"\n", "a\n\"1\n", "a\n1\"\n", "1\n1\n", "a\n\n\n", "a;b\n", "\xff\xfea",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := build("f", bytes.NewReader(data), int64(len(data)), (*builder).csv)
		all, plain := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF")))).ReadAll()
		if err != nil {
			if plain == nil && len(all) > 1 && !slices.ContainsFunc(all[0], func(name string) bool { return wrongName(name) != "" }) &&
				!bytes.HasPrefix(data, []byte("\xff\xfe")) && len(slices.Compact(slices.Sorted(slices.Values(all[0])))) == len(all[0]) {
				t.Fatalf("%q was refused: %v", data, err)
			}
			return
		}
		checkTable(t, table)
		if plain != nil || !slices.Equal(table.Columns(), all[0]) || !same(rows(table), all[1:]) {
			t.Fatalf("%q: %q %q, want %q, %v", data, table.Columns(), rows(table), all, plain)
		}
	})
}

// What is read is what encoding/json reads.
func FuzzJSONL(f *testing.F) {
	for _, text := range []string{
		"", "{\"a\":1}\n", "{\"a\":\"\\u00e4\\\"\"}\n{\"a\":[1,{\"b\":\"]\"}]}", "\uFEFF{\"a\" : true , \"b\":{} }\r\n", "{\"a\":null}", "{\"a\":1,\"a\":2}", "{}", "[1]",
		"{\"a\":1}\n{\"b\":1}", "{\"a\":1}\n{\"a\":1,\"b\":2}", "{\"a\":\"\\ud800\"}", "{\"a\":-1.5e+3}\n\n", "{\"A\":{}}\f",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := build("f", bytes.NewReader(data), int64(len(data)), (*builder).jsonl)
		if err != nil {
			return
		}
		checkTable(t, table)
		row := 0
		for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\uFEFF"))) {
			if len(bytes.Trim(line, " \t\r\n")) == 0 {
				continue
			}
			var object map[string]json.RawMessage
			if err := json.Unmarshal(line, &object); err != nil || len(object) != len(table.Columns()) {
				t.Fatalf("%q was read: %v", line, err)
			}
			for column, name := range table.Columns() {
				want := string(object[name])
				if strings.HasPrefix(want, `"`) {
					if err := json.Unmarshal(object[name], &want); err != nil {
						t.Fatal(err)
					}
				}
				if got := table.Text(row, column); got != want {
					t.Fatalf("%q: %s is %q, want %q", line, name, got, want)
				}
			}
			row++
		}
		if row != table.Rows() {
			t.Fatalf("%d rows of %d", table.Rows(), row)
		}
	})
}

// A file whose end comes as an error, or in small pieces, is read as any other.
func TestReadersDoNotMindHowAFileComes(t *testing.T) {
	for text, how := range map[string]func(*builder, *bufio.Reader) error{
		"a,b\n1,2\n3,4\n": (*builder).csv, "{\"a\":1,\"b\":2}\n{\"a\":3,\"b\":4}\n": (*builder).jsonl,
	} {
		table, err := build("f", iotest.DataErrReader(iotest.OneByteReader(strings.NewReader(text))), 0, how)
		if err != nil || !same(rows(table), [][]string{{"1", "2"}, {"3", "4"}}) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
