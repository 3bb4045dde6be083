package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sessbench/stats"
)

// shapeOf is what stays the same from run to run, as words. Gone are: numbers and
// units of time, addresses, the facts of host and time, the order of operations, how lines and columns are
// spaced and wide tables split, whether a ratio was told from 1 and what the headline says of it, whether segments were sent again, and which phases are
// long enough to be printed; of an attempt that was tried, all of them. Sentences about the
// parts of a difference, which are there where one was told, are held by themselves. Of
// doctor's checks, which differ by machine, only their form is held.
func shapeOf(command, output string) []string {
	if strings.HasPrefix(command, "sessbench doctor") {
		return doctorsShape(output)
	}
	if strings.HasPrefix(command, "sessbench try") {
		output = phasesOfAttempt.ReplaceAllString(dateField.ReplaceAllString(output, "< Date\n"), "")
	}
	var lines []string
	masked := false
	for line := range strings.Lines(output) {
		switch {
		case strings.HasPrefix(line, "Host    "), strings.HasPrefix(line, "Run     "):
			lines = append(lines, line[:4])
			masked = true
		case masked && strings.HasPrefix(line, "        "), isPhase(line):
		default:
			lines = append(lines, strings.TrimSuffix(line, "\n"))
			masked = false
		}
	}
	words := strings.Fields(address.ReplaceAllString(sortOperations(joinTables(strings.Join(lines, "\n"))), "ADDRESS"))
	for i, word := range words {
		word = number.ReplaceAllString(word, "$1#$2")
		words[i] = timeUnit.ReplaceAllString(word, "UNIT$1")
	}
	text := strings.Join(words, " ")
	text = ratioCell.ReplaceAllString(text, "RATIO")
	text = strings.ReplaceAll(text, " ~: no measurable difference.", "")
	text = strings.ReplaceAll(text, "# (# %)", "#") // segments sent again, with their share where there are any
	text = parts.ReplaceAllString(text, "")
	text = verdict.ReplaceAllString(text, "VERDICT")
	text = withoutMachinesWarnings(text)
	return strings.Fields(text)
}

// machinesWarnings are about a machine that has other things to do, and may come with any run.
var machinesWarnings = regexp.MustCompile(`\((?:overloaded|workers_exhausted|generator_saturated|retransmits)\)`)

// withoutMachinesWarnings leaves these out of a report, and the numbers of warnings where arms refer to them.
func withoutMachinesWarnings(text string) string {
	report, list, found := strings.Cut(text, " Warnings [#] ")
	if !found {
		return text
	}
	report = strings.ReplaceAll(report, " [#]", "")
	for _, warning := range strings.Split(list, " [#] ") {
		if !machinesWarnings.MatchString(warning) {
			report += " WARNING " + warning
		}
	}
	return report
}

// isPhase says whether a line is the row of one of the phases that "Mean time" has.
func isPhase(line string) bool {
	name, indented := strings.CutPrefix(line, "  ")
	if !indented {
		return false
	}
	name = columns.Split(name, 2)[0]
	for p := range stats.NumPhases {
		if name == p.String() {
			return true
		}
	}
	return name == "schedule lag"
}

// sentencesOf are what a report says about the parts of differences, without numbers.
func sentencesOf(output string) []string {
	var sentences []string
	for _, s := range parts.FindAllString(strings.Join(strings.Fields(output), " "), -1) {
		before, after, _ := strings.Cut(s, ":")
		for _, word := range strings.Fields(after) {
			if number.MatchString(word) || word == "+" || word == "-" || word == "=" || isPhase("  "+word) || word == "schedule" || word == "lag" || word == "other" {
				continue
			}
			before += " " + word
		}
		sentences = append(sentences, amount.ReplaceAllString(before, "took #"))
	}
	return sentences
}

var (
	address   = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	number    = regexp.MustCompile(`^([(\[]*)(?:[-+]?\d[\d,]*(?:\.\d+)?(?:ns|µs|us|ms|s|m|h|%)?)+([)\]",.;:]*)$`)
	timeUnit  = regexp.MustCompile(`^(?:ns|µs|ms|s)([,.;)]*)$`)
	ratioCell = regexp.MustCompile(`(?:#|~) \([\d.,]+–[\d.,]+\)`)
	// Of sessbench try: when the server answered, and what an attempt's time is made of.
	dateField       = regexp.MustCompile(`(?m)^< Date: .*\n`)
	phasesOfAttempt = regexp.MustCompile(`(?m)^\* \S+ \S+ = .*\n(?: {4}.*\n)*`)

	// Whether a difference was shown, and in whose favour, is the machine's affair.
	verdict = regexp.MustCompile(`(?:Reusing connections made the median response|No measurable difference in the median response between|\S+'s median response was) [^.]*\.`)

	parts  = regexp.MustCompile(`On average .*? = [\d.,#]+`)
	amount = regexp.MustCompile(`took \S+ \S+`)
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

// sortOperations puts operations, of which the slowest is printed first, in the order of their names.
func sortOperations(output string) string {
	blocks := strings.Split(output, "\n\n")
	for i, block := range blocks {
		if rows := strings.Split(block, "\n"); cellsOf(block)[0] == "Operations" && len(rows) > 2 {
			slices.Sort(rows[2:]) // below the arms and their columns
			blocks[i] = strings.Join(rows, "\n")
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

// unknownSentence finds a sentence that was printed and is not in the transcript. Where that has none, no difference
// was told when it was recorded, which is the machine's affair.
func unknownSentence(known, printed []string) string {
	if len(known) == 0 {
		return ""
	}
	for _, s := range printed {
		if !slices.Contains(known, s) {
			return fmt.Sprintf("the transcript does not have %q, but %q", s, known)
		}
	}
	return ""
}

func TestAChangedReportHasAnotherShape(t *testing.T) {
	const transcript = "Arms       pooled  fresh  / pooled\nrequests   10,000  2,000\n  p50, µs    77.6    210  2.72 (1.99–3.43)\n"
	for _, test := range []struct {
		printed string
		same    bool
	}{
		{"Arms       pooled  fresh  / pooled\nrequests  1,000  200\n  p50, ms    0.101    0.999  ~ (0.99–3.43)\n", true},
		{"Arms       pooled  fresh  / pooled\nrequests   10,000\n  p50, µs    77.6    210  2.72 (1.99–3.43)\n", false},
		{"Arms       pooled  new    / pooled\nrequests   10,000  2,000\n  p50, µs    77.6    210  2.72 (1.99–3.43)\n", false},
		{"Arms       pooled  fresh  / pooled\ncalls      10,000  2,000\n  p50, µs    77.6    210  2.72 (1.99–3.43)\n", false},
		{"Arms       pooled  fresh  / pooled\nrequests   10,000  2,000\n  p95, µs    77.6    210  2.72 (1.99–3.43)\n", false},
		{"Arms       pooled  fresh  / pooled\nrequests   10,000  2,000\n  p50, µs    77.6    210\n", false},
		{"Reusing connections made the median response 2.1 times faster (95 % interval 1.99 to 3.43, 10 blocks).\n" + transcript, false},
		{transcript + "\nWarnings\n[1] doubt (code)\n", false},
		{"Arms      pooled\nrequests  10,000\n  p50, µs   77.6\n\nArms      pooled  fresh  / pooled\nrequests  10,000  2,000\n  p50, µs   77.6    210  2.72 (1.99–3.43)\n", true},
		{transcript + "\nMean time, ms  pooled\n", false},
	} {
		difference := differenceOf(shapeOf("sessbench compare", transcript), shapeOf("sessbench compare", test.printed))
		if (difference == "") != test.same {
			t.Errorf("%q: difference %q", test.printed, difference)
		}
	}
}

func TestAnotherVerdictIsTheSameShape(t *testing.T) {
	const table = "\n\nTarget  here\n"
	want := shapeOf("sessbench compare", "Reusing connections made the median response 2.72 times faster (95 % interval\n1.99 to 3.43, 10 blocks)."+table)
	for _, verdict := range []string{
		"No measurable difference in the median response between pooled and fresh (ratio 1.24, 95 % interval\n0.71 to 1.72, 10 blocks).",
		"No measurable difference in the median response between pooled and fresh (ratio 1.24, 95 % interval 1.01 to 1.72, 10 blocks); the interval leaves 1 out, but by less than the measurement can tell.",
		"fresh's median response was 1.3 times faster than pooled's (95 % interval 1.1 to 1.5, 10 blocks).",
	} {
		if difference := differenceOf(want, shapeOf("sessbench compare", verdict+table)); difference != "" {
			t.Errorf("%q: %s", verdict, difference)
		}
	}
	if differenceOf(want, shapeOf("sessbench compare", "Nothing was measured."+table)) == "" {
		t.Error("another sentence has the same shape")
	}
}

func TestAChangedSentenceIsUnknown(t *testing.T) {
	known := sentencesOf("On average fresh took 2.87 ms longer than pooled: tls 2.05 + wait 0.79 +\n  connect 0.03 = 2.87.")
	for printed, unknown := range map[string]bool{
		"":                          false,
		"No measurable difference.": false,
		"On average fresh took 44 µs longer than pooled: wait 50 - schedule lag 6 = 44.": false,
		"On average fresh took 44 µs longer than five: wait 44 = 44.":                    true,
		"On average fresh took 44 µs more than pooled: wait 44 = 44.":                    true,
		"On average fresh took 44 µs longer than pooled: waiting 44 = 44.":               true,
	} {
		if got := unknownSentence(known, sentencesOf(printed)); (got != "") != unknown {
			t.Errorf("%q: %q", printed, got)
		}
	}
}
