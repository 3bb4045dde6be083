package session

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"sessbench/workload/wire"
)

// A Prepared is one hop, merged from a request and the settings of a session and rendered as
// far as can be: all but cookies, and credentials that are made anew for each hop. It is
// immutable: any number of sessions may send it at the same time, any number of times. Only one that a
// Variation made is that of a single session, until its next one.
type Prepared struct {
	method  string
	url     *url.URL      // without user information
	headers []wire.Header // without what the fields below say
	body    *Body

	cookieHeader  bool     // headers have a Cookie, which stands instead of the jar's
	cookies       []Cookie // of this call only
	host          string   // the Host header's, for cookies; "" where it is the URL's
	origin        string   // the host that the call began with
	authorization string   // credentials that stay the same
	auth          Auth     // for others; nil: none
	noAuth        bool     // none are to be looked for

	follow       bool
	maxRedirects int
	stream       bool
	keep         bool
	limits       *wire.Limits // nil: the transport's
	tls          *tls.Config  // nil: the transport's
	insecure     bool
	proxy        *wire.Proxy
	proxyTLS     *tls.Config // of connections to an https proxy; nil: the defaults
	proxies      [2]Proxies  // the rules of session and request, for the next hop too
	trustEnv     bool
	hooks        Hooks

	plain     *wire.Request // as sent where there are no cookies; nil where each sending differs, and in a variation
	variation *Variation    // that it is made in; nil: it is to stay
}

// Method returns the request's method.
func (p *Prepared) Method() string { return p.method }

// URL returns where the request goes, without user information.
func (p *Prepared) URL() *url.URL { u := *p.url; return &u }

// Endpoint returns the server that the request goes to. The error says that the URL's scheme is none
// of HTTP's.
func (p *Prepared) Endpoint() (wire.Endpoint, error) { return wire.EndpointOf(p.url) }

// Proxy returns the proxy that the request goes through, or nil.
func (p *Prepared) Proxy() *wire.Proxy { return p.proxy }

// TLS returns the configuration that the request's connections need, or nil for the transport's own.
func (p *Prepared) TLS() *tls.Config { return p.tls }

// Prepare merges the session's settings into r. Sessions other than s may send the
// result if their settings are the same. Errors are *Error.
func (s *Session) Prepare(r *Request) (*Prepared, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	return s.prepare(r)
}

func (s *Session) prepare(r *Request) (*Prepared, error) {
	u, err := prepareURL(r.URL)
	if err != nil {
		return nil, err
	}
	p := &Prepared{
		method:       strings.ToUpper(r.Method),
		body:         r.Body,
		follow:       s.follows(r),
		maxRedirects: s.MaxRedirects,
		stream:       s.Stream || r.Stream,
		keep:         r.Keep,
		proxies:      [2]Proxies{s.Proxies, r.Proxies},
		trustEnv:     s.TrustEnv,
		hooks: Hooks{
			Before: slices.Concat(s.Hooks.Before, r.Hooks.Before),
			After:  slices.Concat(s.Hooks.After, r.Hooks.After),
		},
	}
	if p.method == "" {
		p.method = "GET"
	}
	auth := r.Auth
	if auth == nil {
		auth = s.Auth
	}
	inURL, hasInURL := urlAuth(u)
	u.User = nil
	p.url = withParams(u, mergeParams(s.Params, r.Params))
	p.origin = p.url.Hostname()
	for _, step := range []func() error{
		p.setMethod,
		func() (err error) { p.cookies, err = prepareCookies(r.Cookies); return err },
		func() error { return p.setHeaders(MergeHeaders(s.Headers, r.Headers)) },
		p.body.Err,
		func() error { return p.setTimeout(s.Timeout, r.Timeout) },
		func() error { return s.setTLS(p, r) },
		p.setProxy,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	s.setAuth(p, auth, inURL, hasInURL)
	return p, p.render()
}

func (s *Session) follows(r *Request) bool {
	follow := r.Follow
	if follow == FollowDefault {
		follow = s.Follow
	}
	return follow != FollowNever
}

func (p *Prepared) setMethod() error {
	if err := wire.ValidateHeader(p.method, ""); err != nil || p.method == "CONNECT" {
		return &Error{Kind: ErrInvalidArgument, Err: fmt.Errorf("method %q cannot be sent; write one word, such as GET", p.method)}
	}
	return nil
}

func (p *Prepared) setHeaders(merged Fields) error {
	if err := validateHeaders(merged); err != nil {
		return err
	}
	p.headers = merged.lines()
	p.cookieHeader = has(p.headers, "Cookie")
	p.host = hostOf(p.headers)
	return nil
}

// hostOf returns the host of a Host header, without its port.
func hostOf(lines []wire.Header) string {
	i := slices.IndexFunc(lines, named("Host"))
	if i < 0 {
		return ""
	}
	return (&url.URL{Host: strings.ToLower(lines[i].Value)}).Hostname()
}

func (p *Prepared) setTimeout(base, over *Timeout) error {
	t := base
	if over != nil {
		t = over
	}
	if t == nil {
		return nil
	}
	for _, part := range []struct {
		name  string
		value time.Duration
	}{{"connect", t.Connect}, {"read", t.Read}, {"write", t.Write}, {"total", t.Total}} {
		if part.value < 0 {
			return &Error{Kind: ErrInvalidArgument, Err: fmt.Errorf("%s timeout is %v; use a positive time, or 0 for no limit", part.name, part.value)}
		}
	}
	p.limits = &wire.Limits{ConnectTimeout: t.Connect, ReadTimeout: t.Read, WriteTimeout: t.Write, Timeout: t.Total}
	return nil
}

func (s *Session) setTLS(p *Prepared, r *Request) error {
	if same := r.SameTLS; same != nil {
		p.insecure, p.tls, p.proxyTLS = same.insecure, same.tls, same.proxyTLS
		return nil
	}
	t := trusted(s.TLS, r.TLS, env(p.trustEnv))
	if t == (TLS{}) {
		return nil
	}
	p.insecure = t.Insecure
	var err error
	if p.tls, err = s.tlsConfig(t); err != nil {
		return err
	}
	// A proxy is verified as servers are. Who we are is not its business.
	switch proxied := t.forProxy(); proxied {
	case t:
		p.proxyTLS = p.tls
	case TLS{}:
	default:
		p.proxyTLS, err = s.tlsConfig(proxied)
	}
	return err
}

// tlsConfig returns one configuration for equal settings, so that they share connections.
func (s *Session) tlsConfig(t TLS) (*tls.Config, error) {
	if known := s.configs[t]; known != nil {
		return known, nil
	}
	config, err := t.Config()
	if err != nil {
		return nil, err
	}
	if s.configs == nil {
		s.configs = map[TLS]*tls.Config{}
	}
	s.configs[t] = config
	return config, nil
}

// env returns the environment, or nil where it is not to be trusted.
func env(trust bool) environment {
	if !trust {
		return nil
	}
	return os.Getenv
}

func (p *Prepared) setProxy() error {
	var err error
	p.proxy, err = proxyFor(p.url, p.proxies[0], p.proxies[1], env(p.trustEnv))
	if err == nil && p.proxy != nil && p.proxy.Kind == wire.ProxyHTTPS {
		p.proxy.TLS = p.proxyTLS
	}
	return err
}

// setAuth decides who we are: by auth, which stands above all, else by an Authorization header,
// the URL, or netrc.
func (s *Session) setAuth(p *Prepared, auth Auth, inURL Basic, hasInURL bool) {
	switch _, none := auth.(NoAuth); {
	case none:
		p.noAuth = true
	case auth != nil:
		p.headers = slices.DeleteFunc(p.headers, named("Authorization"))
		p.setCredentials(auth)
	case has(p.headers, "Authorization"):
	case hasInURL:
		p.setCredentials(inURL)
	default:
		s.setNetrc(p)
	}
}

func (p *Prepared) setCredentials(auth Auth) {
	value, ok := staticAuthorization(auth)
	if !ok {
		p.auth = auth // which also says what is wrong with it
	}
	p.authorization = value
}

// setNetrc adds what netrc says of the host.
func (s *Session) setNetrc(p *Prepared) {
	if !p.trustEnv || p.noAuth {
		return
	}
	if s.netrc == nil {
		s.netrc = new(netrc)
	}
	if found, ok := s.netrc.lookup(os.Getenv, p.url.Hostname()); ok {
		p.setCredentials(found)
	}
}

// composed reports whether each sending is completed by an Auth or by hooks.
func (p *Prepared) composed() bool { return p.auth != nil || len(p.hooks.Before) > 0 }

// render renders what is the same for every sending.
func (p *Prepared) render() error {
	if p.composed() {
		return nil
	}
	var err error
	p.plain, err = p.request(p.lines(""), p.body)
	return err
}

// lines returns the header lines with the jar's cookies, in the order in which requests sends them:
// the settings', Cookie, the body's, Authorization. The length is left to request.
func (p *Prepared) lines(cookie string) []wire.Header {
	return p.completed(slices.Clip(p.headers), cookie)
}

// completed appends to the settings' lines what follows them.
func (p *Prepared) completed(lines []wire.Header, cookie string) []wire.Header {
	if cookie != "" {
		lines = append(lines, wire.Header{Name: "Cookie", Value: cookie})
	}
	if kind := p.body.ContentType(); kind != "" && !has(lines, "Content-Type") {
		lines = append(lines, wire.Header{Name: "Content-Type", Value: kind})
	}
	if p.authorization != "" {
		lines = append(lines, wire.Header{Name: "Authorization", Value: p.authorization})
	}
	return lines
}

// request renders a request with these lines, which are its own from then on, and body.
func (p *Prepared) request(lines []wire.Header, body *Body) (*wire.Request, error) {
	r := new(wire.Request)
	if err := p.requestInto(r, lines, body); err != nil {
		return nil, err
	}
	return r, nil
}

// requestInto is request into one that there is.
func (p *Prepared) requestInto(r *wire.Request, lines []wire.Header, body *Body) error {
	spec := wire.RequestSpec{
		Method:   p.method,
		URL:      p.url,
		Headers:  p.framed(lines, body),
		KeepBody: p.keep,
		Proxy:    p.proxy,
		TLS:      p.tls,
		Limits:   p.limits,

		BriefRedirects: p.follow,
	}
	switch data, ok := body.Bytes(); {
	case !ok:
		spec.Upload = body.upload()
	case has(spec.Headers, "Transfer-Encoding"):
		spec.Upload = &wire.Upload{Open: func() (io.Reader, error) { return bytes.NewReader(data), nil }, Length: int64(len(data))}
	default:
		spec.Body = data
	}
	if p.url.Scheme != "http" && p.url.Scheme != "https" {
		*r = wire.Request{Head: p.method == "HEAD", KeepBody: p.keep, Spec: spec} // for a mounted carrier of its own
		return nil
	}
	err := wire.AppendRequest(r, spec)
	if err == nil {
		return nil
	}
	kind := ErrInvalidHeader
	if _, bad := wire.EndpointOf(p.url); bad != nil {
		kind = ErrInvalidURL
	}
	return &Error{Kind: kind, URL: publicURL(p.url), Err: err}
}

// framed adds the line that tells how long the body is, behind the settings' lines and in front of
// those of the body's type and of who we are, or corrects it where lines have one. A
// Transfer-Encoding among them stands instead. Room behind lines is used.
func (p *Prepared) framed(lines []wire.Header, body *Body) []wire.Header {
	length := body.Length()
	if has(lines, "Transfer-Encoding") {
		return without(lines, "Content-Length")
	}
	line := wire.Header{Name: "Content-Length", Value: strconv.FormatInt(length, 10)}
	at := slices.IndexFunc(lines, named("Content-Length"))
	switch {
	case at >= 0 && length >= 0:
		lines = slices.Clone(lines)
		lines[at].Value = line.Value
		return append(lines[:at+1], without(lines[at+1:], "Content-Length")...)
	case at >= 0, length == 0 && (p.method == "GET" || p.method == "HEAD"):
		return lines
	case length < 0:
		line = wire.Header{Name: "Transfer-Encoding", Value: "chunked"}
	}
	at = slices.IndexFunc(lines, func(h wire.Header) bool {
		return (named("Content-Type")(h) || named("Authorization")(h)) && !has(p.headers, h.Name)
	})
	if at < 0 {
		at = len(lines)
	}
	return slices.Insert(lines, at, line)
}

// without returns lines without those of a name; they are not changed.
func without(lines []wire.Header, name string) []wire.Header {
	if !has(lines, name) {
		return lines
	}
	return slices.DeleteFunc(slices.Clone(lines), named(name))
}

func has(lines []wire.Header, name string) bool { return slices.ContainsFunc(lines, named(name)) }

func named(name string) func(wire.Header) bool {
	return func(h wire.Header) bool { return strings.EqualFold(h.Name, name) }
}
