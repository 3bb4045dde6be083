package report_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"sessbench/report"
	"sessbench/result"
	"sessbench/stats"
)

var update = flag.Bool("update", false, "write the golden files and the results that they show")

func render(t testing.TB, r *result.Result) string {
	t.Helper()
	var buf bytes.Buffer
	if err := report.Text(&buf, r); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestTextIsAsInTheGoldenFiles(t *testing.T) {
	for name, r := range goldenCases() {
		t.Run(name, func(t *testing.T) {
			saved, golden := filepath.Join("testdata", name+".json"), filepath.Join("testdata", name+".txt")
			if *update {
				if err := result.WriteFile(saved, r); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, []byte(render(t, r)), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			r, err := result.ReadFile(saved)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			got := render(t, r)
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			checkLegible(t, got)
		})
	}
}

// checkLegible holds what is true of every report.
func checkLegible(t *testing.T, text string) {
	t.Helper()
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \n():,[]", r) }) {
		switch strings.TrimLeft(word, "+-") {
		case "NaN", "Inf", "∞":
			t.Errorf("the text has %q:\n%s", word, text)
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > 100 {
			t.Errorf("a line has %d columns:\n%s", n, line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("a line ends in a space: %q", line)
		}
	}
}

func TestRenderersAreChosenByFormat(t *testing.T) {
	for format, want := range map[string]string{"text": "Reusing connections", "json": "{\n  \"schema\""} {
		renderer, err := report.Renderer(format)
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if err := renderer(&buf, httpsThreeArms()); err != nil || !strings.HasPrefix(buf.String(), want) {
			t.Errorf("%s: %v\n%.40s", format, err, buf.String())
		}
	}
	if _, err := report.Renderer("yaml"); err == nil || err.Error() != `there is no format "yaml"; formats are text and json` {
		t.Errorf("unknown format: %v", err)
	}
}

func TestJSONIsWhatTheFileHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	if err := result.WriteFile(path, httpsThreeArms()); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := report.JSON(&buf, httpsThreeArms()); err != nil || !bytes.Equal(buf.Bytes(), want) {
		t.Errorf("the renderer and the file differ: %v", err)
	}
}

func TestErrorsOfTheWriterComeBack(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		renderer, err := report.Renderer(format)
		if err != nil {
			t.Fatal(err)
		}
		if err := renderer(brokenWriter{}, httpsThreeArms()); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWhatAResultSaysCannotBreakTheLayoutOrTheTerminal(t *testing.T) {
	r := openModelErrors()
	long := strings.Repeat("長い名前\x1b[31m\n", 40)
	r.Arms[1].Name, r.Target.URL, r.Warnings[0].Detail, r.Warnings[0].Hint, r.Warnings[0].Arm = long, long, long, long, long
	r.Arms[1].ErrorClasses[long] = 1
	got := render(t, r)
	checkLegible(t, got)
	if strings.Contains(got, "\x1b") {
		t.Errorf("an escape came through:\n%q", got)
	}
}

func TestTheFirstSentenceSaysWhatThePoliciesAre(t *testing.T) {
	for want, change := range map[string]func(*result.Result){
		"Reusing connections made the median response 19.2 times faster (95 %":                                       func(*result.Result) {},
		"Reusing connections made the median response 19.2 times faster than a new one every 5 requests (":           func(r *result.Result) { r.Last().Policy.RequestsPerConnection = 5 },
		"Reusing connections made the median response 10.6 times faster than new ones with resumed TLS sessions (95": func(r *result.Result) { r.Arms = r.Arms[:2] },
		"Reusing connections made the median response 2.00 times slower (95 % interval 1.25 to 4.00, 10 blocks).": func(r *result.Result) {
			*r.Comparison("response_time.p50", "fresh").Ratio = stats.Estimate{Value: 0.5, Lo: 0.25, Hi: 0.8, Confidence: 0.95}
		},
		"fresh's median response was 19.2 times slower than pooled's (":   func(r *result.Result) { r.Last().Policy.RequestsPerConnection = 0 },
		"fresh's median response was 19.2 times slower than pooled's (95": func(r *result.Result) { r.Last().Target = "https://other.example/" },
		"INTERRUPTED: the run was stopped early; these figures are what had been measured by then. The median response took 0.218 ms with pooled and 4.18 ms with fresh, but 1 block cannot tell a difference from chance: let it run to its end.": func(r *result.Result) {
			r.Interrupted = true
			c := r.Comparison("response_time.p50", "fresh")
			c.Verdict, c.Blocks = stats.TooFewTrials, 1
		},
		"The median response took 0.218 ms with pooled and 4.18 ms with fresh; the result does not compare them.": func(r *result.Result) { r.Comparisons = nil },
	} {
		r := httpsThreeArms()
		change(r)
		if got := strings.ReplaceAll(render(t, r), "\n", " "); !strings.HasPrefix(got, want) {
			t.Errorf("got %.140s\nwant %s", got, want)
		}
	}
}

func TestTargetsOfArmsAreNamed(t *testing.T) {
	r := httpsThreeArms()
	r.Last().Target = "https://other.example/"
	if got := strings.ReplaceAll(render(t, r), "\n        ", " "); !strings.Contains(got, "test server), fresh at https://other.example/, TLS 1.3") {
		t.Errorf("the report does not name the target of fresh:\n%s", got)
	}
}

func FuzzText(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"schema":"sessbench/result/v1"}`))
	f.Add([]byte(`{"schema":"sessbench/result/v1","plan":[3],"arms":[{},{"requests":-1,"errors":9},{"name":"a"}],"warnings":[{}]}`))
	f.Add([]byte(`{"schema":"sessbench/result/v1","arms":[{"name":"a","response_time":{"count":1,"mean":1e308,"p50":1e-320},"phases":{"tls":{"mean":-1e308}}},{"name":"b","response_time":{"count":1,"mean":-1e308,"p50":1e308},"phases":{"x":{"mean":1e308}}}],"comparisons":[{"metric":"response_time.mean","baseline":"a","arm":"b","verdict":"worse","difference":{"value":1e308},"attribution":{"tls":1e308,"x":1e308,"y":-1e-320}},{"metric":"response_time.p50","baseline":"a","arm":"b","ratio":{"value":1e-320,"lo":1e-320,"hi":1e308}},{"metric":"z","arm":"nobody"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := result.Read(bytes.NewReader(data))
		if err != nil || len(r.Arms) > 50 {
			return
		}
		checkLegible(t, render(t, r))
	})
}
