package session

import (
	"bytes"
	"strings"
	"time"

	"sessbench/workload/wire"
)

// Last is the last response of the call that a session measured last: after redirects, challenges and retries the one
// that stands. It belongs to the session's goroutine and is valid, with all that it returned, until the session's next
// call. Where no response came it has status 0 and no fields. It costs nothing until it is asked.
type Last struct {
	decoders *decoders
	response *wire.Response // nil: none came
	full     *Response      // as hooks left it; nil: there are none
	kept     bool           // the body was to be kept
	failed   error          // what the call failed with

	// Of the body, once it was asked for.
	asked bool
	room  *decoding // nil until there was a body in a coding
	body  []byte
	err   error
}

// A decoding is a body on its way out of its codings.
type decoding struct {
	coded   bytes.Reader
	decoded bytes.Buffer
}

const (
	errNoResponse text = "there is no response"
	errNotKept    text = "the body was not kept; ask for it by Request.Keep"
)

// Last returns what is at hand of the last response after Measure and MeasureOnce.
func (s *Session) Last() *Last { return &s.last }

// reset forgets the response, before room is overwritten by another one. Memory for a large body is given
// up: there are thousands of sessions.
func (l *Last) reset(room *wire.Response) {
	if l.response == nil {
		return
	}
	if l.room != nil && l.room.decoded.Cap() > keepDecoded {
		l.room = nil
	}
	if cap(room.Body) > keepDecoded {
		room.Body = nil
	}
	l.response, l.full, l.failed, l.asked, l.body, l.err = nil, nil, nil, false, nil, nil
}

// take makes the last response of a call that has ended the session's last.
func (l *Last) take(c *chain, kept bool, err error) {
	if !c.call.begun || c.response == nil || c.response.Status == 0 {
		return
	}
	l.decoders, l.response, l.full, l.kept, l.failed = &c.session.decoders, c.response, c.last, kept, err
}

// Status returns the status, or 0.
func (l *Last) Status() int {
	switch {
	case l.full != nil:
		return l.full.Status
	case l.response != nil:
		return l.response.Status
	}
	return 0
}

// Header returns the value of the first field of a name, in any case.
func (l *Last) Header(name string) (value string, ok bool) {
	l.fields(func(n, v []byte) {
		if !ok && foldsTo(name, n) {
			value, ok = string(v), true
		}
	}, func(n, v string) {
		if !ok && strings.EqualFold(n, name) {
			value, ok = v, true
		}
	})
	return value, ok
}

// EachHeader calls each for every field, in the server's order and spelling.
func (l *Last) EachHeader(each func(name, value string)) {
	l.fields(func(n, v []byte) { each(string(n), string(v)) }, each)
}

// fields calls came for the fields as they came, or shown for those that hooks left.
func (l *Last) fields(came func(name, value []byte), shown func(name, value string)) {
	switch {
	case l.full != nil:
		for _, line := range l.full.Header {
			shown(line.Name, line.Value)
		}
	case l.response != nil:
		l.response.Fields(came)
	}
}

// Cookie returns the value of a cookie that the response sets. Where it sets several of that name, for different
// domains or paths, the last one counts; one that it takes away is not set.
func (l *Last) Cookie(name string) (value string, ok bool) {
	now := time.Now()
	take := func(line []byte) {
		if c, isCookie := readSetCookie(line, now); isCookie && string(c.name) == name && (c.expires.IsZero() || c.expires.After(now)) {
			value, ok = string(c.value), true
		}
	}
	l.fields(func(n, v []byte) {
		if foldsTo("set-cookie", n) {
			take(v)
		}
	}, func(n, v string) {
		if strings.EqualFold(n, "Set-Cookie") {
			take([]byte(v))
		}
	})
	return value, ok
}

// Size returns how many bytes the body had as it came, without chunks' frames and before content codings were undone; 0
// where it was not kept.
func (l *Last) Size() int64 {
	switch {
	case l.full != nil:
		return l.full.CodedSize()
	case l.response != nil:
		return int64(len(l.response.Body))
	}
	return 0
}

// Body returns the body without its content codings, which are undone when it is asked for first; it has 1 GiB at
// most. The error is that of the call, where that failed, or of a body that is not in its coding; it says so where the
// request was not one with Keep.
func (l *Last) Body() ([]byte, error) {
	switch {
	case l.failed != nil:
		return nil, l.failed
	case l.full != nil:
		return l.full.Bytes()
	case l.response == nil:
		return nil, errNoResponse
	case !l.kept:
		return nil, errNotKept
	}
	if !l.asked {
		l.asked = true
		l.decode()
	}
	return l.body, l.err
}

// decode undoes the body's codings.
func (l *Last) decode() {
	codings := l.codings()
	if codings == "" {
		l.body = l.response.Body
		return
	}
	if l.room == nil {
		l.room = new(decoding)
	}
	room := l.room
	room.coded.Reset(l.response.Body)
	r := l.decoders.reader(&room.coded, codings, 0)
	room.decoded.Reset()
	if _, l.err = room.decoded.ReadFrom(r); l.err == nil {
		l.body = room.decoded.Bytes()
	}
	_ = r.Close() // it holds nothing but memory
}

// codings returns the fields that say what codings the body is in, joined.
func (l *Last) codings() (list string) {
	l.response.Fields(func(name, value []byte) {
		switch {
		case !foldsTo("content-encoding", name):
		case list == "":
			list = string(value)
		default:
			list += ", " + string(value)
		}
	})
	return list
}
