package session

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
)

func TestRule_14_1_Codings(t *testing.T) {
	plain := sample(100_000)
	var d decoders
	for _, test := range []struct {
		codings string
		made    []string // encoders in the order of application
	}{
		{"gzip", []string{"gzip"}},
		{"x-gzip", []string{"gzip"}},
		{"GZip", []string{"gzip"}},
		{"deflate", []string{"deflate"}},
		{"Deflate", []string{"deflate-raw"}},
		{"br", []string{"br"}},
		{"BR", []string{"br"}},
		{"zstd", []string{"zstd"}},
		{"", nil},
		{"identity", nil},
		{"identity, gzip", []string{"gzip"}},
		{"gzip,identity", []string{"gzip"}},
		{" , gzip,\t", []string{"gzip"}},
		{"gzip, br", []string{"gzip", "br"}},
		{"br,gzip", []string{"br", "gzip"}},
		{"gzip, gzip, gzip", []string{"gzip", "gzip", "gzip"}},
		{"deflate, zstd, x-gzip, br, deflate", []string{"deflate", "zstd", "gzip", "br", "deflate-raw"}},
	} {
		t.Run(test.codings, func(t *testing.T) {
			body := plain
			for _, name := range test.made {
				body = encode(t, name, body)
			}
			for _, r := range []io.Reader{
				bytes.NewReader(body),
				iotest.OneByteReader(bytes.NewReader(body)),
				iotest.DataErrReader(bytes.NewReader(body)),
			} {
				got, err := decodeAll(&d, r, test.codings, 0)
				if err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("%d bytes, error %v; want the %d bytes of the sample", len(got), err, len(plain))
				}
			}
		})
	}
}

func TestRule_14_1_UnknownCodingsPassThrough(t *testing.T) {
	plain := []byte("as it was")
	packed := encode(t, "gzip", plain)
	for _, test := range []struct {
		codings    string
		body, want []byte
	}{
		{"compress", plain, plain},
		{"gzip, aes128gcm", packed, packed},    // the last coding is not ours: what is beneath cannot be seen
		{"aes128gcm, gzip", packed, plain},     // the last one is
		{"gzip, dcb, gzip", packed, plain},     // and no further
		{"gzip;q=1", packed, packed},           // no coding of that name
		{"gzip\x00, identity", packed, packed}, // nor that
	} {
		got, err := decodeAll(new(decoders), bytes.NewReader(test.body), test.codings, 0)
		if err != nil || !bytes.Equal(got, test.want) {
			t.Errorf("%q: %q, error %v; want %q", test.codings, got, err, test.want)
		}
	}
}

func TestRule_14_1_EmptyBody(t *testing.T) {
	var d decoders
	for _, codings := range []string{"gzip", "deflate", "br", "zstd", "gzip, br", "unheard-of"} {
		got, err := decodeAll(&d, strings.NewReader(""), codings, 0)
		if err != nil || len(got) != 0 {
			t.Errorf("%s: %q, error %v", codings, got, err)
		}
	}
}

func TestRule_14_1_SeveralMembersAndFrames(t *testing.T) {
	a, b := sample(5000), sample(70)
	for _, name := range []string{"gzip", "zstd"} {
		body := slicesOf(encode(t, name, a), encode(t, name, nil), encode(t, name, b))
		for _, r := range []io.Reader{bytes.NewReader(body), iotest.OneByteReader(bytes.NewReader(body))} {
			got, err := decodeAll(new(decoders), r, name, 0)
			if err != nil || !bytes.Equal(got, slicesOf(a, b)) {
				t.Errorf("%s: %d bytes, error %v; want %d", name, len(got), err, len(a)+len(b))
			}
		}
	}
}

func TestRule_14_1_BytesAfterTheBody(t *testing.T) {
	plain := sample(300)
	for _, name := range []string{"gzip", "deflate", "deflate-raw", "br"} {
		for _, rest := range []string{"\x00", "\x00\x00\x00\x00", "\x1f", "garbage" + strings.Repeat(".", 10_000)} {
			body := append(encode(t, name, plain), rest...)
			got, err := decodeAll(new(decoders), bytes.NewReader(body), codingName(name), 0)
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%s: %d bytes, error %v", name, len(got), err)
			}
		}
	}
	body := append(encode(t, "zstd", plain), "garbage"...)
	if _, err := decodeAll(new(decoders), bytes.NewReader(body), "zstd", 0); !errors.Is(err, ErrContentDecoding) {
		t.Errorf("zstd: error %v; want ErrContentDecoding", err)
	}
}

// TestRule_14_1_AnyPieces: how a body arrives makes no difference to any coding.
func TestRule_14_1_AnyPieces(t *testing.T) {
	var d decoders
	for name := range encoders {
		for size := range 25 {
			plain := sample(size * 293)
			body := encode(t, name, plain)
			for tail := 1; tail <= 9 && tail < len(body); tail++ {
				r := io.MultiReader(bytes.NewReader(body[:len(body)-tail]), iotest.OneByteReader(bytes.NewReader(body[len(body)-tail:])))
				got, err := decodeAll(&d, r, codingName(name), 0)
				if err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("%s: %d bytes, the last %d one by one: got %d, error %v", name, len(plain), tail, len(got), err)
				}
			}
		}
	}
}

// TestRule_12_8_Truncated cuts at every byte (13.38).
func TestRule_12_8_Truncated(t *testing.T) {
	plain := sample(600)
	var d decoders
	for name := range encoders {
		body := encode(t, name, plain)
		for n := 1; n < len(body); n++ {
			for _, r := range []io.Reader{bytes.NewReader(body[:n]), iotest.OneByteReader(bytes.NewReader(body[:n]))} {
				got, err := decodeAll(&d, r, codingName(name), 0)
				if !errors.Is(err, ErrContentDecoding) {
					t.Errorf("%s: %d of %d bytes: error %v; want ErrContentDecoding", name, n, len(body), err)
				}
				if !bytes.HasPrefix(plain, got) {
					t.Errorf("%s: %d of %d bytes: what was read is not the beginning", name, n, len(body))
				}
			}
		}
	}
}

func TestRule_12_8_SecondMemberTruncated(t *testing.T) {
	first := encode(t, "gzip", []byte("first"))
	second := encode(t, "gzip", []byte("second"))
	for n := 2; n < len(second); n++ {
		if _, err := decodeAll(new(decoders), bytes.NewReader(slicesOf(first, second[:n])), "gzip", 0); !errors.Is(err, ErrContentDecoding) {
			t.Errorf("%d bytes: error %v; want ErrContentDecoding", n, err)
		}
	}
}

func TestRule_12_8_Corrupt(t *testing.T) {
	for _, test := range []struct {
		name, codings string
		body          []byte
	}{
		{"no gzip", "gzip", []byte("<html>not compressed at all</html>")},
		{"no deflate", "deflate", []byte("<html>not compressed at all</html>")},
		{"no brotli", "br", []byte("<html>not compressed at all</html>")},
		{"no zstd", "zstd", []byte("<html>not compressed at all</html>")},
		{"gzip checksum", "gzip", flipped(encode(t, "gzip", sample(500)), -6)},
		{"gzip length", "gzip", flipped(encode(t, "gzip", sample(500)), -1)},
		{"zlib checksum", "deflate", flipped(encode(t, "deflate", sample(500)), -1)},
		{"zstd checksum", "zstd", flipped(encode(t, "zstd", sample(500)), -1)},
		{"inner coding", "gzip, br", encode(t, "br", []byte("no gzip"))},
		{"outer coding", "gzip, br", encode(t, "gzip", []byte("no brotli"))},
		{"zlib with a dictionary", "deflate", []byte{0x78, 0xbb, 1, 2, 3, 4, 5, 6}},
		{"too many codings", "gzip,gzip,gzip,gzip,gzip,gzip", encode(t, "gzip", nil)},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := new(decoders).reader(bytes.NewReader(test.body), test.codings, 0)
			defer r.Close()
			_, err := io.ReadAll(r)
			var e *Error
			if !errors.As(err, &e) || e.Kind != ErrContentDecoding {
				t.Fatalf("error %v; want ErrContentDecoding", err)
			}
			if _, again := r.Read(make([]byte, 1)); again != err {
				t.Errorf("then error %v; want the same again", again)
			}
		})
	}
}

// TestRule_12_8_ErrorsOfTheBodyPassThrough: a body that breaks is not one in a wrong coding.
func TestRule_12_8_ErrorsOfTheBodyPassThrough(t *testing.T) {
	broken := &Error{Kind: ErrBrokenBody}
	plain := sample(600)
	var d decoders
	for name := range encoders {
		body := encode(t, name, plain)
		for n := range len(body) + 1 { // at n = len(body) the coding is whole, and the body is still broken
			r := io.MultiReader(bytes.NewReader(body[:n]), iotest.ErrReader(broken))
			if _, err := decodeAll(&d, r, codingName(name), 0); err != error(broken) {
				t.Fatalf("%s: after %d of %d bytes: error %v; want the body's own", name, n, len(body), err)
			}
		}
	}
	body := encode(t, "br", encode(t, "gzip", plain))
	r := io.MultiReader(bytes.NewReader(body[:20]), iotest.ErrReader(broken))
	if _, err := decodeAll(&d, r, "gzip, br", 0); err != error(broken) {
		t.Errorf("two codings: error %v; want the body's own", err)
	}
	r = io.MultiReader(bytes.NewReader(body[:20]), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := decodeAll(&d, r, "gzip, br", 0); err != io.ErrUnexpectedEOF {
		t.Errorf("a body cut short: error %v; want the body's own", err)
	}
}

func TestDecodedBodyIsBounded(t *testing.T) {
	const limit = 50_000
	var d decoders
	for name := range encoders {
		for _, test := range []struct {
			size int
			ok   bool
		}{{limit - 1, true}, {limit, true}, {limit + 1, false}, {1 << 20, false}} {
			body := encode(t, name, make([]byte, test.size))
			got, err := decodeAll(&d, bytes.NewReader(body), codingName(name), limit)
			switch {
			case test.ok && (err != nil || len(got) != test.size):
				t.Errorf("%s, %d bytes: got %d, error %v", name, test.size, len(got), err)
			case !test.ok && (!errors.Is(err, ErrTooLarge) || len(got) != limit):
				t.Errorf("%s, %d bytes: got %d, error %v; want %d and ErrTooLarge", name, test.size, len(got), err, limit)
			}
		}
	}
	// What lies between two codings counts as well.
	body := encode(t, "gzip", encode(t, "gzip", sample(2*limit)))
	if _, err := decodeAll(&d, bytes.NewReader(body), "gzip, gzip", limit/2); !errors.Is(err, ErrTooLarge) {
		t.Errorf("two codings: error %v; want ErrTooLarge", err)
	}
}

func TestZstdWindowIsBounded(t *testing.T) {
	for _, test := range []struct {
		window int
		ok     bool
	}{{8 << 20, true}, {16 << 20, false}} {
		var buf bytes.Buffer
		w, err := zstd.NewWriter(&buf, zstd.WithWindowSize(test.window), zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		for range 10 { // in pieces, or the frame would be one segment without a window
			if _, err := w.Write(sample(1000)); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, r := range []io.Reader{bytes.NewReader(buf.Bytes()), &buf} {
			_, err = decodeAll(new(decoders), r, "zstd", 0)
			if test.ok != (err == nil) || !test.ok && !errors.Is(err, ErrContentDecoding) {
				t.Errorf("window of %d bytes, from %T: error %v", test.window, r, err)
			}
		}
	}
}

// TestDecodersAreReused holds that nothing of a body, whole or not, shows in the next one.
func TestDecodersAreReused(t *testing.T) {
	var d decoders
	for name := range encoders {
		codings := codingName(name)
		first, second := encode(t, name, sample(5000)), encode(t, name, []byte("second"))
		for _, before := range [][]byte{first, first[:len(first)/2], flipped(bytes.Clone(first), 30), second} {
			_, _ = decodeAll(&d, bytes.NewReader(before), codings, 0)
			got, err := decodeAll(&d, bytes.NewReader(second), codings, 0)
			if err != nil || string(got) != "second" {
				t.Fatalf("%s: %q, error %v", name, got, err)
			}
		}
		kept := d.idle[coding(codings)]
		if kept == nil {
			t.Fatalf("%s: the decoder was not kept", name)
		}
		if _, err := decodeAll(&d, bytes.NewReader(second), codings, 0); err != nil || d.idle[coding(codings)] != kept {
			t.Errorf("%s: error %v, or the decoder was not used again", name, err)
		}
		if _, err := decodeAll(&d, bytes.NewReader(encode(t, name, make([]byte, keepDecoded+1))), codings, 0); err != nil || d.idle[coding(codings)] != nil {
			t.Errorf("%s: error %v, or the decoder of a large body was kept", name, err)
		}
	}
}

// TestZstdWindowIsNotKept: every session has decoders, and servers name windows of 8 MiB for small bodies.
func TestZstdWindowIsNotKept(t *testing.T) {
	var buf bytes.Buffer
	w, err := zstd.NewWriter(&buf, zstd.WithWindowSize(maxZstdWindow), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // in pieces, or the frame would be one segment without a window
		if _, err := w.Write(sample(1000)); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var d decoders
	if _, err := decodeAll(&d, iotest.OneByteReader(bytes.NewReader(buf.Bytes())), "zstd", 0); err != nil || len(d.idle) > 0 {
		t.Errorf("error %v, or the decoder of a streamed body was kept", err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = decodeAll(&d, bytes.NewReader(buf.Bytes()), "zstd", 0)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; err != nil || len(d.idle) != 1 || got > 1<<20 {
		t.Errorf("a body in memory took %d bytes, error %v, or its decoder was not kept", got, err)
	}
}

func TestSeveralBodiesAtOnce(t *testing.T) {
	var d decoders
	plain := sample(20_000)
	for name := range encoders {
		body := encode(t, name, plain)
		a := d.reader(bytes.NewReader(body), codingName(name), 0)
		b := d.reader(bytes.NewReader(body), codingName(name), 0)
		var gotA, gotB bytes.Buffer
		for range 300 {
			_, errA := io.CopyN(&gotA, a, 100)
			_, errB := io.CopyN(&gotB, b, 100)
			if errA != errB {
				t.Fatalf("%s: errors %v and %v", name, errA, errB)
			}
		}
		if !bytes.Equal(gotA.Bytes(), plain) || !bytes.Equal(gotB.Bytes(), plain) {
			t.Errorf("%s: %d and %d bytes; want %d", name, gotA.Len(), gotB.Len(), len(plain))
		}
		for range 2 { // the second time it may not touch what others use by then
			if a.Close() != nil || b.Close() != nil {
				t.Error("close failed")
			}
		}
		if _, err := a.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("%s: read after close: error %v", name, err)
		}
	}
}
