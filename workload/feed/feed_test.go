package feed

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rows lists all of a table.
func rows(t *Table) [][]string {
	all := make([][]string, t.Rows())
	for i := range all {
		for j := range t.Columns() {
			all[i] = append(all[i], t.Text(i, j))
		}
	}
	return all
}

func same(a, b [][]string) bool { return slices.EqualFunc(a, b, slices.Equal) }

func TestCSV(t *testing.T) {
	for name, tc := range map[string]struct {
		text    string
		columns []string
		rows    [][]string
	}{
		"plain":                {"a,b\n1,2\n3,4\n", []string{"a", "b"}, [][]string{{"1", "2"}, {"3", "4"}}},
		"no newline at end":    {"a\n1", []string{"a"}, [][]string{{"1"}}},
		"byte order mark":      {"\uFEFFa,b\n1,2\n", []string{"a", "b"}, [][]string{{"1", "2"}}},
		"CRLF":                 {"a,b\r\n1,2\r\n", []string{"a", "b"}, [][]string{{"1", "2"}}},
		"quotes":               {"a,\"b\"\n\"x,\"\"y\"\"\",\" \"\n", []string{"a", "b"}, [][]string{{`x,"y"`, " "}}},
		"newlines in quotes":   {"a,b\n\"x\ny\",\"u\r\nv\"\n", []string{"a", "b"}, [][]string{{"x\ny", "u\nv"}}},
		"empty values":         {"a,b\n,\n\"\",2\n", []string{"a", "b"}, [][]string{{"", ""}, {"", "2"}}},
		"empty lines":          {"\n\na\n\n1\n\n\n2\n", []string{"a"}, [][]string{{"1"}, {"2"}}},
		"blanks stay":          {"a,b\n 1 , 2\n", []string{"a", "b"}, [][]string{{" 1 ", " 2"}}},
		"other letters":        {"größe,_1\n1,ü\n", []string{"größe", "_1"}, [][]string{{"1", "ü"}}},
		"values in Latin 1":    {"a\n\xfc\n", []string{"a"}, [][]string{{"\xfc"}}},
		"a mark that is a row": {"a\n\uFEFF\n", []string{"a"}, [][]string{{"\uFEFF"}}},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := ReadCSV(file(t, "f.csv", tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(table.Columns(), tc.columns) || !same(rows(table), tc.rows) {
				t.Errorf("got %q %q, want %q %q", table.Columns(), rows(table), tc.columns, tc.rows)
			}
		})
	}
}

func TestJSONL(t *testing.T) {
	for name, tc := range map[string]struct {
		text    string
		columns []string
		rows    [][]string
	}{
		"plain":             {`{"a":"1","b":"2"}` + "\n" + `{"a":"3","b":"4"}` + "\n", []string{"a", "b"}, [][]string{{"1", "2"}, {"3", "4"}}},
		"names of people":   {`{"first name":"1","e-mail":"2","address.city 2":"3"}`, []string{"first name", "e-mail", "address.city 2"}, [][]string{{"1", "2", "3"}}},
		"no newline at end": {`{"a":"1"}`, []string{"a"}, [][]string{{"1"}}},
		"mark and CRLF":     {"\uFEFF{\"a\":\"1\"}\r\n\r\n{\"a\":\"2\"}\r\n", []string{"a"}, [][]string{{"1"}, {"2"}}},
		"another order":     {`{"b":"1","a":"2"}` + "\n" + `{"a":"3","b":"4"}`, []string{"b", "a"}, [][]string{{"1", "2"}, {"4", "3"}}},
		"no texts": {`{"a":1.50,"b":true,"c":[ 1, "]" ,{"x":"}"}],"d":{"y":{}, "z":[]},"e":-1e9}`, []string{"a", "b", "c", "d", "e"},
			[][]string{{"1.50", "true", `[ 1, "]" ,{"x":"}"}]`, `{"y":{}, "z":[]}`, "-1e9"}}},
		"escapes":      {`{"a":"\"\\\u00e4\n","\u0062":"\ud83d\ude00"}`, []string{"a", "b"}, [][]string{{"\"\\ä\n", "😀"}}},
		"blanks":       {" \t{ \"a\" : \"1\" ,\t\"b\" : 2 } ", []string{"a", "b"}, [][]string{{"1", "2"}}},
		"null in text": {`{"a":"null"}`, []string{"a"}, [][]string{{"null"}}},
		"a long line":  {`{"a":"` + strings.Repeat("x", 3*bufferBytes) + "\"}\n" + `{"a":"1"}`, []string{"a"}, [][]string{{strings.Repeat("x", 3*bufferBytes)}, {"1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := ReadJSONL(file(t, "f.jsonl", tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(table.Columns(), tc.columns) || !same(rows(table), tc.rows) {
				t.Errorf("got %q %q, want %q %q", table.Columns(), rows(table), tc.columns, tc.rows)
			}
		})
	}
}

func TestWrongFilesSayWhereAndHowToMendThem(t *testing.T) {
	const secret = "hunter2!"
	for name, tc := range map[string]struct {
		read       func(string) (*Table, error)
		text, want string
	}{
		"csv empty":         {ReadCSV, "", "f: is empty; the first row names the columns, and each further one has their values"},
		"csv without a row": {ReadCSV, "a,b\n", "f: has no row behind the one that names the columns; add one with values"},
		"csv UTF-16":        {ReadCSV, "\xff\xfea\x00", "f: is UTF-16; save it as UTF-8"},
		"csv ragged":        {ReadCSV, "a,b\n1,2\n" + secret + "\n", "f:3: does not have 2 values, as the first row has; put quotes around a value with a comma in it"},
		"csv ragged behind quotes": {ReadCSV, "a,b\n\"1\n\n\",2\n1,2,3\n",
			"f:5: does not have 2 values, as the first row has; put quotes around a value with a comma in it"},
		"csv unnamed": {ReadCSV, "a,,b\n1,2,3\n",
			"f:1:3: the name of column 2 is empty; give the column a name, as in user_name (the first row names the columns)"},
		"csv without names": {ReadCSV, "joe," + secret + "\n",
			"f:1:5: the name of column 2 has '!' in it; use letters, digits, _ and, inside of it, hyphens, points and blanks (the first row names the columns)"},
		"csv blank": {ReadCSV, "a, b\n1,2\n",
			"f:1:3: the name of column 2 begins or ends with a blank; leave it out (the first row names the columns)"},
		"csv digit": {ReadCSV, "1st\n1\n",
			"f:1:1: the name of column 1 begins with a digit; begin it with a letter or _ (the first row names the columns)"},
		"csv semicolons": {ReadCSV, "a;b\n1;2\n",
			"f:1:1: the name of column 1 has ';' in it; separate the columns by commas (the first row names the columns)"},
		"csv tabs": {ReadCSV, "\na\tb\n1\t2\n",
			"f:2:1: the name of column 1 has a tab in it; separate the columns by commas (the first row names the columns)"},
		"csv Latin 1 name": {ReadCSV, "gr\xf6\xdfe\n1\n",
			"f:1:1: the name of column 1 has what is not UTF-8 in it; use letters, digits, _ and, inside of it, hyphens, points and blanks (the first row names the columns)"},
		"csv same names": {ReadCSV, "a,b,a\n1,2,3\n", "f:1:5: column 3 has the name of column 1; give each one of its own"},
		"csv bare quote": {ReadCSV, "a,b\n1," + secret + "\"x\n", "f:2:11: a quote is inside of a value without quotes around it; write \"say \"\"hello\"\"\""},
		"csv open quote": {ReadCSV, "a,b\n1,\"" + secret + "\n3,4\n",
			"f:2: a quoted value begins and does not end well; double the quotes inside of it, as in \"say \"\"hello\"\"\""},
		"csv behind quote": {ReadCSV, "a,b\n\"1\" x,2\n",
			"f:2:3: a quoted value does not end, or goes on behind its end; double the quotes inside of it, as in \"say \"\"hello\"\"\""},

		"jsonl empty":      {ReadJSONL, "\n \n", "f: is empty; write a JSON object in each line, whose members are the columns"},
		"jsonl UTF-16":     {ReadJSONL, "\xfe\xff\x00{", "f: is UTF-16; save it as UTF-8"},
		"jsonl Latin 1":    {ReadJSONL, "{\"a\":\"\xfc\"}", "f:1: is not UTF-8; save the file in that encoding"},
		"jsonl over lines": {ReadJSONL, "{\n\"a\":1}\n", "f:1: is not JSON: it ends too early; write a whole object in each line"},
		"jsonl faulty":     {ReadJSONL, "{\"a\":1}\n{\"ä\":" + secret + "}\n", "f:2: is not JSON: the fault is at character 6; write a whole object in each line"},
		"jsonl more":       {ReadJSONL, "{\"a\":1}}\n", "f:1: is not JSON: the fault is at character 8; write a whole object in each line"},
		"jsonl an array":   {ReadJSONL, "[{\"a\":1}]\n", "f:1: is no JSON object; write one in each line, as in {\"name\": \"joe\"}"},
		"jsonl no members": {ReadJSONL, "{}\n", "f:1: has no members; each is a column"},
		"jsonl name": {ReadJSONL, "{\"a@b\":1}\n",
			"f:1: the name \"a@b\" has '@' in it; use letters, digits, _ and, inside of it, hyphens, points and blanks"},
		"jsonl missing": {ReadJSONL, "{\"a\":1,\"b\":2}\n\n{\"a\":1}\n", "f:3: has no \"b\", which the first object has; add it"},
		"jsonl none":    {ReadJSONL, "{\"a\":1}\n{}\n", "f:2: has no \"a\", which the first object has; add it"},
		"jsonl further": {ReadJSONL, "{\"a\":1}\n{\"a\":1,\"b\":2}\n",
			"f:2: has \"b\", which the first object does not have; leave it out, or add it everywhere"},
		"jsonl twice":       {ReadJSONL, "{\"a\":1,\"\\u0061\":2}\n", "f:1: has \"a\" twice; keep one of them"},
		"jsonl twice later": {ReadJSONL, "{\"a\":1,\"b\":2}\n{\"a\":1,\"a\":2}\n", "f:2: has \"a\" twice; keep one of them"},
		"jsonl null":        {ReadJSONL, "{\"a\":null}\n", "f:1: has null for \"a\"; write \"\" for an empty text"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "f", tc.text)
			_, err := tc.read(path)
			fault, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if got := strings.Replace(fault.Error(), path, "f", 1); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("a value is in the error")
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	for _, read := range []func(string) (*Table, error){ReadCSV, ReadJSONL} {
		if _, err := read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no file: %v", err)
		}
		if _, err := read(t.TempDir()); err == nil {
			t.Error("a directory was read")
		}
	}
}

func TestATableHasNoCellsBesideItsOwn(t *testing.T) {
	table, err := ReadCSV(file(t, "f", "a,b\n1,2\n3,4\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range [][2]int{{0, 2}, {0, -1}, {2, 0}, {-1, 0}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("there is a cell %v", cell)
				}
			}()
			table.Text(cell[0], cell[1])
		}()
	}
}

// Values are bounded by how their places are held.
func TestATableThatIsTooLargeIsRefused(t *testing.T) {
	b := &builder{path: "f", most: 3}
	if err := b.add("12"); err != nil {
		t.Fatal(err)
	}
	if err := b.add("3"); err != nil {
		t.Fatal(err)
	}
	if err := b.add("4"); err == nil || !strings.HasPrefix(err.Error(), "f: has more than 4 GiB of values; ") {
		t.Errorf("got %v", err)
	}
}
