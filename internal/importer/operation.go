package importer

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
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

// fingerprint is the same for operations that ask for the same.
func (o *operation) fingerprint() string {
	var b strings.Builder
	for _, text := range []string{o.method, o.origin, o.url, o.name} {
		b.WriteString(strconv.Quote(text))
	}
	written(&b, o.settings.block())
	written(&b, o.body.block())
	return b.String()
}

// written writes what a node says, and nothing of how.
func written(b *strings.Builder, n *yaml.Node) {
	fmt.Fprintf(b, "%d%s%q(", n.Kind, n.Tag, n.Value)
	for _, child := range n.Content {
		written(b, child)
	}
	b.WriteByte(')')
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
	taken := map[string]int{} // names, and the last numbers behind them
	for _, o := range operations {
		base := o.name
		if base == "" {
			base = o.usualName()
		}
		name := base
		for taken[name] > 0 {
			taken[base]++
			name = base + " #" + itoa(taken[base])
		}
		taken[name] = max(1, taken[name])
		if name != o.usualName() {
			o.name = name
		}
	}
}

// merged makes one operation of those that ask for the same, with a weight, in the order of their first.
func merged(operations []*operation) []*operation {
	first := map[string]*operation{}
	var list []*operation
	for _, o := range operations {
		key := o.fingerprint()
		if same := first[key]; same != nil {
			same.weight++
			same.statuses = append(same.statuses, o.statuses...)
			continue
		}
		o.weight = 1
		first[key] = o
		list = append(list, o)
	}
	return list
}

// maxWeight is the greatest weight that a plan can have.
const maxWeight = 1_000_000
