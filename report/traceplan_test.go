package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sessbench/report"
	"sessbench/result"
)

// plannedTrace has what the words of plans add: scenarios, feeds, checks, extractions and expectations.
func plannedTrace() *result.Trace {
	exchange := func(url string, r *result.TracedResponse) []result.TracedExchange {
		return []result.TracedExchange{{Why: result.WhyCall, Request: get(url), Attempts: []result.TracedAttempt{answered(r.Status, true, 0.003)}, Response: r}}
	}
	long := response(200, "OK", strings.Repeat("{\"name\": \"käse\"},\n", 150))
	step := func(name string, o result.TracedOperation) result.TracedOperation {
		o.Name, o.Part, o.Scenario = name, "mix", "checkout"
		return o
	}
	return &result.Trace{
		Schema: result.TraceSchema, Plan: json.RawMessage(`{}`), Target: "https://api.example.com",
		Operations: []result.TracedOperation{
			{
				Name: "log in", Part: "setup", Status: 403, Elapsed: 0.004, Attempts: 1, Unexpected: true,
				Feeds:     []result.TracedRow{{Feed: "users", Row: 7, Columns: map[string]string{"password": "***", "name": "user-006", "bio": strings.Repeat("long ", 30)}}},
				Exchanges: exchange("https://api.example.com/login", response(403, "Forbidden", "")),
			},
			{
				Name: "list", Part: "mix", Status: 200, Elapsed: 0.004, Attempts: 1, Exchanges: exchange("https://api.example.com/items", long),
				Checks: []result.TracedCheck{
					{Name: "full page", Expr: "len(json.items) == 20", Passed: true},
					{Name: "status == 200 && duration < 200ms && all(json.items, .price > 0 && .name != '' && .id matches 'item-[0-9]+')",
						Expr: "status == 200 && duration < 200ms && all(json.items, .price > 0 && .name != '' && .id matches 'item-[0-9]+')", Passed: true},
				},
				Extracted: []result.TracedValue{{Name: "id", From: "json items.0.id", Value: "item-0480"}, {Name: "page", From: "regexp (?s).*", Value: strings.Repeat("text\n", 30)}},
			},
			step("add", result.TracedOperation{
				Status: 200, Elapsed: 0.004, Attempts: 1, Exchanges: exchange("https://api.example.com/cart", response(200, "OK", "{}")),
				Checks: []result.TracedCheck{{Name: "json.count >= 2", Expr: "json.count >= 2"}, {Name: "json.a.b > 0", Expr: "json.a.b > 0", Problem: "the expression looks for a member or an element in nothing"}},
			}),
			step("show", result.TracedOperation{
				Status: 200, Elapsed: 0.004, Attempts: 1, Exchanges: exchange("https://api.example.com/cart", response(200, "OK", "{}")),
				Extracted: []result.TracedValue{{Name: "total", From: "json total", Problem: "variable total has no value: nothing is there"}},
			}),
			step("pay", result.TracedOperation{
				Error: &result.TracedError{Class: "render", Message: "mix[1].steps[2].json: variable total is not set; no response has given it a value in this session"},
			}),
			{
				Name: "gone", Part: "mix", Status: 404, Elapsed: 0.004, Attempts: 1, Expected: []string{"404"},
				Exchanges: exchange("https://api.example.com/items/0", response(404, "Not Found", "")),
			},
			{
				Name: "log out", Part: "teardown", Status: 500, Elapsed: 0.004, Attempts: 1, Unexpected: true, Expected: []string{"2xx", "404"},
				Exchanges: exchange("https://api.example.com/logout", response(500, "Internal Server Error", "")),
			},
		},
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9]+m")

// Colours add nothing but themselves, and end with each line.
func TestColouredTracesAreAsInTheGoldenFiles(t *testing.T) {
	for name, trace := range traceCases() {
		t.Run(name, func(t *testing.T) {
			var plain, colored bytes.Buffer
			if err := report.TraceText(&plain, trace); err != nil {
				t.Fatal(err)
			}
			if err := report.TraceColored(&colored, trace); err != nil {
				t.Fatal(err)
			}
			if got := sgr.ReplaceAllString(colored.String(), ""); got != plain.String() {
				t.Errorf("without its colours it is\n%s\nwant\n%s", got, plain.String())
			}
			for line := range strings.Lines(colored.String()) {
				codes := sgr.FindAllString(line, -1)
				for i, code := range codes {
					if end := i%2 == 1; end != (code == "\x1b[0m") || len(codes)%2 != 0 {
						t.Errorf("the colours of %q", line)
					}
				}
			}
			golden := filepath.Join("testdata", name+".coloured")
			if *update {
				if err := os.WriteFile(golden, colored.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(colored.Bytes(), want) {
				t.Errorf("got\n%q\nwant\n%q", colored.Bytes(), want)
			}
		})
	}
}

// The end of a long body is left out, by lines or where a character ends.
func TestALongBodyIsShownByItsBeginning(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{strings.Repeat("a\n", 40), strings.Repeat("< a\n", 40) + "* status"},
		{strings.Repeat("a\n", 41), strings.Repeat("< a\n", 40) + "* the first 80 of 82 bytes; --format json has more\n* status"},
		{strings.Repeat("a", 2000), "< " + strings.Repeat("a", 2000) + "\n* status"},
		{strings.Repeat("a", 1999) + "é", "< " + strings.Repeat("a", 1999) + "\n* the first 1,999 of 2,001 bytes; --format json has more\n* status"},
	} {
		var b bytes.Buffer
		trace := &result.Trace{Operations: []result.TracedOperation{{Name: "a", Part: "mix", Status: 200, Exchanges: []result.TracedExchange{{Request: get("http://h/"), Response: response(200, "OK", test.body)}}}}}
		if err := report.TraceText(&b, trace); err != nil || !strings.Contains(b.String(), "<\n"+test.want) {
			t.Errorf("%v\n%s\nwant\n%s", err, b.String(), test.want)
		}
	}
}
