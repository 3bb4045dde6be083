package workload

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"sessbench/workload/script"
	"sessbench/workload/session"
)

// A variedRequest is a request that was prepared once, of which some texts are made for each call.
type variedRequest struct {
	base  *session.Prepared
	texts []variedText
	key   string
}

type variedText struct {
	at     session.Place
	pieces []piece
}

// newVariedRequest finds, in a request that was prepared with marks in the place of holes, what each of them came to. ok is false
// where one cannot be found: then it is in a part that is not sent as it stands, such as a cookie or Basic credentials.
func newVariedRequest(base *session.Prepared, c *renderCompiler, key string) (g *variedRequest, ok bool) {
	g = &variedRequest{base: base, key: key}
	found := make([]int, len(c.holes))
	base.Texts(func(at session.Place, text string) {
		if pieces := c.marks.split(text, c.holes, found); pieces != nil {
			g.texts = append(g.texts, variedText{at, pieces})
		}
	})
	for _, n := range found {
		if n != 1 {
			return nil, false
		}
	}
	return g, true
}

func (g *variedRequest) request(s *session.Session, scope *script.Scope) (*session.Prepared, error) {
	v := s.Vary(g.base)
	for i := range g.texts {
		t := &g.texts[i]
		var err error
		if v.Text, err = appendPieces(v.Text, t.pieces, scope); err != nil {
			return nil, err
		}
		v.Put(t.at)
	}
	p, err := v.Prepared()
	return p, unsendable(g.key, err)
}

// marks are words that stand for holes while a request is prepared. They are the same in whatever way a text is encoded but
// for base64, and occur nowhere else.
type marks struct{ prefix string }

// markDigits is how many hexadecimal digits behind a mark's prefix tell the hole's number.
const markDigits = 6

func newMarks() marks {
	var random [12]byte
	_, _ = rand.Read(random[:]) // never fails
	return marks{"m" + hex.EncodeToString(random[:])}
}

// of returns the mark of a hole.
func (m marks) of(hole int) string {
	number := strconv.FormatInt(int64(hole), 16)
	return m.prefix + strings.Repeat("0", markDigits-len(number)) + number
}

// cut cuts text at its first mark.
func (m marks) cut(text string) (before string, hole int, after string, ok bool) {
	at := strings.Index(text, m.prefix)
	end := at + len(m.prefix) + markDigits
	if at < 0 || end > len(text) {
		return text, 0, "", false
	}
	number, err := strconv.ParseInt(text[end-markDigits:end], 16, 32)
	return text[:at], int(number), text[end:], err == nil
}

// split returns the pieces of a text with marks, or nil where it has none, and counts in found which it has.
func (m marks) split(text string, holes []*hole, found []int) []piece {
	var pieces []piece
	for {
		before, number, after, ok := m.cut(text)
		if !ok || number >= len(holes) {
			break
		}
		found[number]++
		h := *holes[number]
		switch h.put {
		case putAsJSON: // its mark is a string
			before, after = strings.TrimSuffix(before, `"`), strings.TrimPrefix(after, `"`)
		case putByEncoder:
			h.put = putInQuery
		}
		if before != "" {
			pieces = append(pieces, piece{text: before})
		}
		pieces = append(pieces, piece{hole: &h})
		text = after
	}
	if pieces != nil && text != "" {
		pieces = append(pieces, piece{text: text})
	}
	return pieces
}

// hide takes the marks out of an error's text.
func (m marks) hide(err error) error {
	bad, ok := errors.AsType[*KeyError](err)
	if !ok {
		return err
	}
	shown := bad.Problem
	for {
		before, _, after, ok := m.cut(shown)
		if !ok {
			return &KeyError{bad.Key, shown}
		}
		shown = before + "{{...}}" + after
	}
}
