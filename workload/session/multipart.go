package session

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"path/filepath"
	"strings"

	"sessbench/workload/wire"
)

// A File is a part of a multipart body.
type File struct {
	Field       string // of the form
	Name        string // of the file; "": none is said
	ContentType string // "": by Name's extension, else application/octet-stream; without Name none is said
	Content     io.Reader

	path string // instead of Content
}

// FormFile returns a part with the content of the file at path and the last element of path as its
// name. The file is opened when the body is sent, every time, and closed afterwards.
// It has to be a regular file, and to keep the length that it has now. The error is an *Error.
func FormFile(field, path string) (File, error) {
	if _, err := pathContent(path); err != nil {
		return File{}, err
	}
	return File{Field: field, Name: filepath.Base(path), path: path}, nil
}

// Multipart is a body of type multipart/form-data (RFC 7578) with a random boundary: the values of
// form, then the files. Names are in UTF-8, with quotes and line breaks escaped
// as browsers do. The contents of files are not read into memory. What Stream says of readers holds
// for each of them: the body is sent chunked where the length of one is not known, and
// can be sent again where all of them can be read again. Contents of type *bytes.Reader or
// *strings.Reader are as good as bytes in memory.
func Multipart(form Fields, files ...File) *Body {
	m := new(multipartBody)
	w := multipart.NewWriter(&m.pending)
	for _, field := range form {
		for _, value := range field.Values {
			if err := m.field(w, field.Name, value); err != nil {
				return &Body{err: err}
			}
		}
	}
	for _, file := range files {
		if err := m.file(w, file); err != nil {
			return &Body{err: err}
		}
	}
	if err := w.Close(); err != nil {
		return &Body{err: &Error{Kind: ErrInvalidArgument, Err: err}}
	}
	contentType := w.FormDataContentType()
	if len(m.parts) == 0 {
		return &Body{contentType: contentType, data: m.pending.Bytes()}
	}
	m.text()
	return &Body{contentType: contentType, stream: m}
}

// A multipartBody is an opener.
type multipartBody struct {
	pending bytes.Buffer // text that is not yet in parts
	parts   []part
	length  int64 // of parts, or -1
}

// A part is a stretch of a multipart body: text, or a file's content.
type part struct {
	text    []byte
	content *content // instead of text
}

func (m *multipartBody) field(w *multipart.Writer, name, value string) error {
	header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + quoted(name) + `"`}}
	out, err := w.CreatePart(header)
	if err == nil {
		_, err = io.WriteString(out, value)
	}
	if err != nil {
		return &Error{Kind: ErrInvalidArgument, Err: err}
	}
	return nil
}

func (m *multipartBody) file(w *multipart.Writer, f File) error {
	header, err := f.header()
	if err != nil {
		return err
	}
	c, err := f.open()
	if err != nil {
		return err
	}
	if _, err := w.CreatePart(header); err != nil {
		return &Error{Kind: ErrInvalidArgument, Err: err}
	}
	m.text()
	m.parts = append(m.parts, part{content: c})
	m.add(c.length)
	return nil
}

// text makes a part of the text that was written since the last one.
func (m *multipartBody) text() {
	m.parts = append(m.parts, part{text: bytes.Clone(m.pending.Bytes())})
	m.add(int64(m.pending.Len()))
	m.pending.Reset()
}

func (m *multipartBody) add(length int64) {
	if m.length < 0 || length < 0 {
		m.length = -1
		return
	}
	m.length += length
}

func (m *multipartBody) size() int64 { return m.length }

func (m *multipartBody) again() bool {
	for _, p := range m.parts {
		if p.content != nil && !p.content.again() {
			return false
		}
	}
	return true
}

func (m *multipartBody) open() (io.Reader, error) {
	if !m.again() {
		return nil, &Error{Kind: ErrUnrewindable, Err: errRead}
	}
	return &partsReader{rest: m.parts}, nil
}

// header returns the fields of the part. The error is an *Error.
func (f *File) header() (textproto.MIMEHeader, error) {
	disposition := `form-data; name="` + quoted(f.Field) + `"`
	contentType := f.ContentType
	if f.Name != "" {
		disposition += `; filename="` + quoted(f.Name) + `"`
		if contentType == "" {
			contentType = mime.TypeByExtension(filepath.Ext(f.Name))
		}
		if contentType == "" {
			contentType = "application/octet-stream"
		}
	}
	header := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	if contentType != "" {
		if err := wire.ValidateHeader("Content-Type", contentType); err != nil {
			return nil, &Error{Kind: ErrInvalidHeader, Err: err}
		}
		header["Content-Type"] = []string{contentType}
	}
	return header, nil
}

// open returns what the part holds. The error is an *Error.
func (f *File) open() (*content, error) {
	switch {
	case f.path != "":
		return pathContent(f.path)
	case f.Content == nil:
		return nil, &Error{Kind: ErrInvalidArgument, Err: fmt.Errorf("file of form field %q without content", f.Field)}
	}
	return newContent(f.Content)
}

// quoted escapes a name as the HTML standard says for multipart/form-data, and as requests does: RFC 7578
// leaves it open, and receivers disagree about backslashes.
func quoted(name string) string {
	return strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A").Replace(name)
}

// A partsReader reads parts one after the other. A content is opened when its turn comes, so that one
// file is open at a time.
type partsReader struct {
	rest    []part
	current io.Reader // nil: the next of rest
}

func (r *partsReader) Read(p []byte) (int, error) {
	for {
		if r.current == nil {
			if len(r.rest) == 0 {
				return 0, io.EOF
			}
			if err := r.next(); err != nil {
				return 0, err
			}
		}
		n, err := r.current.Read(p)
		if err == io.EOF {
			r.current, err = nil, nil
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}

func (r *partsReader) next() error {
	p := r.rest[0]
	if p.content == nil {
		r.current = bytes.NewReader(p.text)
	} else {
		opened, err := p.content.open()
		if err != nil {
			return err
		}
		r.current = opened
	}
	r.rest = r.rest[1:]
	return nil
}

// Close closes the file that is being read. Reading ends with it.
func (r *partsReader) Close() error {
	closer, ok := r.current.(io.Closer)
	r.current, r.rest = nil, nil
	if !ok {
		return nil
	}
	return closer.Close()
}
