package session

import (
	"bytes"
	"time"
)

// parseCookieDate reads the date of an Expires attribute by the algorithm of RFC 6265, section 5.1.1,
// which understands every form in use: with dashes or blanks, with years of two digits, quoted, as
// of asctime. Zones are not looked at: all of them are taken for UTC.
func parseCookieDate(text []byte) (t time.Time, ok bool) {
	var d cookieDate
	for len(text) > 0 {
		n := 0
		for n < len(text) && !dateDelimiter(text[n]) {
			n++
		}
		if n == 0 {
			text = text[1:]
			continue
		}
		d.take(text[:n])
		text = text[n:]
	}
	return d.time()
}

// dateDelimiter is the grammar's delimiter; a colon is none.
func dateDelimiter(b byte) bool {
	return b == '\t' || ' ' <= b && b <= '/' || ';' <= b && b <= '@' || '[' <= b && b <= '`' || '{' <= b && b <= '~'
}

// A cookieDate is what the tokens seen so far said.
type cookieDate struct {
	hour, minute, second, day, year    int
	month                              time.Month
	hasTime, hasDay, hasMonth, hasYear bool
}

// take reads a token as the first part of a date that is missing and that it fits.
func (d *cookieDate) take(token []byte) {
	if !d.hasTime && d.takeTime(token) {
		d.hasTime = true
		return
	}
	if day, _, ok := dateNumber(token, 1, 2); ok && !d.hasDay {
		d.day, d.hasDay = day, true
		return
	}
	if month := monthOf(token); month > 0 && !d.hasMonth {
		d.month, d.hasMonth = month, true
		return
	}
	if year, _, ok := dateNumber(token, 2, 4); ok && !d.hasYear {
		switch {
		case 70 <= year && year <= 99:
			year += 1900
		case year < 70:
			year += 2000
		}
		d.year, d.hasYear = year, true
	}
}

func (d *cookieDate) takeTime(token []byte) bool {
	hour, rest, ok := dateNumber(token, 1, 2)
	if !ok || !bytes.HasPrefix(rest, []byte(":")) {
		return false
	}
	minute, rest, ok := dateNumber(rest[1:], 1, 2)
	if !ok || !bytes.HasPrefix(rest, []byte(":")) {
		return false
	}
	second, _, ok := dateNumber(rest[1:], 1, 2)
	if ok {
		d.hour, d.minute, d.second = hour, minute, second
	}
	return ok
}

// dateNumber reads the digits that text begins with, if there are between least and most of them.
func dateNumber(text []byte, least, most int) (n int, rest []byte, ok bool) {
	i := 0
	for i < len(text) && '0' <= text[i] && text[i] <= '9' {
		if i == most {
			return 0, nil, false
		}
		n = n*10 + int(text[i]-'0')
		i++
	}
	return n, text[i:], i >= least
}

// monthOf returns the month whose first three letters token begins with, or 0.
func monthOf(token []byte) time.Month {
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	if len(token) < 3 {
		return 0
	}
	for i := 0; i < len(months); i += 3 {
		if foldsTo(months[i:i+3], token[:3]) {
			return time.Month(i/3 + 1)
		}
	}
	return 0
}

func (d *cookieDate) time() (t time.Time, ok bool) {
	if !d.hasTime || !d.hasDay || !d.hasMonth || !d.hasYear {
		return t, false
	}
	if d.year < 1601 || d.hour > 23 || d.minute > 59 || d.second > 59 {
		return t, false
	}
	t = time.Date(d.year, d.month, d.day, d.hour, d.minute, d.second, 0, time.UTC)
	return t, t.Day() == d.day // the 31st of a shorter month is no date
}
