package session

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sessbench/workload/wire"
)

func wantFields(t *testing.T, got, want Fields) {
	t.Helper()
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestRule_1_2_HeadersAreMerged(t *testing.T) {
	base := Pairs("User-Agent", "ua", "Accept", "*/*", "X-One", "1")
	for name, tc := range map[string]struct{ base, over, want Fields }{
		"nothing over":          {base, nil, base},
		"nothing under":         {nil, base, base},
		"new ones at the end":   {base, Pairs("B", "b", "A", "a"), Pairs("User-Agent", "ua", "Accept", "*/*", "X-One", "1", "B", "b", "A", "a")},
		"position and spelling": {base, Pairs("ACCEPT", "text/html"), Pairs("User-Agent", "ua", "ACCEPT", "text/html", "X-One", "1")},
		"several values":        {base, Fields{Set("accept", "a", "b")}, Fields{Set("User-Agent", "ua"), Set("accept", "a", "b"), Set("X-One", "1")}},
		"several below":         {Fields{Set("A", "1", "2")}, Pairs("a", "3"), Pairs("a", "3")},
		"twice below":           {Pairs("A", "1", "B", "2", "a", "3"), nil, Pairs("a", "3", "B", "2")},
		"twice above":           {Pairs("A", "1"), Pairs("a", "2", "A", "3"), Pairs("A", "3")},
		"empty value":           {Pairs("A", "1"), Pairs("A", ""), Pairs("A", "")},
	} {
		t.Run(name, func(t *testing.T) {
			wantFields(t, MergeHeaders(tc.base, tc.over), tc.want)
		})
	}
}

func TestRule_1_2_MergingLeavesItsSourcesAlone(t *testing.T) {
	for name, merge := range map[string]func(base, over Fields) Fields{"headers": MergeHeaders, "params": mergeParams} {
		base, over := Pairs("A", "1", "B", "2", "C", "3"), Fields{Remove("A"), Set("B", "4")}
		wantBase, wantOver := slices.Clone(base), slices.Clone(over)
		merged := merge(base[:2], over)
		_ = append(merged, Set("X", "x"))
		wantFields(t, merged, Pairs("B", "4"))
		t.Run(name, func(t *testing.T) {
			wantFields(t, base, wantBase)
			wantFields(t, over, wantOver)
		})
	}
}

func TestRule_1_2_SeveralValuesAreRepeatedLines(t *testing.T) {
	got := Fields{Set("A", "1", "2"), Set("b", ""), Remove("C")}.lines()
	want := []wire.Header{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}, {Name: "b", Value: ""}}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestRule_1_3_HeadersWithoutValuesAreRemoved(t *testing.T) {
	base := Pairs("User-Agent", "ua", "Accept", "*/*")
	for name, tc := range map[string]struct{ base, over, want Fields }{
		"by the request":              {base, Fields{Remove("USER-agent")}, Pairs("Accept", "*/*")},
		"by the session":              {Fields{Set("A", "1"), Remove("Accept")}, nil, Pairs("A", "1")},
		"session's, set again":        {Fields{Remove("Accept"), Set("A", "1")}, Pairs("accept", "x"), Pairs("accept", "x", "A", "1")},
		"what is not there":           {base, Fields{Remove("Nope")}, base},
		"removed, then set":           {base, Fields{Remove("Accept"), Set("Accept", "x")}, Pairs("User-Agent", "ua", "Accept", "x")},
		"set, then removed":           {base, Fields{Set("Accept", "x"), Remove("accept")}, Pairs("User-Agent", "ua")},
		"everything":                  {base, Fields{Remove("accept"), Remove("user-agent")}, nil},
		"no values are a removal too": {base, Fields{{Name: "Accept", Values: []string{}}}, Pairs("User-Agent", "ua")},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tc.base)
			wantFields(t, MergeHeaders(tc.base, tc.over), tc.want)
			wantFields(t, tc.base, before) // for that call only
		})
	}
}

func TestRule_1_4_ParamsAreMerged(t *testing.T) {
	for name, tc := range map[string]struct{ base, over, want Fields }{
		"in place":              {Pairs("a", "1", "b", "2"), Pairs("a", "3", "c", "4"), Pairs("a", "3", "b", "2", "c", "4")},
		"with case":             {Pairs("a", "1"), Pairs("A", "2"), Pairs("a", "1", "A", "2")},
		"removed":               {Pairs("a", "1", "b", "2"), Fields{Remove("a"), Remove("c")}, Pairs("b", "2")},
		"removed by session":    {Fields{Remove("a"), Set("b", "2")}, nil, Pairs("b", "2")},
		"list of pairs":         {Pairs("s", "0"), Pairs("a", "1", "b", "2", "a", "3"), Pairs("s", "0", "a", "1", "b", "2", "a", "3")},
		"pairs in place":        {Pairs("a", "0", "z", "9", "a", "8"), Pairs("b", "1", "a", "2", "a", "3"), Pairs("a", "2", "a", "3", "z", "9", "b", "1")},
		"session's pairs":       {Pairs("a", "0", "a", "1"), nil, Pairs("a", "0", "a", "1")},
		"nothing from nothing":  {nil, nil, nil},
		"list replaces a value": {Pairs("a", "0"), Fields{Set("a", "1", "2")}, Fields{Set("a", "1", "2")}},
	} {
		t.Run(name, func(t *testing.T) { wantFields(t, mergeParams(tc.base, tc.over), tc.want) })
	}
}

func TestRule_1_4_FormEncoding(t *testing.T) {
	for want, fields := range map[string]Fields{
		"":                              {Remove("a"), {Name: "b", Values: []string{}}},
		"q=a+b%26c%3Dd&u=%C3%A9&s=%2F~": Pairs("q", "a b&c=d", "u", "é", "s", "/~"),
		"l=1&l=2&m=":                    {Set("l", "1", "2"), Set("m", "")},
		"a+%25%2B=%00%7F%FF":            Pairs("a %+", "\x00\x7f\xff"),
		"AZaz09_.-~=%21%2A%27%28%29%3A": Pairs("AZaz09_.-~", "!*'():"),
		"=":                             Pairs("", ""),
		"a=%F0%9F%98%80":                Pairs("a", "😀"),
	} {
		if got := encodeFields(fields); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRule_1_11_HeadersThatCannotBeSent(t *testing.T) {
	for _, headers := range []Fields{
		Pairs("A", " s3cret"), Pairs("A", "\ts3cret"), Pairs("A", "s3cret\r\nB: c"), Pairs("A", "s3cret\n"), Pairs("A", "s3cret\x00"),
		{Set("A", "fine", "s3cret\r")}, Pairs("Authorization: Bearer s3cret", ""), Pairs("Cookie =s3cret", ""), Pairs("A s3cret", "b"),
		Pairs("", "s3cret"), Pairs("Ä", "s3cret"), Pairs("Fine", "s3cret", "A:s3cret", "s3cret"),
	} {
		err := validateHeaders(headers)
		var typed *Error
		if !errors.Is(err, ErrInvalidHeader) || !errors.As(err, &typed) {
			t.Errorf("%q: %v", headers, err)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q repeats the value", err)
		}
	}
	for _, headers := range []Fields{nil, Pairs("A", "", "x-b!", "a b\tc ", "C", "ümläut"), {Remove("any thing")}} {
		if err := validateHeaders(headers); err != nil {
			t.Errorf("%q: %v", headers, err)
		}
	}
}

func TestFieldsAreLookedUpAndReplaced(t *testing.T) {
	f := Fields{Set("A", "1", "2"), Set("b", "3"), Remove("C"), Set("a", "4"), Set("D", "5"), Set("D", "6")}
	for name, want := range map[string]string{"A": "1", "a": "4", "B": "3", "C": "", "D": "6", "d": "6", "none": ""} {
		if got := f.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	got := f.With(Set("D", "7"), Remove("b"), Set("E", "8"), Set("E", "9"))
	wantFields(t, got, Fields{Set("A", "1", "2"), Remove("b"), Remove("C"), Set("a", "4"), Set("D", "7"), Set("E", "9")})
	wantFields(t, f, Fields{Set("A", "1", "2"), Set("b", "3"), Remove("C"), Set("a", "4"), Set("D", "5"), Set("D", "6")})
	// In another spelling it still counts over the earlier one.
	wantFields(t, MergeHeaders(Pairs("User-Agent", "x").With(Remove("user-agent")), nil), nil)
	wantFields(t, Fields(nil).With(), nil)
}

func TestPairsNeedAValueForEveryName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Pairs(strings.Split("a 1 b", " ")...)
}

func TestFieldsJSONKeepsItsOrder(t *testing.T) {
	const text = `{"z":"1","A":["2","3"],"m":null,"é\u003c":"","a\"":"4"}`
	fields := Fields{Set("z", "1"), Set("A", "2", "3"), Remove("m"), Set("é<", ""), Set(`a"`, "4")}
	got, err := json.Marshal(fields)
	if err != nil || string(got) != text {
		t.Errorf("%s, %v", got, err)
	}
	var read Fields
	if err := json.Unmarshal([]byte(" "+text+" "), &read); err != nil {
		t.Error(err)
	}
	wantFields(t, read, fields)

	for text, want := range map[string]Fields{
		`{}`: {}, `null`: nil, `{"a":[]}`: {Remove("a")}, `{"a":["1"]}`: Pairs("a", "1"), // a list of one is a value
		`{"a":["1",null,"2"]}`: {Set("a", "1", "2")}, `{"a":"1","a":"2"}`: Pairs("a", "1", "a", "2"),
	} {
		read := Pairs("was", "here")
		if err := json.Unmarshal([]byte(text), &read); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		wantFields(t, read, want)
	}
	if got, err := json.Marshal(struct{ F Fields }{}); err != nil || string(got) != `{"F":{}}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestFieldsJSONRefusesOtherValues(t *testing.T) {
	for _, text := range []string{
		`[]`, `"a"`, `1`, `true`, `{"a":1}`, `{"a":{}}`, `{"a":[1]}`, `{"a":[["b"]]}`, `{"a":true}`, `{"a"`, `{"a":"s3cret"`, `{"a":{"s3cret":1}}`,
	} {
		read := Pairs("was", "here")
		err := json.Unmarshal([]byte(text), &read)
		if err == nil {
			t.Errorf("%s was read as %q", text, read)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v repeats a value", err)
		}
		wantFields(t, read, Pairs("was", "here"))
		if err := read.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s was read directly", text)
		}
	}
}

func FuzzFieldsJSON(f *testing.F) {
	f.Add("a", "1", "", "b", "2", uint8(1), uint8(2))
	f.Add("", "<&>", "\u2028", "é\x00", "\"", uint8(0), uint8(3))
	f.Fuzz(func(t *testing.T, name1, v1, v2, name2, v3 string, n1, n2 uint8) {
		for _, text := range []string{name1, v1, v2, name2, v3} {
			if !utf8.ValidString(text) {
				t.Skip() // JSON has no other
			}
		}
		values := []string{v1, v2, v3}
		fields := Fields{Set(name1, values[:n1%4]...), Set(name2, values[3-n2%4:]...)}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		var read Fields
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(read) != len(fields) {
			t.Fatalf("%s: %q", text, read)
		}
		for i := range fields {
			if read[i].Name != fields[i].Name || !slices.Equal(read[i].Values, fields[i].Values) {
				t.Errorf("%s: %q, want %q", text, read[i], fields[i])
			}
		}
	})
}

func FuzzEncodeFields(f *testing.F) {
	f.Add("q", "a b&c=d", "é")
	f.Add("", "", "\xff%+~")
	f.Fuzz(func(t *testing.T, name, v1, v2 string) {
		got := encodeFields(Fields{Set(name, v1, v2)})
		if want := (url.Values{name: {v1, v2}}).Encode(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if mergedTwice := encodeFields(mergeParams(Pairs(name, v1, name, v2), nil)); mergedTwice != got {
			t.Errorf("%q after merging, want %q", mergedTwice, got)
		}
	})
}

func BenchmarkMergeHeaders(b *testing.B) {
	base, over := Defaults().Headers, Pairs("accept", "application/json", "X-Request-Id", "1")
	b.ReportAllocs()
	for b.Loop() {
		MergeHeaders(base, over)
	}
}
