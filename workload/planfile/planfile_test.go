package planfile

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

const secret = "hunter2"

// Every wrong plan has the messages beside it, word for word.
func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Setenv("PLANFILE_TEST_SECRET", secret)
	t.Setenv("PLANFILE_TEST_LINES", secret+"\n"+secret)
	files, err := filepath.Glob(filepath.Join("testdata", "wrong", "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if filepath.Ext(file) == ".txt" {
			continue
		}
		found++
		t.Run(filepath.Base(file), func(t *testing.T) {
			plan, err := Read(file)
			if err == nil || plan != nil {
				t.Fatalf("plan %+v, error %v", plan, err)
			}
			got := strings.ReplaceAll(err.Error(), file, filepath.Base(file)) + "\n"
			if strings.Contains(got, secret) {
				t.Errorf("a secret is in\n%s", got)
			}
			golden := strings.TrimSuffix(file, filepath.Ext(file)) + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("messages\n%s\nwant\n%s", got, want)
			}
		})
	}
	if found < 60 {
		t.Errorf("only %d wrong plans", found)
	}
}

func TestMoreProblemsThanAreLookedFor(t *testing.T) {
	for count, want := range map[int]string{60: "and 10 more", 5000: "and at least 951 more"} {
		plan := "target: http://localhost\nmix:\n" + strings.Repeat("  - {get: /, wieght: 1}\n", count)
		_, err := ReadFrom("plan.yaml", strings.NewReader(plan))
		if err == nil || !strings.HasSuffix(err.Error(), "\n"+want) {
			t.Errorf("%d problems: the text does not end with %q", count, want)
		}
	}
}
