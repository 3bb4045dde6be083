package wire

import "io"

// A body is how far the reading of a response body has come.
type body struct {
	kind  bodyKind
	left  int64 // of the body, or of the chunk
	ended bool  // a chunk was read, but not what follows it
	total int64 // read so far, or announced by chunks
}

type bodyKind int

const (
	bodySized   bodyKind = iota
	bodyChunked          // a chunk's size line is next when nothing is left
	bodyToEnd            // it ends with the connection
)

// bodyOf returns the body that follows h; one that ends with the connection is noted in r.
func bodyOf(h *head, r *receiver) body {
	switch {
	case h.chunked:
		return body{kind: bodyChunked}
	case h.length < 0:
		r.ended = true
		return body{kind: bodyToEnd}
	}
	return body{kind: bodySized, left: h.length}
}

// fits reports a body that is known to be too large.
func (r *receiver) fits(h *head) error {
	if h.length > r.maxBody {
		return errBodySize
	}
	return nil
}

// read reads some bytes into p, which is not empty. It returns io.EOF when the body is complete, with the
// last bytes already where their number is known.
func (b *body) read(r *receiver, p []byte) (int, error) {
	if b.kind == bodyToEnd {
		return b.readToEnd(r, p)
	}
	if b.kind == bodyChunked && b.left == 0 {
		if err := b.nextChunk(r); err != nil {
			return 0, err
		}
	}
	n, err := r.br.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case b.left == 0 && b.kind == bodySized:
		return n, io.EOF // also where the end of the connection came along with the last bytes
	case err != nil:
		return n, early(err)
	}
	b.ended = b.left == 0
	return n, nil
}

func (b *body) nextChunk(r *receiver) error {
	if b.ended {
		if err := r.chunkEnd(); err != nil {
			return err
		}
	}
	n, err := r.chunkSize()
	if err != nil {
		return err
	}
	if n == 0 {
		if err := r.trailers(); err != nil {
			return err
		}
		return io.EOF
	}
	if b.total += n; b.total > r.maxBody {
		return errBodySize
	}
	b.left = n
	return nil
}

func (b *body) readToEnd(r *receiver, p []byte) (int, error) {
	n, err := r.br.Read(p)
	if b.total += int64(n); b.total > r.maxBody {
		return 0, errBodySize
	}
	return n, err
}
