package report

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"sessbench/stats"
)

// width is how many columns a line of text may have.
const width = 100

// notANumber stands where there is no number to show.
const notANumber = "n/a"

// digits writes v with three significant digits, or as a whole number where it
// has more before the point, with commas between thousands.
func digits(v float64) string { return fixed(v, decimalsFor(v, 3)) }

// decimalsFor says how many decimals give v n significant digits. It looks at
// the rounded number, so that 9.996 becomes 10.0 and not 10.00.
func decimalsFor(v float64, n int) int {
	if v == 0 || !finite(v) {
		return 0
	}
	rounded := strconv.FormatFloat(math.Abs(v), 'e', n-1, 64)
	exponent, err := strconv.Atoi(rounded[strings.IndexByte(rounded, 'e')+1:])
	if err != nil {
		return 0
	}
	return min(max(0, n-1-exponent), 9)
}

// fixed writes v with this many decimals and with commas between thousands.
func fixed(v float64, decimals int) string {
	switch {
	case !finite(v):
		return notANumber
	case math.Abs(v) >= 1e15: // commas no longer help
		return strconv.FormatFloat(v, 'e', 2, 64)
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return commas(s)
}

// count writes a whole number with commas between thousands.
func count(n int64) string { return commas(strconv.FormatInt(n, 10)) }

// commas puts commas into the whole part of a decimal number.
func commas(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(whole[i])
	}
	if fraction != "" {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// percent writes a share of 0..1 with up to three significant digits.
func percent(share float64) string {
	s := digits(share * 100)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + " %"
}

// ratio writes a ratio with three significant digits, and with one more where it
// is close to 1, because there the difference is what counts.
func ratio(v float64) string { return fixed(v, ratioDecimals(v)) }

func ratioDecimals(v float64) int {
	if v > 0.9 && v < 1.1 {
		return 3
	}
	return decimalsFor(v, 3)
}

// bounds writes an estimate's interval with the decimals of its value.
func bounds(e stats.Estimate, between string) string {
	decimals := ratioDecimals(e.Value)
	return fixed(e.Lo, decimals) + between + fixed(e.Hi, decimals)
}

// A timeUnit is a unit that times are shown in.
type timeUnit struct {
	name    string
	seconds float64
}

// unitFor returns the one unit for times that are to be compared: the largest in
// which the smallest of them is still at least a tenth.
func unitFor(seconds ...float64) timeUnit {
	smallest := math.Inf(1)
	for _, s := range seconds {
		if s != 0 {
			smallest = min(smallest, math.Abs(s))
		}
	}
	switch {
	case math.IsInf(smallest, 1):
		return timeUnit{"ms", 1e-3}
	case smallest >= 0.1:
		return timeUnit{"s", 1}
	case smallest >= 0.1e-3:
		return timeUnit{"ms", 1e-3}
	case smallest >= 0.1e-6:
		return timeUnit{"µs", 1e-6}
	}
	return timeUnit{"ns", 1e-9}
}

// in gives seconds in the unit u.
func (u timeUnit) in(seconds float64) float64 { return seconds / u.seconds }

// show writes seconds with the unit's name.
func (u timeUnit) show(seconds float64) string { return digits(u.in(seconds)) + " " + u.name }

// plural writes n and the noun that goes with it.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// clean makes text from a result safe to print: names and messages may hold line
// breaks and terminal escapes.
func clean(s string) string {
	mapped := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	return strings.Join(strings.Fields(mapped), " ")
}

// short cleans a name and cuts it where it would break a table.
func short(s string, columns int) string {
	s = clean(s)
	if twwidth.Width(s) <= columns {
		return s
	}
	return twwidth.Truncate(s, columns-1) + "…"
}

// wrap breaks prefix and text into lines of at most width columns; all but the
// first, which begins with prefix as it stands, are indented. A word that is
// longer than a line is broken too.
func wrap(prefix, text string, indent int) string {
	var b strings.Builder
	line, fresh := prefix, true
	next := func() {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		line, fresh = strings.Repeat(" ", indent), true
	}
	for word := range strings.FieldsSeq(text) {
		if !fresh && twwidth.Width(line)+1+twwidth.Width(word) > width {
			next()
		}
		if !fresh {
			line += " "
		}
		for twwidth.Width(line)+twwidth.Width(word) > width {
			head := twwidth.Truncate(word, width-twwidth.Width(line))
			if head == "" || !strings.HasPrefix(word, head) {
				break
			}
			line += head
			word = word[len(head):]
			next()
		}
		line, fresh = line+word, false
	}
	next()
	return b.String()
}
