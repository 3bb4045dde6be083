package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"sessbench/result"
	"sessbench/stats"
)

// TraceText writes a trace for reading: of each operation what was sent (>), what came back (<),
// and between them (*) what happened to the connection. It shows what the trace holds;
// secrets are masked beforehand, where they are. Errors are those of w.
func TraceText(w io.Writer, t *result.Trace) error {
	var b bytes.Buffer
	b.WriteString(emulation(t.Emulation))
	for i := range t.Operations {
		if i > 0 {
			b.WriteByte('\n')
		}
		writeOperation(&b, &t.Operations[i])
	}
	if n := len(t.Operations); n > 0 {
		writeJar(&b, t.Operations[n-1].Jar)
	}
	writeTraceEnd(&b, t)
	_, err := w.Write(b.Bytes())
	return err
}

// TraceJSON writes the trace itself, byte for byte as result.WriteTraceFile saves it.
func TraceJSON(w io.Writer, t *result.Trace) error { return result.EncodeTrace(w, t) }

// line writes a line that begins with a mark.
func line(b *bytes.Buffer, mark, format string, args ...any) {
	b.WriteString(strings.TrimRight(mark+" "+fmt.Sprintf(format, args...), " ") + "\n")
}

func writeOperation(b *bytes.Buffer, o *result.TracedOperation) {
	name := clean(o.Name)
	if o.Part != "mix" {
		name += " (" + clean(o.Part) + ")"
	}
	fmt.Fprintf(b, "== %s ==\n", name)
	for i := range o.Exchanges {
		writeExchange(b, o, i)
	}
	writeOutcome(b, o)
}

func writeExchange(b *bytes.Buffer, o *result.TracedOperation, i int) {
	e := &o.Exchanges[i]
	switch e.Why {
	case result.WhyRedirect:
		line(b, "*", "following the redirect to %s", printable(e.Request.URL))
	case result.WhyAuth:
		line(b, "*", "answering the challenge")
	}
	writeRequest(b, &e.Request)
	for n := range e.Attempts {
		writeAttempt(b, e.Attempts, n)
	}
	if e.Response != nil {
		writeResponse(b, e.Response)
	}
}

func writeRequest(b *bytes.Buffer, r *result.TracedRequest) {
	if r.Proxy != "" {
		line(b, "*", "through the proxy %s", printable(r.Proxy))
	}
	line(b, ">", "%s %s %s", clean(r.Method), printable(r.URL), clean(r.HTTP))
	writeHeaders(b, ">", r.Headers)
	writeBody(b, ">", r.TracedBody)
}

func writeHeaders(b *bytes.Buffer, mark string, headers []result.TracedHeader) {
	for _, h := range headers {
		line(b, mark, "%s: %s", printable(h.Name), printable(h.Value))
	}
}

// writeBody writes a body by its lines; what is no text is only counted.
func writeBody(b *bytes.Buffer, mark string, body result.TracedBody) {
	if body.BodyBytes == 0 && body.Body == "" {
		return
	}
	line(b, mark, "")
	if body.Encoding != "" {
		line(b, "*", "%s that are no text", plural(body.BodyBytes, "byte", "bytes"))
		return
	}
	for text := range strings.Lines(body.Body) {
		line(b, mark, "%s", printable(strings.TrimRight(text, "\r\n")))
	}
	switch {
	case body.Truncated && body.BodyBytes > result.MaxTracedBody:
		line(b, "*", "the beginning of %s", plural(body.BodyBytes, "byte", "bytes"))
	case body.Truncated:
		line(b, "*", "cut short after %s", plural(body.BodyBytes, "byte", "bytes"))
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

func writeAttempt(b *bytes.Buffer, attempts []result.TracedAttempt, n int) {
	a := &attempts[n]
	if n > 0 {
		line(b, "*", "%s", repeated(a, n+1, len(attempts)))
	}
	how := "on a new connection"
	if a.Reused {
		how = "on a kept connection"
	}
	switch {
	case a.Error != nil && a.Reused:
		b.WriteString(wrap("* ", "failed "+how+": "+failure(a.Error), 2))
	case a.Error != nil:
		b.WriteString(wrap("* ", "failed: "+failure(a.Error), 2))
	}
	if phases := phaseLine(a.Phases); phases != "" {
		line(b, "*", "%s, %s sent, %s received", how, plural(a.BytesOut, "byte", "bytes"), plural(a.BytesIn, "byte", "bytes"))
		b.WriteString(wrap("* ", phases, 4))
	}
	if n < len(attempts)-1 && a.Status != 0 {
		line(b, "*", "answered with status %d", a.Status)
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

func writeResponse(b *bytes.Buffer, r *result.TracedResponse) {
	line(b, "<", "%s %d %s", clean(r.HTTP), r.Status, clean(r.Reason))
	writeHeaders(b, "<", r.Headers)
	writeBody(b, "<", r.TracedBody)
	if r.WireBytes != r.BodyBytes {
		line(b, "*", "%s on the wire, %s decoded", plural(r.WireBytes, "byte", "bytes"), plural(r.BodyBytes, "byte", "bytes"))
	}
}

// writeOutcome ends an operation with what it came to.
func writeOutcome(b *bytes.Buffer, o *result.TracedOperation) {
	parts := []string{"took " + seconds(o.Elapsed)}
	if o.Error != nil {
		parts = append([]string{"FAILED: " + failure(o.Error)}, parts...)
	} else {
		parts = append([]string{fmt.Sprintf("status %d", o.Status)}, parts...)
	}
	for _, count := range []struct {
		n         int
		one, many string
	}{{o.Attempts, "attempt", "attempts"}, {o.Retries, "retry", "retries"}, {o.Redirects, "redirect", "redirects"}} {
		if count.n > 0 {
			parts = append(parts, plural(int64(count.n), count.one, count.many))
		}
	}
	b.WriteString(wrap("* ", strings.Join(parts, ", "), 2))
}

// writeJar lists the cookies that the session has in the end.
func writeJar(b *bytes.Buffer, jar []result.TracedCookie) {
	if len(jar) == 0 {
		return
	}
	b.WriteString("\nCookies\n")
	for _, c := range jar {
		text := fmt.Sprintf("  %s=%s; %s", printable(c.Name), printable(c.Value), printable(c.Path))
		switch {
		case c.Domain == "":
			text += " on every host"
		case c.HostOnly:
			text += " on " + clean(c.Domain)
		default:
			text += " on " + clean(c.Domain) + " and below"
		}
		if c.Expires != nil {
			text += ", until " + c.Expires.UTC().Format("2006-01-02 15:04:05 UTC")
		}
		if c.Secure {
			text += ", over https only"
		}
		b.WriteString(text + "\n")
	}
}

func writeTraceEnd(b *bytes.Buffer, t *result.Trace) {
	failed := 0
	for i := range t.Operations {
		if t.Operations[i].Error != nil {
			failed++
		}
	}
	b.WriteByte('\n')
	text := plural(int64(len(t.Operations)), "operation", "operations")
	if failed > 0 {
		text += fmt.Sprintf(", %d FAILED", failed)
	}
	if t.Interrupted {
		text += "; interrupted, so there may be more"
	}
	b.WriteString(text + "\n")
}
