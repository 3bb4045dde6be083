package arrivals

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxTrace is how many arrivals a trace may have.
const MaxTrace = 10_000_000

// longestTrace bounds a trace's offsets, to what a number of seconds tells apart to the nanosecond.
const longestTrace = 100 * 24 * time.Hour

// A Trace is a list of arrivals that were recorded. It is not changed once it was read; any goroutine may use it.
type Trace struct {
	at    []time.Duration
	items []int32 // of each arrival, unnamed where it has none; nil: none has one
}

// unnamed is the item of an arrival whose item is drawn.
const unnamed = -1

// A LineError says what is wrong with a line of a trace.
type LineError struct {
	Line    int    // from 1
	Problem string // what is wrong, and how to mend it
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// ReadTrace reads a text with one arrival in each line: its offset from the trace's beginning, and optionally, after white space, the
// name of its item. An offset is a number of seconds, as 1.5, or a time with its unit, as 20ms (time.ParseDuration); none is below the
// one before. Blank lines do not count, nor does what follows a # at the beginning of a line or after white space.
//
// item returns the number of the item with a name; its error says why there is none. An error of ReadTrace is a *LineError where
// the text is wrong, and otherwise r's.
func ReadTrace(r io.Reader, item func(name string) (int, error)) (*Trace, error) {
	t := &Trace{}
	lines := bufio.NewScanner(r)
	n := 1
	for ; lines.Scan(); n++ {
		offset, name := splitLine(lines.Bytes())
		if len(offset) == 0 {
			continue
		}
		if err := t.add(string(offset), name, item); err != nil {
			return nil, &LineError{n, err.Error()}
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &LineError{n, "is too long for an offset and a name"}
	case err != nil:
		return nil, err
	case len(t.at) == 0:
		return nil, &LineError{max(1, n-1), "the trace ends without an arrival; write an offset in each line, such as 1.5 or 20ms"}
	}
	return t, nil
}

// splitLine returns a line's offset, and the name behind it.
func splitLine(line []byte) (offset, name []byte) {
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
			break
		}
	}
	line = bytes.TrimSpace(line)
	if end := bytes.IndexAny(line, " \t"); end >= 0 {
		return line[:end], bytes.TrimSpace(line[end:])
	}
	return line, nil
}

func (t *Trace) add(offset string, name []byte, item func(name string) (int, error)) error {
	at, err := parseOffset(offset)
	if err != nil {
		return err
	}
	if n := len(t.at); n > 0 && at < t.at[n-1] {
		return fmt.Errorf("offset %v is before the one above, %v; sort the lines by their offsets", at, t.at[n-1])
	}
	if len(t.at) == MaxTrace {
		return fmt.Errorf("is one more than the %d arrivals that a trace may have; cut it", MaxTrace)
	}
	number := unnamed
	if len(name) > 0 {
		if number, err = item(string(name)); err != nil {
			return err
		}
		if t.items == nil {
			t.items = make([]int32, 0, max(1024, cap(t.at)))
			for range t.at {
				t.items = append(t.items, unnamed)
			}
		}
	}
	t.at = append(t.at, at)
	if t.items != nil {
		t.items = append(t.items, int32(number))
	}
	return nil
}

// parseOffset reads a number of seconds, or a time with its unit.
func parseOffset(text string) (time.Duration, error) {
	var at time.Duration
	var err error
	if strings.Trim(text, "0123456789.") == "" {
		var seconds float64
		seconds, err = strconv.ParseFloat(text, 64)
		at = time.Duration(math.Round(min(seconds, 2*longestTrace.Seconds()) * float64(time.Second)))
	} else {
		at, err = time.ParseDuration(text)
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is no offset; write seconds, such as 1.5, or a time with its unit, such as 20ms", shortened(text))
	case at < 0:
		return 0, fmt.Errorf("offset %s is below 0; count from the trace's beginning", text)
	case at > longestTrace:
		return 0, fmt.Errorf("offset %s is beyond %v; count from the trace's beginning", shortened(text), longestTrace)
	}
	return at, nil
}

// shortened is a text as an error repeats it.
func shortened(text string) string {
	const most = 40
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// Len is how many arrivals there are, at least 1.
func (t *Trace) Len() int { return len(t.at) }

// Length is how long the trace lasts: to its last arrival, and on by the mean gap, as if another would follow. It is 0 where all
// arrivals are at the beginning.
func (t *Trace) Length() time.Duration {
	first, last := t.at[0], t.at[len(t.at)-1]
	if gaps := len(t.at) - 1; gaps > 0 {
		return last + (last-first)/time.Duration(gaps)
	}
	return last
}

// Rates is the trace as a profile of steps, of equal length but for the last: at most so many, each as long as shortest if the trace is. It is
// nil where all arrivals are at the beginning.
func (t *Trace) Rates(most int, shortest time.Duration) Profile {
	length := t.Length()
	if length == 0 {
		return nil
	}
	steps := max(1, min(most, int(length/shortest)))
	var p Profile
	for i := range steps {
		from := time.Duration(i) * (length / time.Duration(steps))
		to := from + length/time.Duration(steps)
		if i == steps-1 {
			to = length
		}
		rate := float64(t.Before(to)-t.Before(from)) / (to - from).Seconds()
		p = append(p, Segment{From: rate, To: rate, Length: to - from})
	}
	return p
}

// Before is how many arrivals there are before an offset.
func (t *Trace) Before(offset time.Duration) int {
	n, _ := slices.BinarySearch(t.at, offset)
	return n
}

// Source returns the trace's arrivals before the offset until, or all where that is 0. The items of those that name none are drawn
// by choice from random, which no other goroutine may use then.
func (t *Trace) Source(until time.Duration, choice *Choice, random *rand.Rand) Source {
	if until == 0 {
		until = math.MaxInt64
	}
	return &replay{trace: t, until: until, choice: choice, random: random}
}

// A replay is a source of a trace's arrivals.
type replay struct {
	trace  *Trace
	next   int
	until  time.Duration
	choice *Choice
	random *rand.Rand
}

func (r *replay) Next() (Arrival, bool) {
	t := r.trace
	if r.next == len(t.at) || t.at[r.next] >= r.until {
		return Arrival{}, false
	}
	a := Arrival{At: t.at[r.next]}
	if t.items != nil && t.items[r.next] != unnamed {
		a.Item = int(t.items[r.next])
	} else {
		a.Item = r.choice.Draw(r.random)
	}
	r.next++
	return a, true
}
