package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sessbench/report"
	"sessbench/result"
)

func headers(namesAndValues ...string) []result.TracedHeader {
	var list []result.TracedHeader
	for i := 0; i < len(namesAndValues); i += 2 {
		list = append(list, result.TracedHeader{Name: namesAndValues[i], Value: namesAndValues[i+1]})
	}
	return list
}

func get(url string) result.TracedRequest {
	return result.TracedRequest{Method: "GET", URL: url, HTTP: "HTTP/1.1", Headers: headers("Host", "api.example.com", "Accept", "*/*")}
}

func answered(status int, reused bool, wait float64) result.TracedAttempt {
	return result.TracedAttempt{Status: status, Reused: reused, BytesIn: 310, BytesOut: 120,
		Phases: map[string]float64{"acquire": 0, "connect": 0.0002, "send": 0.00001, "wait": wait, "receive": 0.00004}}
}

func response(status int, reason string, body string, lines ...string) *result.TracedResponse {
	return &result.TracedResponse{Status: status, Reason: reason, HTTP: "HTTP/1.1", Headers: headers(lines...),
		Elapsed: 0.003, WireBytes: int64(len(body)), TracedBody: result.TraceBody([]byte(body))}
}

func traceCases() map[string]*result.Trace {
	expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	jar := []result.TracedCookie{
		{Name: "sid", Value: "***", Domain: "api.example.com", Path: "/", HostOnly: true, HTTPOnly: true, Secure: true},
		{Name: "lang", Value: "***", Domain: "example.com", Path: "/a", Expires: &expires},
		{Name: "mine", Value: "***", Path: "/"},
	}
	login := get("https://api.example.com/login")
	login.Method, login.Proxy = "POST", "http proxy.example:3128"
	login.TracedBody = result.TraceBody([]byte("user=me&password=***"))
	limited := answered(503, true, 0.001)
	again := answered(200, true, 0.2)
	again.Backoff, again.RetryAfter = 2, true
	dead := result.TracedAttempt{Reused: true, Error: &result.TracedError{Class: "reset", Message: "connection reset by peer", During: "wait"}}
	retried := answered(200, false, 0.004)
	retried.Backoff = 0.1
	zipped := response(200, "OK", "{\n\t\"a\": 1,\n  \"odd\": \"\x1b[31m\u200b\"\n}\n", "Content-Encoding", "gzip")
	zipped.WireBytes = 60
	binary := response(200, "OK", "\xff\xd8\xff", "Content-Type", "image/jpeg")
	long := response(200, "", strings.Repeat("line\n", 3))
	long.Truncated, long.BodyBytes, long.WireBytes = true, 1_000_000, 1_000_000
	return map[string]*result.Trace{
		"try": {
			Schema: result.TraceSchema, Plan: json.RawMessage(`{}`), Target: "https://api.example.com",
			Operations: []result.TracedOperation{{
				Name: "login", Part: "setup", Status: 200, URL: "https://api.example.com/home", Elapsed: 0.0072, Attempts: 2, Redirects: 1, Reused: true,
				Exchanges: []result.TracedExchange{
					{Why: result.WhyCall, Request: login, Attempts: []result.TracedAttempt{answered(302, false, 0.003)},
						Response: response(302, "Found", "", "Location", "/home", "Set-Cookie", "sid=***; HttpOnly; Secure")},
					{Why: result.WhyRedirect, Request: get("https://api.example.com/home"), Attempts: []result.TracedAttempt{answered(200, true, 0.0031)}, Response: zipped},
				},
			}, {
				Name: "digest", Part: "mix", Status: 200, Elapsed: 0.01, Attempts: 2,
				Exchanges: []result.TracedExchange{
					{Why: result.WhyCall, Request: get("https://api.example.com/d"), Attempts: []result.TracedAttempt{answered(401, true, 0.003)}, Response: response(401, "Unauthorized", "", "WWW-Authenticate", "Digest realm=r")},
					{Why: result.WhyAuth, Request: get("https://api.example.com/d"), Attempts: []result.TracedAttempt{answered(200, true, 0.003)}, Response: binary},
				},
			}, {
				Name: "busy", Part: "mix", Status: 200, Elapsed: 2.31, Attempts: 4, Retries: 3,
				Exchanges: []result.TracedExchange{{Why: result.WhyCall, Request: get("https://api.example.com/busy"),
					Attempts: []result.TracedAttempt{limited, again, dead, retried}, Response: long}},
				Jar: jar,
			}},
		},
		"try-failed": {
			Schema: result.TraceSchema, Plan: json.RawMessage(`{}`), Interrupted: true,
			Operations: []result.TracedOperation{{
				Name: "down", Part: "mix", Elapsed: 0.0000034, Error: &result.TracedError{Class: "refused", Message: "connection refused", During: "connect"},
				Exchanges: []result.TracedExchange{{Why: result.WhyCall, Request: get("http://127.0.0.1:1/"),
					Attempts: []result.TracedAttempt{{Error: &result.TracedError{Class: "refused", Message: "connection refused"}}}}},
			}},
		},
		"try-plan":    plannedTrace(),
		"try-nothing": {Schema: result.TraceSchema, Plan: json.RawMessage(`{}`)},
	}
}

func TestTracesAreAsInTheGoldenFiles(t *testing.T) {
	for name, trace := range traceCases() {
		t.Run(name, func(t *testing.T) {
			saved, golden := filepath.Join("testdata", name+".json"), filepath.Join("testdata", name+".txt")
			var text, asJSON bytes.Buffer
			if err := errors.Join(report.TraceText(&text, trace), report.TraceJSON(&asJSON, trace)); err != nil {
				t.Fatal(err)
			}
			for file, got := range map[string][]byte{saved: asJSON.Bytes(), golden: text.Bytes()} {
				if *update {
					if err := os.WriteFile(file, got, 0o666); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
			}
			var again result.Trace
			if err := json.Unmarshal(asJSON.Bytes(), &again); err != nil {
				t.Fatal(err)
			}
			var back bytes.Buffer
			if err := report.TraceText(&back, &again); err != nil || back.String() != text.String() {
				t.Errorf("%v: read again it is\n%s", err, back.String())
			}
			checkLegible(t, text.String())
		})
	}
}

// What a server sends must not command the reader's terminal.
func TestATraceHasNoControlCharacters(t *testing.T) {
	evil := "a\x1b[2J\x00\r\u202e\x7f"
	trace := traceCases()["try"]
	for i := range trace.Operations {
		o := &trace.Operations[i]
		o.Name, o.Part, o.Scenario, o.Expected = evil, evil, evil, []string{evil}
		o.Checks = []result.TracedCheck{{Name: evil, Expr: "x", Passed: true}, {Name: "x", Expr: evil, Problem: evil}}
		o.Extracted = []result.TracedValue{{Name: evil, From: evil, Value: evil}, {Name: "x", From: evil, Problem: evil}}
		o.Feeds = []result.TracedRow{{Feed: evil, Columns: map[string]string{evil: evil}}}
		for j := range o.Exchanges {
			e := &o.Exchanges[j]
			e.Request.Method, e.Request.URL, e.Request.HTTP, e.Request.Proxy = evil, evil, evil, evil
			e.Request.Headers = headers(evil, evil)
			e.Request.Body, e.Request.BodyBytes = evil, 9
			e.Response.Reason, e.Response.HTTP, e.Response.Headers = evil, evil, headers(evil, evil)
			e.Response.Body, e.Response.Encoding, e.Response.BodyBytes = evil, "", 9
			for n := range e.Attempts {
				e.Attempts[n].Error = &result.TracedError{Class: evil, Message: evil, During: evil}
			}
		}
		o.Jar = []result.TracedCookie{{Name: evil, Value: evil, Domain: evil, Path: evil}}
	}
	var text bytes.Buffer
	if err := report.TraceText(&text, trace); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexAny(text.String(), "\x1b\x00\r\u202e\x7f"); i >= 0 {
		t.Errorf("%q", text.String()[max(0, i-20):i+5])
	}
}

func TestATraceSaysThatItsPathWasEmulated(t *testing.T) {
	trace := traceCases()["try"]
	trace.Emulation = &result.Emulation{RTT: 0.04, InitialWindow: 10}
	var b bytes.Buffer
	if err := report.TraceText(&b, trace); err != nil {
		t.Fatal(err)
	}
	const want = "EMULATED: 40 ms of round-trip time, slow start from 10 segments on our side of every connection; no\ntime here is that of the real path.\n== "
	if !strings.HasPrefix(b.String(), want) {
		t.Errorf("%.200s\nwant %s", b.String(), want)
	}
}
