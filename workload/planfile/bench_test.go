package planfile

import (
	"fmt"
	"strings"
	"testing"
)

// manyOperations is a plan with n operations, most of them without names, with templates, checks and extractions of their own.
func manyOperations(n int) []byte {
	var b strings.Builder
	b.WriteString("target: http://h/\nsetup: [{post: /login, extract: {token: {json: token}}}]\nmix:\n")
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "  - {get: \"/items?page=%d\", check: status == 200}\n", i)
		case 1:
			fmt.Fprintf(&b, "  - {name: item %d, weight: 3, get: \"/items/%d/{{token}}\", headers: {X: \"{{token}}\"}, check: \"json.id == %d\"}\n", i, i, i)
		case 2:
			fmt.Fprintf(&b, "  - {name: post %d, post: /items, json: {id: %d, tags: [a, b, \"{{id%d}}\"]}, extract: {id%d: {json: id}}}\n", i, i, i%100, i%100)
		case 3:
			fmt.Fprintf(&b, "  - name: scenario %d\n    think: 200ms\n    steps:\n      - {post: /cart}\n      - {post: /pay, form: {token: \"{{token}}\"}}\n", i)
		}
	}
	return []byte(b.String())
}

// BenchmarkManyOperations reads plans of growing size: the time per operation should not grow.
func BenchmarkManyOperations(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		data := manyOperations(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse("plan.yaml", data); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
		})
	}
}

// BenchmarkManyMistakes reads a plan in which every operation is wrong.
func BenchmarkManyMistakes(b *testing.B) {
	data := []byte(strings.ReplaceAll(string(manyOperations(10_000)), "check:", "chekc:"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("plan.yaml", data); err == nil {
			b.Fatal("no error")
		}
	}
}

// BenchmarkManyLaterMistakes is about what is found after reading.
func BenchmarkManyLaterMistakes(b *testing.B) {
	data := []byte(strings.ReplaceAll(string(manyOperations(10_000)), "{{token}}", "{{tokne}}"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("plan.yaml", data); err == nil {
			b.Fatal("no error")
		}
	}
}
