package session

import (
	"net/url"
	"strings"
)

// requote percent-encodes the bytes that bare does not allow and decodes the escapes of
// unreserved bytes; other escapes stay as they are. In a text with a "%" that begins no escape
// nothing was escaped yet: there every "%" is encoded, as requests does.
// Requoting the result changes nothing.
func requote(text string, bare func(byte) bool) string {
	escaped, clean := true, true
	for i := 0; i < len(text); i++ {
		if text[i] == '%' {
			escaped, clean = escaped && isEscape(text[i:]), false
		} else if !bare(text[i]) {
			clean = false
		}
	}
	if clean {
		return text
	}
	out := make([]byte, 0, len(text)+16)
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch {
		case b == '%' && escaped:
			if c := hexDigit(text[i+1])<<4 | hexDigit(text[i+2]); isUnreserved(c) {
				out = append(out, c)
			} else {
				out = append(out, text[i:i+3]...)
			}
			i += 2
		case b != '%' && bare(b):
			out = append(out, b)
		default:
			out = appendEscape(out, b)
		}
	}
	return string(out)
}

// ParseURL is url.Parse, but the escapes of a path are kept where the path has characters beside them that have to be
// escaped yet: url.URL takes none of such a path's escapes over, so that /a%2Fb c would become /a/b%20c, another resource.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.RawPath == "" {
		return u, err
	}
	raw := u.RawPath
	out := make([]byte, 0, len(raw)+16)
	for i := range len(raw) {
		if raw[i] == '%' || isPathByte(raw[i]) {
			out = append(out, raw[i])
		} else {
			out = appendEscape(out, raw[i])
		}
	}
	u.RawPath = string(out)
	return u, nil
}

func appendEscape(out []byte, b byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(out, '%', digits[b>>4], digits[b&15])
}

// unescape decodes what requote returned.
func unescape(text string) string {
	decoded, err := url.PathUnescape(text)
	if err != nil {
		return text // no such text comes from requote
	}
	return decoded
}

// removeDots removes the dot segments of an absolute path (RFC 3986, section 5.2.4).
func removeDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	last := ""
	for segment := range strings.SplitSeq(path[1:], "/") {
		last = segment
		switch {
		case segment == "." || segment == ".." && len(kept) == 0:
		case segment == "..":
			kept = kept[:len(kept)-1]
		default:
			kept = append(kept, segment)
		}
	}
	path = "/" + strings.Join(kept, "/")
	if (last == "." || last == "..") && len(kept) > 0 {
		path += "/"
	}
	return path
}

func isEscape(text string) bool {
	return len(text) >= 3 && isHex(text[1]) && isHex(text[2])
}

func isHex(b byte) bool { return '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'f' }

func hexDigit(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return (b | 0x20) - 'a' + 10
}

// The characters of RFC 3986: unreserved (2.3) and sub-delims (2.2) everywhere, with more in each part.

func isUnreserved(b byte) bool {
	return 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9' || b == '-' || b == '.' || b == '_' || b == '~'
}

func isHostByte(b byte) bool { return isUnreserved(b) || strings.IndexByte("!$&'()*+,;=", b) >= 0 }

func isUserByte(b byte) bool { return isHostByte(b) || b == ':' }

func isPathByte(b byte) bool { return isUserByte(b) || b == '@' || b == '/' }

func isQueryByte(b byte) bool { return isPathByte(b) || b == '?' }
