package session

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

func TestRule_14_2_Text(t *testing.T) {
	for _, test := range []struct{ name, contentType, data, want string }{
		{"charset", "text/plain; charset=iso-8859-1", "caf\xe9", "café"},
		{"charset quoted, in upper case", `text/plain; Charset="ISO-8859-15"`, "\xa4", "€"},
		{"charset of Asia", "text/html; charset=shift_jis", "\x93\xfa\x96\x7b", "日本"},
		{"charset beats what it looks like", "text/plain; charset=windows-1252", "\xc3\xa9", "Ã©"},
		{"charset utf-8, invalid", "text/plain; charset=utf-8", "a\xffb", "a\ufffdb"},
		{"charset utf-8, marked", "text/plain; charset=utf-8", "\xef\xbb\xbfa", "a"},
		{"charset utf-16, marked big", "text/plain; charset=utf-16", "\xfe\xff\x00a\x20\xac", "a€"},
		{"charset utf-16, marked little", "text/plain; charset=utf-16", "\xff\xfea\x00", "a"},
		{"charset utf-16, unmarked", "text/plain; charset=utf-16", "a\x00\xac\x20", "a€"},
		{"charset utf-16be", "text/plain; charset=utf-16be", "\x00a", "a"},
		{"charset utf-16be, marked", "text/plain; charset=utf-16be", "\xfe\xff\x00a", "a"},
		{"charset utf-32", "text/plain; charset=utf-32", "a\x00\x00\x00", "a"},
		{"charset utf-32le", "text/plain; charset=UTF-32LE", "a\x00\x00\x00", "a"},
		{"charset utf-32be", "text/plain; charset=utf-32be", "\x00\x00\x00a", "a"},
		{"charset unknown", "text/plain; charset=klingon", "é\xff", "é\ufffd"},
		{"charset that browsers refuse", "text/plain; charset=iso-2022-kr", "abc", "abc"},
		{"charset empty", "text/plain; charset=", "é", "é"},
		{"parameter malformed", "text/plain; charset", "é", "é"},
		{"json", "application/json", `"é"`, `"é"`},
		{"json, invalid", "application/json", "caf\xe9", "caf\ufffd"},
		{"json of a kind", "application/problem+json", "caf\xe9", "caf\ufffd"},
		{"json with charset", "application/json; charset=latin1", "caf\xe9", "café"},
		{"charset latin-1", "text/plain; charset=latin-1", "caf\xe9", "café"},
		{"charset UTF_8", "text/html; charset=UTF_8", "café", "café"},
		{"charset ISO8859_15", "text/plain; charset=ISO8859_15", "\xa4", "€"},
		{"text (13.41)", "text/plain", "café", "café"},
		{"text (13.41), invalid", "text/css", "caf\xe9", "caf\ufffd"},
		{"marked utf-8", "text/plain", "\xef\xbb\xbfcaf\xc3\xa9", "café"},
		{"marked utf-16", "text/plain", "\xff\xfea\x00", "a"},
		{"marked utf-16be", "", "\xfe\xff\x00a", "a"},
		{"marked utf-32", "text/plain", "\xff\xfe\x00\x00a\x00\x00\x00", "a"},
		{"marked utf-32be", "text/plain", "\x00\x00\xfe\xff\x00\x00\x00a", "a"},
		{"html utf-8", "text/html", "<p>é", "<p>é"},
		{"html declared", "text/html", `<meta charset="koi8-r"><p>` + "\xc4\xc1", `<meta charset="koi8-r"><p>да`},
		{"html undeclared", "text/html", "<p>caf\xe9", "<p>café"},
		{"html declared utf-8, invalid", "text/html", `<meta charset="utf-8">` + "\xff", `<meta charset="utf-8">` + "\ufffd"},
		{"html, invalid late", "text/html", "é" + strings.Repeat(" ", 2000) + "\xff", "é" + strings.Repeat(" ", 2000) + "\ufffd"},
		{"no type", "", "caf\xe9", "café"},
		{"no type, utf-8", "", "café", "café"},
		{"other type", "application/octet-stream", "caf\xe9", "café"},
		{"empty", "text/plain; charset=utf-16", "", ""},
	} {
		if got := textOf([]byte(test.data), test.contentType); got != test.want {
			t.Errorf("%s: %q; want %q", test.name, got, test.want)
		}
	}
}

// unicodeEncodings are those of JSON.
var unicodeEncodings = map[string]encoding.Encoding{
	"utf-8":           unicode.UTF8,
	"utf-8 marked":    unicode.UTF8BOM,
	"utf-16be":        unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"utf-16le":        unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be marked": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	"utf-16le marked": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-32be":        utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM),
	"utf-32le":        utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM),
	"utf-32be marked": utf32.UTF32(utf32.BigEndian, utf32.UseBOM),
	"utf-32le marked": utf32.UTF32(utf32.LittleEndian, utf32.UseBOM),
}

func TestRule_12_13_JSONInAnyUnicode(t *testing.T) {
	for name, enc := range unicodeEncodings {
		for _, text := range []string{`{"é":["日本","😀"]}`, `"日"`, "1", ` [null]`, "\"\u0000\""} {
			if !json.Valid([]byte(text)) {
				continue // a zero is not allowed in JSON; it only looks like UTF-16
			}
			data, err := enc.NewEncoder().Bytes([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			var want, got any
			if err := json.Unmarshal([]byte(text), &want); err != nil {
				t.Fatal(err)
			}
			for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "application/json; charset=klingon", ""} {
				got = nil
				if err := unmarshal(data, contentType, &got); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s, %q: %s gives %v, error %v", name, contentType, text, got, err)
				}
			}
		}
	}
}

func TestRule_12_13_JSONInItsCharset(t *testing.T) {
	var got string
	if err := unmarshal([]byte("\"caf\xe9\""), "application/json; charset=iso-8859-1", &got); err != nil || got != "café" {
		t.Errorf("%q, error %v", got, err)
	}
	if err := unmarshal([]byte("\x00\"\x00a\x00\""), "application/json; charset=utf-16be", &got); err != nil || got != "a" {
		t.Errorf("%q, error %v", got, err)
	}
}

func TestRule_12_13_NotJSON(t *testing.T) {
	for _, test := range []struct {
		name, data string
		value      any
		want       string
	}{
		{"html", "<html>s3cret</html>", new(any), "invalid JSON: malformed at byte 1"},
		{"cut", `{"password":"s3cret`, new(any), "invalid JSON: malformed at byte 19"},
		{"empty", "", new(any), "invalid JSON: malformed at byte 0"},
		{"more", `{} s3cret`, new(any), "invalid JSON: malformed at byte 4"},
		{"NaN", "NaN", new(any), "invalid JSON: malformed at byte 1"},
		{"number for text", "53123", new(string), "invalid JSON: does not fit string at byte 5"},
		{"number in a field", `{"a":53123}`, new(struct {
			A string `json:"a"`
		}), "invalid JSON: field a does not fit string at byte 10"},
		{"value's own error", `"s3cret"`, new(time.Time), "invalid JSON: does not fit what it is read into"},
	} {
		err := unmarshal([]byte(test.data), "application/json", test.value)
		var e *Error
		if !errors.As(err, &e) || e.Kind != ErrInvalidJSON || err.Error() != test.want {
			t.Errorf("%s: error %v; want %s", test.name, err, test.want)
		}
		if errors.Unwrap(e.Err) == nil {
			t.Errorf("%s: the cause is lost", test.name)
		}
	}
	if err := unmarshal([]byte("1"), "", 5); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("no pointer: error %v; want ErrInvalidArgument", err)
	}
}

// FuzzText: any bytes become valid UTF-8, and valid UTF-8 stays what it is.
func FuzzText(f *testing.F) {
	f.Add([]byte("caf\xe9"), "text/html")
	f.Add([]byte(`<meta charset="gbk">`+"\xff"), "text/html")
	f.Add([]byte("a\x00"), "text/plain; charset=utf-16")
	f.Add([]byte("\x1b$B"), "text/plain; charset=iso-2022-jp")
	f.Add([]byte("{"), "application/json; charset=big5")
	f.Fuzz(func(t *testing.T, data []byte, contentType string) {
		got := textOf(data, contentType)
		if !utf8.ValidString(got) {
			t.Fatalf("%q", got)
		}
		_, label := parseType(contentType)
		if label == "" && utf8.Valid(data) && markedEncoding(data) == nil && got != string(data) {
			t.Fatalf("%q became %q", data, got)
		}
		var value any
		if err := unmarshal(data, contentType, &value); err != nil && !errors.Is(err, ErrInvalidJSON) {
			t.Fatal(err)
		}
	})
}

// FuzzJSON: JSON in UTF-16 and UTF-32 means what it means in UTF-8.
func FuzzJSON(f *testing.F) {
	f.Add(`{"é":["日本",1.5e3]}`)
	f.Add(`"日"`)
	f.Add("[")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || text == "" || text[0] >= utf8.RuneSelf || strings.ContainsRune(text, 0) {
			return
		}
		var want any
		wantErr := json.Unmarshal([]byte(text), &want)
		for name, enc := range unicodeEncodings {
			data, err := enc.NewEncoder().Bytes([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			var got any
			if err := unmarshal(data, "application/json", &got); (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: %v, error %v; want %v, error %v", name, got, err, want, wantErr)
			}
		}
	})
}
