package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"sessbench/result"
	"sessbench/stats"
)

// TraceText writes a trace for reading: of each operation what was sent (>), what came back (<),
// and between them (*) what happened to the connection, what was read of feeds, checked and extracted. It shows what the trace
// holds, but for the ends of long bodies; secrets are masked beforehand, where they are. Errors are those of w.
func TraceText(w io.Writer, t *result.Trace) error { return writeTrace(w, t, false) }

// TraceColored is TraceText for terminals, in colours (ECMA-48, SGR). They end with each line.
func TraceColored(w io.Writer, t *result.Trace) error { return writeTrace(w, t, true) }

func writeTrace(w io.Writer, t *result.Trace, colored bool) error {
	b := &traceWriter{colored: colored}
	b.WriteString(emulation(t.Emulation))
	for i := range t.Operations {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.operation(&t.Operations[i])
		b.consequence(t.Operations, i)
	}
	if n := len(t.Operations); n > 0 {
		b.jar(t.Operations[n-1].Jar)
	}
	b.end(t)
	_, err := w.Write(b.Bytes())
	return err
}

// TraceJSON writes the trace itself, byte for byte as result.WriteTraceFile saves it.
func TraceJSON(w io.Writer, t *result.Trace) error { return result.EncodeTrace(w, t) }

func (b *traceWriter) operation(o *result.TracedOperation) {
	name := clean(o.Name)
	if o.Scenario != "" {
		name = clean(o.Scenario) + "/" + name // as results have it
	}
	if o.Part != "mix" {
		name += " (" + clean(o.Part) + ")"
	}
	b.styled(heading, "== "+name+" ==")
	b.rows(o.Feeds)
	for i := range o.Exchanges {
		b.exchange(o, i)
	}
	b.looked(o)
	b.outcome(o)
}

func (b *traceWriter) exchange(o *result.TracedOperation, i int) {
	e := &o.Exchanges[i]
	switch e.Why {
	case result.WhyRedirect:
		b.note("following the redirect to %s", printable(e.Request.URL))
	case result.WhyAuth:
		b.note("answering the challenge")
	}
	b.request(&e.Request)
	for n := range e.Attempts {
		b.attempt(e.Attempts, n)
	}
	if e.Response != nil {
		b.response(e.Response)
	}
}

func (b *traceWriter) request(r *result.TracedRequest) {
	if r.Proxy != "" {
		b.note("through the proxy %s", printable(r.Proxy))
	}
	b.head(">", "%s %s %s", clean(r.Method), printable(r.URL), clean(r.HTTP))
	b.headers(">", r.Headers)
	b.body(">", r.TracedBody)
}

func (b *traceWriter) headers(mark string, headers []result.TracedHeader) {
	for _, h := range headers {
		b.head(mark, "%s: %s", printable(h.Name), printable(h.Value))
	}
}

// A screen of a body is shown: the JSON has more.
const (
	shownBytes = 2000
	shownLines = 40
)

// beginning is what is shown of a body.
func beginning(body string) string {
	shown, lines := 0, 0
	for line := range strings.Lines(body) {
		if lines++; lines > shownLines {
			break
		}
		if shown += len(line); shown > shownBytes {
			return strings.ToValidUTF8(body[:shownBytes], "")
		}
	}
	return body[:shown]
}

// body writes a body by its lines; what is no text is only counted.
func (b *traceWriter) body(mark string, body result.TracedBody) {
	if body.BodyBytes == 0 && body.Body == "" {
		return
	}
	b.content(mark, "")
	if body.Encoding != "" {
		b.note("%s that are no text", plural(body.BodyBytes, "byte", "bytes"))
		return
	}
	shown := beginning(body.Body)
	for text := range strings.Lines(shown) {
		b.content(mark, printable(strings.TrimRight(text, "\r\n")))
	}
	switch {
	case len(shown) < len(body.Body):
		b.note("the first %s of %s; --format json has more", count(int64(len(shown))), plural(body.BodyBytes, "byte", "bytes"))
	case body.Truncated && body.BodyBytes > result.MaxTracedBody:
		b.note("the beginning of %s", plural(body.BodyBytes, "byte", "bytes"))
	case body.Truncated:
		b.note("cut short after %s", plural(body.BodyBytes, "byte", "bytes"))
	}
}

// printable writes what would command a terminal as escapes, and the rest as it is.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r == '\t' || unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

func (b *traceWriter) attempt(attempts []result.TracedAttempt, n int) {
	a := &attempts[n]
	if n > 0 {
		b.note("%s", repeated(a, n+1, len(attempts)))
	}
	how := "on a new connection"
	if a.Reused {
		how = "on a kept connection"
	}
	switch {
	case a.Error != nil && a.Reused:
		b.wrapped(wrong, "failed "+how+": "+failure(a.Error), 2)
	case a.Error != nil:
		b.wrapped(wrong, "failed: "+failure(a.Error), 2)
	}
	if phases := phaseLine(a.Phases); phases != "" {
		b.note("%s, %s sent, %s received", how, plural(a.BytesOut, "byte", "bytes"), plural(a.BytesIn, "byte", "bytes"))
		b.wrapped(noted, phases, 4)
	}
	if n < len(attempts)-1 && a.Status != 0 {
		b.note("answered with status %d", a.Status)
	}
}

func repeated(a *result.TracedAttempt, n, of int) string {
	text := fmt.Sprintf("attempt %d of %d", n, of)
	switch {
	case a.Backoff > 0 && a.RetryAfter:
		return text + ", after waiting " + seconds(a.Backoff) + " as the server wished"
	case a.Backoff > 0:
		return text + ", after waiting " + seconds(a.Backoff)
	}
	return text
}

func failure(e *result.TracedError) string {
	text := clean(e.Message)
	if e.Class != "" {
		text += " (" + clean(e.Class) + ")"
	}
	if e.During != "" {
		text += " during " + clean(e.During)
	}
	return text
}

// phaseLine sums the phases up: "3.21 ms = connect 0.2 ms + wait 3.01 ms".
func phaseLine(phases map[string]float64) string {
	total := 0.0
	var parts []string
	for p := range stats.NumPhases {
		if took := phases[p.String()]; took > 0 {
			total += took
			parts = append(parts, p.String()+" "+seconds(took))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return seconds(total) + " = " + strings.Join(parts, " + ")
}

// seconds writes a time in its unit.
func seconds(s float64) string {
	switch {
	case s >= 1:
		return digits(s) + " s"
	case s >= 0.001:
		return digits(s*1e3) + " ms"
	}
	return digits(s*1e6) + " µs"
}

func (b *traceWriter) response(r *result.TracedResponse) {
	b.head("<", "%s %d %s", clean(r.HTTP), r.Status, clean(r.Reason))
	b.headers("<", r.Headers)
	b.body("<", r.TracedBody)
	if r.WireBytes != r.BodyBytes {
		b.note("%s on the wire, %s decoded", plural(r.WireBytes, "byte", "bytes"), plural(r.BodyBytes, "byte", "bytes"))
	}
}
