package result_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sessbench/result"
	"sessbench/stats"
)

func sample() *result.Result {
	arm := func(name string, mean float64) result.Arm {
		return result.Arm{Name: name, Numbers: result.Numbers{
			Requests:     10,
			Seconds:      2,
			AchievedRate: 5,
			ErrorClasses: map[string]int64{"reset": 3},
			Status:       map[string]int64{"200": 10},
			ResponseTime: stats.Summary{Count: 10, Mean: mean, P99: 2 * mean, P999: 3 * mean, P9999: 4 * mean},
			ServiceTime:  stats.Summary{Count: 10, Mean: mean},
			Phases:       map[string]result.PhaseSummary{"tls": {Mean: mean / 2, Share: 0.5}},
		}}
	}
	return &result.Result{
		Schema: result.Schema,
		Plan:   json.RawMessage(`{"target":"http://a.example/?a=1&b=<2>"}`),
		Arms:   []result.Arm{arm("pooled", 0.01), arm("fresh", 0.05)},
		Comparisons: []stats.Comparison{
			{Metric: "response_time.mean", Baseline: "pooled", Arm: "fresh", Ratio: &stats.Estimate{Value: 5}},
			{Metric: "achieved_rate", Baseline: "pooled", Arm: "fresh", Ratio: &stats.Estimate{Value: 0.25}},
			{Metric: "error_rate", Baseline: "pooled", Arm: "fresh"},
		},
		Valid: true,
	}
}

func encoded(t *testing.T, r *result.Result) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := result.Encode(&buf, r); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// onlyFiles fails unless dir holds just these names.
func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
}

func TestWhatWasWrittenIsReadBackAndWrittenTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	if err := result.WriteFile(path, sample()); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := result.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if again := encoded(t, r); !bytes.Equal(first, again) {
		t.Errorf("reading and writing changed the file:\n%s\n%s", first, again)
	}
	if !bytes.HasSuffix(first, []byte("}\n")) || !bytes.Contains(first, []byte("a=1&b=<2>")) {
		t.Errorf("want a final newline and unescaped text:\n%s", first)
	}
	onlyFiles(t, filepath.Dir(path), "result.json")
}

func TestReadRefusesWithTheReasonAndTheRemedy(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"empty", " \n", "it is empty; give a file"},
		{"later schema", `{"schema":"sessbench/result/v2","tool":{"version":"9.1"}}`, `"sessbench/result/v2" and this sessbench reads "sessbench/result/v1"; read it with the sessbench that wrote it (version "9.1")`},
		{"other schema", `{"schema":"k6"}`, `its schema is "k6", not "sessbench/result/v1"`},
		{"no schema", `{"arms":[]}`, `it has no "schema"`},
		{"array", "[]", "line 1, column 1: a result is a JSON object, not a array"},
		{"truncated", "{\n  \"schema\": \"sessbench/result/v1\",\n  \"ar", "line 3, column 5: the JSON ends in the middle"},
		{"not JSON", "Requests/sec: 12", "line 1, column 1: it is not JSON"},
		{"syntax", "{\n  \"schema\": \"sessbench/result/v1\",\n  \"arms\": [,]}", "line 3, column 12: it is not JSON"},
		{"trailing data", "{\"schema\":\"sessbench/result/v1\"}\n{}", "line 2, column 1: it is not JSON"},
		{"wrong type", "{\"schema\":\"sessbench/result/v1\",\n\"valid\": 3}", `line 2, column 10: "valid" is a number`},
		{"number too large", `{"schema":"sessbench/result/v1","arms":[{"seconds":1e999}]}`, `number 1e999`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := result.Read(strings.NewReader(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, %v; want an error with %q", r, err, tc.want)
			}
		})
	}
}

func TestReadFileNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench.json")
	if _, err := result.ReadFile(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := result.ReadFile(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("no result: %v", err)
	}
}

func TestReadAcceptsFieldsThatItDoesNotKnow(t *testing.T) {
	r, err := result.Read(strings.NewReader(`{"schema":"sessbench/result/v1","colour":"red","arms":[{"name":"a","requests":3,"mood":[1]}]}`))
	if err != nil || r.Arm("a") == nil || r.Arm("a").Requests != 3 {
		t.Fatalf("got %+v, %v", r, err)
	}
}

func TestNumbersThatJSONDoesNotHaveAreRefusedByName(t *testing.T) {
	for want, spoil := range map[string]func(*result.Result){
		"arms[1].response_time.p99.9 is NaN":     func(r *result.Result) { r.Arms[1].ResponseTime.P999 = math.NaN() },
		"comparisons[0].ratio.hi is +Inf":        func(r *result.Result) { r.Comparisons[0].Ratio.Hi = math.Inf(1) },
		"comparisons[0].attribution.tls is -Inf": func(r *result.Result) { r.Comparisons[0].Attribution = map[string]float64{"tls": math.Inf(-1)} },
		"comparisons[1].p_value is NaN":          func(r *result.Result) { v := math.NaN(); r.Comparisons[1].PValue = &v },
		"arms[0].phases.tls.share is NaN":        func(r *result.Result) { r.Arms[0].Phases["tls"] = result.PhaseSummary{Share: math.NaN()} },
		"arms[0].operations[0].error_rate is NaN": func(r *result.Result) {
			r.Arms[0].Operations = []result.Operation{{Numbers: result.Numbers{ErrorRate: math.NaN()}}}
		},
	} {
		t.Run(want, func(t *testing.T) {
			r := sample()
			spoil(r)
			path := filepath.Join(t.TempDir(), "r.json")
			if err := result.WriteFile(path, r); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
			onlyFiles(t, filepath.Dir(path))
			var buf bytes.Buffer
			if err := result.Encode(&buf, r); err == nil || buf.Len() != 0 {
				t.Errorf("Encode: %v after %d bytes", err, buf.Len())
			}
		})
	}
}

func TestPlacesThatCannotBeWrittenAreToldBeforehandAndHarmless(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.json")
	if err := os.WriteFile(old, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, path, want string }{
		{"directory", dir, "is a directory; name a file in it"},
		{"parent is missing", filepath.Join(dir, "no", "r.json"), "create the directory " + filepath.Join(dir, "no") + " first"},
		{"parent is a file", filepath.Join(old, "r.json"), "a part of the path is a file"},
		{"empty name", "", "the file name is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for name, err := range map[string]error{
				"CheckWritable": result.CheckWritable(tc.path),
				"WriteFile":     result.WriteFile(tc.path, sample()),
			} {
				if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "to "+tc.path) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	onlyFiles(t, dir, "old.json")
}

func TestReadOnlyDirectoryIsToldBeforehand(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("permissions of directories do not bind this user")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	if err := result.CheckWritable(filepath.Join(dir, "r.json")); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "must be writable") {
		t.Errorf("got %v", err)
	}
}

func TestCheckWritableChangesNothing(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.json")
	if err := os.WriteFile(old, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{old, filepath.Join(dir, "new.json")} {
		if err := result.CheckWritable(path); err != nil {
			t.Error(err)
		}
	}
	onlyFiles(t, dir, "old.json")
	if data, err := os.ReadFile(old); string(data) != "old" {
		t.Errorf("the old file holds %q, %v", data, err)
	}
}

func TestRelativePathsAreWrittenWhereTheyPoint(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := result.CheckWritable("r.json"); err != nil {
		t.Fatal(err)
	}
	if err := result.WriteFile("r.json", sample()); err != nil {
		t.Fatal(err)
	}
	onlyFiles(t, ".", "r.json")
}

func TestAnExistingFileKeepsItsPermissionsAndItsLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs Unix permissions and links")
	}
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.json"), filepath.Join(dir, "link.json")
	if err := os.WriteFile(real, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.json", link); err != nil {
		t.Fatal(err)
	}
	if err := result.WriteFile(link, sample()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(real)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("real.json: %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("link.json is no link any more: %v, %v", info.Mode(), err)
	}
	if _, err := result.ReadFile(real); err != nil {
		t.Error(err)
	}
}

func TestALinkToNowhereIsRefused(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink("nowhere.json", link); err != nil {
		t.Skip(err)
	}
	if err := result.CheckWritable(link); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("got %v", err)
	}
}
