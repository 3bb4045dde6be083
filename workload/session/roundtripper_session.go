package session

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// RoundTrip makes the session a transport of net/http's: it carries out one hop and follows no redirect, with
// the session's settings, cookies, authentication, adapters and retries. What req says counts before the
// session; a header that req has without a value, or a User-Agent that is empty, is not
// sent. The response's body is decoded; Uncompressed then says so. Errors are an *Error.
//
// Other than http.RoundTripper asks for, it is not safe for concurrent use, as nothing of a
// session is: a call while another one is under way is ErrConcurrentUse.
func (s *Session) RoundTrip(req *http.Request) (*http.Response, error) {
	r, body, err := fromHTTP(req)
	defer body.close()
	if err != nil {
		return nil, err
	}
	r.Follow, r.Stream = FollowNever, true
	resp, err := s.Do(req.Context(), r)
	if err != nil {
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, err
	}
	return toHTTP(resp, req), nil
}

// DoHTTP makes a call for a request of net/http's, as Do does for one of its own: redirects are followed as the
// session says. It takes from req the method, URL, headers, Host, Close and body, which it closes.
// A body can be sent again where req has GetBody.
func (s *Session) DoHTTP(req *http.Request) (*Response, error) {
	r, body, err := fromHTTP(req)
	defer body.close()
	if err != nil {
		return nil, err
	}
	return s.Do(req.Context(), r)
}

// fromHTTP returns the call that req asks for, and the body of req, which is to be closed when the call
// is over, also after an error. The error is an *Error.
func fromHTTP(req *http.Request) (*Request, *httpBody, error) {
	body := &httpBody{req: req, current: req.Body}
	if req.URL == nil {
		return nil, body, &Error{Kind: ErrInvalidURL, Err: errors.New("no URL")}
	}
	r := &Request{Method: req.Method, URL: req.URL.String(), Headers: fieldsOf(req)}
	if req.Body != nil && req.Body != http.NoBody {
		r.Body = body.asBody()
	}
	return r, body, nil
}

// fieldsOf returns the headers that req sends, in the order of their names.
func fieldsOf(req *http.Request) Fields {
	fields := make(Fields, 0, len(req.Header)+2)
	if req.Host != "" && req.Host != req.URL.Host {
		fields = append(fields, Set("Host", req.Host))
	}
	names := make([]string, 0, len(req.Header))
	for name := range req.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := req.Header[name]
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer":
			continue // net/http has fields of the request for these, and passes over the headers
		case "Connection":
			if req.Close {
				continue
			}
		case "User-Agent":
			if len(values) > 0 && values[0] == "" {
				values = nil
			}
		}
		fields = append(fields, Set(name, values...))
	}
	if req.Close {
		fields = append(fields, Set("Connection", "close"))
	}
	return fields
}

// toHTTP returns resp as net/http has it. What resp.Body gives is decoded already.
func toHTTP(resp *Response, req *http.Request) *http.Response {
	out := &http.Response{
		Status:        strings.TrimSpace(strconv.Itoa(resp.Status) + " " + resp.Reason),
		StatusCode:    resp.Status,
		Proto:         resp.Proto,
		Header:        make(http.Header, len(resp.Header)),
		Body:          resp.Body,
		ContentLength: -1,
		Request:       req,
	}
	var ok bool
	if out.ProtoMajor, out.ProtoMinor, ok = http.ParseHTTPVersion(resp.Proto); !ok {
		out.ProtoMajor, out.ProtoMinor = 1, 1
	}
	for _, h := range resp.Header {
		out.Header.Add(h.Name, h.Value)
	}
	if out.Body == nil {
		out.Body = io.NopCloser(bytes.NewReader(resp.data))
	}
	frame(out, req.Method)
	return out
}

// frame sets what a response says about its body, which is that of the body as it is now.
func frame(out *http.Response, method string) {
	bodiless := method == http.MethodHead || out.StatusCode == http.StatusNoContent || out.StatusCode == http.StatusNotModified
	if out.Header.Get("Transfer-Encoding") != "" {
		out.Header.Del("Transfer-Encoding")
		out.Header.Del("Content-Length") // it does not count then
		out.TransferEncoding = []string{"chunked"}
	}
	for option := range strings.SplitSeq(strings.Join(out.Header["Connection"], ","), ",") {
		out.Close = out.Close || strings.EqualFold(strings.TrimSpace(option), "close")
	}
	if codings := strings.Join(out.Header["Content-Encoding"], ","); !bodiless && codings != "" {
		left, decoded := undecoded(codings)
		if decoded {
			out.Uncompressed = true
			out.Header.Del("Content-Length")
			out.Header.Del("Content-Encoding")
			if left != "" {
				out.Header.Set("Content-Encoding", left)
			}
			return
		}
	}
	if length, err := strconv.ParseInt(out.Header.Get("Content-Length"), 10, 64); err == nil && length >= 0 {
		out.ContentLength = length
	} else if out.StatusCode == http.StatusNoContent {
		out.ContentLength = 0
	}
}

// undecoded returns the codings that are left when those that a session knows are taken away from
// the outermost on, which is the last one, and whether any was.
func undecoded(codings string) (left string, any bool) {
	list := strings.Split(codings, ",")
	for len(list) > 0 {
		switch strings.ToLower(strings.TrimSpace(list[len(list)-1])) {
		case "gzip", "x-gzip", "deflate", "br", "zstd":
			any = true
		case "", "identity":
		default:
			return strings.TrimSpace(strings.Join(list, ",")), any
		}
		list = list[:len(list)-1]
	}
	return "", any
}
