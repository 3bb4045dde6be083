package wire

import "golang.org/x/net/http2/hpack"

const (
	// hpackTable is the size of the dynamic table that servers may use, which is the protocol's default.
	hpackTable = 4096
	// hpackOverhead is what an entry counts beyond its bytes (RFC 7541, section 4.1).
	hpackOverhead = 32
)

// What a header block can be wrong in; the connection cannot go on.
const (
	errHeaderBlock malformed = "malformed HTTP/2 header block"
	errLateResize  malformed = "HTTP/2 header table resized behind a field" // section 4.2
)

// A headerDecoder decodes header blocks of one connection (RFC 7541). The one of package hpack makes strings of all
// that it decodes; this one allocates nothing in steady state.
type headerDecoder struct {
	table hpackEntries
	text  []byte // what literals of the current field decode to
}

// decode calls field for every field of a block, which is complete. What field gets is valid until it returns.
func (d *headerDecoder) decode(block []byte, field func(name, value []byte)) error {
	for first := true; len(block) > 0; {
		var err error
		switch b := block[0]; {
		case b&0x80 != 0:
			first = false
			block, err = d.indexed(block, field)
		case b&0xe0 == 0x20:
			if !first {
				return errLateResize
			}
			var size uint64
			if size, block, err = hpackInt(block, 5); err == nil && size > hpackTable {
				err = errHeaderBlock
			}
			d.table.resize(int(size))
		default:
			first = false
			block, err = d.literal(block, field)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *headerDecoder) indexed(block []byte, field func(name, value []byte)) ([]byte, error) {
	i, rest, err := hpackInt(block, 7)
	if err != nil {
		return nil, err
	}
	name, value, ok := d.at(i)
	if !ok {
		return nil, errHeaderBlock
	}
	field(name, value)
	return rest, nil
}

// literal decodes a field whose value stands in the block: to be added to the table (01), not added (0000), or never
// to be (0001).
func (d *headerDecoder) literal(block []byte, field func(name, value []byte)) ([]byte, error) {
	add, bits := block[0]&0x40 != 0, 4
	if add {
		bits = 6
	}
	i, rest, err := hpackInt(block, bits)
	if err != nil {
		return nil, err
	}
	d.text = d.text[:0]
	if i == 0 {
		rest, err = d.str(rest)
	} else {
		name, _, ok := d.at(i)
		if !ok {
			return nil, errHeaderBlock
		}
		d.text = append(d.text, name...)
	}
	if err != nil {
		return nil, err
	}
	n := len(d.text)
	if rest, err = d.str(rest); err != nil {
		return nil, err
	}
	name, value := d.text[:n:n], d.text[n:]
	field(name, value)
	if add {
		d.table.add(name, value)
	}
	return rest, nil
}

// at returns the entry with an index, of the static table or of the dynamic one after it.
func (d *headerDecoder) at(i uint64) (name, value []byte, ok bool) {
	switch {
	case i == 0:
		return nil, nil, false
	case i <= uint64(len(hpackStatic)):
		e := &hpackStatic[i-1]
		return e.name, e.value, true
	}
	return d.table.at(i - uint64(len(hpackStatic)) - 1)
}

// str decodes a string onto d.text.
func (d *headerDecoder) str(block []byte) (rest []byte, err error) {
	if len(block) == 0 {
		return nil, errHeaderBlock
	}
	packed := block[0]&0x80 != 0
	n, rest, err := hpackInt(block, 7)
	if err != nil || n > uint64(len(rest)) {
		return nil, errHeaderBlock
	}
	if !packed {
		d.text = append(d.text, rest[:n]...)
		return rest[n:], nil
	}
	if _, err := hpack.HuffmanDecode(d, rest[:n]); err != nil {
		return nil, errHeaderBlock
	}
	return rest[n:], nil
}

// Write is what hpack.HuffmanDecode gives its result to.
func (d *headerDecoder) Write(p []byte) (int, error) {
	d.text = append(d.text, p...)
	return len(p), nil
}

// hpackInt decodes an integer with a prefix of that many bits (RFC 7541, section 5.1).
func hpackInt(b []byte, bits int) (n uint64, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, errHeaderBlock
	}
	most := uint64(1)<<bits - 1
	if n = uint64(b[0]) & most; n < most {
		return n, b[1:], nil
	}
	for i, shift := 1, 0; i < len(b) && shift <= 28; i, shift = i+1, shift+7 {
		n += uint64(b[i]&0x7f) << shift
		if b[i]&0x80 == 0 {
			return n, b[i+1:], nil
		}
	}
	return 0, nil, errHeaderBlock
}

// hpackEntries is a dynamic table. The bytes of its entries lie one behind the other, the newest last.
type hpackEntries struct {
	bytes []byte
	spans []hpackSpan // oldest first, from gone on
	gone  int         // entries at the front of spans that were evicted
	size  int         // as RFC 7541 counts
	small int         // how far below hpackTable the server has set the size
}

type hpackSpan struct{ from, name, value int32 }

// at returns the i-th entry, from 0 for the newest.
func (t *hpackEntries) at(i uint64) (name, value []byte, ok bool) {
	if i >= uint64(len(t.spans)-t.gone) {
		return nil, nil, false
	}
	s := t.spans[len(t.spans)-1-int(i)]
	mid := s.from + s.name
	return t.bytes[s.from:mid:mid], t.bytes[mid : mid+s.value], true
}

func (t *hpackEntries) resize(size int) {
	t.small = hpackTable - size
	t.evict(0)
}

// evict makes room for an entry of that size.
func (t *hpackEntries) evict(room int) {
	for t.size+room > hpackTable-t.small && t.gone < len(t.spans) {
		s := t.spans[t.gone]
		t.size -= int(s.name+s.value) + hpackOverhead
		t.gone++
	}
	if t.gone == len(t.spans) {
		t.bytes, t.spans, t.gone = t.bytes[:0], t.spans[:0], 0
	}
}

// add adds an entry; one that is larger than the table empties it. name and value are not the table's own bytes.
func (t *hpackEntries) add(name, value []byte) {
	n := len(name) + len(value) + hpackOverhead
	t.evict(n)
	if n > hpackTable-t.small {
		return
	}
	if t.gone > 0 && 2*t.gone >= len(t.spans) {
		t.compact()
	}
	t.spans = append(t.spans, hpackSpan{int32(len(t.bytes)), int32(len(name)), int32(len(value))})
	t.bytes = append(append(t.bytes, name...), value...)
	t.size += n
}

// compact moves what is left to the front.
func (t *hpackEntries) compact() {
	start := t.spans[t.gone].from
	t.bytes = t.bytes[:copy(t.bytes, t.bytes[start:])]
	t.spans = t.spans[:copy(t.spans, t.spans[t.gone:])]
	for i := range t.spans {
		t.spans[i].from -= start
	}
	t.gone = 0
}
