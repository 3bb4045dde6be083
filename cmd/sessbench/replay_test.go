package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sessbench/testserver"
)

// A recorder is a browser that notes as HAR what it does.
type recorder struct {
	t       *testing.T
	client  *http.Client
	target  string
	entries []any
}

func newRecorder(t *testing.T, target string) *recorder {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &recorder{t: t, client: &http.Client{Jar: jar, Timeout: 10 * time.Second}, target: target}
}

// do makes a request and returns the body of its answer.
func (r *recorder) do(method, path, kind, body string, headers ...string) string {
	r.t.Helper()
	req, err := http.NewRequest(method, r.target+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	recorded := map[string]any{"method": method, "url": req.URL.String(), "httpVersion": "HTTP/1.1"}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
		recorded["postData"] = map[string]any{"mimeType": kind, "text": body}
	}
	type pair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	sent := []pair{{"Host", req.URL.Host}}
	for name := range req.Header {
		sent = append(sent, pair{name, req.Header.Get(name)})
	}
	for _, c := range r.client.Jar.Cookies(req.URL) {
		sent = append(sent, pair{"Cookie", c.String()})
	}
	recorded["headers"] = sent
	started := time.Now()
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	mime := resp.Header.Get("Content-Type")
	r.entries = append(r.entries, map[string]any{
		"startedDateTime": started.Format(time.RFC3339Nano), "time": 1e3 * time.Since(started).Seconds(), "request": recorded,
		"response": map[string]any{"status": resp.StatusCode, "content": map[string]any{"mimeType": mime}},
	})
	return string(text)
}

// write saves the recording and returns the file's name.
func (r *recorder) write() string {
	data, err := json.Marshal(map[string]any{"log": map[string]any{"version": "1.2", "entries": r.entries}})
	if err != nil {
		r.t.Fatal(err)
	}
	file := filepath.Join(r.t.TempDir(), "shop.har")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return file
}

// A purchase is recorded, imported, mended as the guide says, and replayed: what the shop counts is what was recorded, once for each iteration.
func TestARecordedPurchaseIsReplayed(t *testing.T) {
	server, _ := server(t, testserver.Config{})
	user, password := testserver.ShopUser(3)
	r := newRecorder(t, server.URL())
	found := func(pattern, text string) string {
		t.Helper()
		groups := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if groups == nil {
			t.Fatalf("no %s in %q", pattern, text)
		}
		return groups[1]
	}
	const form, document = "application/x-www-form-urlencoded", "application/json"
	csrf := found(`name="csrf"[^>]*value="([^"]+)"`, r.do("GET", "/shop/login", "", ""))
	r.do("POST", "/shop/login", form, url.Values{"csrf": {csrf}, "user": {user}, "password": {password}}.Encode())
	id := found(`"id":\s*"([^"]+)"`, r.do("GET", "/shop/items?page=2&size=5", "", ""))
	r.do("GET", "/shop/items/"+id, "", "")
	r.do("GET", "/shop/items/item-9999", "", "")
	r.do("POST", "/shop/cart", document, `{"id": "`+id+`", "quantity": 2}`)
	cart := r.do("GET", "/shop/cart", "", "")
	checkout, total := found(`"checkout":\s*"([^"]+)"`, cart), found(`"total":\s*([0-9.]+)`, cart)
	r.do("POST", "/shop/pay", document, `{"total": `+total+`}`, "Idempotency-Key", checkout)
	r.do("POST", "/shop/logout", "", "")
	recorded := server.Stats()
	if recorded.Shop.Payments != 1 || recorded.Shop.Logins != 1 || recorded.Shop.Logouts != 1 {
		t.Fatalf("recorded %+v", recorded.Shop)
	}

	c := newConsole(nil, nil)
	if code := c.sessbench(t, "import", "har", r.write(), "--think", "none"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	for _, secret := range []string{password, csrf, checkout} {
		if strings.Contains(c.out.String(), secret) {
			t.Errorf("%q is in the plan:\n%s", secret, c.out.String())
		}
	}
	t.Setenv("PASSWORD", password)
	plan := c.out.String()
	for _, mend := range [][2]string{
		{"- get: /shop/login\n", "- get: /shop/login\n        extract: {csrf: {form: csrf}}\n"},
		{"- get: /shop/cart\n", "- get: /shop/cart\n        extract: {checkout: {json: checkout}}\n"},
		{"${CSRF}", `"{{csrf}}"`},
		{"${IDEMPOTENCY_KEY}", `"{{checkout}}"`},
	} {
		if !strings.Contains(plan, mend[0]) {
			t.Fatalf("no %q in\n%s", mend[0], plan)
		}
		plan = strings.ReplaceAll(plan, mend[0], mend[1])
	}
	file := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(file, []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}

	try := newRealConsole()
	if code := try.sessbench(t, "try", "--plan", file); code != exitDone {
		t.Errorf("try: exit code %d\n%s%s", code, try.out.String(), try.err.String())
	}
	before := server.Stats().Shop
	res := measured(t, exitDone, "compare", "--plan", file, "-n", "20", "--warmup", "0s", "--blocks", "4", "-c", "4")
	after := server.Stats().Shop
	want := int64(2 * 20) // the shop refuses every fiftieth payment
	if after.Logins-before.Logins != want || after.Payments-before.Payments != want || after.Logouts-before.Logouts != want {
		t.Errorf("the shop counted %+v and before that %+v, want %d more of each", after, before, want)
	}
	for i := range res.Arms {
		a := &res.Arms[i]
		if a.Errors != 0 || a.Requests != 20*int64(len(r.entries)) || len(a.Scenarios) != 1 || a.Scenarios[0].Completed != 20 {
			t.Errorf("%s: %d requests, %d errors (%v), scenarios %+v", a.Name, a.Requests, a.Errors, a.ErrorClasses, a.Scenarios)
		}
	}
	if bytes.Contains(try.out.Bytes(), []byte(password)) {
		t.Error("try shows the password")
	}
}
