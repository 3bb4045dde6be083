package arrivals

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// shopItem knows three items.
func shopItem(name string) (int, error) {
	if i := slices.Index([]string{"list", "item", "check out"}, name); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("no operation is named %q", name)
}

func TestATraceIsReplayed(t *testing.T) {
	const text = "# one morning\n\n0\n0.5 item\r\n  750ms\tcheck out  # twice\n0.75 list#not\n1m0.000000001s\n60.000000001 item\n"
	known := func(name string) (int, error) {
		if name == "list#not" {
			return 0, nil
		}
		return shopItem(name)
	}
	trace, err := ReadTrace(strings.NewReader(text), known)
	if err != nil {
		t.Fatal(err)
	}
	ms, late := time.Millisecond, time.Minute+1
	want := []Arrival{{At: 0}, {500 * ms, 1, 0}, {750 * ms, 2, 0}, {750 * ms, 0, 0}, {At: late}, {late, 1, 0}}
	if got := all(trace.Source(0, nil, nil)); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := all(trace.Source(750*ms, nil, nil)); !slices.Equal(got, want[:2]) {
		t.Errorf("before 750ms: %v, want %v", got, want[:2])
	}
	if trace.Len() != 6 || trace.Length() != late+late/5 {
		t.Errorf("%d arrivals in %v, want 6 in %v", trace.Len(), trace.Length(), late+late/5)
	}
}

func TestItemsThatATraceDoesNotNameAreDrawn(t *testing.T) {
	text := strings.Repeat("1\n", 3000) + "1 item\n" + strings.Repeat("1\n", 999)
	trace, err := ReadTrace(strings.NewReader(text), shopItem)
	if err != nil {
		t.Fatal(err)
	}
	draw := func(seed uint64) []Arrival {
		return all(trace.Source(0, NewChoice([]int{1, 1, 2}), rand.New(rand.NewPCG(seed, 0))))
	}
	list := draw(1)
	if !slices.Equal(list, draw(1)) || slices.Equal(list, draw(2)) {
		t.Error("items are not those of the seed")
	}
	var counts [3]int
	for _, a := range list {
		counts[a.Item]++
	}
	if list[3000].Item != 1 || chiSquare(counts[:], []int{1, 1, 2}) > 14 {
		t.Errorf("counts %v of %d, the named one is %d", counts, len(list), list[3000].Item)
	}
}

func TestTheLengthOfATrace(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "0\n0\n0": 0, "5": 5 * time.Second, "10\n11\n12": 13 * time.Second} {
		trace, err := ReadTrace(strings.NewReader(text), shopItem)
		if err != nil {
			t.Fatal(err)
		}
		if got := trace.Length(); got != want {
			t.Errorf("%q lasts %v, want %v", text, got, want)
		}
	}
}

func TestMistakesInATrace(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "line 1: the trace ends without an arrival; write an offset in each line, such as 1.5 or 20ms",
		"# nothing\n\n":           "line 2: the trace ends without an arrival; write an offset in each line, such as 1.5 or 20ms",
		"1\n\nx":                  `line 3: "x" is no offset; write seconds, such as 1.5, or a time with its unit, such as 20ms`,
		"1,5":                     `line 1: "1,5" is no offset; write seconds, such as 1.5, or a time with its unit, such as 20ms`,
		".":                       `line 1: "." is no offset; write seconds, such as 1.5, or a time with its unit, such as 20ms`,
		"NaN":                     `line 1: "NaN" is no offset; write seconds, such as 1.5, or a time with its unit, such as 20ms`,
		"-1s":                     "line 1: offset -1s is below 0; count from the trace's beginning",
		"1791234567.5":            "line 1: offset 1791234567.5 is beyond 2400h0m0s; count from the trace's beginning",
		strings.Repeat("9", 300):  "line 1: offset 9999999999999999999999999999999999999999... is beyond 2400h0m0s; count from the trace's beginning",
		"2\n1.5\n":                "line 2: offset 1.5s is before the one above, 2s; sort the lines by their offsets",
		"1 list\n2 pay\n":         `line 2: no operation is named "pay"`,
		"1 " + longName() + "\n2": "line 1: is too long for an offset and a name",
	} {
		_, err := ReadTrace(strings.NewReader(text), shopItem)
		if line, ok := errors.AsType[*LineError](err); !ok || line.Error() != want {
			t.Errorf("%.40q: %v\nwant %s", text, err, want)
		}
	}
	broken := errors.New("broken")
	if _, err := ReadTrace(io.MultiReader(strings.NewReader("1\n"), failing{broken}), shopItem); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

func longName() string { return strings.Repeat("x", 1<<17) }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Whatever is read is a trace with ascending offsets and items that there are, or a *LineError.
func FuzzReadTrace(f *testing.F) {
	for _, seed := range []string{"", "0\n1.5 item\n20ms list # x\n", "1h2m3.5s check out", "-1", "1\n0", "1e3", "#", "1 #", "\x00", "9999999999999999999", "0x10", "+5s"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		trace, err := ReadTrace(bytes.NewReader(text), shopItem)
		if err != nil {
			if line, ok := errors.AsType[*LineError](err); !ok || line.Line < 1 || line.Line > bytes.Count(text, []byte("\n"))+1 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		var last time.Duration
		list := all(trace.Source(0, NewChoice([]int{1, 1, 1}), rand.New(rand.NewPCG(1, 1))))
		for _, a := range list {
			if a.At < last || a.Item < 0 || a.Item > 2 || a.Stage != 0 {
				t.Fatalf("%q: %v", text, list)
			}
			last = a.At
		}
		if len(list) != trace.Len() || trace.Length() < last {
			t.Fatalf("%q: %d arrivals of %d, in %v", text, len(list), trace.Len(), trace.Length())
		}
	})
}
