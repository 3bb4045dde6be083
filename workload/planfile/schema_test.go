package planfile

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// compiledSchema is the schema, or the definition of it with a name.
func compiledSchema(t *testing.T, definition string) *jsonschema.Schema {
	t.Helper()
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("plan.json", doc); err != nil {
		t.Fatal(err)
	}
	name := "plan.json"
	if definition != "" {
		name += "#/$defs/" + definition
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// instance is a file as a validator takes it; ok is false where it is no YAML.
func instance(t *testing.T, data []byte) (value any, ok bool) {
	t.Helper()
	if yaml.Unmarshal(data, &value) != nil {
		return nil, false
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		return nil, false
	}
	value, err = jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	return value, err == nil
}

// The parser tells what it knows; the table is to say the same, no more and no less.
func TestTheTableHasTheKeysThatTheParserKnows(t *testing.T) {
	known := map[string]map[string]bool{}
	read := func(data []byte) {
		d := newDecoder("plan.yaml", data)
		d.watch = func(section string, keys []key) {
			if known[section] == nil {
				known[section] = map[string]bool{}
			}
			for _, k := range keys {
				known[section][k.name] = true
			}
		}
		d.plan(d.tree(d.main))
	}
	read([]byte(`{
		session: {auth: {basic: {}}, timeout: {}, tls: {}, adapters: {"http://": {retries: {}}}}, connection: {keep_alive: {}}, emulate: {}, arms: [{}],
		feeds: {a: {}}, load: {stages: [{}]}, thresholds: [{}], output: {},
		mix: [{multipart: {files: [{}]}, extract: {id: {}}, think: {normal: {}, lognormal: {}}}]}`))
	table := map[string]map[string]bool{}
	for _, s := range sections() {
		name := s.name
		if name == "scenario" || name == "once" { // which are read as operations are
			name = "operation"
		}
		if table[name] == nil {
			table[name] = map[string]bool{}
		}
		for _, k := range s.keys {
			table[name][k.Name] = true
		}
	}
	for name, keys := range known {
		for key := range keys {
			if !table[name][key] {
				t.Errorf("the table does not have %s of %s", key, name)
			}
		}
	}
	for name, keys := range table {
		for key := range keys {
			if !known[name][key] {
				t.Errorf("the parser does not know %s of %s", key, name)
			}
		}
	}
}

// Examples and defaults are values that the key can have.
func TestExamplesAndDefaultsFitTheirTypes(t *testing.T) {
	for _, s := range sections() {
		definition := compiledSchema(t, s.name)
		for _, k := range s.keys {
			if k.Meaning == "" || k.Example == "" {
				t.Errorf("%s of %s lacks its meaning or example", k.Name, s.name)
			}
			property := definition.Properties[k.Name]
			value, ok := instance(t, []byte(k.Example))
			if !ok {
				t.Errorf("%s of %s: example %s is no YAML", k.Name, s.name, k.Example)
			} else if err := property.Validate(value); err != nil {
				t.Errorf("%s of %s: example %s: %v", k.Name, s.name, k.Example, err)
			}
			if value, ok := k.defaultValue(); ok {
				if err := property.Validate(value); err != nil && s.name != "arm" {
					t.Errorf("%s of %s: default %v: %v", k.Name, s.name, value, err)
				}
			}
		}
	}
}

// Plans that can be read meet the schema: those of the examples, of the tests, and whatever is written as JSON.
func TestTheSchemaTakesWhatTheParserTakes(t *testing.T) {
	s := compiledSchema(t, "")
	full, err := json.Marshal(fullPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	plans := map[string][]byte{"full": full, "many": manyOperations(40), "no load": []byte("mix: [{get: /}]\nload:\n")}
	for _, pattern := range []string{"testdata/right/*.yaml", "testdata/wrong/*.yaml", "../../examples/*/*.yaml", "../../examples/*/*.yml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Read(file); err == nil {
				plans[file] = data
			}
		}
	}
	for _, file := range []string{"testdata/right/full.yaml"} {
		t.Setenv("PLANFILE_TEST_HOST", "h.example")
		t.Setenv("PLANFILE_TEST_PASSWORD", "x")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plans[file] = data
	}
	for name, data := range plans {
		value, ok := instance(t, data)
		if !ok {
			t.Errorf("%s cannot be read", name)
			continue
		}
		if err := s.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// beyondSchema are the wrong plans that a schema cannot tell from right ones: what is wrong is in other files, in the environment, inside of
// texts, or in how values fit together.
func beyondSchema() []string {
	return []string{
		"arm-contradictions.yaml", "arm-target.yaml", "check-blocks.yaml", "columns.yaml", "extraction-patterns.yaml", "extraction-templates.yaml", "feed-files.yaml",
		"feed-names.yaml", "include-itself.yaml", "include.yaml", "load-closed.yaml", "load-ends.yaml", "load-workers.yaml",
		"rates-and-weights.yaml", "scenario-and-operation.yaml", "scenario-names.yaml", "scenario-texts.yaml", "second-document.yaml", "template-everywhere.yaml",
		"template-keys.yaml", "template-url.yaml", "too-large.yaml", "variable-in-value.yaml", "variables.yaml",
	}
}

func TestTheSchemaRefusesWhatTheParserRefuses(t *testing.T) {
	s := compiledSchema(t, "")
	var taken []string
	err := filepath.WalkDir("testdata/wrong", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".txt") || strings.Contains(path, "laughs") || strings.Contains(path, "cycle") || strings.Contains(path, "deep") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if value, ok := instance(t, data); ok && s.Validate(value) == nil {
			taken = append(taken, filepath.Base(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := beyondSchema(); !slices.Equal(taken, want) {
		t.Errorf("the schema takes %q, want %q", taken, want)
	}
}
