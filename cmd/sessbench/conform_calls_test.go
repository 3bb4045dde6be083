package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sessbench/testserver"
)

func TestRule_6_ByPlan_RetriesAreMade(t *testing.T) {
	counts := map[string]int{}
	s := script(t, func(r asked) string {
		counts[r.URL.Path]++
		n := counts[r.URL.Path]
		switch r.URL.Path {
		case "/twice":
			if n <= 2 {
				return reply(503, "no", fmt.Sprintf("Set-Cookie: n=%d", n))
			}
		case "/always", "/post", "/other/x", "/last/x":
			return reply(503, "no")
		case "/after":
			if n == 1 {
				return reply(429, "", "Retry-After: 1")
			}
		case "/drop":
			if n == 1 {
				return hangUp
			}
		case "/drop-post":
			return hangUp
		}
		return reply(200, "ok")
	})
	trace := examine(t, exitFailed, fmt.Sprintf(`
target: %[1]s
session:
  adapters:
    http://: {retries: 0}
    %[1]s/: {retries: {total: 2, backoff: 5ms, statuses: [503]}}
    %[1]s/other: {retries: {total: 0}}
    %[1]s/last: {retries: {total: 1, statuses: [503], return_last: true}}
mix: [{get: /twice}, {get: /always}, {post: /post, body: x}, {get: /after}, {get: /drop}, {post: /drop-post, body: x}, {get: /other/x}, {get: /last/x}, {get: "http://127.0.0.1:1/"}]
`, s.url))
	for i, want := range []string{
		"200 3 2 ", "503 3 2 status", "503 1 0 ", "200 2 1 ", "200 2 1 ", "0 1 0 closed_early", "503 1 0 ", "503 2 1 ", "0 0 0 refused",
	} {
		o := &trace.Operations[i]
		same(t, o.Name, fmt.Sprintf("%d %d %d %s", o.Status, o.Attempts, o.Retries, o.class()), want)
		if len(o.Exchanges) != 1 {
			t.Errorf("%s: %d exchanges", o.Name, len(o.Exchanges))
		}
	}
	twice := trace.Operations[0].Exchanges[0].Attempts
	if twice[0].Status != 503 || twice[1].Status != 503 || twice[2].Status != 200 || twice[1].Backoff != 0 || twice[2].Backoff <= 0 || twice[2].RetryAfter {
		t.Errorf("6.7: %+v", twice)
	}
	if after := trace.Operations[3].Exchanges[0].Attempts; len(after) != 2 || after[1].Backoff != 1 || !after[1].RetryAfter {
		t.Errorf("6.8: %+v", after)
	}
	if drop := trace.Operations[4].Exchanges[0].Attempts; drop[0].Error == nil || drop[0].Error.Class != "closed_early" || drop[0].Error.During != "wait" || drop[1].Error != nil {
		t.Errorf("6.10: %+v", drop)
	}
	same(t, "2.12", trace.Operations[0].jar(), "n=2@127.0.0.1/")
}

func TestRule_7_ByPlan_TimeoutsEndCalls(t *testing.T) {
	s := script(t, func(r asked) string {
		switch r.URL.Path {
		case "/silent":
			return wait
		case "/half":
			return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" + wait
		}
		return reply(200, "ok")
	})
	trace := examine(t, exitFailed, fmt.Sprintf(`
target: %s
session: {timeout: {connect: 5s, read: 5s}, adapters: {"http://127.0.0.1:1/": {retries: {total: 9, backoff: 10s}}}}
mix:
  - {get: /silent, timeout: {read: 50ms}}
  - {get: /half, timeout: {read: 50ms}}
  - {name: total, get: /silent, timeout: 50ms}
  - {name: none, get: /x, timeout: {connect: 0, read: 0, total: 0}}
  - {name: waiting, get: "http://127.0.0.1:1/", timeout: {total: 100ms}}
`, s.url))
	// The attempts failed in another way; the call did because of its limit.
	if o := trace.Operations[4]; o.class() != "timeout" || o.Error.During != "" || o.Attempts != 0 || o.Retries != 1 || len(o.Exchanges) != 1 {
		t.Errorf("7.3: %+v, %+v", o, o.Error)
	}
	for i, want := range []string{"0 read_timeout wait", "200 read_timeout receive", "0 timeout wait"} {
		o := &trace.Operations[i]
		same(t, o.Name, fmt.Sprintf("%d %s %s", o.Status, o.class(), o.Error.During), want)
	}
	half := trace.Operations[1].Exchanges[0].Response
	if half.Body != "half" || !half.Truncated || half.BodyBytes != 4 || half.WireBytes != 4 {
		t.Errorf("7.4: %+v", half)
	}
	if o := trace.Operations[3]; o.Status != 200 || o.Reused {
		t.Errorf("7.9: %+v", o)
	}
}

func TestRule_8_ByPlan_ProxiesAreUsed(t *testing.T) {
	s, trust := server(t, testserver.Config{TLS: true})
	proxy := script(t, func(r asked) string {
		switch {
		case r.Method == "CONNECT" && r.Header.Get("Proxy-Authorization") == "":
			return reply(407, "", "Proxy-Authenticate: Basic realm=x")
		case r.Method == "CONNECT":
			return tunnel
		}
		return reply(200, "by proxy")
	})
	trace := examine(t, exitFailed, fmt.Sprintf(`
target: http://one.test
session:
  headers: {X-Own: mine}
  proxies: {http: "http://me:p%%20w@%[1]s", https: "http://me:p%%20w@%[1]s"}
  tls: {ca: %[3]s}
mix:
  - {name: plain, get: "/a?b#c"}
  - {name: tunnel, get: "%[2]s/echo", auth: {bearer: t}}
  - {name: again, get: "%[2]s/echo"}
  - {name: direct, get: "%[2]s/echo", proxies: {https: null}}
  - {name: refused, get: "%[2]s/echo", proxies: {https: "http://%[1]s"}}
  - {name: gone, get: /a, proxies: {http: "http://127.0.0.1:1"}}
  - {name: host, get: /a, proxies: {"http://one.test": "socks5h://127.0.0.1:1"}}
`, proxy.host, s.URL(), trust[1]))
	o := trace.Operations
	for i, want := range []string{"200 ", "200 ", "200 ", "200 ", "0 proxy", "0 proxy", "0 proxy"} {
		if o[i].Name == "gone" || o[i].Name == "host" {
			want = "0 refused"
		}
		same(t, o[i].Name, fmt.Sprintf("%d %s", o[i].Status, o[i].class()), want)
	}
	same(t, "8.2", strings.Join(proxy.got()[:2], ", "), "GET http://one.test/a?b, CONNECT "+strings.TrimPrefix(s.URL(), "https://"))
	connect := proxy.all()[1]
	same(t, "8.3", connect.Header.Get("X-Own")+connect.Header.Get("Authorization"), "")
	credentials := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:p w"))
	same(t, "8.5", o[0].Exchanges[0].sent("Proxy-Authorization")+o[1].Exchanges[0].sent("Proxy-Authorization"), credentials+"-")
	same(t, "proxy", o[0].Exchanges[0].Request.Proxy+o[3].Exchanges[0].Request.Proxy, "http://"+proxy.host)
	if !o[2].Reused || o[3].Reused {
		t.Errorf("8.6: reused %v and %v", o[2].Reused, o[3].Reused)
	}
}

func TestRule_9_ByPlan_CertificatesAreChecked(t *testing.T) {
	s, trust := server(t, testserver.Config{TLS: true})
	plain := script(t, func(asked) string { return reply(200, "") })
	trace := examine(t, exitFailed, fmt.Sprintf(`
target: %s
mix:
  - {name: unknown, get: /}
  - {name: trusted, get: /, tls: {ca: %s}}
  - {name: again, get: /, tls: {ca: %[2]s}}
  - {name: unverified, get: /, tls: {verify: false}}
  - {name: still, get: /}
  - {name: plain, get: "https://%[3]s/", tls: {verify: false}}
`, s.URL(), trust[1], plain.host))
	o := trace.Operations
	for i, want := range []string{"0 tls false", "200  false", "200  true", "200  false", "0 tls false", "0 tls false"} {
		same(t, o[i].Name, fmt.Sprintf("%d %s %v", o[i].Status, o[i].class(), o[i].Reused), want)
	}
	if o[0].Attempts != 0 || o[0].Error.During != "tls" || o[1].Exchanges[0].Attempts[0].Phases["tls"] <= 0 {
		t.Errorf("9.1: %+v", o[0])
	}
}

func TestRule_12_ByPlan_ErrorsHaveClasses(t *testing.T) {
	s := script(t, func(r asked) string {
		switch r.URL.Path {
		case "/early":
			return hangUp
		case "/garbage":
			return "nonsense\r\n\r\n" + hangUp
		case "/short":
			return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" + hangUp
		case "/chunk":
			return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n" + hangUp
		case "/gzip":
			return reply(200, "no gzip", "Content-Encoding: gzip")
		case "/lengths":
			return "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab" + hangUp
		}
		return reply(200, "ok")
	})
	trace := examine(t, exitFailed, fmt.Sprintf(`
target: %s
mix: [{get: /early}, {get: /garbage}, {get: /short}, {get: /chunk}, {get: /gzip}, {get: /lengths}, {get: "http://127.0.0.1:1/"}, {get: /ok}]
`, s.url))
	for i, want := range []string{"0 closed_early wait", "0 protocol wait", "200 closed_early receive", "200 protocol receive", "200 content_decoding ", "0 protocol wait", "0 refused connect", "200  "} {
		o := &trace.Operations[i]
		during := ""
		if o.Error != nil {
			during = o.Error.During
		}
		same(t, o.Name, fmt.Sprintf("%d %s %s", o.Status, o.class(), during), want)
	}
	if body := trace.Operations[3].Exchanges[0].Response; body.Body != "half" || !body.Truncated {
		t.Errorf("12.7: %+v", body)
	}
}

func TestRule_14_ByPlan_BodiesAreShownAsTheyAre(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write(bytes.Repeat([]byte("text "), 1000))
	w.Close()
	s := script(t, func(r asked) string {
		switch r.URL.Path {
		case "/gzip":
			return reply(200, zipped.String(), "Content-Encoding: gzip")
		case "/binary":
			return reply(200, "\xff\x00\x01")
		case "/large":
			return reply(200, strings.Repeat("x", 100_000))
		}
		return reply(200, r.body)
	})
	dir := t.TempDir()
	for name, content := range map[string]string{"small.txt": "file's text", "large.bin": strings.Repeat("\xfe", 100_000)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trace := examine(t, exitDone, fmt.Sprintf(`
target: %s
mix:
  - {get: /gzip}
  - {get: /binary}
  - {get: /large}
  - {name: file, post: /x, body_file: %[2]s/small.txt}
  - {name: form, post: /x, multipart: {fields: {a: 1}, files: [{field: f, path: %[2]s/small.txt}, {field: g, content: "", type: text/x-g}]}}
  - {name: stream, post: /y, multipart: {files: [{field: f, path: %[2]s/large.bin}]}}
`, s.url, dir))
	sizes := func(i int) string {
		r := trace.Operations[i].Exchanges[0].Response
		return fmt.Sprintf("%d %d %d %v %s", r.WireBytes, r.BodyBytes, len(r.Body), r.Truncated, r.BodyEncoding)
	}
	same(t, "gzip", sizes(0), fmt.Sprintf("%d 5000 5000 false ", zipped.Len()))
	same(t, "binary", sizes(1), "3 3 4 false base64")
	same(t, "large", sizes(2), "100000 100000 65536 true ")
	same(t, "file", trace.Operations[3].Exchanges[0].Request.Body, "file's text")
	form := trace.Operations[4].Exchanges[0]
	if form.Request.Body != form.Response.Body || !strings.Contains(form.Request.Body, "file's text") || form.Request.Truncated {
		t.Errorf("form %+v", form.Request)
	}
	stream := trace.Operations[5].Exchanges[0].Request
	if stream.BodyBytes != int64(len(s.all()[5].body)) || !stream.Truncated || stream.BodyEncoding != "base64" || len(stream.Body) < 64<<10 {
		t.Errorf("stream of %d bytes shown as %d, cut %v, %s", len(s.all()[5].body), stream.BodyBytes, stream.Truncated, stream.BodyEncoding)
	}
}

func TestRule_9_ByPlan_UnverifiedServersAreToldOf(t *testing.T) {
	s, trust := server(t, testserver.Config{TLS: true})
	_, complaints, code := tryProcess(t, fmt.Sprintf(`
target: %s
mix:
  - {name: trusted, get: /, tls: {ca: %s}}
  - {name: unverified, get: /, tls: {verify: false}}
  - {name: again, get: /, tls: {verify: false}}
`, s.URL(), trust[1]))
	host := strings.TrimSuffix(strings.TrimPrefix(s.URL(), "https://"), "/")
	want := "sessbench: warning: the server's certificate is not verified: anybody in between can read and change what is sent, host " + host + "\n"
	if code != 0 || complaints != want {
		t.Errorf("exit code %d, stderr %q, want %q", code, complaints, want)
	}
}
