package session

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"sessbench/workload/wire"
)

// request makes spec a request for rt. Errors have a wire.Class.
func (t *trip) request(spec wire.RequestSpec, rt http.RoundTripper) (*http.Request, error) {
	u := url.URL{
		Scheme: spec.URL.Scheme, Host: spec.URL.Host, Path: spec.URL.Path, RawPath: spec.URL.RawPath,
		RawQuery: spec.URL.RawQuery, ForceQuery: spec.URL.ForceQuery,
	}
	req := &http.Request{
		Method: spec.Method, URL: &u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, len(spec.Headers)+1),
	}
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	for _, h := range spec.Headers {
		addHeader(req, h)
	}
	if req.Header["User-Agent"] == nil {
		req.Header["User-Agent"] = []string{""} // otherwise net/http names itself
	}
	if addsGzip(rt, req) {
		req.Header.Set("Accept-Encoding", "identity")
	}
	if err := t.attach(req, spec); err != nil {
		return nil, err
	}
	return req, nil
}

// addHeader adds a header, or sets the field of req that net/http has for it.
func addHeader(req *http.Request, h wire.Header) {
	switch name := http.CanonicalHeaderKey(h.Name); name {
	case "Host":
		req.Host = h.Value
	case "Content-Length": // the body says it
	case "Transfer-Encoding":
		req.TransferEncoding = []string{"chunked"}
	case "Connection":
		for option := range strings.SplitSeq(h.Value, ",") {
			req.Close = req.Close || strings.EqualFold(strings.TrimSpace(option), "close")
		}
		req.Header.Add(name, h.Value)
	default:
		req.Header.Add(name, h.Value)
	}
}

// addsGzip reports whether rt would ask for gzip of its own accord.
func addsGzip(rt http.RoundTripper, req *http.Request) bool {
	t, ok := rt.(*http.Transport)
	return ok && !t.DisableCompression && req.Header.Get("Accept-Encoding") == "" &&
		req.Header.Get("Range") == "" && req.Method != http.MethodHead
}

// attach gives req its body.
func (t *trip) attach(req *http.Request, spec wire.RequestSpec) error {
	open, length := func() (io.Reader, error) { return bytes.NewReader(spec.Body), nil }, int64(len(spec.Body))
	if spec.Upload != nil {
		open, length = spec.Upload.Open, spec.Upload.Length
	}
	if length == 0 {
		req.Body = http.NoBody
		return nil
	}
	if req.TransferEncoding != nil {
		length = -1
	}
	t.upload = new(tripUpload)
	get := func() (io.ReadCloser, error) { return t.upload.open(open) }
	body, err := get()
	if err != nil {
		return t.fault(err)
	}
	req.Body, req.GetBody, req.ContentLength = body, get, length
	return nil
}

var errUploadOver = errors.New("the exchange is over")

// A tripUpload is the body of a request. A round tripper may go on to read it when there is a response, or an
// error, already, or when it sends the request again; only what was opened last can be read, and
// nothing after end.
type tripUpload struct {
	mu      sync.Mutex // held while the body is read
	current *tripUploadBody
	over    bool
	err     error // that the body itself failed with
}

func (u *tripUpload) open(from func() (io.Reader, error)) (io.ReadCloser, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over {
		return nil, errUploadOver
	}
	r, err := from()
	if err != nil {
		u.err = err
		return nil, err
	}
	u.current = &tripUploadBody{upload: u, from: r}
	return u.current, nil
}

// end waits for a read under way, so that the body can be used for something else.
func (u *tripUpload) end() {
	u.mu.Lock()
	u.over = true
	u.mu.Unlock()
}

// failure returns what the body itself failed with, or nil.
func (u *tripUpload) failure() error {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err
}

type tripUploadBody struct {
	upload *tripUpload
	from   io.Reader
}

func (b *tripUploadBody) Read(p []byte) (int, error) {
	b.upload.mu.Lock()
	defer b.upload.mu.Unlock()
	if b.upload.over || b.upload.current != b {
		return 0, errUploadOver
	}
	n, err := b.from.Read(p)
	if err != nil && err != io.EOF {
		b.upload.err = err
	}
	return n, err
}

// Close leaves the reader open: it is the caller's.
func (b *tripUploadBody) Close() error { return nil }
