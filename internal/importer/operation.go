package importer

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// An operation is one operation of the plan in the making.
type operation struct {
	comments []string
	name     string // "": the plan's own, method and path
	weight   int    // 0 and 1: not said
	method   string
	origin   string        // scheme and host, in lower case
	path     string        // raw, of the URL; for names
	url      string        // the rest of the URL, as the plan has it
	statuses []int         // that it was answered with, where that is known
	settings mapping       // what the session has where all operations have the same: headers, auth, timeout, follow, proxies, tls
	body     mapping       // and all else
	think    time.Duration // pause after it
}

// usualName is what the plan calls an operation that it gives no name.
func (o *operation) usualName() string { return o.method + " " + o.path }

// node returns the operation as it is written in a plan whose target is origin.
func (o *operation) node(origin string) *yaml.Node {
	m := mapping{}
	if o.name != "" {
		m.add("name", textNode(fixed(o.name)))
	}
	if o.weight > 1 {
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
	if expected := o.expected(); len(expected) > 0 {
		m.add("expect", expectation(expected))
	}
	if o.think > 0 {
		m.add("think", textNode(o.think.String()))
	}
	return comment(m.block(), o.comments)
}

// expected are the statuses to expect, where there are any that are errors otherwise.
func (o *operation) expected() []string {
	var list []string
	for _, status := range o.statuses {
		switch {
		case status >= 400:
			list = append(list, itoa(status))
		case status >= 100:
			list = append(list, itoa(status/100)+"xx")
		}
	}
	slices.Sort(list)
	if list = slices.Compact(list); !slices.ContainsFunc(list, func(s string) bool { return s >= "4" }) {
		return nil
	}
	return list
}

// expectation writes statuses, which need no quotes, as one or as a list.
func expectation(statuses []string) *yaml.Node {
	list := listNode()
	list.Style = yaml.FlowStyle
	for _, s := range statuses {
		list.Content = append(list.Content, plainNode(s))
	}
	if len(statuses) == 1 {
		return list.Content[0]
	}
	return list
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
		return unfit("the URL cannot be parsed; check its host, and write special characters as %XX")
	case u.Scheme != "http" && u.Scheme != "https":
		return unfit("the URL is not one of http or https; sessbench has no other protocol")
	case u.Hostname() == "" || u.Opaque != "":
		return unfit("the URL names no host; write it as in https://api.example.com/path")
	}
	_, rest, _ := strings.Cut(raw, "://")
	rest = rest[authorityEnd(rest):]
	rest, _, _ = strings.Cut(rest, "#") // never sent
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	if _, err := url.Parse(u.Scheme + "://" + u.Host + rest); err != nil {
		return unfit("the URL cannot be parsed; write special characters as %XX")
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

// unfit says why a request cannot be in a plan, without anything secret.
type unfit string

func (u unfit) Error() string { return string(u) }

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
		byURL[key][i].statuses = append(byURL[key][i].statuses, o.statuses...)
	}
	return list
}

// maxWeight is the greatest weight that a plan can have.
const maxWeight = 1_000_000
