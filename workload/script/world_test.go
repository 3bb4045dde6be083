package script_test

import (
	"encoding/csv"
	"math/rand/v2"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"sessbench/workload/script"
)

// rows is a feed's current row.
type rows []string

func (r rows) Value(_, column int) (string, error) { return r[column], nil }

// ended is a feed without further rows.
type ended struct{}

func (ended) Value(_, _ int) (string, error) { return "", script.ErrEnded }

// A response is one in memory.
type response struct {
	status  int
	headers [][2]string
	cookies map[string]string
	body    string
	err     error // of reading the body
}

func (r *response) Status() int { return r.status }

func (r *response) Header(name string) (string, bool) {
	for _, h := range r.headers {
		if strings.EqualFold(h[0], name) {
			return h[1], true
		}
	}
	return "", false
}

func (r *response) EachHeader(each func(name, value string)) {
	for _, h := range r.headers {
		each(h[0], h[1])
	}
}

func (r *response) Cookie(name string) (string, bool) { v, ok := r.cookies[name]; return v, ok }
func (r *response) Body() ([]byte, error)             { return []byte(r.body), r.err }
func (r *response) Size() int64                       { return int64(len(r.body)) }
func (r *response) Duration() time.Duration           { return 120 * time.Millisecond }

// parseResponse reads a response as docs/expressions.md has it.
func parseResponse(t testing.TB, text string) *response {
	t.Helper()
	head, body, ok := strings.Cut(text, "\n\n")
	if !ok {
		t.Fatalf("no response: %q", text)
	}
	r := &response{status: 200, cookies: map[string]string{}, body: strings.TrimSpace(body)}
	for _, line := range strings.Split(head, "\n")[1:] {
		name, value, _ := strings.Cut(line, ": ")
		r.headers = append(r.headers, [2]string{textproto.CanonicalMIMEHeaderKey(name), value})
		if name == "Set-Cookie" {
			name, value, _ := strings.Cut(value, "=")
			r.cookies[name] = value
		}
	}
	return r
}

const (
	feedText     = "name,password,e-mail\nalice,\"s3cret & more\",alice@example.com\n"
	responseText = "HTTP/1.1 200 OK\nContent-Type: application/json\nLocation: /orders/17\nSet-Cookie: sid=8f0a\n\n" +
		`{"id": 17, "ok": true, "items": [{"id": 1, "price": 2.5}, {"id": 2, "price": 3}], "note": null}`
)

// newWorld returns the names and the scope that docs/expressions.md speaks of.
func newWorld(t testing.TB, feed, reply string) (*script.Names, *script.Scope) {
	t.Helper()
	table, err := csv.NewReader(strings.NewReader(feed)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	n := &script.Names{}
	if err := n.AddFeed("users", table[0]); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id", "code", "cart", "voucher", "x"} {
		if err := n.AddVariable(name); err != nil {
			t.Fatal(err)
		}
	}
	s := n.NewScope()
	s.Worker, s.Iteration, s.Session = 3, 12, 1
	s.Random = rand.New(rand.NewPCG(1, 2))
	s.Now = func() time.Time { return time.Date(2026, 1, 2, 4, 4, 5, 0, time.FixedZone("CET", 3600)) }
	var last int64
	s.Sequence = func() int64 { last++; return last }
	s.Feeds = rows(table[1])
	set(t, n, s, "id", script.Extraction{JSON: "id"}, `{"id":17}`)
	set(t, n, s, "code", script.Extraction{Regexp: "code=([0-9]+)"}, "code=0042")
	set(t, n, s, "cart", script.Extraction{JSON: "@this"}, `{"lines":[{"sku":"a-1"}]}`)
	s.Look(parseResponse(t, reply))
	return n, s
}

// set sets a variable as a plan would.
func set(t testing.TB, n *script.Names, s *script.Scope, variable string, x script.Extraction, body string) {
	t.Helper()
	e, err := n.Extractor(variable, x)
	if err != nil {
		t.Fatal(err)
	}
	s.Look(&response{status: 200, body: body})
	if err := e.Take(s); err != nil {
		t.Fatal(err)
	}
}

// render compiles and fills in a template.
func render(n *script.Names, s *script.Scope, text string) (string, error) {
	template, err := n.Template(text)
	if err != nil {
		return "", err
	}
	out, err := template.Append(nil, s)
	return string(out), err
}

// judge compiles and evaluates a check.
func judge(n *script.Names, s *script.Scope, text string) (bool, error) {
	check, err := n.Check(text)
	if err != nil {
		return false, err
	}
	return check.Holds(s)
}
