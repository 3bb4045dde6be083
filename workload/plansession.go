package workload

import (
	"encoding/json"

	"sessbench/workload/session"
)

// SessionPlan is what every worker's session starts with, the same in every arm.
type SessionPlan struct {
	Headers      Fields   `json:"headers,omitempty"`
	Params       Fields   `json:"params,omitempty"` // of every URL's query
	Auth         *Auth    `json:"auth,omitempty"`
	Cookies      Cookies  `json:"cookies,omitempty"` // as if the target had set them for its whole host
	Timeout      Timeout  `json:"timeout"`
	Follow       bool     `json:"follow"`                  // redirects are followed
	MaxRedirects *int     `json:"max_redirects,omitempty"` // that a call follows; nil: DefaultMaxRedirects
	TrustEnv     bool     `json:"trust_env,omitempty"`     // proxies, authorities and netrc by the environment
	Proxies      Proxies  `json:"proxies,omitempty"`
	TLS          TLSPlan  `json:"tls"`
	Adapters     Adapters `json:"adapters,omitempty"`
	Resolve      []string `json:"resolve,omitempty"`     // "host:port:address[,address]"
	ConnectTo    []string `json:"connect_to,omitempty"`  // "host:port:host:port", parts may be empty
	RenewEvery   int64    `json:"renew_every,omitempty"` // iterations after which a worker begins a new session: another user, without cookies and connections; 0: never
}

// DefaultMaxRedirects is how many redirects a call follows, where it follows any.
const DefaultMaxRedirects = session.DefaultMaxRedirects

// Auth is how a session or an operation authenticates: one of its fields is set.
type Auth struct {
	Basic  *BasicAuth `json:"basic,omitempty"`  // sent up front
	Bearer string     `json:"bearer,omitempty"` // a token, sent up front
	Digest *BasicAuth `json:"digest,omitempty"` // answers challenges (RFC 7616)
	None   bool       `json:"-"`                // not at all, whatever the session or the URL has
}

// BasicAuth is a user and a password.
type BasicAuth struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// MarshalJSON writes "none", or an object with the kind as its key.
func (a *Auth) MarshalJSON() ([]byte, error) {
	if a.None {
		return []byte(`"none"`), nil
	}
	type plain Auth
	return json.Marshal((*plain)(a))
}

// Timeout holds the limits of one call; zero means none.
type Timeout struct {
	Connect Duration `json:"connect"`         // name resolution, TCP connect and TLS handshake
	Read    Duration `json:"read"`            // longest silence inside a response
	Write   Duration `json:"write,omitempty"` // longest standstill in sending; 0: Read
	Total   Duration `json:"total"`           // the whole call
}

// TLSPlan says whom to trust, who we are, and what is offered.
type TLSPlan struct {
	Verify     bool     `json:"verify"`
	CA         string   `json:"ca,omitempty"`          // PEM file; empty: the system's
	Cert       string   `json:"cert,omitempty"`        // PEM file of the client certificate
	Key        string   `json:"key,omitempty"`         // PEM file; empty: in Cert
	Min        string   `json:"min,omitempty"`         // least version, "1.0" to "1.3"; empty: 1.2
	Max        string   `json:"max,omitempty"`         // greatest version; empty: the newest
	Curves     []string `json:"curves,omitempty"`      // key exchanges, whatever their order, as CurveNames lists them; nil: Go's
	Ciphers    []string `json:"ciphers,omitempty"`     // cipher suites of TLS 1.2; nil: Go's
	ALPN       []string `json:"alpn,omitempty"`        // protocols to offer, or "none" alone; nil: that of the HTTP version
	ServerName string   `json:"server_name,omitempty"` // sent and compared with the certificate; empty: the URL's host
	KeyLog     string   `json:"key_log,omitempty"`     // file that gets the secrets of every connection, for Wireshark
}

// Adapters say how requests are carried, by the beginnings of their URLs. The longest that
// fits is used. In a plan they are an object.
type Adapters []AdapterPlan

// An AdapterPlan is how the requests under a prefix are carried.
type AdapterPlan struct {
	Prefix          string
	Retries         *session.Retry // nil: none
	PoolConnections *int           // hosts whose connections are kept; nil: session's default
	PoolMaxsize     *int           // idle connections kept for each; nil: session's default
	PoolBlock       bool           // PoolMaxsize is also how many can be in use
}

// MarshalJSON writes an object in the adapters' order.
func (a Adapters) MarshalJSON() ([]byte, error) {
	object := make(orderedObject, 0, len(a))
	for _, adapter := range a {
		object = append(object, member{adapter.Prefix, adapter})
	}
	return object.MarshalJSON()
}

// MarshalJSON writes the adapter without its prefix.
func (a AdapterPlan) MarshalJSON() ([]byte, error) {
	var object orderedObject
	if a.Retries != nil {
		object = append(object, member{"retries", retries(a.Retries)})
	}
	object = object.count("pool_connections", a.PoolConnections).count("pool_maxsize", a.PoolMaxsize)
	if a.PoolBlock {
		object = append(object, member{"pool_block", true})
	}
	return object.MarshalJSON()
}

// retries is the plan file's form of r: a number where nothing but that is said.
func retries(r *session.Retry) any {
	object := orderedObject{}.count("total", r.Total).count("connect", r.Connect).count("read", r.Read).
		count("status", r.Status).count("redirect", r.Redirect).count("other", r.Other)
	switch {
	case r.AnyMethod:
		object = append(object, member{"methods", "any"})
	case r.Methods != nil:
		object = append(object, member{"methods", r.Methods})
	}
	if len(r.Statuses) > 0 {
		object = append(object, member{"statuses", r.Statuses})
	}
	for _, wait := range []member{
		{"backoff", Duration(r.Backoff)}, {"backoff_max", Duration(r.BackoffMax)},
		{"jitter", Duration(r.Jitter)}, {"retry_after_max", Duration(r.RetryAfterMax)},
	} {
		if wait.value != Duration(0) {
			object = append(object, wait)
		}
	}
	if r.IgnoreRetryAfter {
		object = append(object, member{"respect_retry_after", false})
	}
	if r.ReturnLast {
		object = append(object, member{"return_last", true})
	}
	if len(object) == 1 && r.Total != nil {
		return *r.Total
	}
	return object
}
