package workload

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	session "sessbench/workload/plainsession"
	"sessbench/workload/wire"
)

// A setup is what a plan comes to before the first connection: files read,
// addresses parsed, the request rendered. It is the same for every arm.
type setup struct {
	url     *url.URL // of the target
	full    *url.URL // of the request
	wire    wire.Options
	session session.Config
	request *session.Request
}

func newSetup(p *Plan, opts Options) (*setup, error) {
	target, err := targetURL(p, opts)
	if err != nil {
		return nil, err
	}
	s := &setup{url: target}
	if s.wire, err = p.Session.wireOptions(opts); err != nil {
		return nil, err
	}
	s.session = p.Session.config(target, opts)
	if len(p.Mix) != 1 {
		return nil, &KeyError{"mix", fmt.Sprintf("has %d operations; a run makes one", len(p.Mix))}
	}
	o := p.Mix[0]
	relative, err := url.Parse(o.URL)
	if err != nil {
		return nil, &KeyError{"mix[0].url", fmt.Sprintf("is not a URL: %v", err)}
	}
	s.full = target.ResolveReference(relative)
	s.full.User = target.User
	s.request, err = session.NewRequest(&s.session, wire.RequestSpec{Method: o.Method, URL: s.full, Headers: o.Headers, Body: o.Body})
	if err != nil {
		return nil, &KeyError{"mix[0]", fmt.Sprintf("cannot be sent: %v", err)}
	}
	return s, nil
}

func targetURL(p *Plan, opts Options) (*url.URL, error) {
	target := p.Target
	if target == "" {
		if opts.Embedded == nil {
			return nil, &KeyError{"target", "is missing; name the URL to load"}
		}
		target = opts.Embedded.URL
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, &KeyError{"target", fmt.Sprintf("is not a URL: %v", err)}
	}
	return u, nil
}

func (s *SessionPlan) config(origin *url.URL, opts Options) session.Config {
	defaults := []wire.Header{{Name: "User-Agent", Value: opts.UserAgent}, {Name: "Accept", Value: "*/*"}}
	c := session.Config{Headers: session.Merge(defaults, s.Headers), Cookies: s.Cookies, Origin: origin}
	if s.Auth != nil && s.Auth.Basic != nil {
		c.Basic = &session.Basic{User: s.Auth.Basic.User, Password: s.Auth.Basic.Password}
	}
	return c
}

func (s *SessionPlan) wireOptions(opts Options) (wire.Options, error) {
	o := wire.Options{
		Limits: wire.Limits{
			ConnectTimeout: time.Duration(s.Timeout.Connect),
			ReadTimeout:    time.Duration(s.Timeout.Read),
			Timeout:        time.Duration(s.Timeout.Total),
		},
		Resolve: map[string][]string{},
	}
	for _, rule := range s.Resolve {
		host, addresses, err := parseResolve(rule)
		if err != nil {
			return o, err
		}
		o.Resolve[host] = addresses
	}
	for _, rule := range s.ConnectTo {
		r, err := parseConnectTo(rule)
		if err != nil {
			return o, err
		}
		o.ConnectTo = append(o.ConnectTo, r)
	}
	var err error
	o.TLS, err = s.TLS.config(opts.Embedded)
	return o, err
}

func (t *TLSPlan) config(embedded *Embedded) (*tls.Config, error) {
	c := &tls.Config{InsecureSkipVerify: !t.Verify, NextProtos: []string{"http/1.1"}}
	var pem []byte
	switch {
	case t.CA != "":
		var err error
		if pem, err = os.ReadFile(t.CA); err != nil {
			return nil, &KeyError{"session.tls.ca", fmt.Sprintf("cannot be read: %v", err)}
		}
	case embedded != nil:
		pem = embedded.CAPEM
	}
	if pem != nil {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &KeyError{"session.tls.ca", fmt.Sprintf("%s holds no PEM certificate", t.CA)}
		}
	}
	if t.Cert == "" {
		return c, nil
	}
	key := t.Key
	if key == "" {
		key = t.Cert
	}
	certificate, err := tls.LoadX509KeyPair(t.Cert, key)
	if err != nil {
		return nil, &KeyError{"session.tls.cert", fmt.Sprintf("cannot be used: %v", err)}
	}
	c.Certificates = []tls.Certificate{certificate}
	return c, nil
}

// parseResolve reads curl's "host:port:address[,address]"; IPv6 addresses may
// stand in brackets.
func parseResolve(rule string) (hostport string, addresses []string, err error) {
	bad := &KeyError{"session.resolve", fmt.Sprintf("has %q; write host:port:address, as in api.example.com:443:127.0.0.1", rule)}
	parts := splitColons(rule, 3)
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || !portOrNone(parts[1]) {
		return "", nil, bad
	}
	for _, a := range strings.Split(parts[2], ",") {
		a = strings.Trim(strings.TrimSpace(a), "[]")
		if net.ParseIP(a) == nil {
			return "", nil, bad
		}
		addresses = append(addresses, a)
	}
	return net.JoinHostPort(strings.ToLower(strings.Trim(parts[0], "[]")), parts[1]), addresses, nil
}

// parseConnectTo reads curl's "host:port:host:port", any part of which may be empty.
func parseConnectTo(rule string) (wire.Redirection, error) {
	parts := splitColons(rule, 4)
	if len(parts) != 4 || !portOrNone(parts[1]) || !portOrNone(parts[3]) {
		return wire.Redirection{}, &KeyError{"session.connect_to", fmt.Sprintf("has %q; write host:port:host:port, as in api.example.com:443:127.0.0.1:8443", rule)}
	}
	for i, p := range parts {
		parts[i] = strings.ToLower(strings.Trim(p, "[]"))
	}
	return wire.Redirection{FromHost: parts[0], FromPort: parts[1], ToHost: parts[2], ToPort: parts[3]}, nil
}

func portOrNone(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil && n > 0
}

// splitColons splits s at colons outside brackets into n parts at most.
func splitColons(s string, n int) []string {
	var parts []string
	depth, from := 0, 0
	for i, c := range s {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ':' && depth == 0 && len(parts) < n-1:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}
