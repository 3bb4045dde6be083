package feed

import (
	"bufio"
	"io"
	"math"
	"os"
	"strings"
)

// bufferBytes is how much of a file is read at once.
const bufferBytes = 64 << 10

// A builder collects the values of a table, row by row.
type builder struct {
	path    string
	most    int64 // bytes of all values
	columns []string
	text    strings.Builder
	ends    []uint32
}

// read opens a file and has fill read it into a table.
func read(path string, fill func(*builder, *bufio.Reader) error) (*Table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var size int64
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return build(path, file, size, fill)
}

// build reads r, which has about size bytes; 0: that is not known.
func build(path string, r io.Reader, size int64, fill func(*builder, *bufio.Reader) error) (*Table, error) {
	b := &builder{path: path, most: math.MaxUint32}
	if size <= b.most {
		b.text.Grow(int(size)) // values are rarely longer than what they are written as
	}
	in := bufio.NewReaderSize(r, bufferBytes)
	err := b.skipMark(in)
	if err == nil {
		err = fill(b, in)
	}
	if err != nil {
		return nil, err
	}
	return b.table(), nil
}

// skipMark skips a byte order mark, and refuses those of UTF-16.
func (b *builder) skipMark(in *bufio.Reader) error {
	switch start, _ := in.Peek(3); { // an error comes again
	case string(start) == "\uFEFF":
		_, _ = in.Discard(3)
	case strings.HasPrefix(string(start), "\xff\xfe"), strings.HasPrefix(string(start), "\xfe\xff"):
		return &Error{b.path, 0, 0, "is UTF-16; save it as UTF-8"}
	}
	return nil
}

// add appends the next value. The error says that there is no room for it.
func (b *builder) add(value string) error {
	if int64(b.text.Len())+int64(len(value)) > b.most {
		return &Error{b.path, 0, 0, "has more than 4 GiB of values; a feed is held in memory, so give a part of it"}
	}
	b.text.WriteString(value)
	b.ends = append(b.ends, uint32(b.text.Len()))
	return nil
}

// table returns what was collected, without the room that was not needed where that is much.
func (b *builder) table() *Table {
	t := &Table{columns: b.columns, text: b.text.String(), ends: b.ends}
	if b.text.Cap() > len(t.text)+len(t.text)/4 {
		t.text = strings.Clone(t.text)
	}
	return t
}
