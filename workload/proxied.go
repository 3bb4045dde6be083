package workload

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"

	"sessbench/workload/wire"
)

// proxyHint says what to try when the check before a run failed with err, which is proxy's failure to
// be reached or to connect us.
func proxyHint(err error, proxy *wire.Proxy) string {
	name := "the proxy " + proxy.String()
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return name + " does not speak TLS at this port; write http:// instead of https:// before it"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "name the proxy by a host name that its certificate is for, or accept any certificate, the target's too, with --insecure"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "name the authorities of the proxy and the target with --cacert, or accept any certificate with --insecure"
	}
	if refusal, ok := errors.AsType[*wire.ProxyStatusError](err); ok {
		switch refusal.Status {
		case http.StatusProxyAuthRequired, http.StatusUnauthorized:
			return name + " wants a user and password, or others: --proxy " + string(proxy.Kind) + "://user:password@host:port"
		case http.StatusForbidden, http.StatusMethodNotAllowed:
			return name + " does not allow this target; many allow tunnels to port 443 only"
		}
	}
	switch class := wire.ClassOf(err); {
	case class == wire.ClassDNS:
		return "check the name of " + name
	case class == wire.ClassConnectTimeout && proxy.Kind == wire.ProxyHTTPS:
		return "check that " + name + " is running and speaks TLS at this port; otherwise write http:// before it"
	case class == wire.ClassProxy:
		return "check the target's address, and that " + name + " can reach it and takes our user and password"
	}
	return "check that " + name + " is running, and the address that --proxy, the plan or the environment gives for it"
}

// forwarding reports whether requests are given to a proxy that has connections of its own to the
// target: what is reused, and what is closed, is the connection to the proxy.
func (s *setup) forwarding() bool {
	proxy := s.request.Proxy()
	return proxy != nil && !s.endpoint.TLS && (proxy.Kind == wire.ProxyHTTP || proxy.Kind == wire.ProxyHTTPS)
}

// peer is who is at the other end of a connection.
func (s *setup) peer() string {
	if s.forwarding() {
		return "proxy"
	}
	return "server"
}

// dialed is whom connections are opened to.
func (s *setup) dialed() string {
	if s.request.Proxy() != nil {
		return "proxy"
	}
	return "server"
}

// certified is who shows us a certificate, or "" where nobody does. Of a server behind a proxy it is the
// server.
func (s *setup) certified() string {
	proxy := s.request.Proxy()
	switch {
	case s.endpoint.TLS:
		return "server"
	case proxy != nil && proxy.Kind == wire.ProxyHTTPS:
		return "proxy"
	}
	return ""
}

// proxyName is the proxy's URL without credentials, or "" where there is none.
func (s *setup) proxyName() string {
	if proxy := s.request.Proxy(); proxy != nil {
		return proxy.String()
	}
	return ""
}
