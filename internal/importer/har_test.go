package importer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"sessbench/workload"
)

// entryOf is an entry in which the fields of other are laid over plain ones.
func entryOf(t *testing.T, url, other string) map[string]any {
	t.Helper()
	entry := map[string]any{
		"startedDateTime": "2024-05-02T10:00:00Z", "time": 10,
		"request":  map[string]any{"method": "GET", "url": url, "headers": []any{}},
		"response": map[string]any{"status": 200, "content": map[string]any{"mimeType": "application/json"}},
	}
	over := map[string]any{}
	if err := json.Unmarshal([]byte("{"+other+"}"), &over); err != nil {
		t.Fatal(err)
	}
	for key, value := range over {
		fields, isObject := value.(map[string]any)
		if !isObject {
			entry[key] = value
			continue
		}
		for name, field := range fields {
			entry[key].(map[string]any)[name] = field
		}
	}
	return entry
}

func importHAR(t *testing.T, o HAROptions, entries ...map[string]any) (*workload.Plan, string) {
	t.Helper()
	data, err := json.Marshal(map[string]any{"log": map[string]any{"entries": entries}})
	if err != nil {
		t.Fatal(err)
	}
	o.Options = testOptions("a.har")
	imported, err := HAR(data, o)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, imported), string(imported.YAML)
}

func TestHostsOfARecordingAreKept(t *testing.T) {
	entries := []map[string]any{
		entryOf(t, "https://early.example/x", ""),
		entryOf(t, "https://shop.example/", `"response": {"content": {"mimeType": "text/html; charset=utf-8"}}`),
		entryOf(t, "https://shop.example:8443/other", ""),
		entryOf(t, "https://a.cdn.example/x", ""),
	}
	for _, test := range []struct {
		hosts []string
		want  string
	}{
		{nil, "/ https://shop.example:8443/other"},
		{[]string{"shop.example"}, "/ https://shop.example:8443/other"},
		{[]string{"shop.example:8443"}, "/other"},
		{[]string{"*.cdn.example", "early.example"}, "/x https://a.cdn.example/x"},
		{[]string{"SHOP.example", "[", "a.*"}, "/ https://shop.example:8443/other https://a.cdn.example/x"},
	} {
		plan, text := importHAR(t, HAROptions{Hosts: test.hosts, Mix: true}, entries...)
		var got []string
		for _, o := range plan.Mix {
			got = append(got, o.URL)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q: %q, want %q\n%s", test.hosts, got, test.want, text)
		}
	}
}

// Pauses go from the end of all that had begun to the next beginning; entries are sorted by when they began.
func TestPausesOfARecording(t *testing.T) {
	at := func(second float64) string {
		return fmt.Sprintf(`"startedDateTime": "%s"`, time.Date(2024, 5, 2, 10, 0, 0, int(second*1e9), time.UTC).Format(time.RFC3339Nano))
	}
	entries := []map[string]any{
		entryOf(t, "https://h/c", at(3.5)+`, "time": -1`),
		entryOf(t, "https://h/a", at(0)+`, "time": 2000`),
		entryOf(t, "https://h/b", at(0.5)+`, "time": 100`),
		entryOf(t, "https://h/d", at(3.5)+`, "time": 0`),
		entryOf(t, "https://h/e", `"startedDateTime": "2024-05-04T10:00:00Z"`),
	}
	plan, text := importHAR(t, HAROptions{}, entries...)
	want := []time.Duration{0, 1500 * time.Millisecond, 0, 0, 0}
	for i, step := range plan.Mix[0].Steps {
		got := time.Duration(0)
		if step.Think != nil {
			got = time.Duration(*step.Think.Constant)
		}
		if got != want[i] {
			t.Errorf("pause after %s is %v, want %v\n%s", step.URL, got, want[i], text)
		}
	}
	if _, text := importHAR(t, HAROptions{NoThink: true}, entries...); strings.Contains(text, "think:") {
		t.Errorf("there are pauses in\n%s", text)
	}
}

func TestWhatIsNoRequestIsLeftOutOfARecording(t *testing.T) {
	plan, text := importHAR(t, HAROptions{NoAssets: true},
		entryOf(t, "https://h/", ""),
		entryOf(t, "wss://h/live", ""),
		entryOf(t, "https://h/live", `"response": {"status": 101}`),
		entryOf(t, "blob:https://h/1", ""),
		entryOf(t, "data:text/plain,a", ""),
		entryOf(t, "https://h/cached", `"_fromCache": "disk"`),
		entryOf(t, "https://h/blocked", `"response": {"status": 0}`),
		entryOf(t, "https://h/a.css?v=1", `"response": {"content": {"mimeType": ""}}`),
		entryOf(t, "https://h/a", `"response": {"content": {"mimeType": "image/png"}}`),
		entryOf(t, "https://h/b", `"_resourceType": "font"`),
		entryOf(t, "https://h/data.js", `"_resourceType": "xhr"`),
		entryOf(t, "https://h/%zz", ""),
		entryOf(t, "https://h:1:2/", ""),
		entryOf(t, "https://h/", `"request": {"method": "A B"}`),
	)
	if steps := plan.Mix[0].Steps; len(steps) != 2 || steps[1].URL != "/data.js" {
		t.Errorf("steps %v\n%s", steps, text)
	}
	said := strings.Join(strings.Fields(strings.ReplaceAll(text, "#", "")), " ")
	for _, want := range []string{"assets (3)", "WebSocket connections (2)", "blob: URLs, which are not requested (1)", "responses out of the browser's cache (1)", "requests without a response (1)", "the method cannot be sent (1)"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestBodiesOfARecording(t *testing.T) {
	post := func(posted string) workload.Operation {
		plan, text := importHAR(t, HAROptions{}, entryOf(t, "https://h/", `"request": {"method": "POST", "postData": `+posted+`}`))
		if len(plan.Mix) != 1 {
			t.Fatalf("plan\n%s", text)
		}
		return plan.Mix[0]
	}
	if o := post(`{"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a b", "value": "c&d"}, {"name": "e", "value": ""}]}`); len(o.Form) != 2 || o.Form[0].Name != "a b" || o.Form[0].Values[0] != "c&d" {
		t.Errorf("form %v", o.Form)
	}
	if o := post(`{"mimeType": "multipart/form-data; boundary=x", "params": [{"name": "a", "value": "b"}, {"name": "f", "fileName": "f.txt", "contentType": "text/plain", "value": "hello"}]}`); o.Multipart == nil || len(o.Multipart.Files) != 1 || *o.Multipart.Files[0].Content != "hello" || o.Multipart.Files[0].Name != "f.txt" {
		t.Errorf("multipart %v", o.Multipart)
	}
	if o := post(`{"mimeType": "multipart/form-data; boundary=x", "text": "not a form"}`); string(o.Body) != "not a form" {
		t.Errorf("body %q", o.Body)
	}
	if o := post(`{"mimeType": "application/json; charset=utf-8", "text": "{\"a\": 1}"}`); string(o.JSON) != `{"a":1}` || len(o.Headers) != 1 {
		t.Errorf("JSON %s, headers %v", o.JSON, o.Headers)
	}
	if o := post(`{"mimeType": "text/xml", "text": "<a><password>geheim wort</password><b>c</b></a>"}`); string(o.Body) != "<a><password>value</password><b>c</b></a>" {
		t.Errorf("body %s", o.Body)
	}
}

// Cookies that a response set are the jar's affair, those of before are the session's.
func TestCookiesOfARecording(t *testing.T) {
	entries := []map[string]any{
		entryOf(t, "https://h/", `"request": {"headers": [{"name": "Cookie", "value": "old=1; bad name=;x"}]}, "response": {"headers": [{"name": "Set-Cookie", "value": "new=2; Path=/\nmore=3"}]}`),
		entryOf(t, "https://h/", `"request": {"headers": [{"name": "cookie", "value": "old=1; new=2; more=3; late=4"}]}`),
		entryOf(t, "https://h/", `"request": {"cookies": [{"name": "parted", "value": "5"}]}`),
	}
	plan, text := importHAR(t, HAROptions{KeepCookies: true}, entries...)
	var names []string
	for _, c := range plan.Session.Cookies {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "old bad name late parted" && got != "old late parted" {
		t.Errorf("cookies %q\n%s", got, text)
	}
	plan, text = importHAR(t, HAROptions{}, entries...)
	if len(plan.Session.Cookies) > 0 || strings.Contains(text, "cookies:\n") || !strings.Contains(text, "# Cookies were left out") {
		t.Errorf("plan\n%s", text)
	}
}

func TestBodiesThatARecordingHasInBase64(t *testing.T) {
	posted := func(text string) string {
		return `"request": {"method": "POST", "postData": {"mimeType": "text/plain", "encoding": "base64", "text": "` + text + `"}}`
	}
	plan, text := importHAR(t, HAROptions{}, entryOf(t, "http://h/text", posted("aGVsbG8=")), entryOf(t, "http://h/bytes", posted("AP8=")))
	steps := plan.Mix[0].Steps
	if string(steps[0].Body) != "hello" || len(steps[1].Body) > 0 || !strings.Contains(text, "The body was left out: its 2 bytes are no text.") {
		t.Errorf("bodies %q and %q in\n%s", steps[0].Body, steps[1].Body, text)
	}
}
