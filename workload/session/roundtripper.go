package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"time"

	"sessbench/workload/wire"
)

// maxRoundTripBody is how long a body that is not streamed may be: what a wire.Client allows too.
const maxRoundTripBody = 1 << 30

// RoundTripper makes a Transport of rt. It sends requests as they stand, follows no redirects and
// decodes nothing. rt may be shared; the Transport itself is safe for concurrent use where rt is.
//
// Of the limits of time only the one of the whole exchange holds. The others, proxies and TLS are rt's own
// business, whatever the session says of them; so are the order and spelling of headers, and
// what rt sends again of its own accord.
//
// An http.Transport without DisableCompression asks for gzip where a request has no Accept-Encoding, and decodes it.
// So that what comes is what was sent, such a request gets an Accept-Encoding of identity;
// with DisableCompression it goes without one.
//
// Do returns, and a stream ends, only when nothing reads the request's body any more, even if rt goes on
// to: a body whose reader blocks holds the call up.
//
// What rt says by httptrace, as an http.Transport does, becomes the phases, the attempts and whether the
// connection was used before; the bytes on the wire stay 0. An rt that says nothing has one attempt and
// all its time until the head in Phases.Wait. Times are on a clock that begins now; see RoundTripperOn.
func RoundTripper(rt http.RoundTripper) Transport { return RoundTripperOn(wire.NewClock(), rt) }

// RoundTripperOn is RoundTripper with times on clock, which for Session.Measure is the session's.
func RoundTripperOn(clock wire.Clock, rt http.RoundTripper) Transport {
	return &roundTripper{rt: rt, clock: clock}
}

type roundTripper struct {
	rt    http.RoundTripper
	clock wire.Clock
}

// Close closes rt's idle connections, where it can do that.
func (t *roundTripper) Close() {
	if c, ok := t.rt.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Do carries out one exchange. See wire.Client.Do.
func (t *roundTripper) Do(ctx context.Context, req *wire.Request, resp *wire.Response, ex *wire.Exchange) {
	started := t.clock.Now()
	*ex = wire.Exchange{Started: started}
	*resp = wire.Response{}
	trip := &trip{
		ex: ex, caller: ctx, addr: req.Endpoint.String(), clock: t.clock,
		trace: tripTrace{clock: t.clock, mark: started, phase: phaseWait},
	}
	trip.do(t.rt, req, resp)
}

// A trip is an exchange under way. It belongs to the goroutine that called Do, but for its trace.
type trip struct {
	ex     *wire.Exchange
	caller context.Context
	ctx    context.Context // the caller's with the limit of time
	cancel context.CancelFunc
	addr   string
	clock  wire.Clock
	trace  tripTrace
	upload *tripUpload // nil: none
	late   *time.Timer // of a body that is read within some time only; nil: none
	over   bool
}

func (t *trip) do(rt http.RoundTripper, req *wire.Request, resp *wire.Response) {
	t.ctx, t.cancel = t.caller, func() {}
	if l := req.Spec.Limits; l != nil && l.Timeout > 0 {
		t.ctx, t.cancel = context.WithTimeout(t.caller, l.Timeout)
	} else if req.Spec.Stream || req.Spec.BriefRedirects {
		t.ctx, t.cancel = context.WithCancel(t.caller)
	}
	if t.caller.Err() != nil {
		t.finish(t.fault(t.caller.Err()))
		return
	}
	hreq, err := t.request(req.Spec, rt)
	if err != nil {
		t.finish(err)
		return
	}
	hresp, err := rt.RoundTrip(hreq.WithContext(httptrace.WithClientTrace(t.ctx, t.trace.hooks())))
	if err == nil && hresp == nil {
		err = errors.New("the round tripper returned nothing")
	}
	if err != nil {
		t.finish(t.fault(err))
		return
	}
	t.trace.first()
	if hresp.Body == nil {
		hresp.Body = http.NoBody // against its contract; stand-ins do it
	}
	t.ex.Headed, t.ex.Status = t.clock.Now(), hresp.StatusCode
	t.take(req.Spec, hresp, resp)
}

// take fills resp, and reads the body unless it is streamed.
func (t *trip) take(spec wire.RequestSpec, hresp *http.Response, resp *wire.Response) {
	reason := strings.TrimSpace(strings.TrimPrefix(hresp.Status, strconv.Itoa(hresp.StatusCode)))
	header := headerLines(hresp.Header)
	stream := &tripBody{trip: t, body: hresp.Body}
	if spec.Stream {
		resp.Fill(hresp.StatusCode, hresp.Proto, reason, header, nil, stream)
		t.trace.snapshot(t.ex)
		if hresp.Body == http.NoBody {
			_ = stream.Close()
		}
		return
	}
	if spec.BriefRedirects && isRedirect(hresp.StatusCode, []byte(hresp.Header.Get("Location"))) {
		t.skim(stream)
		resp.Fill(hresp.StatusCode, hresp.Proto, reason, header, nil, nil)
		return
	}
	var body bytes.Buffer
	sink := io.Discard
	if spec.KeepBody {
		sink = &body
	}
	n, err := io.Copy(sink, io.LimitReader(stream, maxRoundTripBody+1))
	if err == nil && n > maxRoundTripBody {
		t.finish(wire.Fault(wire.ClassTooLarge, "receive from", t.addr, errors.New("response body larger than allowed")))
	}
	_ = stream.Close()
	resp.Fill(hresp.StatusCode, hresp.Proto, reason, header, body.Bytes(), nil)
}

// skim reads a body that nobody wants, within limits. What goes wrong in it costs the connection only.
func (t *trip) skim(stream *tripBody) {
	discard(stream)
	_ = stream.Close()
	if t.caller.Err() == nil && !t.expired() {
		t.ex.Err, t.ex.Class = nil, ""
	}
}

// expired reports whether the exchange as a whole took too long.
func (t *trip) expired() bool {
	at, limited := t.ctx.Deadline()
	return limited && !time.Now().Before(at)
}

// finish ends the exchange. What comes after the first time does not count.
func (t *trip) finish(err error) {
	if t.over {
		return
	}
	t.over = true
	if t.late != nil {
		t.late.Stop()
	}
	t.cancel()
	if t.upload != nil {
		t.upload.end()
	}
	t.ex.Finished = t.trace.end(t.ex)
	if err != nil {
		t.ex.Err, t.ex.Class = err, wire.ClassOf(err)
	}
}

// A tripBody is a response's body; its end, an error or Close finish the exchange.
type tripBody struct {
	trip *trip
	body io.ReadCloser
	err  error // what Read goes on to return
}

func (b *tripBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.body.Read(p)
	switch {
	case err == io.EOF:
		b.err = err
		b.trip.finish(nil)
	case err != nil:
		b.err = b.trip.fault(err)
		b.trip.finish(b.err)
	}
	return n, b.err
}

// Within makes reading fail when d has passed, for those who read a body only so that its connection can be
// used again.
func (b *tripBody) Within(d time.Duration) {
	if !b.trip.over && b.trip.late == nil {
		b.trip.late = time.AfterFunc(d, b.trip.cancel)
	}
}

// Close costs the connection where the body was not read to its end.
func (b *tripBody) Close() error {
	if b.err == nil {
		b.err = http.ErrBodyReadAfterClose
		if b.body == http.NoBody {
			b.err = io.EOF
		}
	}
	_ = b.body.Close()
	b.trip.finish(nil)
	return nil
}

// headerLines returns fields in the order of their names, since theirs is not known.
func headerLines(h http.Header) []wire.Header {
	lines := make([]wire.Header, 0, len(h))
	for name, values := range h {
		for _, value := range values {
			lines = append(lines, wire.Header{Name: name, Value: value})
		}
	}
	slices.SortStableFunc(lines, func(a, b wire.Header) int { return strings.Compare(a.Name, b.Name) })
	return lines
}
