package planfile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeFiles writes files into a directory of their own. Of an archive's text each begins with a line "-- name --".
func writeFiles(t *testing.T, archive string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for part := range strings.SplitSeq(strings.TrimPrefix(archive, "-- "), "\n-- ") {
		name, text, ok := strings.Cut(part, " --\n")
		if !ok {
			t.Fatalf("no name in %q", part)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readFiles reads the first of files, plan.yaml.
func readFiles(t *testing.T, archive string, overrides ...string) (*File, error) {
	t.Helper()
	dir := writeFiles(t, archive)
	got, err := ReadWith(filepath.Join(dir, "plan.yaml"), overrides)
	if err != nil {
		err = &stringError{strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")}
	}
	return got, err
}

// What is included lies under what includes it, and lists of operations and conditions grow.
func TestIncludedFilesLieUnderThePlan(t *testing.T) {
	got, err := readFiles(t, `-- plan.yaml --
include: [parts/session.yaml, parts/mix.yaml]
session: {headers: {Accept: text/plain}, timeout: {read: 1s}}
mix: [{name: own, get: /own}]
fail_if: [pooled.error_rate > 1%]
arms: [pooled]
-- parts/session.yaml --
include: ../base.json
session: {headers: {User-Agent: x, Accept: text/html}, timeout: {total: 9s, read: 3s}, cookies: {a: b}}
-- parts/mix.yaml --
include: [../base.json]
mix:
  - {name: part, put: /part, body_file: body.txt}
fail_if: [pooled.error_rate > 2%]
load: {workers: 7}
-- parts/body.txt --
from a file
-- base.json --
{"target": "http://h/", "mix": [{"name": "base", "get": "/base"}], "load": {"workers": 3, "requests": 50}, "arms": ["fresh", "pooled"]}`)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Parse("x", []byte(`{"target": "http://h/", "arms": ["pooled"],
		"session": {"headers": {"User-Agent": "x", "Accept": "text/plain"}, "timeout": {"total": "9s", "read": "1s"}, "cookies": {"a": "b"}},
		"mix": [{"name": "base", "get": "/base"}, {"name": "part", "put": "/part", "body": "from a file\n"}, {"name": "own", "get": "/own"}],
		"load": {"workers": 7, "requests": 50}, "fail_if": ["pooled.error_rate > 2%", "pooled.error_rate > 1%"]}`))
	if err != nil {
		t.Fatal(err)
	}
	got.Mix[1].BodyFile = ""
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		t.Errorf("plan\n%s\nwant\n%s", a, b)
	}
}

func TestOverridesLieOverIncludedFiles(t *testing.T) {
	got, err := readFiles(t, "-- plan.yaml --\ninclude: mix.yaml\nload: {workers: 2}\n-- mix.yaml --\nmix: [{name: a, get: /}, &b {name: b, get: /b}, {<<: *b, name: c}]", "mix.c.get=/c", "mix.b.weight=3")
	if err != nil || got.Mix[2].URL != "/c" || got.Mix[1].Weight != 3 || got.Mix[2].Weight != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestProblemsNameTheFileThatTheyAreIn(t *testing.T) {
	for name, test := range map[string]struct{ files, want string }{
		"in both": {`-- plan.yaml --
include: parts/mix.yaml
load: {rte: 5}
mix: [{name: same, get: /}]
-- parts/mix.yaml --
# shared
mix:
  - {gte: /}
  - {name: same, get: /}
session: {timeout: soon}`, `plan.yaml:2:8: load.rte: is no key of a plan; did you mean rate?
    load: {rte: 5}
           ^
plan.yaml:3:8: mix[2].name: is "same", as an earlier operation's is; give each a name of its own
    mix: [{name: same, get: /}]
           ^
parts/mix.yaml:3:6: mix[0].gte: is no key of a plan; did you mean get?
      - {gte: /}
         ^
parts/mix.yaml:5:20: session.timeout: is a text that is no time; write a number with its unit, such as 500ms, 10s or 2m
    session: {timeout: soon}
                       ^`},
		"found later": {"-- plan.yaml --\ninclude: mix.yaml\nload: {blocks: 0}\n-- mix.yaml --\nmix: [{get: 'ftp://h/'}]\nload: {workers: 1, blocks: 3}", `plan.yaml:2:8: load.blocks: is 0; it must be at least 1
    load: {blocks: 0}
           ^
mix.yaml:1:8: mix[0].url: has scheme "ftp"; use http or https
    mix: [{get: 'ftp://h/'}]
           ^`},
		"missing": {"-- plan.yaml --\ninclude: [base.yaml]", `plan.yaml:1:11: include[0]: cannot be read: no such file or directory; check the file's name, which is relative to the plan's directory, and its permissions
    include: [base.yaml]
              ^`},
		"broken": {"-- plan.yaml --\ninclude: base.yaml\nload: {workers: 0}\n-- base.yaml --\nmix: [{get: /]", `base.yaml:1:14: is not YAML: did not find expected ',' or '}'; check brackets, quotes and indentation here and above
    mix: [{get: /]
                 ^`},
		"a list": {"-- plan.yaml --\ninclude: mix.yaml\n-- mix.yaml --\n- get: /", `mix.yaml:1:1: is a list; a file that is included is a mapping, as a plan is
    - get: /
    ^`},
		"itself": {"-- plan.yaml --\ninclude: plan.yaml", `plan.yaml:1:10: include: includes itself, by plan.yaml, which includes plan.yaml; leave one of these out
    include: plan.yaml
             ^`},
		"a circle": {"-- plan.yaml --\ninclude: [a.yaml]\n-- a.yaml --\ninclude: sub/b.yaml\n-- sub/b.yaml --\ninclude: ../a.yaml", `sub/b.yaml:1:10: include: includes itself, by a.yaml, which includes sub/b.yaml, which includes a.yaml; leave one of these out
    include: ../a.yaml
             ^`},
		"no file": {"-- plan.yaml --\ninclude: [{a: b}, null]", `plan.yaml:1:11: include[0]: is a mapping; write a text, in quotes where it is empty
    include: [{a: b}, null]
              ^
plan.yaml:1:19: include[1]: is empty; write a text, in quotes where it is empty
    include: [{a: b}, null]
                      ^`},
		"secrets": {"-- plan.yaml --\ninclude: a.yaml\n-- a.yaml --\nsession: {auth: {bearer: hunter2, x: y}}\nmix: [{get: /}]", `a.yaml:1:35: session.auth.x: is no key of a plan; the keys here are basic, bearer, digest
    session: {auth: {bearer: ***
                                ^`},
	} {
		_, err := readFiles(t, test.files)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s:\n%v\nwant\n%s", name, err, test.want)
		}
	}
}

// Two files that contain themselves by aliases could be merged for ever.
func TestMergingEnds(t *testing.T) {
	_, err := readFiles(t, "-- plan.yaml --\ninclude: a.yaml\nsession: &s {x: *s, y: *s}\n-- a.yaml --\nsession: &s {x: *s, y: *s}")
	if err == nil || !strings.Contains(err.Error(), "levels deep") && !strings.Contains(err.Error(), "values long") {
		t.Errorf("error %v", err)
	}
}
