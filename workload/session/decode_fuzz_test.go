package session

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// FuzzDecoders: whatever a server sends, decoding neither panics nor exceeds its bound, and a decoder
// that was used answers as a new one does.
func FuzzDecoders(f *testing.F) {
	for name := range encoders {
		body := encode(f, name, sample(200))
		f.Add(codingName(name), body)
		f.Add(codingName(name), body[:len(body)/2])
		f.Add("gzip, "+codingName(name), encode(f, name, encode(f, "gzip", sample(50))))
	}
	f.Add("gzip", slicesOf(encode(f, "gzip", nil), encode(f, "gzip", []byte("a")), []byte("rest")))
	const limit = 1 << 16
	var used decoders
	f.Fuzz(func(t *testing.T, codings string, body []byte) {
		got, err := decodeAll(&used, bytes.NewReader(body), codings, limit)
		if parsed, _ := parseCodings(codings); len(parsed) > 0 && len(got) > limit {
			t.Fatalf("%d bytes", len(got))
		}
		if err != nil && !errors.Is(err, ErrContentDecoding) && !errors.Is(err, ErrTooLarge) {
			t.Fatalf("error %v", err)
		}
		again, errAgain := decodeAll(new(decoders), iotest.HalfReader(bytes.NewReader(body)), codings, limit)
		if (err == nil) != (errAgain == nil) || err == nil && !bytes.Equal(got, again) {
			t.Fatalf("%q, error %v; a new decoder: %q, error %v", got, err, again, errAgain)
		}
	})
}

// FuzzGzip compares with package gzip, which reads what follows the last member as another one.
func FuzzGzip(f *testing.F) {
	body := encode(f, "gzip", sample(200))
	f.Add(body)
	f.Add(slicesOf(body, encode(f, "gzip", nil)))
	f.Add(slicesOf(body, body[:12]))
	f.Add(slicesOf(body, []byte{0, 0, 0}))
	var d decoders
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) == 0 {
			return
		}
		const limit = 1 << 20
		var want []byte
		oracle, wantErr := gzip.NewReader(bytes.NewReader(body))
		if wantErr == nil {
			want, wantErr = io.ReadAll(io.LimitReader(oracle, limit+1))
		}
		if len(want) > limit {
			return
		}
		got, err := decodeAll(&d, bytes.NewReader(body), "gzip", limit)
		switch {
		case wantErr == nil && (err != nil || !bytes.Equal(got, want)):
			t.Fatalf("%q, error %v; want %q", got, err, want)
		case wantErr != nil && err == nil:
			// Only what follows a whole member may be taken differently, and then
			// what was read before is the same.
			if len(want) > 0 && !bytes.Equal(got, want) {
				t.Fatalf("%q; want %q before error %v", got, want, wantErr)
			}
			if !whole(body) {
				t.Fatalf("no error; want %v", wantErr)
			}
		}
	})
}

// whole reports whether body begins with a whole gzip member.
func whole(body []byte) bool {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Multistream(false)
	_, err = io.Copy(io.Discard, r)
	return err == nil
}

func BenchmarkDecode(b *testing.B) {
	plain := sample(10 << 10)
	for _, name := range []string{"gzip", "deflate", "br", "zstd"} {
		b.Run(name, func(b *testing.B) {
			body := encode(b, name, plain)
			var d decoders
			src := bytes.NewReader(body)
			buf := make([]byte, len(plain)+1)
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				src.Reset(body)
				r := d.reader(src, name, 0)
				n := 0
				for {
					m, err := r.Read(buf[n:])
					n += m
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				if n != len(plain) {
					b.Fatal(n)
				}
				r.Close()
			}
		})
	}
}
