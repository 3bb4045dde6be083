package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBadInputIsOneLineThatSaysHowToMendIt(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	dir := t.TempDir()
	url := anyURL
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"compre"}, `unknown command "compre"; did you mean compare?; see sessbench --help`},
		{[]string{"zzz"}, `unknown command "zzz"; see sessbench --help`},
		{[]string{"http://u:p@h/"}, "a command comes before the URL, as in sessbench compare URL; see sessbench --help"},
		{[]string{"-c", "10", url}, "unknown flag -c; a command comes first, as in sessbench compare URL --workers 10; see sessbench --help"},
		{[]string{"compare", "--wrkers", "3"}, "unknown flag --wrkers; did you mean --workers?; see sessbench compare --help"},
		{[]string{"run", "--zzzzzz"}, "unknown flag --zzzzzz; see sessbench run --help"},
		{[]string{"run", "-z"}, "unknown flag -z; see sessbench run --help"},
		{[]string{"run", "--workers"}, "--workers needs a value; see sessbench run --help"},
		{[]string{"run", "-c"}, "--workers needs a value; see sessbench run --help"},
		{[]string{"run", "--=x"}, "a flag is malformed; write --name value or --name=value; see sessbench run --help"},
		{[]string{"run", url, url}, "2 arguments where one URL can stand; put flags' values right behind their flags, in quotes where they have spaces; see sessbench run --help"},

		{[]string{"run", ""}, "URL is empty; name one, or leave it out to use sessbench's own test server"},
		{[]string{"run", "http:///x"}, "URL names no host; write it as in http://localhost:8080/path"},
		{[]string{"run", "https:"}, "URL names no host; write it as in http://localhost:8080/path"},
		{[]string{"run", "/path"}, "URL names no host; write it as in http://localhost:8080/path"},
		{[]string{"run", "ftp://h/"}, `URL has scheme "ftp"; use http or https`},
		{[]string{"run", "http://h:99999/"}, "URL has port 99999; use 1 to 65535"},
		{[]string{"run", "http://h:0/"}, "URL has port 0; use 1 to 65535"},
		{[]string{"run", "http://bücher.example/"}, `URL has host "bücher.example"; write a name with such letters in its ASCII form (xn--...)`},
		{[]string{"run", "http://h:x/"}, `URL is malformed: invalid port ":x" after host`},

		{[]string{"compare", url, "--arms", "pooled"}, "--arms names one arm, pooled; name another to compare it with, or use sessbench run"},
		{[]string{"compare", url, "--arms", "pooled,frsh"}, `--arms has the unknown policy "frsh"; choose from pooled, fresh, fresh-resumed, reuse-N (N requests on each connection), shared-pool`},
		{[]string{"compare", url, "--arms", "pooled,pooled"}, `--arms has "pooled" twice; give one of them another name, as in a=pooled,b=pooled`},
		{[]string{"compare", url, "--arms", "reuse-0,fresh"}, `--arms has the policy "reuse-0"; write a whole number from 1 to 1000000000, as in reuse-10`},
		{[]string{"run", url, "--arms", "pooled,fresh"}, "--arms names 2 arms; run takes one, and sessbench compare takes several"},

		{[]string{"compare", url, "--arms", ""}, "--arms is empty; choose from pooled, fresh, fresh-resumed, reuse-N (N requests on each connection), shared-pool"},

		{[]string{"run", url, "-c", "0"}, "--workers is 0; it must be at least 1"},
		{[]string{"run", url, "-c", "-3"}, "--workers is -3; it must be at least 1"},
		{[]string{"run", url, "-c", "ten"}, `--workers is "ten"; write a whole number`},
		{[]string{"run", url, "-d", "0s"}, "--duration is 0s; it must be longer than 0"},
		{[]string{"run", url, "-d", "-1s"}, "--duration is -1s; it must be longer than 0"},
		{[]string{"run", url, "-d", "10"}, `--duration is "10"; write a number with its unit, such as 500ms, 10s or 2m`},
		{[]string{"run", url, "-n", "0"}, "--requests is 0; it must be at least 1"},
		{[]string{"run", url, "-n", "-1"}, "--requests is -1; it must be at least 1"},
		{[]string{"run", url, "-n", "5", "-d", "1s"}, "--duration and --requests are both given; a run ends by one of them"},
		{[]string{"run", url, "-n", "5", "--blocks", "6"}, "--blocks is 6 but each arm has only 5 requests; every block needs at least one"},
		{[]string{"run", url, "--blocks", "0"}, "--blocks is 0; it must be at least 1"},
		{[]string{"run", url, "--blocks", "100000"}, "--blocks is 100000; it must be at most 10000"},
		{[]string{"run", url, "--warmup", "-1s"}, "--warmup is -1s; use 0 for none"},
		{[]string{"run", url, "--seed", "-1"}, `--seed is "-1"; write a whole number of at least 0`},
		{[]string{"run", url, "-r", "0"}, "--rate is 0; it must be above 0 requests per second"},
		{[]string{"run", url, "-r", "-5"}, "--rate is -5; it must be above 0 requests per second"},
		{[]string{"run", url, "-r", "NaN"}, "--rate is NaN; it must be above 0 requests per second"},
		{[]string{"run", url, "-r", "Inf"}, "--rate is +Inf; it must be above 0 and at most 10,000,000 per second"},
		{[]string{"run", url, "-r", "fast"}, `--rate is "fast"; write a number`},
		{[]string{"run", url, "--arrivals", "poisson"}, "--arrivals is given without --rate; add a rate, as in --rate 500"},
		{[]string{"run", url, "-r", "5", "--arrivals", "bursty"}, `--arrivals is "bursty"; use constant or poisson`},
		{[]string{"run", url, "-r", "5", "--arrivals", ""}, "--arrivals is empty; use constant or poisson"},
		{[]string{"run", url, "--timeout", "-1s"}, "--timeout is -1s; use a positive time, or 0 for none"},
		{[]string{"run", url, "--read-timeout", "-1s"}, "--read-timeout is -1s; use a positive time, or 0 for none"},
		{[]string{"run", url, "--connect-timeout", "-1s"}, "--connect-timeout is -1s; use a positive time, or 0 for none"},

		{[]string{"run", url, "-X", "GE T"}, `--method is "GE T"; write one word, such as GET`},
		{[]string{"run", url, "-X", ""}, `--method is ""; write one word, such as GET`},
		{[]string{"run", url, "-X", "connect"}, "--method is CONNECT, which opens tunnels; use a method that has a response, such as GET"},
		{[]string{"run", url, "-H", "Accept: */*", "-H", "hunter2"}, "--header number 2 has no colon; write --header 'Name: value'"},
		{[]string{"run", url, "-H", "A: b\nhunter2: c"}, "--header number 1 has a line break in it; give each header a --header of its own"},
		{[]string{"run", url, "-H", "a b: hunter2"}, "--header number 1 has no proper name before its colon; write --header 'Name: value'"},
		{[]string{"run", url, "-H", ": hunter2"}, "--header number 1 has no proper name before its colon; write --header 'Name: value'"},
		{[]string{"run", url, "-H", "content-length: 5"}, "--header content-length is what sessbench sends according to the body; leave it out"},
		{[]string{"run", url, "-H", "Transfer-Encoding: chunked"}, "--header Transfer-Encoding is what sessbench sends according to the body; leave it out"},
		{[]string{"run", url, "--digest"}, "--digest is given without --user; add --user name:password"},
		{[]string{"run", url, "--max-redirects", "3"}, "--max-redirects is given without --location; add --location to follow redirects"},
		{[]string{"run", url, "-L", "--max-redirects", "-1"}, "--max-redirects is -1; it must be at least 0"},
		{[]string{"run", url, "-x", ""}, "--proxy is empty; write --proxy http://host:port"},
		{[]string{"run", url, "-x", "gopher://me:hunter2@h/"}, `--proxy has scheme "gopher"; use one of http, https, socks4, socks4a, socks5, socks5h`},
		{[]string{"run", url, "-x", "me:hunter2@h:x"}, "--proxy is not a URL: check its host and port, and write special characters as %XX"},
		{[]string{"run", url, "-x", "http://"}, "--proxy names no host; write it as in http://proxy.example:3128"},
		{[]string{"compare", url, "--arms", "pooled,pooled+http4"}, `--arms has "pooled+http4", whose "+http4" is unknown; did you mean +http1?`},
		{[]string{"run", url, "-u", ""}, "--user is empty; write --user name:password"},
		{[]string{"run", url, "-u", "me:hunter2\n"}, "--user has a line break in it; write --user name:password"},
		{[]string{"run", url, "-b", "hunter2"}, "--cookie: cookie 1 has no name and value; write name=value, several separated by semicolons"},
		{[]string{"run", url, "-b", ""}, "--cookie is empty; write --cookie 'name=value; name2=value2'"},
		{[]string{"run", url, "-b", "a=hunter2\r\n"}, "--cookie has a line break in it; write --cookie 'name=value; name2=value2'"},
		{[]string{"run", url, "--body", "x", "--body-file", os.Args[0]}, "--body and --body-file are both given; keep one of them"},
		{[]string{"run", url, "--body-file", missing}, "--body-file " + missing + " cannot be read: no such file or directory; check the file's name and permissions"},
		{[]string{"run", url, "--body-file", ""}, "--body-file is empty; name a file"},
		{[]string{"run", url, "--cacert", missing}, "--cacert " + missing + " cannot be read: no such file or directory; check the file's name and permissions"},
		{[]string{"run", url, "--cacert", dir}, "--cacert " + dir + " cannot be read: it is a directory; check the file's name and permissions"},
		{[]string{"run", url, "--cert", missing}, "--cert " + missing + " cannot be read: no such file or directory; check the file's name and permissions"},
		{[]string{"run", url, "--key", missing}, "--key " + missing + " cannot be read: no such file or directory; check the file's name and permissions"},
		{[]string{"run", url, "--key", os.Args[0]}, "--key is given without --cert; name the certificate too"},
		{[]string{"run", url, "--insecure", "--cacert", os.Args[0]}, "--insecure and --cacert are both given; keep --cacert to check the server's certificate, --insecure not to"},

		{[]string{"run", url, "--format", "xml"}, `--format is "xml"; use text or json`},
		{[]string{"run", url, "-o", ""}, "--out is empty; name a file"},
		{[]string{"run", url, "-o", "-"}, "--out is -; name a file, or write the result to standard output with --format json"},
		{[]string{"run", url, "--quiet=maybe"}, `--quiet is "maybe"; write true or false, or leave the value out`},

		{[]string{"report"}, "report needs a file that --out wrote, or - for standard input; see sessbench report --help"},
		{[]string{"report", "-", "-", "--format", "xml"}, `--format is "xml"; use text or json`},
		{[]string{"serve", "now"}, "serve takes no arguments; see sessbench serve --help"},
		{[]string{"serve", "--tls", "--http"}, "--tls and --http are both given; keep one of them"},
		{[]string{"serve", "--http", "--ca-out", missing}, "--ca-out is given, but without TLS there is no certificate; leave it out"},
		{[]string{"serve", "--tls=false", "--ca-out", missing}, "--ca-out is given, but without TLS there is no certificate; leave it out"},
		{[]string{"serve", "--http", "--http3"}, "--http3 is given, but HTTP/3 needs TLS; leave one of them out"},
		{[]string{"serve", "--tls=false", "--http3"}, "--http3 is given, but HTTP/3 needs TLS; leave one of them out"},
		{[]string{"serve", "--ca-out", ""}, "--ca-out is empty; name a file"},
		{[]string{"serve", "--listen", "8443"}, `--listen is "8443"; write host:port, as in 127.0.0.1:8443`},
		{[]string{"serve", "--idle-timeout", "-1s"}, "--idle-timeout is -1s; use a positive time, or 0 for none"},
		{[]string{"serve", "--max-requests-per-connection", "-1"}, "--max-requests-per-connection is -1; use a positive number, or 0 for none"},
		{[]string{"serve", "--listen", "127.0.0.1:0", "--ca-out", missing + "/ca.pem"}, "--ca-out " + missing + "/ca.pem cannot be written: no such file or directory; choose another file"},
		{[]string{"doctor", "--format", "xml"}, `--format is "xml"; use text or json`},
		{[]string{"version", "x"}, "version takes no arguments; see sessbench version --help"},
		{[]string{"man"}, "man takes one directory; see sessbench man --help"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			c := newConsole(goodResult(), nil)
			if code := c.sessbench(t, test.args...); code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
			if got, want := c.err.String(), "sessbench: "+test.want+"\n"; got != want {
				t.Errorf("message\n%q, want\n%q", got, want)
			}
			if c.out.Len() > 0 {
				t.Errorf("standard output has %q", c.out.String())
			}
			if c.plan != nil {
				t.Error("a runner was made")
			}
		})
	}
}

// These messages are other packages', so only what this one adds is held.
func TestBadInputThatOtherRoomsFindNamesTheFlag(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	notResult := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(notResult, []byte(`{"schema":"other/v1"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string // beginning
	}{
		{[]string{"run", anyURL, "--fail-if", "nonsense"}, `--fail-if "nonsense": `},
		{[]string{"run", anyURL, "--fail-if", "frsh.response_time.p99 > 5ms"}, `--fail-if "frsh.response_time.p99 > 5ms": `},
		{[]string{"run", anyURL, "-o", missing + "/r.json"}, "--out: cannot write the result to " + missing + "/r.json: "},
		{[]string{"run", anyURL, "-o", filepath.Dir(missing)}, "--out: cannot write the result to " + filepath.Dir(missing) + ": "},
		{[]string{"report", missing}, "reading a result: open " + missing + ": "},
		{[]string{"report", notResult}, notResult + `: its schema is "other/v1"`},
		{[]string{"report", "-"}, "standard input: "},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			c := newConsole(goodResult(), nil)
			if code := c.sessbench(t, test.args...); code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
			got := c.err.String()
			if !strings.HasPrefix(got, "sessbench: "+test.want) || strings.Count(got, "\n") != 1 {
				t.Errorf("message %q, want one line that begins with %q", got, test.want)
			}
			if c.plan != nil {
				t.Error("a runner was made")
			}
		})
	}
}

func TestSecretsAreInNoMessage(t *testing.T) {
	const secret = "hunter2"
	for _, args := range [][]string{
		{"http://me:hunter2@host/"},
		{"hunter2:me@host"},
		{"run", "http://me:hunter2@host:x/"},
		{"run", "http://me:hun/ter2hunter2@host/"},
		{"run", "http://me:%zzhunter2@host/"},
		{"run", "ftp://me:hunter2@host/"},
		{"run", "http://me:hunter2@/"},
		{"run", "http://me:hunter2@host:99999/"},
		{"run", anyURL, "me:hunter2"},
		{"run", "-zume:hunter2"},
		{"run", "--usr=me:hunter2"},
		{"run", anyURL, "-H", "Authorization hunter2"},
		{"run", anyURL, "-b", "hunter2"},
		{"run", anyURL, "-u", "\nhunter2"},
		{"report", "--user", "hunter2"},
	} {
		c := newConsole(goodResult(), nil)
		if code := c.sessbench(t, args...); code != exitUsage {
			t.Errorf("%q: exit code %d, want %d", args, code, exitUsage)
		}
		if strings.Contains(c.err.String()+c.out.String(), secret) {
			t.Errorf("%q: secret in %q", args, c.err.String())
		}
	}
}

func TestURLsSecretsAreInNoNote(t *testing.T) {
	c := newConsole(goodResult(), nil)
	if code := c.sessbench(t, "run", "me:hunter2@localhost:8080/x?token=hunter2"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	if want := "sessbench: the URL has no scheme; using http://localhost:8080\n"; c.err.String() != want {
		t.Errorf("note %q, want %q", c.err.String(), want)
	}
}

func TestMoreWorkersThanFilesIsRefusedBeforeAnyLoad(t *testing.T) {
	c := newConsole(goodResult(), nil)
	var asked uint64
	c.raiseFileLimit = func(need uint64) (uint64, error) { asked = need; return 1024, nil }
	if code := c.sessbench(t, "compare", anyURL, "-c", "1000"); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	if asked != 2*1000+otherFiles {
		t.Errorf("asked for %d files", asked)
	}
	want := fmt.Sprintf("sessbench: --workers 1000 with 2 arms needs %d open files, and the limit is 1024; raise it (ulimit -n %d) or use fewer workers\n", asked, asked)
	if c.err.String() != want {
		t.Errorf("message %q, want %q", c.err.String(), want)
	}
	if c.plan != nil {
		t.Error("a runner was made")
	}
}

// What is wrong in several places is told at once, a line for each.
func TestSeveralMistakesAreToldAtOnce(t *testing.T) {
	const url = "http://127.0.0.1:9/"
	plan := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(plan, []byte("target: http://127.0.0.1:9\nmix: [{get: /}]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	const policies = "choose from pooled, fresh, fresh-resumed, reuse-N (N requests on each connection), shared-pool"
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"compare", url, "--arms", "a=nonsense,b=nonsense2"}, []string{
			`--arms has the unknown policy "nonsense"; ` + policies, `--arms has the unknown policy "nonsense2"; ` + policies}},
		{[]string{"compare", "--plan", plan, "--arms", "a=nonsense,b=nonsense2"}, []string{
			`--arms has the unknown policy "nonsense"; ` + policies, `--arms has the unknown policy "nonsense2"; ` + policies}},
		{[]string{"compare", url, "--arms", "a=shared-pool+pool-99999999999+resme,b=pooled+age-9999999999h"}, []string{
			`--arms has "a=shared-pool+pool-99999999999+resme", with "+pool-99999999999"; write behind +pool- a whole number from 1 to 100000, as in +pool-8`,
			`--arms has "a=shared-pool+pool-99999999999+resme", whose "+resme" is unknown; did you mean +resume?`,
			`--arms has "b=pooled+age-9999999999h", with "+age-9999999999h"; write behind +age- a time of at most 24000h0m0s, as in +age-5m`}},
		{[]string{"run", url, "-n", "0", "-r", "0", "--tcp-nodelay", "x", "--emulate-down", "y", "-H", "nonsense"}, []string{
			"--requests is 0; it must be at least 1", "--rate is 0; it must be above 0 requests per second",
			"--header number 1 has no colon; write --header 'Name: value'", `--tcp-nodelay is "x"; use on or off`,
			`--emulate-down is "y"; write a number of bits per second, such as 500k, 20M or 1G`}},
		{[]string{"run", url, "-c", "0", "--blocks", "0", "--warmup", "-1s"}, []string{
			"--workers is 0; it must be at least 1", "--warmup is -1s; use 0 for none", "--blocks is 0; it must be at least 1"}},
		{[]string{"run", "--plan", plan, "-c", "0", "--set", "load.warmup=-1s"}, []string{
			"--workers is 0; it must be at least 1", "--set load.warmup=-1s: load.warmup: is -1s; use 0 for none"}},
		{[]string{"run", url, "-d", "9999999999h"}, []string{`--duration is "9999999999h"; that is far too large; write less`}},
		{[]string{"run", url, "-c", "99999999999999999999"}, []string{`--workers is "99999999999999999999"; that is far too large; write less`}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			c := newConsole(goodResult(), nil)
			if code := c.sessbench(t, test.args...); code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
			if got, want := c.err.String(), "sessbench: "+strings.Join(test.want, "\nsessbench: ")+"\n"; got != want {
				t.Errorf("messages\n%s\nwant\n%s", got, want)
			}
		})
	}
}
