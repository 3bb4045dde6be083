package feed

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What is told of a file beforehand is what reading all of it tells, columns and faults alike.
func TestColumnsAreThoseOfTheTable(t *testing.T) {
	for text, want := range map[string][]string{
		"\ufeffname,password\njoe,\"a\nb\"\n": {"name", "password"},
		"name,pass word,e-mail\nx,y,z\n":      {"name", "pass word", "e-mail"},
		"name,password \nx,y\n":               nil,
		"":                                    nil,
		"a,a\n1,2\n":                          nil,
		"\xff\xfea":                           nil,
		"{\"b\":1,\"a\":[{}]}\n{\"a\":2,\"b\":null}": nil,
		"\n{\"b\":1,\"a\":[{}]}\n{\"a\":2,\"b\":3}":  {"b", "a"},
		"{\"b\":1":    nil,
		"[1]\n":       nil,
		"\n\n \n":     nil,
		"{\"b/c\":1}": nil,
	} {
		path := file(t, "feed", text)
		names, whole := CSVColumns, ReadCSV
		if trimmed := bytes.TrimSpace([]byte(text)); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
			names, whole = JSONLColumns, ReadJSONL
		}
		got, err := names(path)
		table, wholeErr := whole(path)
		switch {
		case want == nil && wholeErr == nil:
			t.Errorf("%q was read", text)
		case want != nil && (err != nil || wholeErr != nil || !slices.Equal(got, want) || !slices.Equal(table.Columns(), want)):
			t.Errorf("%q: columns %q, %v; %v", text, got, err, wholeErr)
		case err != nil && err.Error() != wholeErr.Error():
			t.Errorf("%q: %v, and on reading all of it %v", text, err, wholeErr)
		}
	}
	if _, err := CSVColumns(filepath.Join(t.TempDir(), "missing")); !os.IsNotExist(err) {
		t.Errorf("error %v", err)
	}
}

// Only the beginning of a file is read.
func TestColumnsOfALargeFile(t *testing.T) {
	text := append([]byte("a,b\n"), bytes.Repeat([]byte("1,2\n"), 1<<20)...)
	text = append(text, "1,2,3\n"...)
	if got, err := CSVColumns(file(t, "feed", string(text))); err != nil || !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q, %v", got, err)
	}
}
