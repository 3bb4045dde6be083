package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sessbench/result"
)

func saved(t *testing.T, name string, res *result.Result) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := result.WriteFile(path, res); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReportRendersASavedResultWhateverItsRunsExitCode(t *testing.T) {
	file := saved(t, "r.json", with(goodResult(), invalid))
	for _, format := range []string{"text", "json"} {
		c := newConsole(nil, nil)
		if code := c.sessbench(t, "report", file, "--format", format); code != exitDone {
			t.Errorf("%s: exit code %d: %s", format, code, c.err.String())
		}
		if !strings.Contains(c.out.String(), "pooled") || strings.Contains(c.out.String(), "==") {
			t.Errorf("%s: %q", format, c.out.String())
		}
	}
}

func TestReportReadsStandardInput(t *testing.T) {
	data, err := os.ReadFile(saved(t, "r.json", goodResult()))
	if err != nil {
		t.Fatal(err)
	}
	c := newConsole(nil, nil)
	c.stdin = bytes.NewReader(data)
	if code := c.sessbench(t, "report", "-"); code != exitDone || !strings.Contains(c.out.String(), "pooled") {
		t.Errorf("exit code %d, %q, %q", code, c.out.String(), c.err.String())
	}
	c = newConsole(nil, nil)
	c.stdin = bytes.NewReader(data)
	if code := c.sessbench(t, "report", "-", "-"); code != exitUsage || !strings.Contains(c.err.String(), "- is given twice") {
		t.Errorf("twice: exit code %d, %q", code, c.err.String())
	}
}

func TestSeveralResultsAreRenderedInTurn(t *testing.T) {
	a, b := saved(t, "a.json", goodResult()), saved(t, "b.json", goodResult())
	c := newConsole(nil, nil)
	if code := c.sessbench(t, "report", a, b); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	atA, atB := strings.Index(c.out.String(), "== "+a+" ==\n"), strings.Index(c.out.String(), "\n== "+b+" ==\n")
	if atA != 0 || atB < atA {
		t.Errorf("headings at %d and %d of %q", atA, atB, c.out.String())
	}

	c = newConsole(nil, nil)
	if code := c.sessbench(t, "report", a, b, "--format", "json"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	documents := 0
	for d := json.NewDecoder(&c.out); ; documents++ {
		var res result.Result
		if err := d.Decode(&res); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if documents != 2 {
		t.Errorf("%d JSON documents, want 2", documents)
	}
}

func TestOneUnreadableFileKeepsAllFromBeingRendered(t *testing.T) {
	c := newConsole(nil, nil)
	if code := c.sessbench(t, "report", saved(t, "a.json", goodResult()), filepath.Join(t.TempDir(), "missing")); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	if c.out.Len() > 0 {
		t.Errorf("rendered %q", c.out.String())
	}
}

func TestReportChecksConditions(t *testing.T) {
	file := saved(t, "r.json", goodResult())
	nothing := saved(t, "n.json", with(goodResult(), func(r *result.Result) { r.Arms[0].ResponseTime.Count = 0; r.Arms[0].Requests = 0 }))
	for _, test := range []struct {
		files     []string
		condition string
		code      int
		rendered  bool
	}{
		{[]string{file}, "pooled.response_time.p99 > 50ms", exitDone, true},
		{[]string{file}, "pooled.response_time.p99 > 5ms", exitHeld, true},
		{[]string{nothing}, "pooled.response_time.p99 > 5ms", exitFailed, true},
		{[]string{file, nothing}, "pooled.response_time.p99 > 5ms", exitFailed, true},
		{[]string{file}, "fresh.response_time.p99 > 5ms", exitUsage, false},
	} {
		c := newConsole(nil, nil)
		args := append([]string{"report", "--fail-if", test.condition}, test.files...)
		if code := c.sessbench(t, args...); code != test.code {
			t.Errorf("%s: exit code %d, want %d: %s", test.condition, code, test.code, c.err.String())
		}
		if rendered := c.out.Len() > 0; rendered != test.rendered {
			t.Errorf("%s: rendered %v, want %v", test.condition, rendered, test.rendered)
		}
	}
}
