package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
)

// A content is what a reader or a file brings to a body. It is an opener.
type content struct {
	// Exactly one of them is set.
	memory io.ReaderAt // bytes that are read from without moving anything
	path   string      // of a file, opened when it is sent
	seeker io.ReadSeeker
	once   *onceReader

	start  int64 // of memory and seeker
	length int64 // in bytes, or -1
}

// newContent finds out what r can do. The error is an *Error.
func newContent(r io.Reader) (*content, error) {
	switch r := r.(type) {
	case nil:
		return nil, &Error{Kind: ErrInvalidArgument, Err: errors.New("body without a reader")}
	case *bytes.Reader:
		return memoryContent(r, r.Size(), r.Len()), nil
	case *strings.Reader:
		return memoryContent(r, r.Size(), r.Len()), nil
	case io.ReadSeeker:
		// A pipe has the method too, but it fails.
		if start, err := r.Seek(0, io.SeekCurrent); err == nil {
			return seekerContent(r, start)
		}
	}
	c := &content{once: &onceReader{r: r}, length: -1}
	if sized, ok := r.(interface{ Len() int }); ok {
		c.length = int64(sized.Len())
	}
	return c, nil
}

// memoryContent is the unread rest of a reader, of which nothing will be read through itself: several
// goroutines can send it.
func memoryContent(r io.ReaderAt, size int64, unread int) *content {
	return &content{memory: r, start: size - int64(unread), length: int64(unread)}
}

func seekerContent(r io.ReadSeeker, start int64) (*content, error) {
	end, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(start, io.SeekStart)
	}
	if err != nil {
		return nil, &Error{Kind: ErrUnrewindable, Err: err}
	}
	return &content{seeker: r, start: start, length: knownLength(end - start)}, nil
}

// pathContent is a regular file.
func pathContent(path string) (*content, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &Error{Kind: ErrInvalidArgument, Err: err}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Kind: ErrInvalidArgument, Err: fmt.Errorf("%s is not a regular file", path)}
	}
	return &content{path: path, length: knownLength(info.Size())}, nil
}

// knownLength is the length of what says that it has n bytes. None is said by what
// makes its content up as it is read, such as files of Linux's /proc; by what is not known; and
// by readers that stand beyond their end.
func knownLength(n int64) int64 {
	if n <= 0 {
		return -1
	}
	return n
}

func (c *content) size() int64 { return c.length }

func (c *content) again() bool { return c.once == nil || !c.once.used.Load() }

func (c *content) open() (io.Reader, error) {
	switch {
	case c.memory != nil:
		return io.NewSectionReader(c.memory, c.start, c.length), nil
	case c.path != "":
		file, err := os.Open(c.path)
		if err != nil {
			return nil, err
		}
		return &measured{r: file, closer: file, left: c.length, name: c.path}, nil
	case c.seeker != nil:
		if _, err := c.seeker.Seek(c.start, io.SeekStart); err != nil {
			return nil, &Error{Kind: ErrUnrewindable, Err: err}
		}
		return &measured{r: c.seeker, left: c.length, name: "reader"}, nil
	case c.once.used.Load():
		return nil, &Error{Kind: ErrUnrewindable, Err: errRead}
	}
	return &measured{r: c.once, left: c.length, name: "reader"}, nil
}

// A onceReader knows whether anything was read from it. A round tripper may read it while the goroutine of
// the call asks.
type onceReader struct {
	r    io.Reader
	used atomic.Bool
}

func (o *onceReader) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	if n > 0 {
		o.used.Store(true)
	}
	return n, err
}

// A measured reader ends after left bytes, or if that is negative with what it reads. It is an error
// if that ends earlier: the request's head has promised the length.
type measured struct {
	r      io.Reader
	closer io.Closer // closed at the end; may be nil
	left   int64
	name   string
}

func (m *measured) Read(p []byte) (int, error) {
	if m.left == 0 {
		return 0, m.end(io.EOF)
	}
	if m.left > 0 && int64(len(p)) > m.left {
		p = p[:m.left]
	}
	n, err := m.r.Read(p)
	if m.left > 0 {
		m.left -= int64(n)
		if err == io.EOF && m.left > 0 {
			err = fmt.Errorf("%s ended %d bytes early: %w", m.name, m.left, io.ErrUnexpectedEOF)
		}
	}
	if err != nil {
		err = m.end(err)
	}
	return n, err
}

// end closes the file, whose own error in closing after reading says nothing of what was read.
func (m *measured) end(err error) error {
	_ = m.Close()
	return err
}

// Close closes the file. It can be called again.
func (m *measured) Close() error {
	if m.closer == nil {
		return nil
	}
	closer := m.closer
	m.closer = nil
	return closer.Close()
}
