package session

import (
	"net/url"
	"slices"
	"strings"

	"sessbench/workload/wire"
)

// A Variation makes a Prepared that differs from another one in some texts, in memory that is used again: settings are
// not merged again, proxies and certificates not looked for. It belongs to a session and its goroutine.
//
//	v := s.Vary(p)
//	v.Text = append(v.Text, "page=2"...)
//	v.Put(query) // a Place of p
//	changed, err := v.Prepared()
//	s.MeasureOnce(ctx, changed, &call)
type Variation struct {
	// Text is appended to. Put makes what was appended since the last one a text of the request.
	Text []byte

	base *Prepared
	puts []placed

	made    Prepared
	url     url.URL
	body    Body
	headers []wire.Header // the settings' lines, where one of them differs
	lines   []wire.Header // all of them
	request wire.Request
}

// A placed is a text that was put.
type placed struct {
	at    Place
	start int // in Variation.Text
	end   int
}

// A Place is where a text stands in a Prepared.
type Place struct {
	part requestPart
	line int // of headers
}

type requestPart int

const (
	inPath requestPart = iota
	inQuery
	inHeaders
	inAuthorization
	inBody
)

// Texts calls each with the texts that a Variation can change, the body last: the escaped path, the query, the values of headers, and
// the body, unless that is read while it is sent. Credentials are among them where they are sent as they
// stand in a header, cookies are not. There are none of a URL that is neither http nor https.
func (p *Prepared) Texts(each func(at Place, text string)) {
	if !isWeb(p.url.Scheme) {
		return
	}
	each(Place{part: inPath}, p.url.EscapedPath())
	each(Place{part: inQuery}, p.url.RawQuery)
	for i, h := range p.headers {
		each(Place{inHeaders, i}, h.Value)
	}
	if p.authorization != "" {
		each(Place{part: inAuthorization}, p.authorization)
	}
	if data, ok := p.body.Bytes(); ok && p.body != nil {
		each(Place{part: inBody}, string(data))
	}
}

// variationKept is the size of a Variation's memory in bytes that a session keeps.
const variationKept = 1 << 20

// Vary begins a variation of p, which is not changed. It takes the place of the session's last one, and of what that made.
func (s *Session) Vary(p *Prepared) *Variation {
	v := s.varied
	if v == nil || cap(v.Text) > variationKept || cap(v.request.Raw) > variationKept {
		v = new(Variation)
		s.varied = v
	}
	v.Text, v.puts, v.base = v.Text[:0], v.puts[:0], p
	return v
}

// Put ends the text of a place, which is one of those of the Prepared that is varied. Each place is put once at most.
func (v *Variation) Put(at Place) {
	start := 0
	if last := len(v.puts) - 1; last >= 0 {
		start = v.puts[last].end
	}
	v.puts = append(v.puts, placed{at, start, len(v.Text)})
}

// Prepared returns the request with the texts that were put. It is for the session's MeasureOnce, or Measure, and valid until the
// session's next Vary. The path is normalised as a URL's is; in path and query, what cannot stand
// there is percent-encoded. The error is an *Error, ErrInvalidHeader for a value that no header can have; it does
// not repeat the value.
func (v *Variation) Prepared() (*Prepared, error) {
	p := &v.made
	*p = *v.base
	p.plain, p.variation = nil, v
	text := v.text()
	for _, put := range v.puts {
		if put.at.part == inBody {
			v.body = Body{contentType: v.base.body.ContentType(), data: v.Text[put.start:put.end]}
			p.body = &v.body
		} else if err := v.apply(put.at, text[put.start:put.end]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// text returns Text as far as it has to be kept as a string, in one piece: that is one allocation for all places.
func (v *Variation) text() string {
	for i := len(v.puts) - 1; i >= 0; i-- {
		if v.puts[i].at.part != inBody {
			return string(v.Text[:v.puts[i].end])
		}
	}
	return ""
}

// apply makes the text of a place other than the body another one.
func (v *Variation) apply(at Place, text string) error {
	p := &v.made
	switch at.part {
	case inPath:
		setPath(v.ownURL(), text)
	case inQuery:
		u := v.ownURL()
		u.RawQuery, u.ForceQuery = requote(text, isQueryByte), false
	case inAuthorization:
		if text == bearerScheme {
			return &Error{Kind: ErrInvalidHeader, Err: errNoToken}
		}
		p.authorization = text
		return validHeader("Authorization", text)
	case inHeaders:
		if &p.headers[0] == &v.base.headers[0] {
			v.headers = append(v.headers[:0], p.headers...)
			p.headers = v.headers
		}
		line := &p.headers[at.line]
		line.Value = text
		if named("Host")(*line) {
			p.host = hostOf(p.headers)
		}
		return validHeader(line.Name, text)
	}
	return nil
}

// ownURL returns the URL of what is made, which is not the base's any more.
func (v *Variation) ownURL() *url.URL {
	if v.made.url != &v.url {
		v.url = *v.made.url
		v.made.url = &v.url
	}
	return &v.url
}

func validHeader(name, value string) error {
	if err := wire.ValidateHeader(name, value); err != nil {
		return &Error{Kind: ErrInvalidHeader, Err: err}
	}
	return nil
}

// render renders what was made, with the jar's cookies.
func (v *Variation) render(cookie string) (*wire.Request, error) {
	p := &v.made
	lines := p.completed(append(v.lines[:0], p.headers...), cookie)
	err := p.requestInto(&v.request, lines, p.body)
	v.lines = v.request.Spec.Headers // the room, which may have become larger
	return &v.request, err
}

// EscapeSegment percent-encodes text[from:] as a part of one segment of a URL's path: all but letters, digits and
// "-._~$&+=:@", as url.PathEscape does. It returns text, which it may have to move.
func EscapeSegment(text []byte, from int) []byte { return escapeFrom(text, from, isSegmentByte, false) }

// EscapeQuery encodes text[from:] as a name or value of a query or a form: all but letters, digits and "-._~" is
// percent-encoded, a blank is "+". It returns text, which it may have to move.
func EscapeQuery(text []byte, from int) []byte { return escapeFrom(text, from, isUnreserved, true) }

func isSegmentByte(b byte) bool { return isUnreserved(b) || strings.IndexByte("$&+=:@", b) >= 0 }

// escapeFrom encodes text[from:] from its end to its beginning, so that it can stay where it is.
func escapeFrom(text []byte, from int, bare func(byte) bool, plus bool) []byte {
	longer := 0
	for _, b := range text[from:] {
		if !bare(b) && !(plus && b == ' ') {
			longer += len("%00") - 1
		}
	}
	end := len(text)
	text = slices.Grow(text, longer)[:end+longer]
	const digits = "0123456789ABCDEF"
	for i, to := end-1, end+longer; i >= from; i-- {
		switch b := text[i]; {
		case bare(b):
			to--
			text[to] = b
		case plus && b == ' ':
			to--
			text[to] = '+'
		default:
			to -= len("%00")
			text[to], text[to+1], text[to+2] = '%', digits[b>>4], digits[b&15]
		}
	}
	return text
}
