package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOperationsOfADescriptionAreChosen(t *testing.T) {
	data := readSource(t, "petstore.yaml")
	for _, test := range []struct {
		options OpenAPIOptions
		want    string
	}{
		{OpenAPIOptions{Tags: []string{"photos"}}, "PUT /v1/pets/7/photo"},
		{OpenAPIOptions{Methods: []string{"get"}, Exclude: []string{"/pets/*"}}, "GET /v1/pets?limit=20&status=available"},
		{OpenAPIOptions{Methods: []string{"put", "POST"}, Include: []string{"/pets/**"}}, "POST /v1/pets, PUT /v1/pets/7/photo"},
		{OpenAPIOptions{Include: []string{"**/photo", "log*"}}, "POST /v1/login, PUT /v1/pets/7/photo"},
	} {
		test.options.Options = testOptions("petstore.yaml")
		imported, err := OpenAPI(data, test.options)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range parse(t, imported).Mix {
			got = append(got, o.Method+" "+o.URL)
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
	if _, err := OpenAPI(data, OpenAPIOptions{Options: testOptions("petstore.yaml"), Tags: []string{"none"}}); err == nil || !strings.Contains(err.Error(), "no operation to import, of 6") {
		t.Errorf("error %v", err)
	}
}

const referring = `openapi: 3.0.3
info: {title: a, version: "1"}
paths:
  /a:
    post:
      requestBody: {content: {application/json: {schema: {$ref: "REF"}}}}
      responses: {"200": {description: ok}}
`

// Files below the description are read, others and other servers are not.
func TestReferencesStayBelowTheDescription(t *testing.T) {
	dir := t.TempDir()
	below := filepath.Join(dir, "api", "schemas")
	if err := os.MkdirAll(below, 0o777); err != nil {
		t.Fatal(err)
	}
	schema := []byte("type: object\nproperties: {a: {type: string, example: found}}\n")
	for _, name := range []string{filepath.Join(below, "a.yaml"), filepath.Join(dir, "a.yaml")} {
		if err := os.WriteFile(name, schema, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "a.yaml"), filepath.Join(below, "link.yaml")); err != nil {
		t.Logf("no link: %v", err)
	}
	for ref, wrong := range map[string]string{
		"schemas/a.yaml":          "",
		"schemas/none.yaml":       "is no OpenAPI description that can be read",
		"../a.yaml":               "out of the directory",
		"schemas/link.yaml":       "is no OpenAPI description that can be read",
		"http://127.0.0.1:9/a":    "another server",
		"file://other/etc/passwd": "another server",
	} {
		o := OpenAPIOptions{Options: testOptions(filepath.Join(dir, "api", "api.yaml"))}
		imported, err := OpenAPI([]byte(strings.ReplaceAll(referring, "REF", ref)), o)
		switch {
		case wrong == "" && err != nil:
			t.Errorf("%s: %v", ref, err)
		case wrong == "" && !strings.Contains(string(imported.YAML), "a: found"):
			t.Errorf("%s:\n%s", ref, imported.YAML)
		case wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)):
			t.Errorf("%s: error %v, want %q", ref, err, wrong)
		}
	}
}

// A schema that refers to itself in every way there is has a value of bounded size.
func TestSchemasThatGrowAreBounded(t *testing.T) {
	var properties strings.Builder
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		properties.WriteString(name + `: {type: array, minItems: 9, items: {allOf: [{$ref: "#/components/schemas/Other"}]}}, `)
	}
	source := strings.ReplaceAll(referring, "REF", "#/components/schemas/One") + `components:
  schemas:
    One: {type: object, properties: {` + properties.String() + `}}
    Other: {type: object, properties: {` + properties.String() + `self: {$ref: "#/components/schemas/Other"}}}
`
	imported, err := OpenAPI([]byte(source), OpenAPIOptions{Options: testOptions("api.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	parse(t, imported)
	if len(imported.YAML) > 100_000 {
		t.Errorf("%d bytes", len(imported.YAML))
	}
}
