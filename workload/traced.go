package workload

import (
	"io"
	"net"
	"strconv"
	"time"

	"sessbench/result"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

func tracedRequest(sent *session.Sent, http string) result.TracedRequest {
	r := result.TracedRequest{Method: sent.Method, URL: sent.URL.String(), HTTP: http, Headers: tracedHeaders(sent.Headers)}
	if sent.Proxy != nil {
		r.Proxy = string(sent.Proxy.Kind) + "://" + net.JoinHostPort(sent.Proxy.Host, strconv.Itoa(int(sent.Proxy.Port)))
	}
	r.TracedBody = result.TraceBody(sent.Body)
	if sent.Upload != nil {
		r.TracedBody = tracedUpload(sent.Upload)
	}
	return r
}

// tracedUpload reads what was sent once more: a plan's bodies are files and texts.
func tracedUpload(u *wire.Upload) result.TracedBody {
	t := result.TracedBody{Truncated: true}
	body, err := u.Open()
	if err == nil {
		if closer, ok := body.(io.Closer); ok {
			defer closer.Close()
		}
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(body, result.MaxTracedBody+1)); len(data) > 0 {
			t = result.TraceBody(data)
		}
	}
	t.Truncated = t.Truncated || err != nil
	t.BodyBytes = max(t.BodyBytes, u.Length)
	return t
}

func tracedHeaders(lines []wire.Header) []result.TracedHeader {
	headers := make([]result.TracedHeader, len(lines))
	for i, h := range lines {
		headers[i] = result.TracedHeader{Name: h.Name, Value: h.Value}
	}
	return headers
}

func tracedAttempt(a session.Attempt, base time.Duration) result.TracedAttempt {
	p := a.Phases
	t := result.TracedAttempt{
		Started:    (a.Started - base).Seconds(),
		Status:     a.Status,
		Reused:     a.Reused,
		Backoff:    a.Backoff.Seconds(),
		RetryAfter: a.RetryAfter,
		Phases: map[string]float64{
			"acquire": p.Acquire.Seconds(), "dns": p.DNS.Seconds(), "connect": p.Connect.Seconds(), "tls": p.TLS.Seconds(),
			"send": p.Send.Seconds(), "wait": p.Wait.Seconds(), "receive": p.Receive.Seconds(),
		},
		BytesIn:  a.BytesIn,
		BytesOut: a.BytesOut,
	}
	if a.Err != nil {
		t.Error = &result.TracedError{Class: string(a.Class), Message: a.Err.Error(), During: phaseOf(a.Exchange)}
	}
	return t
}

// phaseOf names the phase that a failed exchange ended in, or "".
func phaseOf(ex *wire.Exchange) string {
	switch {
	case ex.Headed > 0:
		return "receive"
	case ex.Class == wire.ClassSend:
		return "send"
	case ex.Attempts > 0:
		return "wait"
	case ex.Class == wire.ClassDNS:
		return "dns"
	case ex.Phases.TLS > 0 || ex.Class == wire.ClassTLS:
		return "tls"
	case ex.Phases.Connect > 0:
		return "connect"
	}
	return ""
}

// tracedResponse reads the body; what came of one that cannot be decoded or is cut short is kept.
func tracedResponse(r *session.Response) *result.TracedResponse {
	t := &result.TracedResponse{
		Status:  r.Status,
		Reason:  r.Reason,
		HTTP:    r.Proto,
		Headers: tracedHeaders(r.Header),
		Cookies: []result.TracedCookie{},
		Elapsed: r.Elapsed.Seconds(),
	}
	data, err := r.Bytes()
	t.TracedBody = result.TraceBody(data)
	t.Truncated = t.Truncated || err != nil
	for _, c := range r.Cookies {
		t.Cookies = append(t.Cookies, tracedCookie(c))
	}
	t.WireBytes = r.CodedSize()
	return t
}

func tracedCookie(c session.Cookie) result.TracedCookie {
	t := result.TracedCookie{Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Secure: c.Secure, HTTPOnly: c.HTTPOnly, HostOnly: c.HostOnly, SameSite: c.SameSite}
	if !c.Expires.IsZero() {
		t.Expires = &c.Expires
	}
	return t
}
