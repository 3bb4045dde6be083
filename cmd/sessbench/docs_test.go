package main

import (
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "record the transcripts in the documentation anew, at their full length")

// repository is its root, seen from this package.
const repository = "../.."

// documents are all texts for readers, by their names from the root.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(repository, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != repository && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "out") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(name, ".md") {
			relative, err := filepath.Rel(repository, name)
			if err != nil {
				return err
			}
			names = append(names, filepath.ToSlash(relative))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// Every transcript is carried out again, and what is printed has the transcript's
// shape. What that leaves out is said at shapeOf.
func TestTranscriptsAreWhatSessbenchPrints(t *testing.T) {
	if testing.Short() {
		t.Skip("offers load for a quarter of a minute")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the transcripts were recorded on Linux")
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		executable = filepath.Join(t.TempDir(), "sessbench")
		if output, err := exec.Command("go", "build", "-o", executable, ".").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	found := 0
	for _, name := range documents(t) {
		file := filepath.Join(repository, filepath.FromSlash(name))
		document := readDocument(t, file)
		steps := stepsOf(document)
		if len(steps) == 0 {
			continue
		}
		found += len(steps)
		t.Run(name, func(t *testing.T) {
			term := newTerminal(t, executable)
			term.full = *update
			for i := range steps {
				if *update {
					steps[i].output = term.carryOut(steps[i].command, asWritten)
				} else {
					hold(t, term, steps[i])
				}
			}
			if *update {
				if err := os.WriteFile(file, []byte(recorded(document, steps)), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if found < 10 {
		t.Errorf("%d commands were found in the documentation", found)
	}
}

// hold carries a step out and holds what it prints against the transcript. A verdict
// about noise errs once in twenty, and a busy machine brings warnings with it: what
// offers load is tried again, for longer each time.
func hold(t *testing.T, term *terminal, s step) {
	t.Helper()
	for chance := range chances {
		output := term.carryOut(s.command, shortest<<chance)
		difference := differenceOf(shapeOf(s.command, s.output), shapeOf(s.command, output))
		if difference == "" {
			difference = unknownSentence(sentencesOf(s.output), sentencesOf(output))
		}
		switch {
		case difference == "":
			return
		case chance == chances-1 || !offersLoad(s.command):
			t.Fatalf("line %d: %s\nprints other things than the transcript has: %s\nIt printed:\n%s\n(go test ./cmd/sessbench -run Transcripts -update records all transcripts anew)",
				s.line, s.command, difference, output)
		}
		t.Logf("line %d, once more: %s", s.line, difference)
	}
}

const (
	chances  = 4
	shortest = 300 * time.Millisecond // measured per arm, at the first chance
)

// offersLoad says whether a command offers load: what follows "sessbench" is its name.
func offersLoad(command string) bool {
	_, args, _ := strings.Cut(command, "sessbench ")
	name, _, _ := strings.Cut(args, " ")
	return name == "compare" || name == "run"
}
