package result

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"time"
	"unicode/utf8"
)

// TraceSchema names the format of a Trace.
const TraceSchema = "sessbench/try/v1"

// MaxTracedBody is how many bytes of a body a trace keeps.
const MaxTracedBody = 64 << 10

// A Trace is what carrying out operations of a plan once, in one session, brought to
// light. All durations are seconds.
type Trace struct {
	Schema      string            `json:"schema"` // TraceSchema
	Tool        Tool              `json:"tool"`
	Started     time.Time         `json:"started"`
	Finished    time.Time         `json:"finished"`
	Interrupted bool              `json:"interrupted"`         // operations may be missing
	Target      string            `json:"target"`              // base URL; secrets masked
	Emulation   *Emulation        `json:"emulation,omitempty"` // nil: the path is the real one
	Plan        json.RawMessage   `json:"plan"`                // in the plan file's words; secrets are masked, always
	Operations  []TracedOperation `json:"operations"`          // in the order in which they were carried out
}

// A TracedOperation is one call.
type TracedOperation struct {
	Name      string           `json:"name"`               // as in the plan
	Part      string           `json:"part"`               // of the plan: "setup", "mix" or "teardown"
	Scenario  string           `json:"scenario,omitempty"` // whose step it is; "": none's
	Error     *TracedError     `json:"error"`              // null: a whole response came, whatever its status
	Status    int              `json:"status"`             // of the last response; 0: there was none
	URL       string           `json:"url"`                // that was answered last, or asked last
	Elapsed   float64          `json:"elapsed"`            // the whole call: redirects, retries and waiting between them included
	Attempts  int              `json:"attempts"`           // times a request was written, over all exchanges
	Retries   int              `json:"retries"`            // of these, repeats of an exchange's request
	Redirects int              `json:"redirects"`          // that were followed
	Reused    bool             `json:"reused"`             // the last attempt rode a connection that had carried a request before
	Exchanges []TracedExchange `json:"exchanges"`          // in the order of time
	Jar       []TracedCookie   `json:"jar"`                // the session's cookies after the call

	Unexpected bool          `json:"unexpected"`         // a run would take the status for an error
	Expected   []string      `json:"expected,omitempty"` // statuses that the plan says are none; nil: it says nothing
	Checks     []TracedCheck `json:"checks,omitempty"`
	Extracted  []TracedValue `json:"extracted,omitempty"`
	Feeds      []TracedRow   `json:"feeds,omitempty"` // what templates and checks read
}

// A TracedCheck is what a check said of the response.
type TracedCheck struct {
	Name    string `json:"name"` // the plan's, or Expr
	Expr    string `json:"expr"`
	Passed  bool   `json:"passed"`
	Problem string `json:"problem,omitempty"` // why it could not be told
}

// A TracedValue is what was taken from the response.
type TracedValue struct {
	Name    string `json:"name"`              // of the variable
	From    string `json:"from"`              // kind and place: "json items.0.id", "form csrf"
	Value   string `json:"value"`             // text as it is, all else as JSON
	Problem string `json:"problem,omitempty"` // why there is none; it names the variable
}

// A TracedRow is the row of a feed that values were read from.
type TracedRow struct {
	Feed    string            `json:"feed"`
	Row     int               `json:"row"`     // of the feed's data, from 1
	Columns map[string]string `json:"columns"` // those that were read
}

// A TracedError is why something failed.
type TracedError struct {
	Class   string `json:"class"`            // as in a result's error_classes
	Message string `json:"message"`          // what happened
	During  string `json:"during,omitempty"` // the phase, where it is known: "dns", "connect", "tls", ...
}

// What made an exchange necessary.
const (
	WhyCall     = "call"     // the call itself
	WhyRedirect = "redirect" // the response before it led there
	WhyAuth     = "auth"     // it answers the challenge of the response before it
)

// A TracedExchange is one request of a call and what came of it.
type TracedExchange struct {
	Why      string          `json:"why"`      // WhyCall, WhyRedirect or WhyAuth
	Request  TracedRequest   `json:"request"`  // as it was sent last
	Attempts []TracedAttempt `json:"attempts"` // the last one brought the response
	Response *TracedResponse `json:"response"` // null: none came
}

// A TracedRequest is a request as it was written.
type TracedRequest struct {
	Method  string         `json:"method"`
	URL     string         `json:"url"`             // without user information
	HTTP    string         `json:"http"`            // version, such as "HTTP/1.1"
	Headers []TracedHeader `json:"headers"`         // in their order, Host first
	Proxy   string         `json:"proxy,omitempty"` // kind, host and port; "": none
	TracedBody
}

// A TracedHeader is one header line.
type TracedHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A TracedBody is a body, or its beginning. Decode returns its bytes.
type TracedBody struct {
	Body      string `json:"body"`                    // as text, or as BodyEncoding says
	Encoding  string `json:"body_encoding,omitempty"` // "base64" for what is no text; "": it is text
	BodyBytes int64  `json:"body_bytes"`              // length of the whole, content codings undone
	Truncated bool   `json:"truncated,omitempty"`     // Body holds the first MaxTracedBody bytes, or what came before an error
}

// TraceBody makes a TracedBody of a body; what is longer than MaxTracedBody is cut.
func TraceBody(data []byte) TracedBody {
	b := TracedBody{BodyBytes: int64(len(data))}
	if len(data) > MaxTracedBody {
		data, b.Truncated = data[:MaxTracedBody], true
		data = wholeRunes(data)
	}
	if utf8.Valid(data) {
		b.Body = string(data)
		return b
	}
	b.Body, b.Encoding = base64.StdEncoding.EncodeToString(data), "base64"
	return b
}

// wholeRunes leaves out the beginning of a character at the end of text that was cut.
func wholeRunes(data []byte) []byte {
	for cut := 1; cut < utf8.UTFMax && cut <= len(data); cut++ {
		if last := data[len(data)-cut:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return data[:len(data)-cut]
			}
			return data
		}
	}
	return data
}

// Decode returns the bytes that b holds. The error is that of an encoding that TraceBody
// did not make.
func (b TracedBody) Decode() ([]byte, error) {
	if b.Encoding == "base64" {
		return base64.StdEncoding.DecodeString(b.Body)
	}
	return []byte(b.Body), nil
}

// A TracedAttempt is one transmission of a request.
type TracedAttempt struct {
	Started    float64            `json:"started"`     // after the call began
	Error      *TracedError       `json:"error"`       // null: a whole response came
	Status     int                `json:"status"`      // 0: no head came
	Reused     bool               `json:"reused"`      // of the connection
	Backoff    float64            `json:"backoff"`     // waited before it
	RetryAfter bool               `json:"retry_after"` // that wait was the server's wish
	Phases     map[string]float64 `json:"phases"`      // acquire, dns, connect, tls, send, wait, receive
	BytesIn    int64              `json:"bytes_in"`    // on the wire, below TLS, handshakes included
	BytesOut   int64              `json:"bytes_out"`   // likewise
}

// A TracedResponse is a response as it came.
type TracedResponse struct {
	Status    int            `json:"status"`
	Reason    string         `json:"reason"`
	HTTP      string         `json:"http"`    // version, such as "HTTP/1.1"
	Headers   []TracedHeader `json:"headers"` // in the server's order
	Cookies   []TracedCookie `json:"cookies"` // that it set
	WireBytes int64          `json:"wire_bytes"`
	Elapsed   float64        `json:"elapsed"` // of the last attempt, until the head was read
	TracedBody
}

// A TracedCookie is a cookie with what was said about it.
type TracedCookie struct {
	Name     string     `json:"name"`
	Value    string     `json:"value"`
	Domain   string     `json:"domain"`
	Path     string     `json:"path"`
	Expires  *time.Time `json:"expires"` // null: with the session
	Secure   bool       `json:"secure"`
	HTTPOnly bool       `json:"http_only"`
	HostOnly bool       `json:"host_only"`
	SameSite string     `json:"same_site,omitempty"`
}

// Failed reports whether the call had no whole response, or one that is not what the plan says of it: it has another status than
// is expected, did not pass a check, or lacks a value to be extracted. A status of which the plan says nothing is an answer like others.
func (o *TracedOperation) Failed() bool {
	return o.Error != nil || o.Unexpected && len(o.Expected) > 0 ||
		slices.ContainsFunc(o.Checks, func(c TracedCheck) bool { return !c.Passed }) ||
		slices.ContainsFunc(o.Extracted, func(v TracedValue) bool { return v.Problem != "" })
}

// Erroneous reports whether a run would count the call as an error: it failed, or its status is one.
func (o *TracedOperation) Erroneous() bool { return o.Failed() || o.Unexpected }

// Failed reports whether an operation has failed.
func (t *Trace) Failed() bool {
	return slices.ContainsFunc(t.Operations, func(o TracedOperation) bool { return o.Failed() })
}

// EncodeTrace writes t as Encode writes a result.
func EncodeTrace(w io.Writer, t *Trace) error { return encodeTo(w, t) }

// WriteTraceFile saves t as WriteFile saves a result.
func WriteTraceFile(path string, t *Trace) error { return writeValue(path, t) }
