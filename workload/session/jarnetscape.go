package session

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A cookies.txt has a line for every cookie, with these fields separated by tabs: domain, TRUE if its sub-domains
// count, path, TRUE if Secure, Unix time of expiry or 0, name, value. For Python's MozillaCookieJar the domain
// and the time may be empty, which curl does not understand.
const (
	netscapeHead = "# Netscape HTTP Cookie File\n"
	httpOnlyMark = "#HttpOnly_"
	// undomained is what curl writes for a cookie without a domain.
	undomained = "unknown"

	maxNetscapeLine = 1 << 20
)

// WriteNetscape writes the jar as a cookies.txt, in the form of curl's -b and -c. SameSite and parts
// of a second are lost. A cookie without a domain has the domain "unknown".
func (j *Jar) WriteNetscape(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString(netscapeHead)
	for _, c := range j.All() {
		b.WriteString(netscapeLine(c))
	}
	return b.Flush() // which fails if a write before it did
}

func netscapeLine(c Cookie) string {
	var mark, expires = "", int64(0)
	if c.HTTPOnly {
		mark = httpOnlyMark
	}
	if !c.Expires.IsZero() {
		expires = c.Expires.Unix()
	}
	domain, wide := c.Domain, !c.HostOnly
	switch {
	case domain == "":
		domain, wide = undomained, false
	case wide || domain == undomained: // a host of that name must not become every host
		domain, wide = "."+domain, true
	}
	return fmt.Sprintf("%s%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
		mark, domain, netscapeFlag(wide), c.Path, netscapeFlag(c.Secure), expires, c.Name, c.Value)
}

func netscapeFlag(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// ReadNetscape adds the cookies of a cookies.txt, of curl's or Python's, to the jar, as Set does. Those whose life has ended remove what
// they would have replaced. An error names the line; the jar is then as it was.
func (j *Jar) ReadNetscape(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxNetscapeLine)
	var list []Cookie
	number := 0
	for lines.Scan() {
		number++
		c, ok, err := readNetscapeLine(lines.Text())
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if ok {
			list = append(list, c)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", number+1, err)
	}
	for _, c := range list {
		if err := j.Set(c); err != nil {
			return err // never: the line was checked
		}
	}
	return nil
}

// readNetscapeLine returns the cookie of a line; ok is false for a comment or an empty line.
func readNetscapeLine(line string) (c Cookie, ok bool, err error) {
	line, c.HTTPOnly = strings.CutPrefix(line, httpOnlyMark)
	if !c.HTTPOnly && strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
		return c, false, nil
	}
	fields := strings.SplitN(line, "\t", 7)
	if len(fields) == 6 {
		fields = append(fields, "") // some programs leave out the last tab with an empty value
	}
	if len(fields) != 7 {
		return c, false, fmt.Errorf("%d fields, not the 7 of a cookie; they are separated by tabs", len(fields))
	}
	wide, ok := readNetscapeFlag(fields[1])
	if !ok {
		return c, false, errors.New("the second field, whether sub-domains count, is neither TRUE nor FALSE")
	}
	if c.Secure, ok = readNetscapeFlag(fields[3]); !ok {
		return c, false, errors.New("the fourth field, whether https is needed, is neither TRUE nor FALSE")
	}
	if c.Expires, ok = readNetscapeTime(fields[4]); !ok {
		return c, false, errors.New("the fifth field, the time of expiry, is no whole number of seconds")
	}
	if fields[0] != undomained && fields[0] != "" {
		c.Domain, c.HostOnly = fields[0], !wide
	}
	c.Path, c.Name, c.Value = fields[2], fields[5], fields[6]
	c, err = c.prepared()
	return c, err == nil, err
}

func readNetscapeTime(field string) (t time.Time, ok bool) {
	if field == "" || field == "0" {
		return t, true
	}
	seconds, err := strconv.ParseInt(field, 10, 64)
	return time.Unix(min(max(seconds, 0), latestUnix), 0), err == nil
}

func readNetscapeFlag(field string) (value, ok bool) {
	switch {
	case strings.EqualFold(field, "TRUE"):
		return true, true
	case strings.EqualFold(field, "FALSE"):
		return false, true
	}
	return false, false
}
