package planfile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sessbench/workload"
)

// environmentPlan has a variable in every text that requests, files and connections are made of, and beside it a text that is like its value.
const environmentPlan = `
target: "http://${PT_HOST}:${PT_PORT}/${PT_A}?q=${PT_A}"
arms: ["${PT_POLICY}", {name: own, policy: "${PT_POLICY}", target: "http://${PT_HOST}/"}]
session:
  headers: {X-Team: "${PT_A}", X-Mixed: "x ${PT_A} $${y}", X-Short: "${PT_SHORT}", X-List: ["${PT_A}", b], X-Literal: "7 of 7"}
  params: {p: "${PT_A}"}
  auth: {basic: {user: "${PT_A}", password: "${PT_B}"}}
  cookies: {c: "${PT_B}"}
  proxies: {http: "http://${PT_A}:${PT_B}@proxy.example:1", no_proxy: ["${PT_A}.example", other.example]}
  tls: {ca: "${PT_A}.pem", server_name: "${PT_A}.example", key_log: "/${PT_A}"}
  resolve: ["${PT_A}.example:1:127.0.0.1"]
  connect_to: ["${PT_A}.example:1::"]
connection: {unix_socket: "${PT_A}.sock"}
feeds: {users: {csv: "${PT_DIR}/users.csv"}}
setup: [{name: "login ${PT_A}", method: "${PT_METHOD}", url: "/${PT_A}", form: {f: "${PT_A}{{users.name}}"}}]
mix:
  - {get: "/${PT_A}/{{users.name}}", headers: {Authorization: "Bearer ${PT_B}"}, auth: {bearer: "${PT_B}"}, params: {token: "${PT_B}"},
     check: ["body != '${PT_A}'", {named: "body != '${PT_B}'"}], expect: "${PT_STATUS}"}
  - {name: json, post: "http://u:${PT_B}@h.example/", json: {a: "${PT_A}", deep: ["x ${PT_QUOTES}"], n: "${PT_SHORT}", password: "${PT_B}"},
     extract: {x: {json: "${PT_A}", default: "${PT_B}"}, y: {regexp: "${PT_A}(.)"}}}
  - {name: body, post: /, body: "b ${PT_QUOTES}"}
  - {name: parts, post: /, multipart: {fields: {f: "${PT_A}"}, files: [{field: up, name: "${PT_A}", type: "${PT_TYPE}", content: "${PT_QUOTES}"}]}}
load: {workers: "${PT_WORKERS}", duration: "${PT_TIME}", trace: "${PT_EMPTY}"}
thresholds: ["own.operations.GET /${PT_A}/{users.name}.response_time.p99 < ${PT_TIME}"]
fail_if: "own.operations.body.error_rate > 0.${PT_SHORT}"
output: {file: "${PT_A}.json"}
`

func setEnvironment(t *testing.T, dir string) {
	t.Helper()
	for name, value := range map[string]string{
		"A": "valueofa", "B": "valueofb", "SHORT": "7", "QUOTES": `valueofq "\{{<é`, "HOST": "host.example", "PORT": "8080", "DIR": dir, "TYPE": "valueoftype/x",
		"POLICY": "pooled", "METHOD": "purge", "STATUS": "2xx", "WORKERS": "3", "TIME": "2s", "EMPTY": "",
	} {
		t.Setenv("PT_"+name, value)
	}
}

func TestTheEnvironmentIsNotInAPlanThatIsWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "valueofdir")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "users.csv"), []byte("name\njoe\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	setEnvironment(t, dir)
	file, err := Parse("plan.yaml", []byte(environmentPlan))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.MarshalIndent(file.Environment.Masked(file.Plan), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, value := range []string{"valueof", `"7"`, "***"} {
		if i := strings.Index(text, value); i >= 0 {
			t.Errorf("%q is in ...%s", value, text[max(0, i-100):min(len(text), i+30)])
		}
	}
	for _, kept := range []string{`"http://host.example:8080/${PT_A}?q=${PT_A}"`, `"http://host.example/"`, `"7 of 7"`, `"PURGE"`, `"policy": "pooled"`, `"workers": 3`, `"2xx"`, `"x ${PT_A} $${y}"`, `"GET /$${PT_A}/{users.name}"`, `"${PT_DIR}/users.csv"`,
		`"http://u:${PT_B}@h.example/"`, `"body != '${PT_A}'": "body != '${PT_A}'"`} {
		if !strings.Contains(strings.ReplaceAll(text, `\u0026`, "&"), kept) {
			t.Errorf("%s is not in %s", kept, text)
		}
	}
	if value, ok := instance(t, data); !ok {
		t.Error("is not JSON")
	} else if err := compiledSchema(t, "").Validate(value); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
	again, err := Parse("plan.yaml", data)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if !reflect.DeepEqual(again.Plan, file.Plan) {
		t.Errorf("another plan:\n%+v\n%+v", again.Plan, file.Plan)
	}
	if once, err := json.MarshalIndent(again.Environment.Masked(again.Plan), "", " "); err != nil || string(once) != text {
		t.Errorf("written again, %v:\n%s", err, once)
	}
}

// Names are those that are written, in conditions and in overrides too.
func TestNamesWithVariables(t *testing.T) {
	t.Setenv("PT_STAGE", "valueofstage")
	t.Setenv("PT_BASE", "http://host.example:81")
	const plan = `{mix: [{get: "${PT_BASE}/${PT_STAGE}/x"}, {name: "list-${PT_STAGE}", get: /, check: "status != ${PT_STATUS}"}, {get: "/${PT_STAGE}"}, {get: "/${PT_STAGE}"}, {name: "a$$b", get: /x}], fail_if: ["pooled.operations.list-${PT_STAGE}.error_rate > 1%", "pooled.operations.list-${PT_STAGE}.checks.status != ${PT_STATUS}.failed > 0"]}`
	t.Setenv("PT_STATUS", "500")
	file, err := ReadFromWith("x", strings.NewReader(plan), []string{"mix.list-${PT_STAGE}.weight=3", "mix.GET /${PT_STAGE}.weight=5", "mix.GET /${PT_STAGE}/x.weight=7"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range file.Mix {
		got = append(got, fmt.Sprintf("%s %d %s", o.Name, o.Weight, o.URL))
	}
	want := []string{"GET /${PT_STAGE}/x 7 http://host.example:81/valueofstage/x", "list-${PT_STAGE} 3 /", "GET /${PT_STAGE} 5 /valueofstage", "GET /${PT_STAGE} #2 0 /valueofstage", "a$b 0 /x"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for i, want := range []string{"pooled.operations.list-${PT_STAGE}.error_rate > 1%", "pooled.operations.list-${PT_STAGE}.checks.status != ${PT_STATUS}.failed > 0"} {
		if file.FailIf[i] != want {
			t.Errorf("condition %q, want %q", file.FailIf[i], want)
		}
	}
	if problems := file.Problems(); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
}

// What says where the load goes to is told; users, passwords, paths and what is none of these are not.
func TestOriginsAreTold(t *testing.T) {
	for name, value := range map[string]string{
		"BASE": "http://host.example:81", "SLASH": "http://host.example/", "HOOK": "http://host.example/hook", "OWN": "http://me@host.example", "SCHEME": "http",
		"HOST": "host.example", "SIX": "[::1]", "PORT": "81", "PATH": "path", "PASSWORD": "word", "USER": "me:word", "AT": "@host.example",
	} {
		t.Setenv("PT_"+name, value)
	}
	for target, want := range map[string]string{
		"${PT_BASE}":            "http://host.example:81",
		"${PT_BASE}/${PT_PATH}": "http://host.example:81/${PT_PATH}",
		"${PT_SLASH}":           "http://host.example/",
		"${PT_HOOK}":            "${PT_HOOK}",
		"${PT_OWN}":             "${PT_OWN}",
		"${PT_SCHEME}://${PT_HOST}:${PT_PORT}/${PT_PATH}": "http://host.example:81/${PT_PATH}",
		"http://${PT_HOST}${PT_PATH}/":                    "http://host.examplepath/",
		"http://${PT_SIX}/?${PT_HOST}#${PT_HOST}":         "http://[::1]/?${PT_HOST}#${PT_HOST}",
		"http://me:${PT_PASSWORD}@${PT_HOST}/a@b":         "http://me:${PT_PASSWORD}@host.example/a@b",
		"http://${PT_USER}${PT_AT}/":                      "http://${PT_USER}${PT_AT}/",
		"http://${PT_HOST}:${PT_PASSWORD}@host/":          "http://${PT_HOST}:${PT_PASSWORD}@host/",
		"/${PT_HOST}":                                     "/${PT_HOST}",
	} {
		data, err := json.Marshal(map[string]any{"target": "http://h", "mix": []any{map[string]any{"get": target}}})
		if err != nil {
			t.Fatal(err)
		}
		file, err := Parse("plan.json", data)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		if got := workload.Named(file.Environment.Written(file.Mix[0].URL)); got != want {
			t.Errorf("%s is told as %s, want %s", target, got, want)
		}
	}
}

// What is called as a value is, and words that a plan has a list of, did not come from the environment; what is secret by its name stays so.
func TestWhatIsEqualToAVariableIsNoVariable(t *testing.T) {
	t.Setenv("PT_A", "password")
	t.Setenv("PT_B", "pooled")
	t.Setenv("PT_C", "Authorization")
	const plan = `
target: http://h/
arms: [pooled, {name: own, policy: pooled, http: "1.1"}]
session: {headers: {X-Kind: "${PT_A}", X-Other: "${PT_B}", X-Third: "${PT_C}", Authorization: Bearer hunter2}}
mix: [{name: pooled, post: /, form: {grant: "${PT_A}", password: hunter2}}, {post: /b, json: {grant: "${PT_A}", password : hunter2}}]
`
	file, err := Parse("plan.yaml", []byte(plan))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(file.Environment.Masked(file.Plan))
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`"X-Kind":"${PT_A}"`, `"grant":"${PT_A}"`, `"password":"***"`, `"Authorization":`, `"name":"pooled"`, `"policy":"pooled"`} {
		if !strings.Contains(string(data), kept) {
			t.Errorf("no %s in %s", kept, data)
		}
	}
	if strings.Contains(string(data), "hunter2") {
		t.Errorf("a secret is in %s", data)
	}
}
