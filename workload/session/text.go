package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// textOf decodes data by the charset parameter of contentType, whose names mean what the WHATWG's
// Encoding Standard says; if there is none by data's byte order mark; else it is UTF-8 if that is valid, or its
// type is text/* or JSON. HTML in another encoding is decoded as a browser would, and so is what has none of
// these types. An unknown charset is taken for UTF-8. What cannot be decoded is U+FFFD. The byte
// order mark is left out.
func textOf(data []byte, contentType string) string {
	mediaType, label := parseType(contentType)
	if label != "" {
		if enc := charsetOf(label); enc != nil {
			return decodeText(enc, data)
		}
		return decodeText(unicode.UTF8, data)
	}
	if enc := markedEncoding(data); enc != nil {
		return decodeText(enc, data)
	}
	if utf8.Valid(data) {
		return string(data)
	}
	html := mediaType == "text/html" || mediaType == "application/xhtml+xml"
	if !html && (strings.HasPrefix(mediaType, "text/") || isJSONType(mediaType)) {
		return decodeText(unicode.UTF8, data)
	}
	enc, _, _ := charset.DetermineEncoding(data, contentType)
	if enc == encoding.Nop {
		enc = unicode.UTF8
	}
	return decodeText(enc, data)
}

// unmarshal reads JSON into value, a pointer: in the charset of contentType, if that is a known one but UTF-8; else
// in UTF-8, UTF-16 or UTF-32, whichever it is. The error is an *Error, ErrInvalidJSON unless value is
// no pointer, and says where, in bytes of UTF-8, but nothing of the content.
func unmarshal(data []byte, contentType string, value any) error {
	_, label := parseType(contentType)
	enc := charsetOf(label)
	if enc == nil || enc == unicode.UTF8 {
		enc = jsonEncoding(data)
	}
	if enc == unicode.UTF8 {
		data = bytes.TrimPrefix(data, []byte(markUTF8))
	} else {
		data = []byte(decodeText(enc, data))
	}
	err := json.Unmarshal(data, value)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*json.InvalidUnmarshalError](err); ok {
		return &Error{Kind: ErrInvalidArgument, Err: err}
	}
	return &Error{Kind: ErrInvalidJSON, Err: &jsonError{err}}
}

// A jsonError has the text of an error of package json without what it cites.
type jsonError struct{ err error }

func (e *jsonError) Unwrap() error { return e.err }

func (e *jsonError) Error() string {
	if syntax, ok := errors.AsType[*json.SyntaxError](e.err); ok {
		return fmt.Sprintf("malformed at byte %d", syntax.Offset)
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](e.err); ok {
		if mismatch.Field != "" {
			return fmt.Sprintf("field %s does not fit %s at byte %d", mismatch.Field, mismatch.Type, mismatch.Offset)
		}
		return fmt.Sprintf("does not fit %s at byte %d", mismatch.Type, mismatch.Offset)
	}
	return "does not fit what it is read into"
}

// parseType returns the media type in lower case and the charset of a Content-Type field; "" for what it
// does not say.
func parseType(contentType string) (mediaType, label string) {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "", ""
	}
	return mediaType, strings.TrimSpace(params["charset"])
}

func isJSONType(mediaType string) bool {
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

// charsetOf returns the encoding of that name, or nil. UTF-16 and UTF-32 without an order go by the byte
// order mark, little-endian without one.
func charsetOf(label string) encoding.Encoding {
	switch strings.ToLower(label) {
	case "":
		return nil
	case "utf-16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-32":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	}
	enc, err := htmlindex.Get(label)
	if err != nil {
		// Servers write latin-1 and utf_8, too, which are names in Python but no labels.
		enc, err = htmlindex.Get(strings.NewReplacer("-", "", "_", "").Replace(label))
	}
	if err != nil || enc == encoding.Replacement {
		// The latter stands for encodings that browsers refuse, and gives a single U+FFFD for all.
		return nil
	}
	return enc
}

const (
	markUTF8    = "\xef\xbb\xbf"
	markUTF16BE = "\xfe\xff"
	markUTF16LE = "\xff\xfe"
	markUTF32BE = "\x00\x00\xfe\xff"
	markUTF32LE = "\xff\xfe\x00\x00"
)

// markedEncoding returns what data's byte order mark says, or nil.
func markedEncoding(data []byte) encoding.Encoding {
	has := func(mark string) bool { return bytes.HasPrefix(data, []byte(mark)) }
	switch {
	case has(markUTF8):
		return unicode.UTF8
	case has(markUTF32BE):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case has(markUTF32LE): // before UTF-16, whose mark it begins with
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case has(markUTF16BE):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case has(markUTF16LE):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	}
	return nil
}

// jsonEncoding returns the encoding that JSON without a byte order mark shows by its zero bytes, as in RFC 4627,
// section 3; but only the first character, unlike the second, is always an ASCII one, so that it
// alone is looked at.
func jsonEncoding(data []byte) encoding.Encoding {
	if enc := markedEncoding(data); enc != nil {
		return enc
	}
	zero := func(i int) bool { return i < len(data) && data[i] == 0 }
	switch {
	case zero(0) && zero(1) && zero(2):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case zero(0):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case zero(1) && zero(2) && zero(3):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case zero(1):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	}
	return unicode.UTF8
}

// decodeText decodes without failing.
func decodeText(enc encoding.Encoding, data []byte) string {
	if enc == unicode.UTF8 && utf8.Valid(data) {
		return strings.TrimPrefix(string(data), markUTF8)
	}
	text, err := enc.NewDecoder().Bytes(data)
	if err != nil {
		// Decoders replace what they cannot decode; should one not, its output may
		// end early, and the bytes as they are say more.
		text = data
	}
	return strings.ToValidUTF8(strings.TrimPrefix(string(text), markUTF8), "\ufffd")
}
