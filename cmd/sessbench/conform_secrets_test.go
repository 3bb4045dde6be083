package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// secretPlan sends secrets in every way, to servers that repeat what they got and fail in every way.
const secretPlan = `
target: "http://%[2]s"
session:
  headers: {X-Api-Key: hunter2-key, Authorization: Bearer hunter2-bearer}
  params: {token: hunter2-param}
  cookies: {sid: hunter2-cookie}
  proxies: {"http://proxied.test": "http://me:hunter2-proxy@%[2]s"}
  follow: true
mix:
  - {name: json, post: /echo, json: {id: 1, token: hunter2-json, pin: "12"}}
  - {name: form, post: /echo, form: {user: me, password: "hunter2 &form"}}
  - {name: multipart, post: /echo, multipart: {fields: {secret: hunter2-part}}}
  - {name: basic, get: /echo, auth: {basic: {user: me, password: hunter2-basic}}, headers: {Authorization: null}}
  - {name: digest, get: /digest, auth: {digest: {user: me, password: hunter2-digest}}}
  - {name: url, get: "http://me:hunter2-url@%[2]s/echo?key=hunter2-query"}
  - {name: path, get: /path/hunter2-key, headers: {Cookie: own=hunter2-line}}
  - {name: redirect, get: /redirect}
  - {name: proxied, get: "http://proxied.test/echo", auth: none}
  - {name: refused, get: "http://me:hunter2-url@127.0.0.1:1/?token=hunter2-query"}
  - {name: broken, get: "/broken?secret=hunter2-query"}
  - {name: bad, get: /bad}
`

func secretServer(t *testing.T) *scripted {
	return script(t, func(r asked) string {
		switch r.URL.Path {
		case "/digest":
			if r.Header.Get("Authorization") == "" {
				return reply(401, "", `WWW-Authenticate: Digest realm="kept-realm", nonce="kept-nonce", qop="auth"`)
			}
		case "/redirect":
			return reply(302, "", "Location: /echo?code=hunter2-code#access_token=hunter2-fragment", "Set-Cookie: set=hunter2-set; Path=/kept-path")
		case "/broken":
			return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhunter2-key hunter2-cookie" + hangUp
		case "/bad":
			return reply(302, "", "Location: http://me:hunter2-url@127.0.0.1:99999/?token=hunter2-query")
		}
		var head strings.Builder
		r.Header.Write(&head)
		echo, _ := json.Marshal(map[string]any{"head": head.String(), "target": r.RequestURI, "data": r.body, "cookie": r.Header.Get("Cookie"), "kept": "kept-echo"})
		return reply(200, string(echo), "Access-Control-Allow-Credentials: true", "X-Echo: "+r.Header.Get("X-Api-Key"))
	})
}

func TestNoSecretIsInAnythingThatTryWrites(t *testing.T) {
	s := secretServer(t)
	plan := fmt.Sprintf(secretPlan, "", s.host)
	for _, format := range []string{"text", "json"} {
		saved := filepath.Join(t.TempDir(), "trace.json")
		out, complaints, code := tryProcess(t, plan, "--format", format, "--out", saved)
		if code != exitFailed {
			t.Fatalf("exit code %d: %s", code, complaints)
		}
		file, err := os.ReadFile(saved)
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string]string{"standard output": out, "standard error": complaints, "the file": string(file)} {
			for rest := text; ; {
				i := strings.Index(rest, "hunter2")
				if i < 0 {
					break
				}
				t.Errorf("%s: a secret is in %s: ...%q", format, what, rest[max(0, i-100):min(len(rest), i+30)])
				rest = rest[i+7:]
			}
		}
		for _, kept := range []string{"kept-echo", "kept-realm", "kept-nonce", "kept-path", "Bearer ***", "Basic ***", "Digest ***", "sid=***"} {
			if !strings.Contains(out, kept) {
				t.Errorf("%s: %s was lost", format, kept)
			}
		}
		if strings.Contains(out, "Credentials: ***") {
			t.Errorf("%s: a flag is masked", format)
		}
	}
	out, _, _ := tryProcess(t, plan, "--show-secrets")
	for _, secret := range []string{"key", "bearer", "param", "cookie", "json", "part", "code", "set", "line"} {
		if !strings.Contains(out, "hunter2-"+secret) {
			t.Errorf("hunter2-%s is not shown", secret)
		}
	}
}

func TestNoSecretIsInAResult(t *testing.T) {
	s := secretServer(t)
	for _, args := range [][]string{
		{s.url + "/echo?token=hunter2-query", "-u", "me:hunter2-basic", "-b", "a=hunter2-cookie", "-H", "X-Api-Key: hunter2-key", "--body", `{"password":"hunter2-json"}`},
		{s.url + "/digest", "-u", "me:hunter2-digest", "--digest"},
		{"http://me:hunter2-url@" + s.host + "/redirect", "-L"},
		{"http://proxied.test/echo", "-x", "http://me:hunter2-proxy@" + s.host},
		{"http://proxied.test/echo", "-x", "http://me:hunter2-proxy@127.0.0.1:1"},
		{s.url + "/bad?token=hunter2-query", "-L"},
		{s.url + "/echo", "-x", "ftp://me:hunter2-proxy@h"},
		{s.url + "/echo", "-x", "http://me:hunter2-proxy@h:99999"},
	} {
		for _, format := range []string{"text", "json"} {
			saved := filepath.Join(t.TempDir(), "result.json")
			c := newRealConsole()
			c.sessbench(t, append([]string{"run", "-n", "4", "-c", "1", "-q", "--blocks", "4", "--format", format, "--out", saved}, args...)...)
			file, _ := os.ReadFile(saved) // there may be none
			for what, text := range map[string]string{"standard output": c.out.String(), "standard error": c.err.String(), "the file": string(file)} {
				if i := strings.Index(text, "hunter2"); i >= 0 {
					t.Errorf("%q: a secret is in %s: ...%q", args, what, text[max(0, i-100):min(len(text), i+30)])
				}
			}
		}
	}
}

// What was done is printed and saved; the call under way says why it ended.
func TestAnInterruptEndsTryAndSaysSo(t *testing.T) {
	reached := make(chan struct{}, 1)
	s := script(t, func(r asked) string {
		if r.URL.Path == "/silent" {
			reached <- struct{}{}
			return wait
		}
		return reply(200, "ok")
	})
	dir := t.TempDir()
	plan, saved := filepath.Join(dir, "plan.yaml"), filepath.Join(dir, "trace.json")
	if err := os.WriteFile(plan, []byte("target: "+s.url+"\nmix: [{get: /}, {get: /silent}, {get: /never}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "try", "--plan", plan, "--format", "json", "--out", saved)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	trace := new(examTrace)
	if err := json.Unmarshal(out.Bytes(), trace); err != nil {
		t.Fatal(err)
	}
	if !trace.Interrupted || len(trace.Operations) != 2 || trace.Operations[0].Status != 200 || trace.Operations[1].class() != "canceled" {
		t.Errorf("trace %+v", trace)
	}
	if file, err := os.ReadFile(saved); err != nil || !bytes.Equal(file, out.Bytes()) {
		t.Errorf("saved %s, %v", file, err)
	}
}

// hiddenPlan has values of the environment under harmless names, of which one is short.
const hiddenPlan = `
target: "http://${SB_HOST}/${SB_PATH}/"
session:
  headers: {X-Team: "${SB_TEAM}", X-Short: "${SB_SHORT}"}
  params: {team: "${SB_TEAM}", short: "${SB_SHORT}"}
setup: [{name: "begin ${SB_TEAM}", get: "/${SB_PATH}"}]
mix: [{get: "/${SB_PATH}", check: "body != '${SB_TEAM}'"}]
load: {workers: "${SB_WORKERS}", requests: 8, blocks: 4}
thresholds: ["pooled.response_time.p99 < 1m"]
`

// setHidden sets the variables of hiddenPlan. The values but for numbers and the host begin with hunter2.
func setHidden(t *testing.T, host string) {
	t.Helper()
	for name, value := range map[string]string{"HOST": host, "PATH": "hunter2-path", "TEAM": "hunter2 \"team&é", "SHORT": "h2z", "WORKERS": "2"} {
		t.Setenv("SB_"+name, value)
	}
}

func refuseHidden(t *testing.T, what, text string) {
	t.Helper()
	for _, value := range []string{"hunter2", "h2z"} {
		if i := strings.Index(text, value); i >= 0 {
			t.Errorf("%s: the environment is in ...%q", what, text[max(0, i-100):min(len(text), i+30)])
		}
	}
}

func TestTheEnvironmentIsNotInWhatIsWritten(t *testing.T) {
	s := script(t, func(r asked) string { return reply(200, r.RequestURI[:13]+r.Header.Get("X-Team")) })
	setHidden(t, s.host)
	plan := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(plan, []byte(hiddenPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, more := range [][]string{
		{"run", "--arms", "pooled"}, {"run", "--arms", "pooled", "-X", "PUT"}, {"compare", "--arms", "pooled,fresh", "--format", "json"}, {"try"}, {"try", "--format", "json"},
		{"run", "--arms", "pooled", "--set", "target=http://${SB_PATH}.invalid/"},
		{"run", "--arms", "pooled", "--set", "session.tls.ca=${SB_PATH}"},
		{"run", "--arms", "pooled", "--set", "session.auth.bearr=hunter2"}, // that is what an error tells
		{"run", "--arms", "pooled", "--set", "session.proxies=http://${SB_PATH}:${SB_TEAM}@127.0.0.1:1"},
		{"run", "--arms", "pooled", "--set", "session.tls.key_log=" + filepath.Join(t.TempDir(), "${SB_PATH}")},
	} {
		saved := filepath.Join(t.TempDir(), "saved.json")
		c := newRealConsole()
		c.sessbench(t, append(more, "--plan", plan, "--out", saved)...)
		file, _ := os.ReadFile(saved) // there may be none
		what := strings.Join(more, " ")
		refuseHidden(t, what+", standard output", c.out.String())
		refuseHidden(t, what+", standard error", c.err.String())
		refuseHidden(t, what+", the file", string(file))
		if c.out.Len() > 0 && !strings.Contains(c.out.String(), "${SB_PATH}") {
			t.Errorf("%s: no variable in %s", what, c.out.String())
		}
	}
	c := newRealConsole()
	c.sessbench(t, "try", "--plan", plan, "--show-secrets")
	for _, value := range []string{"/hunter2-path", "X-Team: hunter2 \"team&é", "short=h2z"} {
		if !strings.Contains(c.out.String(), value) {
			t.Errorf("%s is not shown:\n%s", value, c.out.String())
		}
	}
}

// A result whose plan took values from the environment is rendered without them, meets the schemas, and is carried out again with them.
func TestAResultKeepsVariables(t *testing.T) {
	s := script(t, func(asked) string { return reply(200, "") })
	dir := t.TempDir()
	plan, saved := filepath.Join(dir, "plan.yaml"), filepath.Join(dir, "saved.json")
	if err := os.WriteFile(plan, []byte(hiddenPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("with them", func(t *testing.T) {
		setHidden(t, s.host)
		for _, from := range []string{plan, saved} {
			c := newRealConsole()
			if code := c.sessbench(t, "run", "--arms", "pooled", "--plan", from, "--out", saved); code != exitDone {
				t.Fatalf("exit code %d: %s", code, c.err.String())
			}
		}
	})
	data, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	for of, data := range map[string][]byte{"result": data, "plan": planOfResult(t, data)} {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := printedSchema(t, of).Validate(value); err != nil {
			t.Errorf("%s: %v", of, err)
		}
	}
	sent := len(s.requests)
	for _, r := range s.requests {
		if r.Header.Get("X-Short") != "h2z" || r.URL.Path != "/hunter2-path" || r.URL.Query().Get("team") != "hunter2 \"team&é" {
			t.Fatalf("sent %s with %v", r.RequestURI, r.Header)
		}
	}
	c := newRealConsole()
	if code := c.sessbench(t, "report", saved, "--fail-if", "pooled.operations.GET /${SB_PATH}.error_rate > 0%"); code != exitDone {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
	if want := s.url + "/${SB_PATH}?team=${SB_TEAM}&short=${SB_SHORT}"; !strings.Contains(c.out.String(), want) {
		t.Errorf("the report has no %s:\n%s", want, c.out.String())
	}
	c = newRealConsole()
	if code := c.sessbench(t, "run", "--arms", "pooled", "--plan", saved); code != exitUsage || !strings.Contains(c.err.String(), "needs the environment variable SB_TEAM") {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
	if len(s.requests) != sent {
		t.Error("something was sent without the variables")
	}
}
