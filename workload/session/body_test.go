package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// A gotten request, as a server saw it.
type gotten struct {
	contentType string
	length      int64 // -1: chunked
	chunked     bool
	body        []byte
}

// echoServer answers nothing but keeps what came over a socket.
func echoServer(t testing.TB) (url string, got func() gotten) {
	t.Helper()
	seen := make(chan gotten, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("server: %v", err)
		}
		seen <- gotten{r.Header.Get("Content-Type"), r.ContentLength, len(r.TransferEncoding) > 0, body}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() gotten { return <-seen }
}

// post sends a body with net/http, framed as the body says.
func post(t testing.TB, url string, b *Body) error {
	t.Helper()
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	var from io.Reader
	if data, ok := b.Bytes(); ok {
		from = bytes.NewReader(data)
	} else {
		var err error
		if from, err = b.upload().Open(); err != nil {
			return err
		}
	}
	req, err := http.NewRequest("POST", url, from)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = b.Length()
	if b.ContentType() != "" {
		req.Header.Set("Content-Type", b.ContentType())
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// opened reads a body once, as an attempt does.
func opened(b *Body) (string, error) {
	if data, ok := b.Bytes(); ok {
		return string(data), nil
	}
	r, err := b.upload().Open()
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	if c, ok := r.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return string(data), err
}

func TestRule_1_12_BodyKinds(t *testing.T) {
	url, got := echoServer(t)
	for _, test := range []struct {
		name              string
		body              *Body
		contentType, want string
	}{
		{"bytes", Bytes([]byte("a\x00b")), "", "a\x00b"},
		{"text", Text("<é>"), "", "<é>"},
		{"form", Form(Pairs("q", "a b&c=d", "u", "é", "s", "/~")), "application/x-www-form-urlencoded", "q=a+b%26c%3Dd&u=%C3%A9&s=%2F~"},
		{"form with a list", Form(Fields{Set("z", "1", "2"), Set("a", ""), Remove("gone")}), "application/x-www-form-urlencoded", "z=1&z=2&a="},
		{"form without fields", Form(nil), "", ""},
		{"json", JSON(map[string]any{"a": []int{1, 2}, "é": "<&>"}), "application/json", `{"a":[1,2],"é":"<&>"}`},
		{"json null", JSON(nil), "application/json", "null"},
		{"json text", JSON(json.RawMessage("{ \"a\" : 1 }\n")), "application/json", `{"a":1}`},
		{"json string with a line break", JSON("a\n"), "application/json", `"a\n"`},
		{"stream", Stream(strings.NewReader("from a reader")), "", "from a reader"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := post(t, url, test.body); err != nil {
				t.Fatal(err)
			}
			r := got()
			if r.contentType != test.contentType || string(r.body) != test.want || r.length != int64(len(test.want)) {
				t.Errorf("gotten type %q, length %d, %q; want %q, %d, %q", r.contentType, r.length, r.body, test.contentType, len(test.want), test.want)
			}
		})
	}
}

func TestRule_1_12_UnencodableJSON(t *testing.T) {
	type ring struct{ Next *ring }
	cycle := new(ring)
	cycle.Next = cycle
	for name, value := range map[string]any{
		"NaN": math.NaN(), "infinity": []float64{math.Inf(-1)}, "channel": make(chan int), "function": func() {}, "cycle": cycle,
	} {
		b := JSON(value)
		var e *Error
		if !errors.As(b.Err(), &e) || e.Kind != ErrInvalidJSON {
			t.Errorf("%s: error %v; want ErrInvalidJSON", name, b.Err())
		}
		if data, ok := b.Bytes(); ok || data != nil || b.replayable() {
			t.Errorf("%s: %q, %t, replayable %t; want nothing to send", name, data, ok, b.replayable())
		}
	}
}

func TestRule_1_13_NoBody(t *testing.T) {
	var b *Body
	data, ok := b.Bytes()
	if b.ContentType() != "" || b.Length() != 0 || data != nil || !ok || b.Err() != nil || b.upload() != nil || !b.replayable() {
		t.Error("a nil body is not one without anything")
	}
	if empty := Bytes(nil); empty.Length() != 0 || empty.ContentType() != "" || empty.upload() != nil || !empty.replayable() {
		t.Error("nor is one of no bytes")
	}
}

// seekable hides everything of a reader but Read and Seek.
type seekable struct{ io.ReadSeeker }

// plain hides everything of a reader but Read.
type plain struct{ io.Reader }

func TestRule_1_14_LengthOfStreams(t *testing.T) {
	file := tempFile(t, "0123456789")
	pipe, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	go func() {
		_, _ = w.WriteString("piped")
		w.Close()
	}()
	after := func(r io.ReadSeeker, n int64) io.ReadSeeker {
		if _, err := r.Seek(n, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return r
	}
	url, got := echoServer(t)
	for _, test := range []struct {
		name   string
		reader io.Reader
		length int64
		want   string
	}{
		{"bytes.Reader", bytes.NewReader([]byte("body")), 4, "body"},
		{"strings.Reader in its midst", after(strings.NewReader("headbody"), 4), 4, "body"},
		{"file in its midst", after(file, 3), 7, "3456789"},
		{"other seeker", after(seekable{strings.NewReader("headbody")}, 5), 3, "ody"},
		{"bytes.Buffer", bytes.NewBufferString("body"), 4, "body"},
		{"plain reader", plain{strings.NewReader("body")}, -1, "body"},
		{"pieces of nothing", &stutter{text: "body"}, -1, "body"},
		{"pipe, which cannot seek", pipe, -1, "piped"},
		{"empty bytes.Reader", bytes.NewReader(nil), -1, ""},
		{"seeker at its end", after(seekable{strings.NewReader("headbody")}, 8), -1, ""},
		{"seeker beyond its end", after(seekable{strings.NewReader("headbody")}, 99), -1, ""},
		{"empty bytes.Buffer", new(bytes.Buffer), -1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := Stream(test.reader)
			if b.Length() != test.length || b.upload().Length != test.length {
				t.Fatalf("length %d, of the upload %d; want %d", b.Length(), b.upload().Length, test.length)
			}
			if err := post(t, url, b); err != nil {
				t.Fatal(err)
			}
			if r := got(); r.chunked != (test.length < 0) || string(r.body) != test.want || r.contentType != "" {
				t.Errorf("gotten %+v; want %q", r, test.want)
			}
		})
	}
}

// A stutter returns nothing every other time.
type stutter struct {
	text string
	odd  bool
}

func (s *stutter) Read(p []byte) (int, error) {
	s.odd = !s.odd
	switch {
	case s.odd:
		return 0, nil
	case s.text == "":
		return 0, io.EOF
	}
	n := copy(p[:1], s.text)
	s.text = s.text[n:]
	return n, nil
}

func TestRule_1_14_LengthIsKept(t *testing.T) {
	file := tempFile(t, "0123456789")
	b := Stream(file)
	if _, err := file.WriteAt([]byte("more"), 10); err != nil {
		t.Fatal(err)
	}
	if got, err := opened(b); err != nil || got != "0123456789" {
		t.Errorf("grown file: %q, error %v; want what it had", got, err)
	}
	if err := file.Truncate(4); err != nil {
		t.Fatal(err)
	}
	if got, err := opened(b); !errors.Is(err, io.ErrUnexpectedEOF) || got != "0123" {
		t.Errorf("cut file: %q, error %v; want ErrUnexpectedEOF", got, err)
	}
}

func TestRule_3_4_SeekableIsRewound(t *testing.T) {
	for name, reader := range map[string]io.ReadSeeker{
		"memory": strings.NewReader("headbody"), "file": tempFile(t, "headbody"), "other": seekable{strings.NewReader("headbody")},
	} {
		if _, err := reader.Seek(4, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		b := Stream(reader)
		first, err := b.upload().Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(first, make([]byte, 2)); err != nil { // an attempt that broke
			t.Fatal(err)
		}
		for range 2 {
			if !b.replayable() {
				t.Errorf("%s: not replayable", name)
			}
			if got, err := opened(b); err != nil || got != "body" {
				t.Errorf("%s: %q, error %v; want it from where it stood", name, got, err)
			}
		}
	}
}

func TestRule_3_4_LostPosition(t *testing.T) {
	file := tempFile(t, "body")
	b := Stream(file)
	file.Close()
	_, err := opened(b)
	var e *Error
	if !errors.As(err, &e) || e.Kind != ErrUnrewindable || !errors.Is(err, os.ErrClosed) {
		t.Errorf("error %v; want ErrUnrewindable", err)
	}
}

// TestRule_6_14_ReadOnce: what was read is not sent as if there were no more (13.13).
func TestRule_6_14_ReadOnce(t *testing.T) {
	for name, reader := range map[string]io.Reader{
		"buffer": bytes.NewBufferString("body"), "plain": plain{strings.NewReader("body")},
	} {
		b := Stream(reader)
		for range 2 { // attempts that do not come to sending
			if _, err := b.upload().Open(); err != nil || !b.replayable() {
				t.Fatalf("%s: error %v, replayable %t; nothing was read", name, err, b.replayable())
			}
		}
		if got, err := opened(b); err != nil || got != "body" {
			t.Fatalf("%s: %q, error %v", name, got, err)
		}
		_, err := opened(b)
		var e *Error
		if !errors.As(err, &e) || e.Kind != ErrUnrewindable || b.replayable() {
			t.Errorf("%s: error %v, replayable %t; want ErrUnrewindable", name, err, b.replayable())
		}
	}
}

func TestRule_6_14_BytesAreSentByManyAtOnce(t *testing.T) {
	path := tempFile(t, "from a file").Name()
	file, err := FormFile("f", path)
	if err != nil {
		t.Fatal(err)
	}
	memory := File{Field: "m", Content: strings.NewReader("from memory")}
	for _, b := range []*Body{Text("body"), Stream(strings.NewReader("body")), Multipart(Pairs("a", "b"), file, memory)} {
		want, err := opened(b)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if got, err := opened(b); err != nil || got != want || !b.replayable() {
					t.Errorf("%q, error %v", got, err)
				}
			})
		}
		all.Wait()
	}
}

func TestStreamErrors(t *testing.T) {
	own := errors.New("the reader's own")
	for _, reader := range []io.Reader{iotest.ErrReader(own), io.MultiReader(strings.NewReader("some"), iotest.ErrReader(own))} {
		if _, err := opened(Stream(reader)); !errors.Is(err, own) {
			t.Errorf("error %v; want the reader's own", err)
		}
	}
	if err := Stream(nil).Err(); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("no reader: error %v; want ErrInvalidArgument", err)
	}
}

// tempFile returns a file that stands at its beginning.
func tempFile(t testing.TB, text string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func BenchmarkJSON(b *testing.B) {
	value := struct {
		ID    int      `json:"id"`
		Name  string   `json:"name"`
		Items []string `json:"items"`
	}{7, "name", []string{"a", "b", "c"}}
	b.ReportAllocs()
	for b.Loop() {
		JSON(value)
	}
}

func BenchmarkForm(b *testing.B) {
	fields := Pairs("user", "name", "password", "pass word", "next", "/a/b?c=d")
	b.ReportAllocs()
	for b.Loop() {
		Form(fields)
	}
}
