package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sessbench/result"
	"sessbench/workload/planfile"
)

// printedSchema is the schema that a command line prints.
func printedSchema(t *testing.T, of string) *jsonschema.Schema {
	t.Helper()
	c := newConsole(nil, nil)
	if code := c.sessbench(t, "schema", of); code != exitDone || c.err.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	doc, err := jsonschema.UnmarshalJSON(&c.out)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A real result meets its schema, and the plan in it that of plans.
func TestARealResultMeetsTheSchemas(t *testing.T) {
	c := newRealConsole()
	if code := c.sessbench(t, "compare", "-n", "40", "-c", "2", "--blocks", "4", "--fail-if", "pooled.error_rate > 1", "--format", "json"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	for of, data := range map[string][]byte{"result": c.out.Bytes(), "plan": planOfResult(t, c.out.Bytes())} {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := printedSchema(t, of).Validate(value); err != nil {
			t.Errorf("%s: %v", of, err)
		}
	}
}

func planOfResult(t *testing.T, data []byte) []byte {
	t.Helper()
	var r result.Result
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r.Plan
}

// What lacks a field, or has one of another type, is no result.
func TestTheSchemaOfAResultRefusesOthers(t *testing.T) {
	s := printedSchema(t, "result")
	data, err := json.Marshal(goodResult())
	if err != nil {
		t.Fatal(err)
	}
	check := func(change func(map[string]any)) error {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		r := value.(map[string]any)
		r["schema"], r["plan"] = result.Schema, map[string]any{}
		change(r)
		return s.Validate(r)
	}
	if err := check(func(map[string]any) {}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(map[string]any){
		"another schema": func(r map[string]any) { r["schema"] = "sessbench/result/v2" },
		"no arms":        func(r map[string]any) { delete(r, "arms") },
		"a text":         func(r map[string]any) { r["valid"] = "yes" },
		"deeper":         func(r map[string]any) { r["arms"].([]any)[0].(map[string]any)["requests"] = "7" },
		"no time":        func(r map[string]any) { r["started"] = "yesterday" },
	} {
		if check(change) == nil {
			t.Errorf("%s: is a result", name)
		}
	}
}

// Definitions are called as types are, which only works where no two have the same name.
func TestTypesOfAResultHaveNamesOfTheirOwn(t *testing.T) {
	reached, names := map[reflect.Type]bool{}, map[string]bool{}
	reach(reflect.TypeFor[result.Result](), reached)
	for typ := range reached {
		if names[typ.Name()] {
			t.Errorf("two types are called %s", typ.Name())
		}
		names[typ.Name()] = true
	}
}

func TestSchemaIsOfAPlanOrAResult(t *testing.T) {
	for args, want := range map[string]string{
		"schema":             "sessbench: schema takes one argument, plan or result; see sessbench schema --help\n",
		"schema plan result": "sessbench: schema takes one argument, plan or result; see sessbench schema --help\n",
		"schema plans":       "sessbench: there is no schema of \"plans\"; write sessbench schema plan, or result\n",
		"schema a@b":         "sessbench: schema takes one argument, plan or result; see sessbench schema --help\n",
	} {
		c := newConsole(nil, nil)
		if code := c.sessbench(t, strings.Fields(args)...); code != exitUsage || c.err.String() != want || c.out.Len() > 0 {
			t.Errorf("%s: exit code %d, %q", args, code, c.err.String())
		}
	}
}

// What flags set is written beside the keys.
func TestTheTableOfKeysHasTheFlags(t *testing.T) {
	flags := map[string]string{}
	for _, k := range planfile.Keys() {
		flags[k.Name] = k.Flag
	}
	for _, b := range bindings() {
		if got, ok := flags[b.key]; !ok || got != b.shown() {
			t.Errorf("%s is set by %s, and the table has %q", b.key, b.shown(), got)
		}
		delete(flags, b.key)
	}
	for key, flag := range flags {
		if flag != "" {
			t.Errorf("the table has %s for %s, which no flag sets", flag, key)
		}
	}
}

// Plans of the documentation's examples can be completed in editors: the schema is complete by itself.
func TestTheSchemaOfAPlanNamesNoFile(t *testing.T) {
	c := newConsole(nil, nil)
	if code := c.sessbench(t, "schema", "plan"); code != exitDone {
		t.Fatal(code)
	}
	for part := range strings.SplitSeq(c.out.String(), `"$ref": "`) {
		if ref, _, _ := strings.Cut(part, `"`); !strings.HasPrefix(part, "{") && !strings.HasPrefix(ref, "#/$defs/") {
			t.Errorf("it refers to %s", ref)
		}
	}
}
