package session

// A Request is one call as a user wants it. What it leaves out comes from the session.
type Request struct {
	Method  string // "" is GET; written in upper case
	URL     string
	Headers Fields
	Params  Fields
	Cookies []Cookie // of this call only
	Auth    Auth     // nil: the session's; NoAuth: none
	Body    *Body
	Timeout *Timeout
	Proxies Proxies
	TLS     *TLS
	SameTLS *Prepared // has the same TLS settings: its configuration is used, and with it its connections; nil: TLS and the session's count
	Follow  Follow
	Stream  bool // the body is left to be read from Response.Body
	Keep    bool // Measure keeps the body of the last response, for Session.Last
	Hooks   Hooks
}
