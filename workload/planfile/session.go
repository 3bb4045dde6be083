package planfile

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"sessbench/workload"
	"sessbench/workload/session"
)

func itoa(n int) string { return strconv.Itoa(n) }

// defaultSession is what the command line would make without flags.
func defaultSession() workload.SessionPlan {
	return workload.SessionPlan{
		Timeout: workload.Timeout{
			Connect: workload.Duration(workload.DefaultConnectTimeout),
			Read:    workload.Duration(workload.DefaultReadTimeout),
			Total:   workload.Duration(workload.DefaultTotalTimeout),
		},
		TLS: workload.TLSPlan{Verify: true},
	}
}

// session reads a session. That it says how many redirects are followed is enough for them to be followed.
func (v value) session(s *workload.SessionPlan) {
	v.keys("session", []key{
		{"headers", func(v value) { s.Headers = v.headers() }},
		{"params", func(v value) { s.Params = v.fields() }},
		{"auth", func(v value) { s.Auth = v.auth() }},
		{"cookies", func(v value) { s.Cookies = v.cookies() }},
		{"timeout", func(v value) { v.timeout(&s.Timeout) }},
		{"max_redirects", func(v value) { s.MaxRedirects, s.Follow = v.count(), true }},
		{"follow", func(v value) { s.Follow = v.bool() }},
		{"trust_env", func(v value) { s.TrustEnv = v.bool() }},
		{"proxies", func(v value) { s.Proxies = v.proxies() }},
		{"tls", func(v value) { v.tls(&s.TLS) }},
		{"adapters", func(v value) { s.Adapters = v.adapters() }},
		{"resolve", func(v value) { s.Resolve = v.texts() }},
		{"connect_to", func(v value) { s.ConnectTo = v.texts() }},
		{"renew_every", func(v value) { s.RenewEvery = int64(v.atLeastOne()) }},
	})
}

// fields reads a mapping of names to texts, lists of texts, or nothing.
func (v value) fields() workload.Fields {
	var fields workload.Fields
	v.mapping("a mapping of names to texts", func(name string, v value) {
		field := session.Field{Name: name}
		if !v.isNull() {
			v.each(func(item value) {
				if !item.isNull() {
					field.Values = append(field.Values, item.text())
				}
			})
		}
		fields = append(fields, field)
	})
	return fields
}

// headers are fields whose names' case does not count.
func (v value) headers() workload.Fields {
	fields := v.fields()
	seen := map[string]bool{}
	for _, field := range fields {
		name := strings.ToLower(field.Name)
		if path := v.join(field.Name); seen[name] {
			v.problem(v.places[path], path, "is given twice, in upper and lower case; keep one of them, with a list of values where there are several lines")
		}
		seen[name] = true
	}
	return fields
}

// mapping reads a mapping whose keys are the user's.
func (v value) mapping(wanted string, read func(name string, v value)) {
	members, _ := v.members(wanted)
	for _, m := range members {
		c, ok := v.child(m.path, m.value)
		if !ok {
			return
		}
		v.places[m.path] = m.at
		if v.kind == templated && strings.Contains(m.key.Value, "{{") {
			v.problem(m.at, m.path, "has a template in its name, where none is filled in; write it in the value")
			continue
		}
		read(m.key.Value, c)
	}
}

func (v value) cookies() workload.Cookies {
	var cookies workload.Cookies
	v.mapping("a mapping of names to texts", func(name string, v value) {
		cookies = append(cookies, session.Cookie{Name: name, Value: v.text()})
	})
	return cookies
}

func (v value) auth() *workload.Auth {
	a := &workload.Auth{}
	if v.node.Kind == yaml.ScalarNode {
		if v.isNull() || v.node.Value != "none" {
			v.wrong("none, or a mapping with one of basic, bearer and digest")
		}
		a.None = true
		return a
	}
	if v.node.Kind == yaml.SequenceNode {
		v.wrong("basic: {user: me, password: ...}, digest with the same, or bearer with a token")
		return a
	}
	v.keys("auth", []key{
		{"basic", func(v value) { a.Basic = v.credentials() }},
		{"bearer", func(v value) { a.Bearer = v.text() }},
		{"digest", as(plain, func(v value) { a.Digest = v.credentials() })},
	})
	return a
}

func (v value) credentials() *workload.BasicAuth {
	c := &workload.BasicAuth{}
	v.keys("credentials", []key{
		{"user", func(v value) { c.User = v.text() }},
		{"password", func(v value) { c.Password = v.text() }},
	})
	return c
}

// timeout reads limits over those that t has. A single time is the limit of the whole call, as
// for --timeout.
func (v value) timeout(t *workload.Timeout) {
	limit := func(into *workload.Duration) func(value) {
		return func(v value) { *into = workload.Duration(v.duration()) }
	}
	if v.node.Kind == yaml.ScalarNode && !v.isNull() {
		v.places[v.path+".total"] = v.places[v.path]
		limit(&t.Total)(v)
		return
	}
	v.keys("timeout", []key{
		{"connect", limit(&t.Connect)}, {"read", limit(&t.Read)}, {"write", limit(&t.Write)}, {"total", limit(&t.Total)},
	})
}

func (v value) tls(t *workload.TLSPlan) {
	v.keys("tls", []key{
		{"verify", func(v value) { t.Verify = v.bool() }},
		{"ca", func(v value) { t.CA = v.file() }},
		{"cert", func(v value) { t.Cert = orElse(v, "unread", value.file) }},
		{"key", func(v value) { t.Key = v.file() }},
		{"min", func(v value) { t.Min = v.word() }},
		{"max", func(v value) { t.Max = v.word() }},
		{"curves", func(v value) { t.Curves = v.words() }},
		{"ciphers", func(v value) { t.Ciphers = v.words() }},
		{"alpn", func(v value) { t.ALPN = v.texts() }},
		{"server_name", func(v value) { t.ServerName = v.text() }},
		{"key_log", func(v value) { t.KeyLog = v.file() }},
	})
}

// proxies reads one proxy for everything, or a mapping.
func (v value) proxies() workload.Proxies {
	var proxies workload.Proxies
	if v.node.Kind == yaml.ScalarNode && !v.isNull() {
		v.places[v.path+".all"] = v.places[v.path]
		return workload.Proxies{{For: "all", URL: v.text()}}
	}
	v.mapping("a URL, or a mapping with keys such as https", func(name string, v value) {
		scheme, host, withHost := strings.Cut(name, "://")
		switch {
		case name == "no_proxy":
			proxies = append(proxies, session.ProxyRule{For: name, URL: v.joined()})
			return
		case scheme != "http" && scheme != "https" && scheme != "all", withHost && host == "":
			v.problem(v.places[v.path], v.path, "is not what a proxy can be for; use http, https, all, one of them with a host as in https://api.example.com, or no_proxy")
			return
		}
		rule := session.ProxyRule{For: name, Remove: v.isNull()}
		if !rule.Remove {
			rule.URL = v.text()
		}
		proxies = append(proxies, rule)
	})
	return proxies
}

// joined reads texts as one, with commas between them.
func (v value) joined() string {
	list := v.texts()
	written := make([]string, len(list))
	for i, text := range list {
		written[i] = v.environment.Written(text)
	}
	all := strings.Join(list, ",")
	v.environment.Text(all, strings.Join(written, ","))
	return all
}

func (v value) adapters() workload.Adapters {
	var adapters workload.Adapters
	v.mapping("a mapping of URLs' beginnings to adapters", func(prefix string, v value) {
		a := workload.AdapterPlan{Prefix: prefix}
		v.keys("adapter", []key{
			{"retries", func(v value) { a.Retries = v.retries() }},
			{"pool_connections", func(v value) { a.PoolConnections = v.count() }},
			{"pool_maxsize", func(v value) { a.PoolMaxsize = v.count() }},
			{"pool_block", func(v value) { a.PoolBlock = v.bool() }},
		})
		adapters = append(adapters, a)
	})
	return adapters
}

// retries reads how many retries there are, or a mapping that says more.
func (v value) retries() *session.Retry {
	if v.node.Kind == yaml.ScalarNode {
		return session.Retries(v.int())
	}
	r := &session.Retry{}
	count := func(into **int) func(value) { return func(v value) { *into = v.count() } }
	wait := func(into *time.Duration) func(value) { return func(v value) { *into = v.duration() } }
	v.keys("retries", []key{
		{"total", count(&r.Total)}, {"connect", count(&r.Connect)}, {"read", count(&r.Read)},
		{"status", count(&r.Status)}, {"redirect", count(&r.Redirect)}, {"other", count(&r.Other)},
		{"methods", func(v value) {
			if r.AnyMethod = v.node.Kind == yaml.ScalarNode && v.node.Value == "any"; !r.AnyMethod {
				r.Methods = append([]string{}, v.words()...)
			}
		}},
		{"statuses", func(v value) { v.each(func(v value) { r.Statuses = append(r.Statuses, v.int()) }) }},
		{"backoff", wait(&r.Backoff)}, {"backoff_max", wait(&r.BackoffMax)}, {"jitter", wait(&r.Jitter)},
		{"respect_retry_after", func(v value) { r.IgnoreRetryAfter = !v.bool() }},
		{"retry_after_max", wait(&r.RetryAfterMax)},
		{"return_last", func(v value) { r.ReturnLast = v.bool() }},
	})
	return r
}

// keyErrors notes what rules of the plan say of the value.
func (v value) keyErrors(err error) {
	for _, e := range workload.KeyErrors(err) {
		v.fail("%s", e.Problem)
	}
}
