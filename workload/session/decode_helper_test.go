package session

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// encoders write the codings; deflate-raw is named as no server would.
var encoders = map[string]func(w io.Writer) io.WriteCloser{
	"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"deflate": func(w io.Writer) io.WriteCloser {
		return zlib.NewWriter(w)
	},
	"deflate-raw": func(w io.Writer) io.WriteCloser {
		f, err := flate.NewWriter(w, flate.DefaultCompression)
		if err != nil {
			panic(err)
		}
		return f
	},
	"br": func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
	"zstd": func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err)
		}
		return z
	},
}

func encode(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := encoders[name](&buf)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// codingName returns what a server calls the coding of an encoder.
func codingName(encoder string) string { return strings.TrimSuffix(encoder, "-raw") }

// sample is text that is neither trivial nor incompressible.
func sample(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for len(b) < size {
		b = append(b, `{"item":`...)
		b = strconv.AppendUint(b, random.Uint64N(1e9), 10)
		b = append(b, `,"name":"é"},`...)
	}
	return b[:size]
}

func decodeAll(d *decoders, body io.Reader, codings string, limit int64) ([]byte, error) {
	r := d.reader(body, codings, limit)
	defer r.Close()
	return io.ReadAll(r)
}

func slicesOf(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// flipped inverts a byte, counted from the end if i is negative.
func flipped(data []byte, i int) []byte {
	if i < 0 {
		i += len(data)
	}
	data[i] ^= 0xff
	return data
}
