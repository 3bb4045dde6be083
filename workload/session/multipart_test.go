package session

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// A parsedPart is a part as mime/multipart reads it.
type parsedPart struct{ disposition, contentType, body string }

func parseParts(t testing.TB, contentType string, body []byte) []parsedPart {
	t.Helper()
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "multipart/form-data" {
		t.Fatalf("content type %q: %v", contentType, err)
	}
	var parts []parsedPart
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatalf("%v in %q", err, body)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, parsedPart{p.Header.Get("Content-Disposition"), p.Header.Get("Content-Type"), string(data)})
	}
}

func TestRule_1_12_Multipart(t *testing.T) {
	path := tempFile(t, "by path").Name()
	byPath, err := FormFile("up", path)
	if err != nil {
		t.Fatal(err)
	}
	form := Fields{Set("a", "1", "2"), Set("é \"x\"\r\n", "ü\r\n--\r\n"), Remove("gone"), Set("empty", "")}
	fields := []parsedPart{
		{`form-data; name="a"`, "", "1"},
		{`form-data; name="a"`, "", "2"},
		{`form-data; name="é %22x%22%0D%0A"`, "", "ü\r\n--\r\n"},
		{`form-data; name="empty"`, "", ""},
	}
	url, got := echoServer(t)
	for _, test := range []struct {
		name    string
		files   []File
		chunked bool
		want    []parsedPart
	}{
		{"fields only", nil, false, nil},
		{"known lengths", []File{
			{Field: "f", Name: "é\"\\\n.json", Content: strings.NewReader("{}")},
			{Field: "f", Name: "no extension", Content: bytes.NewBufferString("buffer")},
			{Field: "typed", Name: "x.json", ContentType: "text/x-own; charset=utf-8", Content: tempFile(t, "file")},
			{Field: "nameless", Content: strings.NewReader("text")},
			{Field: "none", Name: "none.html", Content: strings.NewReader("")},
			byPath,
		}, false, []parsedPart{
			{"form-data; name=\"f\"; filename=\"é%22\\%0A.json\"", "application/json", "{}"},
			{`form-data; name="f"; filename="no extension"`, "application/octet-stream", "buffer"},
			{`form-data; name="typed"; filename="x.json"`, "text/x-own; charset=utf-8", "file"},
			{`form-data; name="nameless"`, "", "text"},
			{`form-data; name="none"; filename="none.html"`, "text/html; charset=utf-8", ""},
			{`form-data; name="up"; filename="file.txt"`, mime.TypeByExtension(".txt"), "by path"},
		}},
		{"unknown length", []File{
			{Field: "a", Name: "a", Content: strings.NewReader("known")},
			{Field: "b", Name: "b", Content: plain{iotest.OneByteReader(strings.NewReader("unknown"))}},
		}, true, []parsedPart{
			{`form-data; name="a"; filename="a"`, "application/octet-stream", "known"},
			{`form-data; name="b"; filename="b"`, "application/octet-stream", "unknown"},
		}},
		{"file that says it is empty", []File{{Field: "a", Name: "a", Content: tempFile(t, "")}}, true, []parsedPart{
			{`form-data; name="a"; filename="a"`, "application/octet-stream", ""},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := Multipart(form, test.files...)
			if err := post(t, url, b); err != nil {
				t.Fatal(err)
			}
			r := got()
			if r.chunked != test.chunked || !test.chunked && r.length != int64(len(r.body)) {
				t.Errorf("chunked %t, length %d; body of %d bytes", r.chunked, r.length, len(r.body))
			}
			want := slices.Concat(fields, test.want)
			if parts := parseParts(t, r.contentType, r.body); !slices.Equal(parts, want) {
				t.Errorf("received\n%q\nwant\n%q", parts, want)
			}
		})
	}
}

func TestRule_1_12_MultipartBoundaryIsRandom(t *testing.T) {
	if a, b := Multipart(Pairs("a", "b")), Multipart(Pairs("a", "b")); a.ContentType() == b.ContentType() {
		t.Errorf("both have %s", a.ContentType())
	}
}

func TestRule_1_12_MultipartErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		file File
		kind Kind
	}{
		{"no content", File{Field: "f"}, ErrInvalidArgument},
		{"type with a line break", File{Field: "f", ContentType: "a/b\r\nX: y", Content: strings.NewReader("")}, ErrInvalidHeader},
	} {
		var e *Error
		if err := Multipart(nil, test.file).Err(); !errors.As(err, &e) || e.Kind != test.kind {
			t.Errorf("%s: error %v; want %v", test.name, err, test.kind)
		}
	}
	own := errors.New("the reader's own")
	b := Multipart(nil, File{Field: "f", Content: iotest.ErrReader(own)}, File{Field: "g", Content: strings.NewReader("")})
	if _, err := opened(b); !errors.Is(err, own) {
		t.Errorf("error %v; want the reader's own", err)
	}
}

// TestRule_6_14_Multipart: a multipart body is as replayable as its contents.
func TestRule_6_14_Multipart(t *testing.T) {
	again := Multipart(Pairs("a", "b"),
		File{Field: "f", Name: "f", Content: tempFile(t, "from a file")},
		File{Field: "g", Name: "g", Content: seekable{strings.NewReader("from a reader")}})
	first, err := opened(again)
	if err != nil {
		t.Fatal(err)
	}
	r, err := again.upload().Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, r, int64(len(first)/2)); err != nil { // an attempt that broke
		t.Fatal(err)
	}
	if second, err := opened(again); err != nil || second != first || !again.replayable() {
		t.Errorf("%q, error %v; want %q", second, err, first)
	}

	once := Multipart(nil, File{Field: "f", Content: strings.NewReader("again")}, File{Field: "g", Content: bytes.NewBufferString("once")})
	if !once.replayable() {
		t.Error("nothing was read yet")
	}
	if _, err := opened(once); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(once); !errors.Is(err, ErrUnrewindable) || once.replayable() {
		t.Errorf("error %v; want ErrUnrewindable", err)
	}
}

func TestFormFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "päth.bin")
	missing := func(err error) bool {
		return errors.Is(err, fs.ErrNotExist) && strings.Contains(err.Error(), path)
	}
	if _, err := FormFile("f", path); !errors.Is(err, ErrInvalidArgument) || !missing(err) {
		t.Errorf("missing file: error %v", err)
	}
	if _, err := FormFile("f", dir); !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), dir) {
		t.Errorf("directory: error %v", err)
	}
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := FormFile("f", path)
	if err != nil || file.Name != "päth.bin" {
		t.Fatalf("%+v, error %v", file, err)
	}
	b := Multipart(nil, file)
	// Cut while it is sent, then gone.
	if err := os.Truncate(path, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(b); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), path) {
		t.Errorf("cut file: error %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(b); !missing(err) {
		t.Errorf("removed file: error %v", err)
	}
	if err := Multipart(nil, file).Err(); !errors.Is(err, ErrInvalidArgument) || !missing(err) {
		t.Errorf("body of a removed file: error %v", err)
	}
}

// TestFormFileIsClosed holds that a file is open only while it is read.
func TestFormFileIsClosed(t *testing.T) {
	file, err := FormFile("f", tempFile(t, "content").Name())
	if err != nil {
		t.Fatal(err)
	}
	b := Multipart(nil, file, file)
	whole, err := opened(b)
	if err != nil {
		t.Fatal(err)
	}
	inFirst := strings.Index(whole, "content") + 2
	for n, want := range map[int]int{0: 0, 1: 0, inFirst: 1, len(whole) + 1: 2} { // by the bytes that are read before the attempt ends
		opened, err := b.upload().Open()
		if err != nil {
			t.Fatal(err)
		}
		r := opened.(*partsReader)
		var files []*os.File
		for range n {
			if _, err := r.Read(make([]byte, 1)); err != nil {
				break
			}
			if m, ok := r.current.(*measured); ok && m.closer != nil {
				if f := m.closer.(*os.File); !slices.Contains(files, f) {
					files = append(files, f)
				}
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if len(files) != want {
			t.Errorf("%d bytes: %d files were opened; want %d", n, len(files), want)
		}
		for _, f := range files {
			if _, err := f.Stat(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("%d bytes: the file is still open", n)
			}
		}
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after close: error %v", err)
		}
	}
}

// FuzzMultipart: what is put in comes out, as mime/multipart reads it.
func FuzzMultipart(f *testing.F) {
	f.Add("field", "value", "file", "name.txt", "content")
	f.Add("a\"b\r\n", "--\r\n", "", "\\\"; x=\"", "\r\n--")
	f.Fuzz(func(t *testing.T, field, value, fileField, name, content string) {
		b := Multipart(Pairs(field, value), File{Field: fileField, Name: name, ContentType: "a/b", Content: strings.NewReader(content)})
		if b.Err() != nil {
			t.Fatal(b.Err())
		}
		body, err := opened(b)
		if err != nil || int64(len(body)) != b.Length() {
			t.Fatalf("%d bytes, error %v; length %d", len(body), err, b.Length())
		}
		if strings.ContainsAny(field+fileField+name, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f") {
			return // not for a header; receivers differ
		}
		parts := parseParts(t, b.ContentType(), []byte(body))
		if len(parts) != 2 || parts[0].body != value || parts[1].body != content || parts[1].contentType != "a/b" {
			t.Fatalf("%q", parts)
		}
	})
}
