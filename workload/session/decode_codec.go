package session

import (
	"bufio"
	"bytes"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate" // allocates less than the standard library's, and takes half of its time
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// A coding is a content coding that can be undone.
type coding string

const (
	codingGzip    coding = "gzip"    // RFC 1952
	codingDeflate coding = "deflate" // RFC 1950, or 1951 as some servers have it
	codingBrotli  coding = "br"      // RFC 7932
	codingZstd    coding = "zstd"    // RFC 8878
)

const (
	// maxZstdWindow in bytes is what RFC 9659, section 3 lets servers use.
	maxZstdWindow = 8 << 20

	// maxZstdWhole in bytes is up to where the encoded body is decoded at once.
	maxZstdWhole = 64 << 10
)

// A codec undoes a coding.
type codec interface {
	// reset begins with a body of at least one byte. length is that of a body in memory, or -1.
	reset(body *bufio.Reader, length int) error
	// Read returns io.EOF only after a whole body.
	io.Reader
	// light reports whether what the codec holds is in proportion to what it has read.
	light() bool
	// close releases what the codec holds. It is not used any more.
	close()
}

func newCodec(c coding) codec {
	switch c {
	case codingGzip:
		return new(gzipCodec)
	case codingDeflate:
		return new(deflateCodec)
	case codingBrotli:
		return new(brotliCodec)
	}
	return new(zstdCodec)
}

// A gzipCodec reads the members one after the other itself: gzip.Reader would not let other bytes follow
// them.
type gzipCodec struct {
	body *bufio.Reader
	gzip gzip.Reader
}

func (c *gzipCodec) reset(body *bufio.Reader, _ int) error {
	c.body = body
	return c.member()
}

func (c *gzipCodec) member() error {
	err := c.gzip.Reset(c.body)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	c.gzip.Multistream(false)
	return err
}

func (c *gzipCodec) Read(p []byte) (int, error) {
	for {
		n, err := c.gzip.Read(p)
		if err != io.EOF {
			return n, err
		}
		if next, _ := c.body.Peek(2); string(next) != "\x1f\x8b" {
			return n, io.EOF
		}
		if err := c.member(); err != nil || n > 0 {
			return n, err
		}
	}
}

func (c *gzipCodec) light() bool { return true }

func (c *gzipCodec) close() {}

// A deflateCodec has one reader for each of the two formats, made when the first body needs it.
type deflateCodec struct {
	zlib, raw io.ReadCloser
	now       io.Reader // one of them
}

func (c *deflateCodec) reset(body *bufio.Reader, _ int) error {
	head, _ := body.Peek(2)
	if !isZlib(head) {
		if c.raw == nil {
			c.raw = flate.NewReader(body)
		}
		c.now = c.raw
		return c.raw.(flate.Resetter).Reset(body, nil)
	}
	c.now = nil
	if c.zlib != nil {
		c.now = c.zlib
		return c.zlib.(zlib.Resetter).Reset(body, nil)
	}
	var err error
	if c.zlib, err = zlib.NewReader(body); err != nil {
		return err
	}
	c.now = c.zlib
	return nil
}

func (c *deflateCodec) Read(p []byte) (int, error) { return c.now.Read(p) }

func (c *deflateCodec) light() bool { return true }

func (c *deflateCodec) close() {}

// isZlib reports whether a body begins as RFC 1950, section 2.2 says. One without wrapping cannot: its
// first block would be a stored one with a bit set that compressors leave 0.
func isZlib(head []byte) bool {
	return len(head) == 2 && head[0]&0x0f == 8 && head[0]>>4 <= 7 && (int(head[0])<<8|int(head[1]))%31 == 0
}

type brotliCodec struct{ brotli brotli.Reader }

func (c *brotliCodec) reset(body *bufio.Reader, _ int) error { return c.brotli.Reset(body) }

// Read takes a complaint about input after the end for the end. brotli.Reader makes it of whole bodies,
// too, if their last piece arrives in few bytes; and it makes it only when it has given out
// everything. It has no exported name.
func (c *brotliCodec) Read(p []byte) (int, error) {
	n, err := c.brotli.Read(p)
	if err != nil && err.Error() == "brotli: excessive input" {
		err = io.EOF
	}
	return n, err
}

func (c *brotliCodec) light() bool { return true }

func (c *brotliCodec) close() {}

// A zstdCodec decodes on the calling goroutine alone, and starts none.
type zstdCodec struct {
	zstd     *zstd.Decoder
	streamed bool         // the body is read piece by piece
	whole    bytes.Buffer // the encoded body, otherwise
}

// reset gives the decoder a small body as a *bytes.Buffer, which it decodes at once. Reading piece by
// piece it would allocate the window that the server names, megabytes for a body of any size.
func (c *zstdCodec) reset(body *bufio.Reader, length int) error {
	c.streamed = length < 0 || length > maxZstdWhole
	var src io.Reader = body
	if !c.streamed {
		c.whole.Reset()
		if _, err := c.whole.ReadFrom(body); err != nil {
			return err
		}
		src = &c.whole
	}
	if c.zstd != nil {
		return c.zstd.Reset(src)
	}
	var err error
	c.zstd, err = zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow),
		zstd.WithDecoderMaxMemory(maxZstdWindow), zstd.WithDecoderLowmem(true))
	return err
}

func (c *zstdCodec) Read(p []byte) (int, error) { return c.zstd.Read(p) }

func (c *zstdCodec) light() bool { return !c.streamed }

func (c *zstdCodec) close() {
	if c.zstd != nil {
		c.zstd.Close()
	}
}
