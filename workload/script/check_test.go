package script_test

import (
	"errors"
	"strings"
	"testing"

	"sessbench/workload/script"
)

// A check says by its expression, not by its texts, what it looks at.
func TestUses(t *testing.T) {
	n, _ := newWorld(t, feedText, responseText)
	for text, want := range map[string]struct{ status, body bool }{
		"status == 200":                              {true, false},
		"size > 0 and duration < 1s":                 {false, true},
		`header("status") == "body"`:                 {false, false},
		`headers.status == "json"`:                   {false, false},
		"json.status == 1":                           {false, true},
		`body contains "x" || status == 404`:         {true, true},
		"any(json.items, .status == 1)":              {false, true},
		"worker == 1 or json(1) == '1'":              {false, false},
		"cookie('body') == nil and len('json') == 4": {false, false},
	} {
		check, err := n.Check(text)
		if err != nil {
			t.Fatal(err)
		}
		if check.UsesStatus() != want.status || check.UsesBody() != want.body {
			t.Errorf("%s: status %v, body %v", text, check.UsesStatus(), check.UsesBody())
		}
	}
}

// A body that is not JSON is an error where the expression comes to it, and only there.
func TestBodyThatIsNotJSON(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	for _, body := range []string{"", "<html>", `{"id":17`, `{"id":17}}`, strings.Repeat("[", 100_000), strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)} {
		s.Look(&response{status: 404, body: body})
		for text, want := range map[string]bool{"status == 404 || json.id == 17": true, "status == 200 && json.id == 17": false} {
			if got, err := judge(n, s, text); got != want || err != nil {
				t.Errorf("%.10q, %s: %v, %v", body, text, got, err)
			}
		}
		for _, text := range []string{"json.id == 17", "json == nil", "json.id ?? true"} {
			if _, err := judge(n, s, text); err == nil || err.Error() != "the body is not JSON" {
				t.Errorf("%.10q, %s: %v", body, text, err)
			}
		}
	}
	broken := errors.New("broken")
	s.Look(&response{status: 200, err: broken})
	for _, text := range []string{"json.id == 17", "body == ''"} {
		if _, err := judge(n, s, text); !errors.Is(err, broken) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Every response is looked at anew, by the same check and the same scope.
func TestChecksOfOneResponseAfterAnother(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	check, err := n.Check(`json.id == 1 && body contains "1" && json["id"] == json.id`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		body string
		want bool
	}{{`{"id":1}`, true}, {`{"id":2}`, false}, {`{"id":1}`, true}} {
		s.Look(&response{status: 200, body: c.body})
		if got, err := check.Holds(s); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.body, got, err)
		}
	}
}

// Paths are looked up as the expression says, with whatever characters their names have.
func TestPaths(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	s.Look(&response{status: 200, headers: [][2]string{{"X-A", "1"}, {"X-A", "2"}}, body: `{"a.b":{"c*":1,"#":2,"@this":3,"":4,"é ü":5},"list":[10,[20,30]],"s":"0123"}`})
	for _, text := range []string{
		`json["a.b"]["c*"] == 1`, `json["a.b"]["#"] == 2`, `json["a.b"]["@this"] == 3`, `json["a.b"][""] == 4`, `json["a.b"]["é ü"] == 5`,
		"json.list[0] == 10", "json.list[1][1] == 30", "json.list[-1][0] == 20", "json.list[1 - 1] == 10", "json.list[2] == nil", "json?.list[0] == 10",
		"json.none?.deeper == nil", "len(json) == 3", "len(json.list) == 2", `"s" in json`, `json.s in ["0123", "x"]`, `not (json.list[0] in ["10"])`,
		`json.list[0] in [10, 11]`, `json[json.none ?? "s"] == "0123"`, `headers["X-A"] == "1"`, `headers["x-a"] == "1"`, `headers == {"x-a": "1"}`, `headers.nothing == nil`,
		"10 in json.list", `json.s[0:2] == "01"`, "voucher == nil", "nil == voucher", `json.list == [10, [20, 30]]`,
	} {
		if got, err := judge(n, s, text); !got || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// What a check of numbers compares may come from anywhere.
func TestNumbersCompare(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	for _, text := range []string{
		"json.id == id", "id == 17", "id == 17.0", "id in [16, 17]", "int(code) == 42", "json.id == status - 183", "id * 2 == 34", "id + 0.5 == 17.5", "id % 5 == 2", "id..19 == 17..19",
		"iteration == 12 && worker == 3 && session == 1", "round(2.5) == 3", "max(id, 3) == 17",
	} {
		if got, err := judge(n, s, text); !got || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	set(t, n, s, "x", script.Extraction{JSON: "v"}, `{"v":18446744073709551615}`)
	s.Look(&response{status: 200, body: `{"v":18446744073709551615,"w":18446744073709551614}`})
	for text, want := range map[string]bool{"json.v == x": true, "json.w == x": false} {
		if got, err := judge(n, s, text); got != want || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}
