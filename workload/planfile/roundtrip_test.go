package planfile

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sessbench/workload"
	"sessbench/workload/session"
)

func pointer[T any](v T) *T { return &v }

func seconds(n int) workload.Duration { return workload.Duration(time.Duration(n) * time.Second) }

// fullPlan has a value in every field that a file can fill.
func fullPlan(t *testing.T) *workload.Plan {
	t.Helper()
	file := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(file, []byte(`{"from":"file"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	csv, jsonl := filepath.Join(filepath.Dir(file), "users.csv"), filepath.Join(filepath.Dir(file), "items.jsonl")
	for name, text := range map[string]string{csv: "name,password\njoe,secret\n", jsonl: `{"id":7}`} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tlsPlan := workload.TLSPlan{
		Verify: true, CA: "/ca.pem", Cert: "cert.pem", Key: "key.pem", Min: "1.2", Max: "1.3", Curves: []string{"X25519", "P-256"},
		Ciphers: []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, ALPN: []string{"http/1.1", "h2"}, ServerName: "sni.example", KeyLog: "/keys.log",
	}
	timeout := workload.Timeout{Connect: seconds(1), Read: seconds(2), Write: seconds(3), Total: seconds(4)}
	proxies := workload.Proxies{{For: "all", URL: "socks5h://u:p@proxy:1080"}, {For: "https", Remove: true}, {For: "http://a.example"}, {For: "no_proxy", URL: "a,b"}}
	return &workload.Plan{
		Target: "https://h.example:8443/$/${HOME}/$$",
		Arms:   fullArms(),
		HTTP:   "1.1",
		Session: workload.SessionPlan{
			Headers:      workload.Fields{session.Set("Accept", "a", "b"), session.Remove("User-Agent"), session.Set("X-Empty", "")},
			Params:       workload.Fields{session.Set("a", "$${x}"), session.Set("b", "1", "2"), session.Remove("c")},
			Auth:         &workload.Auth{Digest: &workload.BasicAuth{User: "me", Password: "pa$$word ${X}"}},
			Cookies:      workload.Cookies{{Name: "a", Value: "1"}, {Name: "$", Value: ""}},
			Timeout:      timeout,
			MaxRedirects: pointer(0),
			Follow:       true,
			TrustEnv:     true,
			Proxies:      proxies,
			TLS:          tlsPlan,
			Adapters: workload.Adapters{
				{Prefix: "https://h.example/", Retries: session.Retries(0), PoolConnections: pointer(1), PoolMaxsize: pointer(2), PoolBlock: true},
				{Prefix: "http://", Retries: &session.Retry{
					Total: pointer(1), Connect: pointer(2), Read: pointer(3), Status: pointer(4), Redirect: pointer(5), Other: pointer(6),
					Methods: []string{"GET", "POST"}, Statuses: []int{500, 503}, Backoff: time.Second, BackoffMax: time.Minute, Jitter: time.Millisecond,
					IgnoreRetryAfter: true, RetryAfterMax: time.Hour, ReturnLast: true,
				}},
				{Prefix: "https://", Retries: &session.Retry{AnyMethod: true}},
			},
			Resolve:    []string{"h.example:8443:127.0.0.1"},
			ConnectTo:  []string{"::127.0.0.1:1"},
			RenewEvery: 100,
		},
		Connection: workload.ConnectionPlan{
			Source: []string{"127.0.0.2", "127.0.0.4-127.0.0.6", "127.0.1.0/29"}, ProxyProtocol: 2, FastOpen: true, NoDelay: pointer(false),
			KeepAlive: workload.KeepAlivePlan{Idle: seconds(30), Interval: seconds(5), Count: 3}, SendBuffer: 1 << 18, ReceiveBuffer: 65536,
			HappyEyeballs: workload.Duration(250 * time.Millisecond), Addresses: "turn", DNSLifetime: workload.Forever,
		},
		Emulate: workload.EmulationPlan{RTT: workload.Duration(40 * time.Millisecond), Down: 20e6, Up: 5e6, Window: 4},
		Feeds: workload.Feeds{
			{Name: "users", CSV: csv, Pick: workload.RoundRobin, End: workload.Stop}, {Name: "items", JSONL: jsonl, Pick: workload.AtRandom}, {Name: "one", CSV: csv},
		},
		Setup: []workload.Operation{{Name: "login", Method: "POST", URL: "/login", Form: workload.Fields{session.Set("user", "{{users.name}}"), session.Set("p", "1", "{{ users.password }}")},
			Extract: []workload.Extraction{
				{Name: "token", JSON: "items.0.token"}, {Name: "id", Regexp: `id=(\d+)$`, Default: pointer("")}, {Name: "etag", Header: "ETag", Default: pointer("none")},
				{Name: "sid", Cookie: "sid"}, {Name: "csrf", Form: "csrf_token"},
			}}},
		Mix: []workload.Operation{
			{Name: "list", Weight: 7, Method: "GET", URL: "/items?$filter=x", Params: workload.Fields{session.Set("page", "1")}, Cookies: workload.Cookies{{Name: "c", Value: "d"}}},
			{Name: "empty form", Method: "POST", URL: "/", Form: workload.Fields{}, Auth: &workload.Auth{None: true}, Follow: pointer(false)},
			{Name: "json", Method: "PATCH", URL: "https://other/", JSON: json.RawMessage(`{"b":[1,2.5,1e400,null,true,{}],"a":"<&>\u2028 ${X}","c":[]}`), Auth: &workload.Auth{Bearer: "token"}, Timeout: &timeout, TLS: &tlsPlan, Proxies: proxies},
			{Name: "null", Method: "POST", URL: "/", JSON: json.RawMessage(`null`), Headers: workload.Fields{session.Set("A", "b")}, Auth: &workload.Auth{Basic: &workload.BasicAuth{User: "u"}}},
			{Name: "parts", Method: "POST", URL: "/", Multipart: &workload.Multipart{
				Fields: workload.Fields{session.Set("a", "b")},
				Files:  []workload.FilePart{{Field: "f", Name: "n", Type: "text/plain", Content: pointer("")}, {Field: "g", Path: file}},
			}},
			{Name: "text", Method: "PURGE", URL: "/", Body: []byte("a\x7f\x00\u0085😀 $")},
			{Name: "file", Method: "PUT", URL: "/", Body: []byte(`{"from":"file"}`), BodyFile: file},
			{Name: "templates", Method: "POST", URL: "/{{id}}?$x={{items.id}}", JSON: json.RawMessage(`{"a":["{{id}}","{{ \"{{\" }}"],"{":1}`), Headers: workload.Fields{session.Set("ETag", "{{etag}}")},
				Expect: []string{"2xx", "404"}, Check: []workload.Check{{Expr: "status == 200"}, {Name: "found $", Expr: `json.id == id`}}, Think: &workload.Think{Constant: pointer(seconds(1))}},
			{Name: "scenario", Weight: 2, Think: &workload.Think{Uniform: &[2]workload.Duration{seconds(1), seconds(3)}}, Steps: []workload.Operation{
				{Name: "GET /", Method: "GET", URL: "/", Think: &workload.Think{Normal: &workload.NormalThink{Mean: seconds(2), Deviation: seconds(1)}, Max: seconds(5)}},
				{Name: "pay", Method: "POST", URL: "/", Body: []byte("{{id}}"), Think: &workload.Think{Exponential: pointer(seconds(2))}, Check: []workload.Check{{Expr: `header("X") != "$"`}}},
				{Name: "PURGE /", Method: "PURGE", URL: "/", Think: &workload.Think{LogNormal: &workload.LogNormThink{Median: seconds(2), Sigma: 0.5}}},
			}},
		},
		Teardown:   []workload.Operation{{Name: "logout", Method: "POST", URL: "/logout", Auth: &workload.Auth{Basic: &workload.BasicAuth{User: "{{users.name}}", Password: "{{users.password}}"}}}},
		Load:       workload.Load{Workers: 3, MaxWorkers: 30, Duration: seconds(20), Rate: 100.5, Arrivals: workload.Poisson, Warmup: seconds(1), Blocks: 7, Seed: 1<<64 - 1},
		Thresholds: []workload.Threshold{{Condition: "pooled.error_rate < 1%"}, {Condition: "pooled.response_time.p99 < 50ms", AbortEarly: true, Grace: seconds(5)}},
		FailIf:     []string{"pooled.response_time.p99 > 50ms"},
		Output:     workload.Output{File: "$r.json", Format: "json", Quiet: true},
	}
}

// fullArms have a value in every field that an arm can have, though not all in one.
func fullArms() []workload.Arm {
	life := workload.Lifetime(time.Minute)
	forever, none := workload.Forever, workload.Lifetime(0)
	return []workload.Arm{
		{Name: "pooled", Policy: "pooled"},
		{Name: "five", Policy: "reuse-5", Target: "https://me:pass$$word@other.example/${X}"},
		{Name: "x", Policy: "fresh", NoResend: true},
		{Name: "shared", Policy: "pooled", Pool: "shared", HTTP: "2", Streams: 32, PoolSize: 8, PoolOverflow: true, PoolOrder: "fifo",
			IdleTimeout: seconds(30), MaxAge: seconds(300), TLSMin: "1.2", TLSMax: "1.3", Curves: []string{"X25519"}, DNSLifetime: &life},
		{Name: "few", Policy: "pooled", RequestsPerConnection: 3, TLSResumption: true, TicketLifetime: seconds(10), DNSLifetime: &forever},
		{Name: "closed", Policy: "fresh", Close: "server", NoCloseNotify: true, DNSLifetime: &none},
		{Name: "reset", Policy: "fresh", Close: "reset"},
		{Name: "fresh-http2", Policy: "fresh", HTTP: "2"},
	}
}

// The plan in a result is a plan file.
func TestAPlansJSONIsThePlan(t *testing.T) {
	small := &workload.Plan{
		Arms:    []workload.Arm{{Name: "pooled", Policy: "pooled"}},
		Session: workload.SessionPlan{},
		Mix:     []workload.Operation{{Name: "GET /", Method: "GET", URL: "/"}},
		Load:    workload.Load{Workers: 1, Requests: 5, Blocks: 5},
	}
	byPath := &workload.Plan{
		Target:     "http://h/",
		Arms:       []workload.Arm{{Name: "pooled", Policy: "pooled"}},
		Mix:        small.Mix,
		Load:       small.Load,
		Connection: workload.ConnectionPlan{UnixSocket: "@abstract"},
	}
	early := &workload.Plan{
		Arms: []workload.Arm{{Name: "early", Policy: "fresh", HTTP: "3", EarlyData: true}},
		HTTP: "3",
		Mix:  small.Mix,
		Load: small.Load,
	}
	staged := &workload.Plan{
		Arms: small.Arms,
		Mix:  small.Mix,
		Load: workload.Load{Workers: 1, Arrivals: workload.Constant, Blocks: 2, Stages: []workload.Stage{
			{Duration: seconds(5), Rate: pointer(100.0)}, {Duration: seconds(5), Rate: pointer(0.0), Shape: workload.Spike},
		}},
	}
	crowd := &workload.Plan{
		Arms: small.Arms,
		Mix:  small.Mix,
		Load: workload.Load{Workers: 20, Blocks: 2, Stages: []workload.Stage{{Duration: seconds(5), Workers: pointer(20), Shape: workload.Step}}},
	}
	rated := &workload.Plan{
		Arms: small.Arms,
		Mix:  []workload.Operation{{Name: "a", Rate: 7.5, Method: "GET", URL: "/"}, {Name: "b", Rate: 1, Steps: []workload.Operation{{Name: "c", Method: "GET", URL: "/"}}}},
		Load: workload.Load{Workers: 1, Arrivals: workload.Poisson, Requests: 5, Blocks: 5},
	}
	replayed := &workload.Plan{Arms: small.Arms, Mix: small.Mix, Load: workload.Load{Workers: 1, Trace: "/arrivals.csv", Blocks: 2}}
	for _, want := range []*workload.Plan{fullPlan(t), small, byPath, early, staged, crowd, rated, replayed} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		indented, err := json.MarshalIndent(want, "\t", "\t")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range [][]byte{data, indented} {
			got, err := Parse("plan.json", file)
			if err != nil {
				t.Fatalf("%s\n%v", file, err)
			}
			if !reflect.DeepEqual(got.Plan, want) {
				again, _ := json.Marshal(got)
				t.Errorf("plan\n%s, want\n%s", again, data)
			}
		}
	}
}

// A masked plan can be read too, for whoever puts the secrets back in.
func TestAMaskedPlansJSONIsAPlan(t *testing.T) {
	data, err := json.Marshal(fullPlan(t).Masked())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("plan.json", data); err != nil {
		t.Errorf("%s\n%v", data, err)
	}
}

func TestEveryFieldOfAPlanIsInTheRoundTrip(t *testing.T) {
	full := fullPlan(t)
	holdsFilled(t, "session", reflect.ValueOf(full.Session))
	holdsFilled(t, "plan", reflect.ValueOf(*full))
	full.Connection.UnixSocket = "/run/s" // contradicts source
	holdsFilled(t, "connection", reflect.ValueOf(full.Connection))
	holdsFilled(t, "emulation", reflect.ValueOf(full.Emulate))
	holdsFilled(t, "TLS", reflect.ValueOf(full.Session.TLS))
	arm := workload.Arm{EarlyData: true} // HTTP/3 only: in the smaller plan
	for _, a := range full.Arms {
		merged := reflect.ValueOf(&arm).Elem()
		for i := range merged.NumField() {
			if f := reflect.ValueOf(a).Field(i); !f.IsZero() {
				merged.Field(i).Set(f)
			}
		}
	}
	holdsFilled(t, "arm", reflect.ValueOf(arm))
	var operation workload.Operation
	for _, o := range slices.Concat(full.Setup, full.Mix, []workload.Operation{{Rate: 1}}) { // a rate: in a plan of its own
		merged := reflect.ValueOf(&operation).Elem()
		for i := range merged.NumField() {
			if f := reflect.ValueOf(o).Field(i); !f.IsZero() {
				merged.Field(i).Set(f)
			}
		}
	}
	holdsFilled(t, "operation", reflect.ValueOf(operation))
}

func holdsFilled(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s: %s is empty", name, v.Type().Field(i).Name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/wrong/*.yaml", "testdata/wrong/*.json", "testdata/right/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if !strings.Contains(file, "laughs") {
				f.Add(data)
			}
		}
	}
	f.Add(manyOperations(8))
	f.Add([]byte("mix: [{name: a, rate: 5, get: '/{{worker}}', think: {lognormal: {median: 1s, sigma: .5}, max: 3s}, check: [size > 0, {b: status == 200}], expect: [2xx]}]\n" +
		"load: {max_workers: 30}\nthresholds: [{condition: pooled.error_rate < 1%, abort_early: true, grace: 1s}]\nsession: {renew_every: 5}"))
	f.Add([]byte("mix: [{get: /}]\nload: {stages: [{rate: 5, duration: 1s, shape: spike}, {rate: 0, duration: 1s}], blocks: 2}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := Parse("standard input", data)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok || plan != nil || len(e.Problems) == 0 || err.Error() == "" {
				t.Fatalf("plan %v, error %v", plan, err)
			}
			for _, p := range e.Problems {
				if p.Line < 1 || p.Column < 1 || p.Text == "" {
					t.Errorf("problem %+v", p)
				}
			}
			return
		}
		text, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("standard input", text)
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		if !reflect.DeepEqual(plan.Plan, again.Plan) {
			other, _ := json.Marshal(again)
			t.Errorf("plan\n%s\nand again\n%s", text, other)
		}
	})
}
