package session

import (
	"fmt"
	"testing"
)

func BenchmarkJar(b *testing.B) {
	u := jarURL(b, "https://api.example.test/v1/items?page=2")
	for _, n := range []int{1, 20} {
		j := new(Jar)
		for i := range n {
			j.receive(u, "", fmt.Appendf(nil, "cookie%d=0123456789abcdef0123456789abcdef; Path=/", i))
		}
		b.Run(fmt.Sprintf("header/cookies=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				j.header(u, "", nil, false)
			}
		})
	}
	j := jarOf(b, "https://api.example.test/", "a=1", "b=2; Max-Age=3600")
	plain := jarOf(b, "https://api.example.test/", "a=1")
	b.Run("current", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plain.current()
		}
	})
	b.Run("current/expiring", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			j.current()
		}
	})
	lines := [][]byte{
		[]byte("session=0123456789abcdef0123456789abcdef; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"),
		[]byte("session=fedcba9876543210fedcba9876543210; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"),
	}
	b.Run("receive/same", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			j.receive(u, "", lines[0])
		}
	})
	b.Run("receive/changed", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			j.receive(u, "", lines[i&1])
		}
	})
}
