package workload

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"sessbench/result"
)

// What came from a feed or a response under a secret's name is hidden wherever it stands.
func TestValuesOfFeedsAndVariablesAreHiddenEverywhere(t *testing.T) {
	values := map[string]string{
		"column": "pw & 'ord'", "pin": "48291067", "variable": "v4riable", "form": "f0rm-field", "json": "js0n-member", "regexp": "r3gexp-group",
		"spaced": "sp4ced-value", "dotted": "d0tted-value", "cookie": "c00kie-value", "header": "h3ader-value", "member": "in an object",
	}
	text := "kept 12 "
	for _, value := range values {
		text += value + " " + base64.StdEncoding.EncodeToString([]byte(value)) + " "
	}
	text += "pw &amp; &#39;ord&#39;"
	trace := &result.Trace{Plan: json.RawMessage(`{"load":{"requests":48291067},"x":"v4riable"}`), Operations: []result.TracedOperation{{
		Name: "pay", Scenario: "v4riable", URL: "http://h/48291067",
		Error:  &result.TracedError{Message: text},
		Checks: []result.TracedCheck{{Name: "v4riable", Expr: "body == 'js0n-member'", Problem: "h3ader-value"}},
		Extracted: []result.TracedValue{
			{Name: "csrf", From: "json a.0", Value: values["variable"]},
			{Name: "a", From: "form csrf_field", Value: values["form"]},
			{Name: "b", From: "json data.access_token.0", Value: values["json"]},
			{Name: "c", From: `regexp token=(\w+)`, Value: values["regexp"]},
			{Name: "d", From: "cookie sid", Value: values["cookie"]},
			{Name: "e", From: "header X-Auth-Token", Value: values["header"]},
			{Name: "f", From: "json total", Value: "kept 12"},
			{Name: "g", From: "json user", Value: `[{"name":"kept","password":"in an object"}]`},
		},
		Feeds: []result.TracedRow{{Feed: "users", Row: 1, Columns: map[string]string{"password": values["column"], "pin": values["pin"], "name": "kept",
			"Pass Word": values["spaced"], "api.key": values["dotted"]}}},
		Exchanges: []result.TracedExchange{{Request: result.TracedRequest{URL: "http://h/v4riable", TracedBody: result.TraceBody([]byte(text))}}},
	}}}
	before, err := json.Marshal(trace)
	if err != nil {
		t.Fatal(err)
	}
	masked, err := json.Marshal(MaskTrace(trace, nil))
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.Replace(string(masked), `"requests":48291067`, "", 1) // a number of the plan stays one
	for name, value := range values {
		for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), "ord&#39;"} {
			if strings.Contains(shown, form) {
				t.Errorf("%s: %s is in %s", name, form, shown)
			}
		}
	}
	for _, kept := range []string{`"value":"kept 12"`, `"name":"kept"`, `\"name\":\"kept\"`, "kept 12 ***"} {
		if !strings.Contains(shown, kept) {
			t.Errorf("%s was lost from %s", kept, shown)
		}
	}
	if after, _ := json.Marshal(trace); string(after) != string(before) {
		t.Error("masking changed the trace itself")
	}
}

// A short value, or a word that stands everywhere, is hidden under its name only.
func TestAValueThatCouldBeAnythingIsHiddenUnderItsNameOnly(t *testing.T) {
	for _, value := range []string{"12345", "password", "true", ""} {
		trace := &result.Trace{Operations: []result.TracedOperation{{
			Name: value, Extracted: []result.TracedValue{{Name: "token", From: "json a", Value: value}},
			Feeds: []result.TracedRow{{Feed: "f", Columns: map[string]string{"token": value}}},
		}}}
		o := MaskTrace(trace, nil).Operations[0]
		want := mask
		if tellsNothing("token", value) {
			want = value
		}
		if o.Name != value || o.Extracted[0].Value != want || o.Feeds[0].Columns["token"] != want {
			t.Errorf("%q became %+v", value, o)
		}
	}
}

// What stands for a secret where a response has none is one, too.
func TestTheDefaultOfASecretIsHidden(t *testing.T) {
	plan := &Plan{Mix: []Operation{{Name: "s", Steps: []Operation{{Name: "a", Method: "GET", URL: "/", Extract: []Extraction{
		{Name: "token", JSON: "a", Default: pointer(marker + "-1")}, {Name: "x", Form: "csrf", Default: pointer(marker + "-2")},
		{Name: "y", Cookie: "sid", Default: pointer(marker + "-3")}, {Name: "id", JSON: "id", Default: pointer("kept")}, {Name: "z", Header: "X-Token", Default: pointer("")},
	}}}}}}
	before, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(plan.Masked())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), marker) || !strings.Contains(string(text), `"default":"kept"`) || !strings.Contains(string(text), `"default":""`) {
		t.Errorf("%s", text)
	}
	if after, _ := json.Marshal(plan); string(after) != string(before) {
		t.Error("masking changed the plan itself")
	}
	known := secrets{}
	known.plan(plan)
	if !known[marker+"-1"] || !known[marker+"-2"] || !known[marker+"-3"] || known["kept"] {
		t.Errorf("%v are looked for", known)
	}
}
