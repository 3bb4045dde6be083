// Package workload says what load to offer and carries it out: the plan, the
// arms, the load models, the workers and the trials.
package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	session "sessbench/workload/plainsession"
	"sessbench/workload/wire"
)

// A Plan is one run in full: what is requested, how connections are used, how
// much load is offered. It is a plain value; its JSON is the plan file's
// language, so that a result repeats itself.
type Plan struct {
	Target  string      `json:"target,omitempty"` // base URL; empty: the embedded test server
	Arms    []Arm       `json:"arms"`             // the first is the baseline
	Session SessionPlan `json:"session"`
	Mix     []Operation `json:"mix"`
	Load    Load        `json:"load"`
	FailIf  []string    `json:"fail_if,omitempty"`
	Output  Output      `json:"output"`
}

// SessionPlan is what every worker's session starts with, the same in every arm.
type SessionPlan struct {
	Headers   Headers         `json:"headers,omitempty"`
	Auth      *Auth           `json:"auth,omitempty"`
	Cookies   session.Cookies `json:"cookies,omitempty"`
	Timeout   Timeout         `json:"timeout"`
	TLS       TLSPlan         `json:"tls"`
	Resolve   []string        `json:"resolve,omitempty"`    // "host:port:address[,address]"
	ConnectTo []string        `json:"connect_to,omitempty"` // "host:port:host:port", parts may be empty
}

// Auth is how a session authenticates.
type Auth struct {
	Basic *BasicAuth `json:"basic,omitempty"`
}

// BasicAuth is a user and a password, sent with every request.
type BasicAuth struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// Timeout holds the limits of one call; zero means none.
type Timeout struct {
	Connect Duration `json:"connect"` // name resolution, TCP connect and TLS handshake
	Read    Duration `json:"read"`    // longest silence inside a response
	Total   Duration `json:"total"`   // the whole call
}

// TLSPlan says whom to trust and who we are.
type TLSPlan struct {
	Verify bool   `json:"verify"`
	CA     string `json:"ca,omitempty"`   // PEM file; empty: the system's
	Cert   string `json:"cert,omitempty"` // PEM file of the client certificate
	Key    string `json:"key,omitempty"`  // PEM file; empty: in Cert
}

// An Operation is one named request of the mix.
type Operation struct {
	Name     string
	Method   string
	URL      string // relative to the target, or absolute
	Headers  Headers
	Body     []byte
	BodyFile string // where Body was read from; empty when it was given in place
}

// Load is how much load is offered, and for how long.
type Load struct {
	Workers  int      `json:"workers"`
	Duration Duration `json:"duration,omitempty"` // measured time per arm, all blocks together
	Requests int64    `json:"requests,omitempty"` // per arm, all blocks together; instead of Duration
	Rate     float64  `json:"rate,omitempty"`     // calls per second; 0: closed model
	Arrivals Arrivals `json:"arrivals,omitempty"`
	Warmup   Duration `json:"warmup"` // per arm, before the first block; not measured
	Blocks   int      `json:"blocks"`
	Seed     uint64   `json:"seed"`
}

// Output is where a result goes.
type Output struct {
	File   string `json:"file,omitempty"`
	Format string `json:"format,omitempty"`
	Quiet  bool   `json:"quiet,omitempty"`
}

// Arrivals names the process by which an open model's calls fall due.
type Arrivals string

const (
	Constant Arrivals = "constant"
	Poisson  Arrivals = "poisson"
)

// Defaults of a plan; flags use them too, so that help and behaviour agree.
const (
	DefaultWorkers        = 10
	DefaultDuration       = 10 * time.Second
	DefaultBlocks         = 10
	DefaultSeed           = 1
	DefaultConnectTimeout = 5 * time.Second
	DefaultReadTimeout    = 30 * time.Second
	DefaultTotalTimeout   = 60 * time.Second
)

// A Duration is a time.Duration written as "1m30s" in plans.
type Duration time.Duration

// MarshalText writes the duration in Go's notation.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads Go's notation.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Headers are header lines in the order in which they are sent. In a plan they
// are an object; a name that occurs several times has a list of values.
type Headers []wire.Header

// MarshalJSON writes an object in the order of the lines.
func (h Headers) MarshalJSON() ([]byte, error) {
	var names []string
	values := map[string][]string{}
	for _, line := range h {
		if values[line.Name] == nil {
			names = append(names, line.Name)
		}
		values[line.Name] = append(values[line.Name], line.Value)
	}
	object := make(orderedObject, 0, len(names))
	for _, name := range names {
		var value any = values[name]
		if len(values[name]) == 1 {
			value = values[name][0]
		}
		object = append(object, member{name, value})
	}
	return object.MarshalJSON()
}

// MarshalJSON writes the plan file's form, in which the method is the URL's key.
func (o Operation) MarshalJSON() ([]byte, error) {
	object := orderedObject{{"name", o.Name}}
	switch o.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		object = append(object, member{strings.ToLower(o.Method), o.URL})
	default:
		object = append(object, member{"method", o.Method}, member{"url", o.URL})
	}
	if len(o.Headers) > 0 {
		object = append(object, member{"headers", o.Headers})
	}
	switch {
	case o.BodyFile != "":
		object = append(object, member{"body_file", o.BodyFile})
	case len(o.Body) > 0:
		object = append(object, member{"body", string(o.Body)})
	}
	return object.MarshalJSON()
}

type member struct {
	key   string
	value any
}

// An orderedObject is a JSON object whose members keep their order.
type orderedObject []member

func (o orderedObject) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// A KeyError says which key of a plan is wrong, why, and how to mend it.
type KeyError struct {
	Key     string // e.g. "load.workers"
	Problem string // e.g. "is 0; it must be at least 1"
}

func (e *KeyError) Error() string { return e.Key + " " + e.Problem }

// Validate reports the first thing in the plan that cannot be carried out, as a
// *KeyError.
func (p *Plan) Validate() error {
	if err := validateTarget(p.Target); err != nil {
		return err
	}
	if err := validateArms(p.Arms); err != nil {
		return err
	}
	if len(p.Mix) == 0 {
		return &KeyError{"mix", "is empty; name at least one operation"}
	}
	for i, o := range p.Mix {
		for _, h := range o.Headers {
			if err := wire.ValidateHeader(h.Name, h.Value); err != nil {
				return &KeyError{fmt.Sprintf("mix[%d].headers", i), err.Error()}
			}
		}
	}
	if err := p.Session.validate(); err != nil {
		return err
	}
	return p.Load.validate()
}

func validateTarget(target string) error {
	if target == "" {
		return nil
	}
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return &KeyError{"target", fmt.Sprintf("is not a URL: %v", err)}
	case u.Scheme != "http" && u.Scheme != "https":
		return &KeyError{"target", fmt.Sprintf("has scheme %q; use http or https", u.Scheme)}
	case u.Hostname() == "":
		return &KeyError{"target", fmt.Sprintf("%q names no host", target)}
	}
	return nil
}

func (s *SessionPlan) validate() error {
	for _, h := range s.Headers {
		if err := wire.ValidateHeader(h.Name, h.Value); err != nil {
			return &KeyError{"session.headers", err.Error()}
		}
	}
	for _, t := range []struct {
		key   string
		value Duration
	}{{"connect", s.Timeout.Connect}, {"read", s.Timeout.Read}, {"total", s.Timeout.Total}} {
		if t.value < 0 {
			return &KeyError{"session.timeout." + t.key, fmt.Sprintf("is %v; use a positive time, or 0 for none", time.Duration(t.value))}
		}
	}
	if s.TLS.Key != "" && s.TLS.Cert == "" {
		return &KeyError{"session.tls.key", "is given without session.tls.cert; name the certificate too"}
	}
	return nil
}

// maxBlocks is far more than any comparison needs. Every trial's histograms are kept, and
// drawn thousands of times for the intervals.
const maxBlocks = 10_000

// longestRun keeps times of a run, some of which are drawn and may be a multiple of it,
// within what a time.Duration can hold.
const longestRun = 1000 * 24 * time.Hour

func (l *Load) validate() error {
	problem := func(key, format string, args ...any) error {
		return &KeyError{"load." + key, fmt.Sprintf(format, args...)}
	}
	switch {
	case l.Workers < 1:
		return problem("workers", "is %d; it must be at least 1", l.Workers)
	case l.Requests < 0:
		return problem("requests", "is %d; it must be at least 1", l.Requests)
	case l.Requests == 0 && l.Duration <= 0:
		return problem("duration", "is %v; it must be longer than 0", time.Duration(l.Duration))
	case l.Requests > 0 && l.Duration != 0:
		return problem("requests", "and load.duration are both given; a run ends by one of them")
	case !(l.Rate >= 0) || l.Rate > 1e7:
		return problem("rate", "is %v; it must be above 0 and at most 10,000,000 per second", l.Rate)
	case l.Rate > 0 && float64(l.Requests)/l.Rate > longestRun.Seconds():
		return problem("rate", "is %v; %d requests would take more than %.0f days", l.Rate, l.Requests, longestRun.Hours()/24)
	case time.Duration(l.Duration) > longestRun:
		return problem("duration", "is %v; it must be at most %v", time.Duration(l.Duration), longestRun)
	case time.Duration(l.Warmup) > longestRun:
		return problem("warmup", "is %v; it must be at most %v", time.Duration(l.Warmup), longestRun)
	case l.Arrivals != "" && l.Arrivals != Constant && l.Arrivals != Poisson:
		return problem("arrivals", "is %q; use constant or poisson", l.Arrivals)
	case l.Warmup < 0:
		return problem("warmup", "is %v; use 0 for none", time.Duration(l.Warmup))
	case l.Blocks < 1:
		return problem("blocks", "is %d; it must be at least 1", l.Blocks)
	case l.Blocks > maxBlocks:
		return problem("blocks", "is %d; it must be at most %d", l.Blocks, maxBlocks)
	case l.Requests > 0 && l.Requests < int64(l.Blocks):
		return problem("blocks", "is %d but each arm has only %d requests; every block needs at least one", l.Blocks, l.Requests)
	}
	return nil
}
