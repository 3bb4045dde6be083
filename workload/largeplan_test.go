package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// largePlan has so many operations, each with several secrets.
func largePlan(operations int) *Plan {
	p := &Plan{
		Target: "https://api.example.com",
		Arms:   []Arm{{Name: "pooled", Policy: "pooled"}, {Name: "fresh", Policy: "fresh"}},
		Load:   Load{Workers: 10, Duration: Duration(time.Second), Blocks: 10},
	}
	for i := range operations {
		o := Operation{
			Name: fmt.Sprintf("operation %d", i), Weight: 1 + i%7, Method: "POST", URL: fmt.Sprintf("/items/%d?token=t%d&page=2", i, i),
			Headers: namedMarkers("X-Token").Add("X-Number", fmt.Sprint(i)),
			Params:  namedMarkers("password").Add("sort", "name"),
			Cookies: Cookies{{Name: "sid", Value: marker}},
			Auth:    &Auth{Basic: &BasicAuth{User: "me", Password: marker}},
		}
		switch i % 3 {
		case 0:
			o.JSON = json.RawMessage(`{"id": 1, "password": "` + marker + `", "items": [{"name": "a", "count": 2}, {"name": "b", "count": 3}]}`)
		case 1:
			o.Form = namedMarkers("secret").Add("name", "joe")
		default:
			o.Body = []byte("name=joe&secret=" + marker)
		}
		p.Mix = append(p.Mix, o)
	}
	return p
}

// bodies are large ones of all kinds.
func bodies(size int) map[string]Operation {
	times := func(text string) string { return strings.Repeat(text, size/len(text)) }
	operation := func(o Operation) Operation {
		o.Name, o.Method, o.URL = "large", "POST", "/"
		return o
	}
	list := `{"items":[` + times(`{"name":"joe","token":"t","count":12345},`) + `0]}`
	part := times("some text of a file, with words in it\r\n")
	return map[string]Operation{
		"body_file": operation(Operation{BodyFile: "large.bin", Body: []byte(times("key=value\n"))}),
		"JSON body": operation(Operation{Body: []byte(list)}),
		"json":      operation(Operation{JSON: json.RawMessage(list)}),
		"form body": operation(Operation{Body: []byte(times("name=joe&token=t&"))}),
		"text body": operation(Operation{Body: []byte(times("some words, some=thing, token: t\n"))}),
		"binary":    operation(Operation{Body: bytes.Repeat([]byte("\x00\xff\xfe\x01z"), size/5)}),
		"one word":  operation(Operation{Body: []byte(times("a"))}),
		"content":   operation(Operation{Multipart: &Multipart{Files: []FilePart{{Field: "f", Name: "f", Content: &part}}}}),
	}
}

func TestALargeBodyIsHiddenWholeAndOneOfAFileIsLeftOut(t *testing.T) {
	for name, o := range bodies(longestMasked + 2000) {
		p := largePlan(0)
		p.Setup, p.Mix = []Operation{o}, []Operation{o}
		p.Teardown = []Operation{{Name: "scenario", Steps: []Operation{o}}}
		if m := p.Masked(); o.BodyFile != "" && (len(m.Mix[0].Body) > 0 || len(p.Mix[0].Body) <= longestMasked) {
			t.Errorf("%s: %d bytes of a file are in the masked plan, %d in the plan itself", name, len(m.Mix[0].Body), len(p.Mix[0].Body))
		}
		text, err := json.Marshal(p.Masked())
		if err != nil || len(text) > 4000 {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
		want := mask
		if o.BodyFile != "" {
			want = o.BodyFile
		}
		if !strings.Contains(string(text), `"`+want+`"`) {
			t.Errorf("%s: %s is not in %s", name, want, text)
		}
	}
}

func TestABodyOfUsualLengthIsShown(t *testing.T) {
	p := largePlan(0)
	p.Mix = []Operation{{Name: "a", Method: "POST", URL: "/", Body: []byte(strings.Repeat("x", longestMasked-50) + " password=" + marker)}}
	if body := string(p.Masked().Mix[0].Body); len(body) < longestMasked-50 || strings.Contains(body, marker) {
		t.Errorf("%d bytes, ending in %q", len(body), body[max(0, len(body)-40):])
	}
}

// Steps of scenarios and what ends a session have secrets as well.
func TestSecretsOfStepsAndTeardownAreMasked(t *testing.T) {
	secret := largePlan(3).Mix
	p := largePlan(0)
	p.Mix = []Operation{{Name: "scenario", Steps: secret}}
	p.Teardown = secret
	known := secrets{}
	known.plan(p)
	if !known[marker] {
		t.Error("a step's password is not known")
	}
	m := p.Masked()
	for _, list := range [][]Operation{m.Mix[0].Steps, m.Teardown} {
		if len(list) != len(secret) {
			t.Fatalf("%d operations", len(list))
		}
		for _, o := range list {
			if text, err := json.Marshal(o); err != nil || strings.Contains(string(text), marker) {
				t.Errorf("%v: %s", err, text)
			}
		}
	}
	if string(p.Teardown[0].JSON) != string(secret[0].JSON) || p.Mix[0].Steps[2].Auth.Basic.Password != marker {
		t.Error("masking changed the plan itself")
	}
}

func BenchmarkLargePlan(b *testing.B) {
	p := largePlan(10_000)
	b.Run("Validate", func(b *testing.B) {
		for b.Loop() {
			if err := p.Validate(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Masked", func(b *testing.B) {
		for b.Loop() {
			p.Masked()
		}
	})
	b.Run("MarshalJSON", func(b *testing.B) {
		for b.Loop() {
			if _, err := json.Marshal(p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkLargeBody(b *testing.B) {
	for name, o := range bodies(100_000_000) {
		p := largePlan(0)
		p.Mix = []Operation{o}
		b.Run(name+"/Validate", func(b *testing.B) {
			for b.Loop() {
				if err := p.Validate(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/MaskedJSON", func(b *testing.B) {
			for b.Loop() {
				if _, err := json.Marshal(p.Masked()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
