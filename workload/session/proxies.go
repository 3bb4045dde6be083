package session

import (
	"fmt"
	"net/url"
	"strings"

	"sessbench/workload/wire"
)

// An environment looks up an environment variable, as os.Getenv does.
type environment func(name string) string

// A ProxyRule says which proxy the requests that match For go through.
type ProxyRule struct {
	// For is "scheme://host", "scheme", "all://host", "all", in order of preference; or "no_proxy",
	// whose URL is then a list of hosts as in the variable of that name. Case does not matter, and
	// a host has no port.
	For string
	// URL of the proxy, http if it names no scheme, also https, socks5, socks5h, socks4,
	// socks4a; with user:password@ if it wants credentials. Empty: no proxy.
	URL string
	// Remove takes the rule away from what it is merged over, the environment included.
	Remove bool
}

// Proxies are rules with different For.
type Proxies []ProxyRule

// noProxy is the For of a rule that limits the environment's proxies.
const noProxy = "no_proxy"

// Validate reports the first rule that cannot be used, as an *Error without credentials.
func (p Proxies) Validate() error {
	seen := make(map[string]bool, len(p))
	for _, rule := range p {
		key := normalKey(rule.For)
		if !knownKey(key) {
			return &Error{Kind: ErrInvalidArgument, Err: fmt.Errorf("proxies for %q: write http, https or all, alone or with ://host, or no_proxy", rule.For)}
		}
		if seen[key] {
			return &Error{Kind: ErrInvalidArgument, Err: fmt.Errorf("more than one proxy for %q", rule.For)}
		}
		seen[key] = true
		if rule.Remove || rule.URL == "" || key == noProxy {
			continue
		}
		if _, err := ParseProxy(rule.URL); err != nil {
			return err
		}
	}
	return nil
}

// normalKey brings a For into the form in which it is compared.
func normalKey(key string) string {
	key = strings.ToLower(key)
	if scheme, host, ok := strings.Cut(key, "://"); ok && strings.HasPrefix(host, "[") {
		return scheme + "://" + strings.Trim(host, "[]")
	}
	return key
}

func knownKey(key string) bool {
	scheme, host, named := strings.Cut(key, "://")
	switch scheme {
	case "http", "https", "all":
		return !named || host != "" && !strings.ContainsAny(host, "/?#@")
	}
	return key == noProxy
}

// proxyFor returns the proxy for a request to u, or nil. Rules of over take the place of those
// of base with the same For. Where none of them matches and env is not nil, the environment
// decides: its variables are read for every call. The error is an *Error.
func proxyFor(u *url.URL, base, over Proxies, env environment) (*wire.Proxy, error) {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname())
	raw, found := "", false
	if len(base) > 0 || len(over) > 0 {
		for i := range keyForms {
			rule, ok := lookUp(base, over, i, scheme, host)
			if found = ok && !rule.Remove; found {
				raw = rule.URL
				break
			}
		}
	}
	if !found && env != nil {
		raw = environmentProxy(u, base, over, env)
	}
	if raw == "" {
		return nil, nil
	}
	return ParseProxy(raw)
}

// keyForms is how many forms a key can have, in order of preference: those of ProxyRule.For.
const keyForms = 4

// isKey reports whether a For is the form-th key for scheme and host.
func isKey(key string, form int, scheme, host string) bool {
	if form >= 2 {
		scheme = "all"
	}
	if form%2 == 1 {
		return strings.EqualFold(key, scheme)
	}
	n := len(scheme)
	if len(key) < n+len("://") || !strings.EqualFold(key[:n], scheme) || key[n:n+3] != "://" {
		return false
	}
	return strings.EqualFold(strings.Trim(key[n+3:], "[]"), host)
}

// lookUp returns the rule of over, else of base, with the form-th key.
func lookUp(base, over Proxies, form int, scheme, host string) (ProxyRule, bool) {
	for _, rules := range [...]Proxies{over, base} {
		for _, rule := range rules {
			if isKey(rule.For, form, scheme, host) {
				return rule, true
			}
		}
	}
	return ProxyRule{}, false
}

// environmentProxy returns the URL of the environment's proxy for u, or "".
func environmentProxy(u *url.URL, base, over Proxies, env environment) string {
	raw := ""
	switch {
	case strings.EqualFold(u.Scheme, "https"):
		if !removed(base, over, "https") {
			raw = either(env, "https_proxy", "HTTPS_PROXY")
		}
	case strings.EqualFold(u.Scheme, "http"):
		if !removed(base, over, "http") {
			raw = httpProxy(env)
		}
	}
	if raw == "" && !removed(base, over, "all") {
		raw = either(env, "all_proxy", "ALL_PROXY")
	}
	if raw == "" || bypasses(u, exceptions(base, over, env)) {
		return ""
	}
	return raw
}

// httpProxy reads http_proxy. A CGI program finds a request's Proxy header in HTTP_PROXY, so
// in one that variable is passed over.
func httpProxy(env environment) string {
	if raw := env("http_proxy"); raw != "" || env("REQUEST_METHOD") != "" {
		return raw
	}
	return env("HTTP_PROXY")
}

func either(env environment, lower, upper string) string {
	if value := env(lower); value != "" {
		return value
	}
	return env(upper)
}

// removed reports whether a rule takes the environment's away.
func removed(base, over Proxies, key string) bool {
	rule, ok := ruleNamed(base, over, key)
	return ok && rule.Remove
}

// exceptions returns the list of hosts that the environment's proxies do not serve.
func exceptions(base, over Proxies, env environment) string {
	if rule, ok := ruleNamed(base, over, noProxy); ok {
		if rule.Remove {
			return ""
		}
		return rule.URL
	}
	return either(env, "no_proxy", "NO_PROXY")
}

// named returns the rule of over, else of base, for a key without a host.
func ruleNamed(base, over Proxies, key string) (ProxyRule, bool) {
	for _, rules := range [...]Proxies{over, base} {
		for _, rule := range rules {
			if strings.EqualFold(rule.For, key) {
				return rule, true
			}
		}
	}
	return ProxyRule{}, false
}
