package session

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// netrcEnvironment is an environment with the variables of a map.
func netrcEnvironment(variables map[string]string) environment {
	return func(name string) string { return variables[name] }
}

func writeNetrc(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// requireNetrc looks a host up when an earlier look at the file counts no more. It is for synctest bubbles.
func requireNetrc(t *testing.T, n *netrc, env environment, host string, want Basic) {
	t.Helper()
	time.Sleep(netrcInterval)
	if got, ok := n.lookup(env, host); got != want || ok != (want != Basic{}) {
		t.Errorf("%s: %q %v, want %q", host, got, ok, want)
	}
}

func TestRule_4_5_WhichNetrc(t *testing.T) { synctest.Test(t, testWhichNetrc) }

func testWhichNetrc(t *testing.T) {
	home, elsewhere := t.TempDir(), t.TempDir()
	line := func(user string) string { return "machine host.test login " + user + " password p\n" }
	named, dot, underscore := filepath.Join(elsewhere, "named"), filepath.Join(home, ".netrc"), filepath.Join(home, "_netrc")
	vars := map[string]string{homeVariable(): home}
	env := netrcEnvironment(vars)
	n := new(netrc)
	requireNetrc(t, n, env, "host.test", Basic{})
	writeNetrc(t, underscore, line("underscore"))
	requireNetrc(t, n, env, "host.test", Basic{"underscore", "p"})
	writeNetrc(t, dot, line("dot"))
	requireNetrc(t, n, env, "host.test", Basic{"dot", "p"})
	writeNetrc(t, named, line("named"))
	vars["NETRC"] = named
	requireNetrc(t, n, env, "host.test", Basic{"named", "p"})
	vars["NETRC"] = "~/_netrc"
	requireNetrc(t, n, env, "host.test", Basic{"underscore", "p"})
	// A named file counts even if it is not there.
	vars["NETRC"] = filepath.Join(elsewhere, "missing")
	requireNetrc(t, n, env, "host.test", Basic{})
	delete(vars, "NETRC")
	requireNetrc(t, n, env, "host.test", Basic{"dot", "p"})
	// So does a broken one.
	writeNetrc(t, dot, "nonsense")
	requireNetrc(t, n, env, "host.test", Basic{})
	if err := os.Remove(dot); err != nil {
		t.Fatal(err)
	}
	requireNetrc(t, n, env, "host.test", Basic{"underscore", "p"})
	clear(vars)
	requireNetrc(t, n, env, "host.test", Basic{})
}

func TestRule_4_5_MatchedByHost(t *testing.T) { synctest.Test(t, testMatchedByHost) }

func testMatchedByHost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "netrc")
	env := netrcEnvironment(map[string]string{"NETRC": path})
	writeNetrc(t, path, `machine host.test login first password 1
machine Mixed.Test login mixed password 2
machine ::1 login six password 3
machine other.test:8080 login port password 4
machine empty.test
machine host.test login last password 5
`)
	n := new(netrc)
	for host, want := range map[string]Basic{
		"host.test": {"last", "5"}, "mixed.test": {"mixed", "2"}, "MIXED.test": {"mixed", "2"}, "::1": {"six", "3"},
		"other.test": {}, "sub.host.test": {}, "test": {}, "": {}, "empty.test": {},
	} {
		requireNetrc(t, n, env, host, want)
	}
	writeNetrc(t, path, "default login anybody password 6\nmachine host.test login user password 7\nmachine empty.test")
	requireNetrc(t, n, env, "host.test", Basic{"user", "7"})
	requireNetrc(t, n, env, "unknown.test", Basic{"anybody", "6"})
	requireNetrc(t, n, env, "empty.test", Basic{}) // it is listed
}

func TestRule_4_5_UnreadableFilesAreIgnored(t *testing.T) {
	dir := t.TempDir()
	good := "machine host.test login u password p\n"
	large := filepath.Join(dir, "large")
	writeNetrc(t, large, good+strings.Repeat("# comment\n", maxNetrc/10+1))
	for name, path := range map[string]string{"directory": dir, "missing": filepath.Join(dir, "missing"), "too large": large, "no name of a file": "a\x00b"} {
		t.Run(name, func(t *testing.T) {
			requireNoNetrc(t, path)
		})
	}
	t.Run("forbidden", func(t *testing.T) {
		if os.Getuid() <= 0 {
			t.Skip("this user may read everything, or has no number")
		}
		path := filepath.Join(dir, "forbidden")
		writeNetrc(t, path, good)
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		requireNoNetrc(t, path)
	})
	t.Run("device", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("there is no /dev/zero")
		}
		requireNoNetrc(t, "/dev/zero")
	})
}

func requireNoNetrc(t *testing.T, path string) {
	t.Helper()
	if got, ok := new(netrc).lookup(netrcEnvironment(map[string]string{"NETRC": path}), "host.test"); ok {
		t.Errorf("%q", got)
	}
}

// A changed file is read again, an unchanged one is not.
func TestRule_4_5_TheFileIsReadWhenItChanges(t *testing.T) {
	synctest.Test(t, testTheFileIsReadWhenItChanges)
}

func testTheFileIsReadWhenItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "netrc")
	env := netrcEnvironment(map[string]string{"NETRC": path})
	then := time.Unix(1_000_000_000, 0)
	write := func(password string, modified time.Time) {
		writeNetrc(t, path, "machine host.test login u password "+password)
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	n := new(netrc)
	write("one", then)
	requireNetrc(t, n, env, "host.test", Basic{"u", "one"})
	write("two", then) // of the same size and time: this shows that it is not read
	requireNetrc(t, n, env, "host.test", Basic{"u", "one"})
	write("two", then.Add(time.Second))
	if got, _ := n.lookup(env, "host.test"); got.Password != "one" {
		t.Errorf("%q: the file was looked at before its time", got)
	}
	requireNetrc(t, n, env, "host.test", Basic{"u", "two"})
	write("three", then.Add(time.Second))
	requireNetrc(t, n, env, "host.test", Basic{"u", "three"})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	requireNetrc(t, n, env, "host.test", Basic{})
	write("three", then.Add(time.Second))
	requireNetrc(t, n, env, "host.test", Basic{"u", "three"})
}

func TestParseNetrc(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want netrcEntries // nil: broken
	}{
		"empty":      {"", netrcEntries{}},
		"one line":   {"machine h login l password p", netrcEntries{"h": {"l", "p"}}},
		"many lines": {"\n machine\th\r\n\tlogin l\r\n\tpassword p\r\n\r\nmachine i password q login m\n", netrcEntries{"h": {"l", "p"}, "i": {"m", "q"}}},
		"default":    {"machine h login l password p default login a password b", netrcEntries{"h": {"l", "p"}, "": {"a", "b"}}},
		"user":       {"machine h user l password p", netrcEntries{"h": {"l", "p"}}},
		"account":    {"machine h account a password p machine i account b login l", netrcEntries{"h": {"a", "p"}, "i": {"l", ""}}},
		"quoted":     {`machine "h" login "a b" password "\"#\\ p" machine i login "" password p`, netrcEntries{"h": {"a b", `"#\ p`}, "i": {"", "p"}}},
		"escaped":    {`machine h login a\ b password \"p\#\\`, netrcEntries{"h": {"a b", `"p#\`}}},
		"octothorpe": {"machine h login #l password p#q", netrcEntries{"h": {"#l", "p#q"}}},
		"keywords":   {"machine machine login login password password", netrcEntries{"machine": {"login", "password"}}},
		"non-ASCII":  {"machine h login jürgen password \xff€", netrcEntries{"h": {"jürgen", "\xff€"}}},
		"comments": {"# a comment machine x\n#another\n#\nmachine h # login x\n login l #comment, too\n password p # end\n#",
			netrcEntries{"h": {"l", "p"}}},
		"macro": {"machine h login l password p\nmacdef init\ncd /pub machine x\nmget *\n\nmachine i login m password q",
			netrcEntries{"h": {"l", "p"}, "i": {"m", "q"}}},
		"macro with CRLF":      {"macdef init\r\ncd\r\n\r\nmachine i login m password q", netrcEntries{"i": {"m", "q"}}},
		"unfinished quotes":    {`machine h login l password "p q`, netrcEntries{"h": {"l", "p q"}}},
		"value at the end":     {"machine h login l password", netrcEntries{"h": {"l", ""}}},
		"backslash at the end": {`machine h login l password p\`, netrcEntries{"h": {"l", `p\`}}},
		"unfinished macro":     {"machine h login l password p\nmacdef init\ncd", nil},
		"no name":              {"machine", nil},
		"empty name":           {`machine "" login l`, nil},
		"unknown word":         {"machine h login l password p\nhost x", nil},
		"unknown first word":   {"login l password p", nil},
		"empty word":           {`machine h login l "" password p`, nil},
		"binary":               {"\x00\x01\x02", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := parseNetrc([]byte(test.text)); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func FuzzNetrc(f *testing.F) {
	f.Add("machine h login l password p\ndefault login a password b")
	f.Add("# c\nmachine \"h\" login \"a \\\" b\" account x password \\#p # c\nmacdef m\nx\n\nmachine i")
	f.Add("machine h login")
	f.Add("macdef m\n\r\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		first := parseNetrc([]byte(text))
		if first == nil {
			return
		}
		var b strings.Builder
		quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
		for host, auth := range first {
			if host == "" {
				b.WriteString("default")
			} else {
				fmt.Fprintf(&b, `machine "%s"`, quote(host))
			}
			fmt.Fprintf(&b, " login \"%s\" password \"%s\" # comment\n", quote(auth.User), quote(auth.Password))
		}
		if again := parseNetrc([]byte(b.String())); !maps.Equal(first, again) {
			t.Errorf("%q\nwas read as %q\nand read again as %q", text, first, again)
		}
	})
}

func BenchmarkNetrc(b *testing.B) {
	dir := b.TempDir()
	for name, variable := range map[string]map[string]string{
		"without": {homeVariable(): dir},
		"with":    {"NETRC": filepath.Join(dir, "named")},
	} {
		b.Run(name, func(b *testing.B) {
			writeNetrc(b, filepath.Join(dir, "named"), "machine host.test login u password p\n")
			env := netrcEnvironment(variable)
			n := new(netrc)
			b.ReportAllocs()
			for b.Loop() {
				n.lookup(env, "host.test")
			}
		})
	}
}
