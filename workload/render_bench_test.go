package workload

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"sessbench/internal/programs"
	"sessbench/workload/session"
)

// cannedServer answers whatever is read with the same bytes, and allocates nothing for it.
func cannedServer(t testing.TB, body string, headers ...string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\n" + strings.Join(append(headers, fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body))), "\r\n") + body)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4<<10)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// renderCases are what requests and responses are measured by; most is how many allocations each may cost.
func renderCases() []renderCase {
	row := session.Pairs("u", "{{f.a}}", "p", "{{f.b}}")
	json := []byte(`{"id":"{{n.deep[0]}}","name":"{{f.a}}","text":"it is {{f.b}}"}`)
	return []renderCase{
		{name: "static", o: Operation{URL: "/items/1"}, most: 0},
		{name: "path", o: Operation{URL: "/items/{{f.a}}"}, most: 1},
		{name: "path and bearer", o: Operation{URL: "/items/{{f.a}}", Auth: &Auth{Bearer: "{{v}}"}}, most: 1},
		{name: "json", o: Operation{Method: "POST", URL: "/items", JSON: json}, most: 4},
		{name: "form", o: Operation{Method: "POST", URL: "/login", Form: row}, most: 0},
		{name: "path with a cookie in the jar", o: Operation{URL: "/items/{{f.a}}"}, cookie: true, most: 2},
		{name: "basic", o: Operation{URL: "/items", Auth: &Auth{Basic: &BasicAuth{"{{f.a}}", "{{f.b}}"}}}, most: 60},
		{name: "static, 1 kB read", o: Operation{URL: "/items/1"}, body: strings.Repeat("x", 1000), keep: true, most: 0},
		{name: "static, 1 kB of gzip read", o: Operation{URL: "/items/1"}, body: strings.Repeat("0123456789", 100), gzip: true, keep: true, most: 5},
	}
}

type renderCase struct {
	name   string
	o      Operation
	cookie bool
	body   string
	gzip   bool
	keep   bool
	most   float64
}

// call returns a function that renders and makes a call, and reads the response as a check does.
func (c *renderCase) call(t testing.TB) func() {
	body, headers := c.body, []string(nil)
	if c.gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		fmt.Fprint(w, body)
		w.Close()
		body, headers = packed.String(), []string{"Content-Encoding: gzip"}
	}
	b := newRenderBench(t, cannedServer(t, body, headers...))
	if c.cookie {
		if err := b.session.Jar.Set(session.Cookie{Name: "sid", Value: "1"}); err != nil {
			t.Fatal(err)
		}
	}
	if c.o.Method == "" {
		c.o.Method = "GET"
	}
	g, err := newRendering(&c.o, b.with, b.target, b.names, c.keep, "mix[0]")
	if err != nil {
		t.Fatal(err)
	}
	var call session.Call
	ctx := context.Background()
	return func() {
		p, once, err := g.request(b.session, b.scope)
		if err != nil {
			t.Fatal(err)
		}
		if once {
			b.session.MeasureOnce(ctx, p, &call)
		} else {
			b.session.Measure(ctx, p, &call)
		}
		if call.Err != nil || b.session.Last().Status() != 200 {
			t.Fatal(call.Err)
		}
		if !c.keep {
			return
		}
		if got, err := b.session.Last().Body(); len(got) != len(c.body) || err != nil {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
}

func BenchmarkRendering(b *testing.B) {
	for _, c := range renderCases() {
		b.Run(c.name, func(b *testing.B) {
			call := c.call(b)
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
	}
}

// BenchmarkRenderingAlone is what rendering costs without sending: all but the lines and the length, which are written then.
func BenchmarkRenderingAlone(b *testing.B) {
	for _, c := range renderCases() {
		if c.keep {
			continue
		}
		b.Run(c.name, func(b *testing.B) {
			r := newRenderBench(b, "http://127.0.0.1:1")
			g, err := newRendering(&c.o, r.with, r.target, r.names, false, "mix[0]")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := g.request(r.session, r.scope); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What an operation costs with its templates, and with the reading of responses.
func TestAllocationsOfRendering(t *testing.T) {
	if programs.PoolsForget {
		t.Skip("with the race detector, encoders of JSON come out of a pool that forgets some")
	}
	for _, c := range renderCases() {
		call := c.call(t)
		call()
		if n := programs.Allocs(200, call); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.most)
		} else {
			t.Logf("%s: %v", c.name, n)
		}
	}
}
