package wire

import (
	"crypto/tls"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// refusalBody is how much of the body of a refusal is read, so that a proxy which sends it is
	// not cut short, and refusalWait for how long at most.
	refusalBody = 16 << 10
	refusalWait = time.Second

	// reasonLength is how much of a proxy's reason phrase is kept.
	reasonLength = 100
)

// reach opens a connection to a proxy and has it connect us to cn's endpoint, where requests are not
// given to the proxy itself. All that is the proxy's share of the time is entered as Connect.
func (o *opener) reach(cn *conn, p *Proxy, sp *span) error {
	var to destination
	if p.socks() {
		var err error
		if to, err = o.destination(cn, p.Kind, sp); err != nil {
			return err
		}
	}
	if err := o.connectToProxy(cn, p, sp); err != nil {
		return proxied(err)
	}
	err := o.tunnel(cn, p, to)
	sp.lap(&sp.ex.Phases.Connect)
	if err != nil {
		cn.abandon(err)
		return proxied(err)
	}
	if !p.forwards(cn.endpoint) {
		// From here on it is the target that fails to answer.
		cn.sock.addr = cn.endpoint.String() + " through proxy " + cn.sock.addr
	}
	return nil
}

// connectToProxy opens the transport connection to a proxy. To an HTTP proxy the options' ConnectTo
// applies; a SOCKS proxy is told of it instead (see destination).
func (o *opener) connectToProxy(cn *conn, p *Proxy, sp *span) error {
	e := p.endpoint()
	if o.proxy == nil {
		o.proxy = new(proxyRoute)
	}
	r := o.proxy
	if !r.fixed || r.proxy != *p {
		host, port := e.hostPort()
		if !p.socks() {
			host, port = o.opts.redirect(e)
		}
		if err := o.lead(cn, &r.route, host, port, sp); err != nil {
			return err
		}
		r.endpoint, r.proxy = e, *p
	}
	return o.connect(cn, &r.route, e.TLS || cn.endpoint.TLS, sp)
}

// tunnel puts the proxy's own TLS onto an established connection to it and has the
// proxy connect us.
func (o *opener) tunnel(cn *conn, p *Proxy, to destination) error {
	if p.Kind == ProxyHTTPS {
		cn.tls = tls.Client(&cn.sock, p.tlsConfig())
		if err := cn.tls.Handshake(); err != nil {
			return handshakeFault(cn.sock.addr, err)
		}
		cn.rw = cn.tls
	}
	var err error
	switch {
	case p.forwards(cn.endpoint):
		return nil
	case !p.socks():
		err = o.askHTTP(cn, p)
	case p.Kind == ProxySOCKS4 || p.Kind == ProxySOCKS4A:
		err = askSOCKS4(cn.rw, p, to)
	default:
		err = askSOCKS5(&cn.sock, p, to)
	}
	if err != nil {
		return tunnelFault(cn.sock.addr, err)
	}
	return nil
}

// tlsConfig returns the configuration for the connection to an https proxy. Its sessions are not
// resumed: a resumed handshake is to be one with the server that is measured.
func (p *Proxy) tlsConfig() *tls.Config {
	config := new(tls.Config)
	if p.TLS != nil {
		config = p.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = p.Host
	}
	config.ClientSessionCache = nil
	config.NextProtos = []string{"http/1.1"}
	return config
}

// askHTTP asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6). Nothing of the request that it is
// for goes along.
func (o *opener) askHTTP(cn *conn, p *Proxy) error {
	target := cn.endpoint.authority()
	raw := make([]byte, 0, 256)
	raw = append(raw, "CONNECT "+target+" HTTP/1.1\r\n"...)
	raw = appendHeader(raw, "Host", target)
	if p.HasUser {
		raw = p.appendAuthorization(raw)
	}
	raw = append(raw, "\r\n"...)
	if _, err := cn.rw.Write(raw); err != nil {
		return err
	}
	limit := o.opts.MaxHeaderBytes
	if limit <= 0 {
		limit = defaultHeaderBytes
	}
	refusal, left, err := readTunnelAnswer(cn.rw, limit)
	if err != nil || refusal == nil {
		return err
	}
	cn.discardRefusal(left)
	return refusal
}

// discardRefusal reads what is left of a refusal's body, if that is little and comes soon.
func (cn *conn) discardRefusal(left int64) {
	if left <= 0 || left > refusalBody {
		return
	}
	soon := cn.sock.clock.Now() + cn.sock.distance.patience(refusalWait)
	if limit := cn.sock.connect; limit == 0 || soon < limit {
		cn.sock.connect = soon
	}
	_, _ = io.CopyN(io.Discard, cn.rw, left)
}

// readTunnelAnswer reads the answer to CONNECT: a head of at most limit bytes, interim ones
// included, and nothing behind that of a 200. Of any other answer left is how much of the
// body is still to come, where its length is known.
func readTunnelAnswer(from io.Reader, limit int) (refusal *ProxyStatusError, left int64, err error) {
	var s headScan
	buf := make([]byte, 0, 1<<10)
	for {
		done, err := s.scan(buf)
		switch {
		case err != nil:
			return nil, 0, err
		case len(buf) > limit && !done || s.size > limit:
			return nil, 0, errHeadSize
		case done && s.interim():
			limit -= s.size
			buf, s = slices.Delete(buf, 0, s.size), headScan{}
			continue
		case done && s.status == 200 && len(buf) > s.size:
			return nil, 0, errTooSoon
		case done && s.status == 200:
			return nil, 0, nil
		case done:
			return &ProxyStatusError{s.status, reasonPhrase(buf)}, s.length - int64(len(buf)-s.size), nil
		}
		buf = slices.Grow(buf, 1)
		n, err := from.Read(buf[len(buf):cap(buf)])
		if buf = buf[:len(buf)+n]; n == 0 && err != nil {
			return nil, 0, early(err)
		}
	}
}

// reasonPhrase returns the reason in a head that was scanned, in a form that can be shown.
func reasonPhrase(head []byte) string {
	const start = len("HTTP/1.1 200 ")
	line, _, _ := strings.Cut(string(head[:min(len(head), start+reasonLength+utf8.UTFMax)]), "\r")
	if len(line) <= start {
		return ""
	}
	text := strings.ToValidUTF8(line[start:], "?")
	for len(text) > reasonLength {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return strings.TrimSpace(text)
}
