package planfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tables of docs/plans.md stand between these lines.
const (
	tablesBegin = "<!-- The tables are made of the parser's own: go test ./workload/planfile -run Documentation -update -->\n"
	tablesEnd   = "<!-- end of the tables -->\n"
)

// tables are the sections as documentation has them.
func tables() string {
	var b strings.Builder
	for _, s := range sections() {
		if s.title == "" {
			continue
		}
		fmt.Fprintf(&b, "### %s\n\n", s.title)
		if s.at != "" {
			fmt.Fprintf(&b, "Under `%s`. ", s.at)
		}
		b.WriteString(strings.TrimSpace(s.about))
		if s.at != "" || s.about != "" {
			b.WriteString("\n\n")
		}
		b.WriteString("| key | type | default | unit | flag | meaning | example |\n|---|---|---|---|---|---|---|\n")
		for _, k := range s.keys {
			if k.Unit == withUnit {
				k.Unit = "`ms`, `s`, `m`, ..."
			}
			cells := []string{"`" + k.Name + "`", k.Type.String(), k.Default, k.Unit, k.Flag, k.Meaning, "`" + k.Name + ": " + k.Example + "`"}
			for i, cell := range cells {
				cells[i] = strings.ReplaceAll(cell, "|", `\|`)
			}
			b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTheDocumentationHasTheTables(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "plans.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	before, rest, ok1 := strings.Cut(text, tablesBegin)
	_, after, ok2 := strings.Cut(rest, tablesEnd)
	if !ok1 || !ok2 {
		t.Fatal("docs/plans.md has no place for the tables")
	}
	want := before + tablesBegin + "\n" + tables() + tablesEnd + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if text != want {
		t.Error("docs/plans.md is not what the table of keys says; go test ./workload/planfile -run Documentation -update writes it")
	}
}

// The plans that the documentation shows are plans.
func TestPlansInTheDocumentationAreRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "plans.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("API_PASSWORD", "secret")
	found := 0
	for i, part := range strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "```yaml\n") {
		if i == 0 {
			continue
		}
		found++
		text, _, _ := strings.Cut(part, "```")
		dir := writeFiles(t, "-- users.csv --\nname,password\njoe,secret\n-- base.yaml --\ntarget: https://api.example.com")
		if strings.Contains(text, "trace:") {
			text = strings.ReplaceAll(text, "trace: arrivals.txt", "trace: users.csv") // that there is one is for runs to find
		}
		if !strings.Contains(text, "mix:") {
			text += "mix: [{get: /}]\n"
		}
		if _, err := Parse(filepath.Join(dir, "plan.yaml"), []byte(text)); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
		value, ok := instance(t, []byte(text))
		if !ok {
			t.Errorf("%s is no YAML", text)
		} else if err := compiledSchema(t, "").Validate(value); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
	if found < 5 {
		t.Errorf("only %d plans", found)
	}
}
