package importer

import (
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// An operation is one operation of the plan in the making.
type operation struct {
	comments []string
	name     string // "": the plan's own, method and path
	weight   int    // 0: not said
	method   string
	origin   string  // scheme and host, in lower case
	path     string  // raw, of the URL; for names
	url      string  // the rest of the URL, as the plan has it
	settings mapping // what the session has where all operations have the same: headers, auth, timeout, follow, proxies, tls
	body     mapping // and all else
}

// usualName is what the plan calls an operation that it gives no name.
func (o *operation) usualName() string { return o.method + " " + o.path }

// node returns the operation as it is written in a plan whose target is origin.
func (o *operation) node(origin string) *yaml.Node {
	m := mapping{}
	if o.name != "" {
		m.add("name", textNode(literal(o.name)))
	}
	if o.weight > 0 {
		m.add("weight", plainNode(itoa(o.weight)))
	}
	requestURL := o.url
	if o.origin != origin || strings.HasPrefix(requestURL, "//") {
		requestURL = literal(o.origin) + requestURL
	}
	switch o.method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		m.add(strings.ToLower(o.method), textNode(requestURL))
	default:
		m.add("method", textNode(literal(o.method)))
		m.add("url", textNode(requestURL))
	}
	m = append(append(m, o.settings...), o.body...)
	return comment(m.block(), o.comments)
}

// sameRequest says whether two operations ask for the same.
func (o *operation) sameRequest(p *operation) bool {
	return o.method == p.method && o.origin == p.origin && o.url == p.url && o.name == p.name &&
		same(o.settings.block(), p.settings.block()) && same(o.body.block(), p.body.block())
}

// setURL takes a whole URL apart. The error is for people, and does not repeat the URL.
func (o *operation) setURL(v *vault, raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return wrongURL("cannot be parsed; check its host, and write special characters as %XX")
	case u.Scheme != "http" && u.Scheme != "https":
		return wrongURL("is not one of http or https; sessbench has no other protocol")
	case u.Hostname() == "" || u.Opaque != "":
		return wrongURL("names no host; write it as in https://api.example.com/path")
	}
	_, rest, _ := strings.Cut(raw, "://")
	rest = rest[authorityEnd(rest):]
	rest, _, _ = strings.Cut(rest, "#") // never sent
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	if _, err := url.Parse(u.Scheme + "://" + u.Host + rest); err != nil {
		return wrongURL("cannot be parsed; write special characters as %XX")
	}
	o.origin = u.Scheme + "://" + strings.ToLower(u.Host)
	o.path, _, _ = strings.Cut(rest, "?")
	o.url = v.url(rest)
	if u.User != nil && o.settings.get("auth") == nil {
		password, _ := u.User.Password()
		o.settings.add("auth", v.credentials("basic", u.User.Username(), password).flow())
	}
	return nil
}

// wrongURL is what is wrong with a URL.
type wrongURL string

func (w wrongURL) Error() string { return "the URL " + string(w) }

// isToken says whether s can be a method or the name of a header (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
}

// nameApart numbers operations that are called the same. Those that have a name of their own keep it, as far as they can.
func nameApart(operations []*operation) {
	taken := map[string]bool{}
	for _, o := range operations {
		base := o.name
		if base == "" {
			base = o.usualName()
		}
		name := base
		for n := 2; taken[name]; n++ {
			name = base + " #" + itoa(n)
		}
		taken[name] = true
		if name != o.usualName() {
			o.name = name
		}
	}
}

// merged makes one operation of those that ask for the same, with a weight, in the order of their first.
func merged(operations []*operation) []*operation {
	byURL := map[string][]*operation{}
	var list []*operation
	for _, o := range operations {
		key := o.method + " " + o.origin + o.url
		i := slices.IndexFunc(byURL[key], o.sameRequest)
		if i < 0 {
			o.weight = 1
			byURL[key] = append(byURL[key], o)
			list = append(list, o)
			continue
		}
		byURL[key][i].weight++
	}
	if !slices.ContainsFunc(list, func(o *operation) bool { return o.weight > 1 }) {
		for _, o := range list {
			o.weight = 0
		}
	}
	return list
}

// maxWeight is the greatest weight that a plan can have.
const maxWeight = 1_000_000
