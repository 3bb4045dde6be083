package result

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestATracedBodyIsTextOrBase64AndBounded(t *testing.T) {
	for name, data := range map[string]string{
		"empty":           "",
		"text":            "grüße\n",
		"binary":          "\x00\xff\xfe",
		"at the limit":    strings.Repeat("x", MaxTracedBody),
		"too long":        strings.Repeat("x", MaxTracedBody+1),
		"cut in a letter": strings.Repeat("x", MaxTracedBody-1) + "é",
		"too long binary": strings.Repeat("\xff", MaxTracedBody+1),
		"cut in an emoji": strings.Repeat("x", MaxTracedBody-3) + "😀",
	} {
		b := TraceBody([]byte(data))
		held, err := b.Decode()
		if err != nil || b.BodyBytes != int64(len(data)) || !strings.HasPrefix(data, string(held)) || len(held) > MaxTracedBody {
			t.Errorf("%s: %d bytes held, %d said, %v", name, len(held), b.BodyBytes, err)
		}
		if b.Truncated != (len(data) > MaxTracedBody) || !b.Truncated && len(held) != len(data) || len(held) < len(data)-4 {
			t.Errorf("%s: truncated %v with %d bytes", name, b.Truncated, len(held))
		}
		if (b.Encoding == "") != utf8.ValidString(data) {
			t.Errorf("%s: encoding %q", name, b.Encoding)
		}
	}
}

func TestATraceIsWrittenAsAResultIs(t *testing.T) {
	trace := &Trace{Schema: TraceSchema, Plan: json.RawMessage(`{"a":"<"}`), Operations: []TracedOperation{{Name: "a"}}}
	var b bytes.Buffer
	if err := EncodeTrace(&b, trace); err != nil || !strings.HasPrefix(b.String(), "{\n  \"schema\": \"sessbench/try/v1\"") || !strings.Contains(b.String(), `"<"`) {
		t.Errorf("%v\n%s", err, b.String())
	}
	path := filepath.Join(t.TempDir(), "trace.json")
	if err := WriteTraceFile(path, trace); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), "sessbench/try/v1") {
		t.Errorf("a trace was read as a result: %v", err)
	}
	trace.Operations[0].Elapsed = math.NaN()
	if err := EncodeTrace(&b, trace); err == nil || !strings.Contains(err.Error(), "operations[0].elapsed is NaN") {
		t.Errorf("error %v", err)
	}
}

func TestATraceHasFailedWhereAnOperationHas(t *testing.T) {
	for name, test := range map[string]struct {
		operation         TracedOperation
		failed, erroneous bool
	}{
		"a status":                       {TracedOperation{Status: 200}, false, false},
		"an error's status":              {TracedOperation{Status: 500, Unexpected: true}, false, true},
		"an error's status, expected":    {TracedOperation{Status: 404, Expected: []string{"404"}}, false, false},
		"a status that was not expected": {TracedOperation{Status: 200, Expected: []string{"404"}, Unexpected: true}, true, true},
		"no response":                    {TracedOperation{Error: &TracedError{Class: "refused"}}, true, true},
		"checks passed":                  {TracedOperation{Checks: []TracedCheck{{Passed: true}, {Passed: true}}}, false, false},
		"a check failed":                 {TracedOperation{Checks: []TracedCheck{{Passed: true}, {}}}, true, true},
		"a value":                        {TracedOperation{Extracted: []TracedValue{{Value: ""}}}, false, false},
		"no value":                       {TracedOperation{Extracted: []TracedValue{{}, {Problem: "none"}}}, true, true},
	} {
		trace := &Trace{Operations: []TracedOperation{{Status: 200}, test.operation}}
		if trace.Failed() != test.failed || test.operation.Failed() != test.failed || test.operation.Erroneous() != test.erroneous {
			t.Errorf("%s: failed %v, %v, erroneous %v", name, trace.Failed(), test.operation.Failed(), test.operation.Erroneous())
		}
	}
}
