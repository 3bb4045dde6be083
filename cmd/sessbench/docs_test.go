package main

import (
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
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
		t.Skip("offers load for half a minute")
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
			term := newTerminal(t, executable, *update)
			for i := range steps {
				if *update {
					steps[i].output = term.carryOut(steps[i].command)
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
// offers load has three chances.
func hold(t *testing.T, term *terminal, s step) {
	t.Helper()
	chances := 1
	if words := strings.Fields(s.command); slices.ContainsFunc(words, func(w string) bool { return w == "compare" || w == "run" }) && words[len(words)-1] != "&" {
		chances = 3
	}
	for {
		output := term.carryOut(s.command)
		chances--
		difference := differenceOf(shapeOf(s.command, s.output), shapeOf(s.command, output))
		switch {
		case difference == "":
			return
		case chances == 0:
			t.Fatalf("line %d: %s\nprints other things than the transcript has: %s\nIt printed:\n%s\n(go test ./cmd/sessbench -run Transcripts -update records all transcripts anew)",
				s.line, s.command, difference, output)
		}
	}
}

// shapeOf is what stays the same from run to run, as words. Gone are: numbers and
// units of time, addresses, the facts of host and time, how lines and columns are
// spaced and wide tables split, whether a ratio was told from 1, and the parts that a
// difference was split into. Of doctor's checks, which differ by machine, only their
// form is held.
func shapeOf(command, output string) []string {
	if strings.HasPrefix(command, "sessbench doctor") {
		return doctorsShape(output)
	}
	var lines []string
	masked := false
	for line := range strings.Lines(output) {
		switch {
		case strings.HasPrefix(line, "Host    "), strings.HasPrefix(line, "Run     "):
			lines = append(lines, line[:4])
			masked = true
		case masked && strings.HasPrefix(line, "        "):
		default:
			lines = append(lines, strings.TrimSuffix(line, "\n"))
			masked = false
		}
	}
	words := strings.Fields(address.ReplaceAllString(joinTables(strings.Join(lines, "\n")), "ADDRESS"))
	for i, word := range words {
		word = number.ReplaceAllString(word, "$1#$2")
		words[i] = timeUnit.ReplaceAllString(word, "UNIT$1")
	}
	text := strings.Join(words, " ")
	text = ratioCell.ReplaceAllString(text, "RATIO")
	text = strings.ReplaceAll(text, " ~: no measurable difference.", "")
	text = parts.ReplaceAllString(text, "$1 PARTS.")
	return strings.Fields(text)
}

var (
	address   = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	number    = regexp.MustCompile(`^([(\[]*)(?:[-+]?\d[\d,]*(?:\.\d+)?(?:ns|µs|us|ms|s|m|h|%)?)+([)\]",.;:]*)$`)
	timeUnit  = regexp.MustCompile(`^(?:ns|µs|ms|s)([,.;)]*)$`)
	ratioCell = regexp.MustCompile(`(?:#|~) \(# to #\)`)
	parts     = regexp.MustCompile(`(On average \S+ took # UNIT (?:longer|less) than \S+:).*? = #\.`)
)

// joinTables undoes that a table too wide for a terminal is split: the second part has
// the same title, and repeats labels and baseline.
func joinTables(output string) string {
	var blocks []string
	for _, block := range strings.Split(output, "\n\n") {
		last := len(blocks) - 1
		if last >= 0 && cellsOf(block)[0] == cellsOf(blocks[last])[0] {
			blocks[last] = beside(blocks[last], block)
		} else {
			blocks = append(blocks, block)
		}
	}
	return strings.Join(blocks, "\n\n")
}

func beside(left, right string) string {
	joined := strings.Split(left, "\n")
	rows := len(joined)
	for i, line := range strings.Split(right, "\n") {
		cells := cellsOf(line)
		switch {
		case i >= rows || cells[0] != cellsOf(joined[i])[0]:
			joined = append(joined, line)
		case len(cells) > 2:
			joined[i] += "  " + strings.Join(cells[2:], "  ")
		}
	}
	return strings.Join(joined, "\n")
}

// cellsOf returns the cells of a table's first row.
func cellsOf(table string) []string {
	first, _, _ := strings.Cut(table, "\n")
	return columns.Split(strings.TrimSpace(first), -1)
}

var columns = regexp.MustCompile(` {2,}`)

var doctorsLine = regexp.MustCompile(`^(?:ok|warn|bad) +(.+?)  +\S`)

func doctorsShape(output string) []string {
	known := regexp.MustCompile(`&check\{"([^"]+)"`).FindAllStringSubmatch(readSource("checks.go"), -1)
	var shape []string
	for line := range strings.Lines(output) {
		m := doctorsLine.FindStringSubmatch(line)
		switch {
		case m != nil && slices.ContainsFunc(known, func(k []string) bool { return k[1] == m[1] }):
		case m == nil && strings.HasPrefix(line, "          "):
		default:
			shape = append(shape, "not doctor's: "+strings.TrimSpace(line))
		}
	}
	return shape
}

func readSource(name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(data)
}

// differenceOf says where two shapes part, or "" where they do not.
func differenceOf(want, got []string) string {
	at := 0
	for at < len(want) && at < len(got) && want[at] == got[at] {
		at++
	}
	if at == len(want) && at == len(got) {
		return ""
	}
	around := func(words []string) string {
		return strings.Join(words[max(0, at-8):min(len(words), at+8)], " ")
	}
	return "the transcript has\n    " + around(want) + "\nand it printed\n    " + around(got)
}

func TestAChangedReportHasAnotherShape(t *testing.T) {
	const transcript = "Arms       pooled  fresh  / pooled\nrequests   10,000  2,000\n  p50, µs    77.6    210  2.72 (1.99 to 3.43)\n"
	for _, test := range []struct {
		printed string
		same    bool
	}{
		{"Arms       pooled  fresh  / pooled\nrequests  1,000  200\n  p50, ms    0.101    0.999  ~ (0.99 to 3.43)\n", true},
		{"Arms       pooled  fresh  / pooled\nrequests   10,000\n  p50, µs    77.6    210  2.72 (1.99 to 3.43)\n", false},
		{"Arms       pooled  new    / pooled\nrequests   10,000  2,000\n  p50, µs    77.6    210  2.72 (1.99 to 3.43)\n", false},
		{"Arms       pooled  fresh  / pooled\ncalls      10,000  2,000\n  p50, µs    77.6    210  2.72 (1.99 to 3.43)\n", false},
		{"Arms       pooled  fresh  / pooled\nrequests   10,000  2,000\n  p95, µs    77.6    210  2.72 (1.99 to 3.43)\n", false},
		{"Arms       pooled  fresh  / pooled\nrequests   10,000  2,000\n  p50, µs    77.6    210\n", false},
		{transcript + "\nWarnings\n[1] doubt (code)\n", false},
		{"Arms      pooled\nrequests  10,000\n  p50, µs   77.6\n\nArms      pooled  fresh  / pooled\nrequests  10,000  2,000\n  p50, µs   77.6    210  2.72 (1.99 to 3.43)\n", true},
	} {
		difference := differenceOf(shapeOf("sessbench compare", transcript), shapeOf("sessbench compare", test.printed))
		if (difference == "") != test.same {
			t.Errorf("%q: difference %q", test.printed, difference)
		}
	}
}
