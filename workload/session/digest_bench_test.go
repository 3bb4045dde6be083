package session

import "testing"

func BenchmarkDigest(b *testing.B) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		field := []string{`Digest realm="a realm", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth", opaque="5ccc069c403ebaf9", algorithm=` + algorithm}
		b.Run(algorithm+"/up-front", func(b *testing.B) {
			s := askedDigest(b, Digest{"user", "password"}, digestPage)
			digestAnswer(b, s, digestPage, field...)
			h := authHop(b, "GET", digestPage)
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Authenticate(h); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(algorithm+"/answer", func(b *testing.B) {
			s := askedDigest(b, Digest{"user", "password"}, digestPage)
			h := authHop(b, "GET", digestPage)
			b.ReportAllocs()
			for b.Loop() {
				if !s.Answer(h, 401, field) {
					b.Fatal("no answer")
				}
			}
		})
	}
}
