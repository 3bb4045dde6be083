package wire

import (
	"context"
	"net/url"
)

// Stand-ins until the room is furnished.

type Header struct{ Name, Value string }

func ValidateHeader(name, value string) error { return nil }

type RequestSpec struct {
	Method   string
	URL      *url.URL
	Headers  []Header
	Body     []byte
	KeepBody bool
}

func EndpointOf(u *url.URL) (Endpoint, error)       { panic("stub") }
func NewRequest(spec RequestSpec) (*Request, error) { panic("stub") }

type Pool struct{}

func NewPool(max int) *Pool { panic("stub") }
func (p *Pool) Close()      {}

type Response struct {
	Status int
	Body   []byte
}

func (r *Response) Each(f func(name, value []byte)) {}

type Client struct{}

func NewClient(clock Clock, opts *Options, policy Policy, pool *Pool) *Client { panic("stub") }
func (c *Client) Do(ctx context.Context, req *Request, resp *Response, ex *Exchange) {
	panic("stub")
}
func (c *Client) Counts() Counts { return Counts{} }
func (c *Client) Open() int      { return 0 }
func (c *Client) Close()         {}

type ProbeInfo struct {
	Addresses                 []string
	TLSVersion, Cipher, Curve string
	Counts                    Counts
}

func Probe(ctx context.Context, e Endpoint, opts *Options) (ProbeInfo, error) { panic("stub") }
