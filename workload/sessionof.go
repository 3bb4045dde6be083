package workload

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"sessbench/workload/session"
)

// settings is what every session starts with.
func (s *SessionPlan) settings(opts Options) session.Settings {
	defaults := session.Defaults().Headers.With(session.Set("User-Agent", opts.UserAgent))
	settings := session.Settings{
		Headers:      session.MergeHeaders(defaults, s.Headers),
		Params:       s.Params,
		Auth:         s.Auth.session(),
		Timeout:      s.Timeout.session(),
		Proxies:      s.Proxies,
		TLS:          s.TLS.session(opts.Embedded),
		Follow:       session.FollowNever,
		MaxRedirects: DefaultMaxRedirects,
		TrustEnv:     s.TrustEnv,
	}
	if s.Follow {
		settings.Follow = session.FollowAlways
	}
	if s.MaxRedirects != nil {
		settings.MaxRedirects = *s.MaxRedirects
	}
	return settings
}

func (a *Auth) session() session.Auth {
	switch {
	case a == nil:
		return nil
	case a.None:
		return session.NoAuth{}
	case a.Bearer != "":
		return session.Bearer(a.Bearer)
	case a.Digest != nil:
		return session.Digest{User: a.Digest.User, Password: a.Digest.Password}
	case a.Basic != nil:
		return session.Basic{User: a.Basic.User, Password: a.Basic.Password}
	}
	return nil
}

func (t *Timeout) session() *session.Timeout {
	if t == nil {
		return nil
	}
	return &session.Timeout{
		Connect: time.Duration(t.Connect),
		Read:    time.Duration(t.Read),
		Write:   time.Duration(t.Write),
		Total:   time.Duration(t.Total),
	}
}

// session is nil where the plan says nothing, so that the environment may.
func (t *TLSPlan) session(embedded *Embedded) *session.TLS {
	if t == nil {
		return nil
	}
	s := session.TLS{
		Insecure:   !t.Verify,
		CA:         t.CA,
		Cert:       t.Cert,
		Key:        t.Key,
		MinVersion: t.Min,
		MaxVersion: t.Max,
		Curves:     strings.Join(t.Curves, ","),
		Ciphers:    strings.Join(t.Ciphers, ","),
		ALPN:       strings.Join(t.ALPN, ","),
		ServerName: t.ServerName,
		KeyLog:     t.KeyLog,
	}
	if embedded != nil && t.CA == "" {
		s.CAPEM = string(embedded.CAPEM)
	}
	if s == (session.TLS{}) {
		return nil
	}
	return &s
}

// cookiesOf makes cookies the target's: as if it had set them for its whole host.
func cookiesOf(target *url.URL, given Cookies) Cookies {
	list := slices.Clone(given)
	for i := range list {
		list[i].Domain, list[i].HostOnly, list[i].Path = target.Hostname(), true, "/"
	}
	return list
}

// request is what the operation asks the session for.
func (o *Operation) request(target *url.URL, key string) (*session.Request, error) {
	relative, err := session.ParseURL(o.URL)
	if err != nil {
		return nil, &KeyError{key + ".url", "is not a URL: " + urlReason(o.URL, err)}
	}
	full := target.ResolveReference(relative)
	if !relative.IsAbs() && relative.Host == "" {
		full.User = target.User
	}
	r := &session.Request{
		Method:  o.Method,
		URL:     full.String(),
		Headers: o.Headers,
		Params:  o.Params,
		Auth:    o.Auth.session(),
		Timeout: o.Timeout.session(),
		Proxies: o.Proxies,
		TLS:     o.TLS.session(nil),
		Cookies: o.Cookies,
	}
	if o.Follow != nil {
		r.Follow = session.FollowNever
		if *o.Follow {
			r.Follow = session.FollowAlways
		}
	}
	r.Body, err = o.body(key)
	return r, err
}

// body is the operation's body, or nil.
func (o *Operation) body(key string) (*session.Body, error) {
	switch {
	case o.Form != nil:
		return session.Form(o.Form), nil
	case o.JSON != nil:
		return session.JSON(o.JSON), nil
	case o.Multipart != nil:
		return o.Multipart.body(key + ".multipart")
	case len(o.Body) > 0:
		return session.Bytes(o.Body), nil
	}
	return nil, nil
}

func (m *Multipart) body(key string) (*session.Body, error) {
	var files []session.File
	for i, part := range m.Files {
		f, err := part.file()
		if err != nil {
			return nil, &KeyError{fmt.Sprintf("%s.files[%d]", key, i), err.Error()}
		}
		files = append(files, f)
	}
	return session.Multipart(m.Fields, files...), nil
}

// quiet is a logger that says nothing: a run's warnings are in its result.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// retryRandom is a worker's own source, drawn from the seed.
func retryRandom(seed uint64, worker int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, retryStream+uint64(worker)))
}
