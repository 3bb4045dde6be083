package importer

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"sessbench/workload/planfile"
)

var update = flag.Bool("update", false, "write the expected plans anew")

func readSource(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// goldenCases are the sources of testdata with what is made of them.
var goldenCases = []struct {
	name, source string
	read         func(data []byte, o Options) (*Plan, error)
}{
	{"curl", "commands.sh", func(data []byte, o Options) (*Plan, error) { return Curl(string(data), o) }},
	{"vegeta", "targets.txt", Vegeta},
	{"vegeta-json", "targets.json", Vegeta},
	{"har", "shop.har", func(data []byte, o Options) (*Plan, error) { return HAR(data, HAROptions{Options: o}) }},
	{"har-mix", "shop.har", func(data []byte, o Options) (*Plan, error) {
		return HAR(data, HAROptions{Options: o, Hosts: []string{"shop.example", "*.example"}, NoAssets: true, KeepCookies: true, Mix: true})
	}},
	{"openapi", "petstore.yaml", func(data []byte, o Options) (*Plan, error) { return OpenAPI(data, OpenAPIOptions{Options: o}) }},
	{"openapi-kinds", "kinds.yaml", func(data []byte, o Options) (*Plan, error) { return OpenAPI(data, OpenAPIOptions{Options: o}) }},
	{"swagger", "swagger.json", func(data []byte, o Options) (*Plan, error) { return OpenAPI(data, OpenAPIOptions{Options: o}) }},
}

// Plans are as they were read and found good; each is a plan.
func TestGoldenPlans(t *testing.T) {
	for _, test := range goldenCases {
		t.Run(test.name, func(t *testing.T) {
			plan, err := test.read(readSource(t, test.source), testOptions("testdata/"+test.source))
			if err != nil {
				t.Fatal(err)
			}
			parse(t, plan)
			meetsSchema(t, plan.YAML)
			golden := filepath.Join("testdata", test.name+".golden.yaml")
			if *update {
				if err := os.WriteFile(golden, plan.YAML, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(plan.YAML); got != strings.ReplaceAll(string(want), "\r\n", "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// meetsSchema holds a plan to the schema that editors use.
func meetsSchema(t *testing.T, plan []byte) {
	t.Helper()
	data, err := planfile.Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("plan.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal(plan, &value); err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(compactJSON(value)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(instance); err != nil {
		t.Errorf("%v\n%s", err, plan)
	}
}

// None of the secrets of the sources is in a plan or in what is said of it, unless they are asked for.
func TestSecretsStayOutOfPlans(t *testing.T) {
	secrets := []string{"s3cr3t", "abc.def", "123abc", "hunter2", "builder", "zzz", "abcdef", "bWU6aHVudGVyMg"}
	for _, test := range goldenCases {
		data := readSource(t, test.source)
		plan, err := test.read(data, testOptions(test.source))
		if err != nil {
			t.Fatal(err)
		}
		all := string(plan.YAML) + strings.Join(plan.Notes, "\n") + strings.Join(plan.Variables, "\n")
		for _, secret := range secrets {
			if strings.Contains(all, secret) {
				t.Errorf("%s: the plan has %s:\n%s", test.name, secret, all)
			}
		}
		o := testOptions(test.source)
		o.ShowSecrets = true
		shown, err := test.read(data, o)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "hunter2") && !strings.Contains(string(shown.YAML), "hunter2") {
			t.Errorf("%s: the secret that was asked for is missing:\n%s", test.name, shown.YAML)
		}
		parse(t, shown)
	}
}
