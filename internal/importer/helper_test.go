package importer

import (
	"errors"
	"os"
	"strings"
	"testing"

	"sessbench/workload"
	"sessbench/workload/planfile"
	"sessbench/workload/script"
)

// testOptions are those of the program.
func testOptions(name string) Options {
	return Options{Name: name, Secret: workload.SecretName}
}

// parse reads a plan as the program would, with a value for each of its variables. Of files that it names it does not matter
// whether they are there.
func parse(t *testing.T, plan *Plan) *workload.Plan {
	t.Helper()
	for _, name := range plan.Variables {
		t.Setenv(name, valueOf(name))
	}
	file, err := planfile.Parse("plan.yaml", plan.YAML)
	if err != nil {
		t.Fatalf("the plan is not one: %v\n%s", err, plan.YAML)
	}
	return file.Plan
}

// valueOf is what a variable of a plan has in tests.
func valueOf(name string) string {
	if name == "TARGET" {
		return "http://localhost:8080"
	}
	return "value"
}

// parses is parse for fuzzing, where plans name files that are not there.
func parses(t *testing.T, plan *Plan) *workload.Plan {
	t.Helper()
	for _, name := range plan.Variables {
		if err := os.Setenv(name, valueOf(name)); err != nil {
			t.Fatal(err)
		}
	}
	file, err := planfile.Parse("plan.yaml", plan.YAML)
	for _, name := range plan.Variables {
		os.Unsetenv(name)
	}
	if wrong, ok := errors.AsType[*planfile.Error](err); ok {
		for _, problem := range wrong.Problems {
			if !strings.Contains(problem.Text, "cannot be read") {
				t.Fatalf("the plan is not one: %v\n%q", err, plan.YAML)
			}
		}
		return nil
	}
	return file.Plan
}

// meant returns what a text of an operation says once its templates are filled in.
func meant(t *testing.T, text string) string {
	t.Helper()
	template, err := new(script.Names).Template(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	filled, err := template.Append(nil, new(script.Names).NewScope())
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return string(filled)
}
