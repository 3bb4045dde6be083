package importer

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A header is a line of a request's head.
type header struct{ name, value string }

// ofConnection are headers that sessbench writes itself, according to the body, the arm and the connection.
var ofConnection = []string{
	"connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade",
}

// setHeaders gives an operation its headers: authorization and cookies become keys of their own, and what belongs to the
// connection is left out. Headers of the same name are a list.
func (b *builder) setHeaders(o *operation, headers []header) {
	var names []string // in lower case
	values := map[string][]string{}
	spelled := map[string]string{}
	for _, h := range headers {
		lower := strings.ToLower(h.name)
		value := strings.TrimSpace(h.value)
		switch {
		case strings.HasPrefix(h.name, ":"): // HTTP/2
			continue
		case lower == "host" && !strings.EqualFold(value, hostOf(o.origin)) && isHeader(h.name, value):
		case slices.Contains(ofConnection, lower):
			if lower != "host" {
				b.dropped[strings.ToLower(h.name)] = true
			}
			continue
		case !isHeader(h.name, value):
			b.comment(o, "A header was left out: it has characters that cannot be sent.")
			continue
		case lower == "authorization" && b.setAuthorization(o, value):
			continue
		case lower == "cookie":
			b.setCookies(o, value)
			continue
		}
		if values[lower] == nil {
			names = append(names, lower)
			spelled[lower] = h.name
		}
		values[lower] = append(values[lower], b.headerText(h.name, value))
	}
	fields := mapping{}
	for _, name := range names {
		fields.add(spelled[name], flowTexts(values[name]))
	}
	if len(fields) > 0 {
		o.settings.add("headers", fields.block())
	}
}

func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return host
}

// isHeader says whether a header can be sent.
func isHeader(name, value string) bool {
	return isToken(name) && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// headerText returns a header's value for the plan.
func (b *builder) headerText(name, value string) string {
	switch strings.ToLower(name) {
	case "referer", "origin":
		return b.url(value)
	case "authorization", "proxy-authorization":
		if scheme, rest, ok := strings.Cut(value, " "); ok && isToken(scheme) {
			return literal(scheme+" ") + b.secret(name, rest, name+" header")
		}
		return b.secret(name, value, name+" header")
	}
	return b.text(name, value, name+" header")
}

// setAuthorization makes a key of an Authorization header where the plan has one for it.
func (b *builder) setAuthorization(o *operation, value string) bool {
	if o.settings.get("auth") != nil {
		return true // the one in the URL, which curl and browsers put there
	}
	if scheme, _, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Digest") {
		b.comment(o, "The answer to a digest challenge was left out, since it is good once; write auth: {digest: {user: ..., password: ...}}.")
		return true
	}
	auth, ok := b.authorization(value)
	if ok {
		o.settings.add("auth", auth.flow())
	}
	return ok
}

// setCookies gives an operation the cookies of a Cookie header, behind those of an earlier one.
func (b *builder) setCookies(o *operation, line string) {
	if b.cookiesByJar {
		return
	}
	cookies := mapping{}
	if given := o.settings.get("cookies"); given != nil {
		for i := 0; i+1 < len(given.Content); i += 2 {
			cookies.add(given.Content[i].Value, given.Content[i+1])
		}
		o.settings.remove("cookies")
	}
	for _, cookie := range b.cookies(o, line) {
		if cookies.get(cookie.key) == nil {
			cookies = append(cookies, cookie)
		}
	}
	if len(cookies) > 0 {
		o.settings.add("cookies", cookies.block())
	}
}

// cookies reads "name=value; name=value". Of cookies of one name the first counts, as it does for servers.
func (b *builder) cookies(o *operation, line string) mapping {
	cookies := mapping{}
	for pair := range strings.SplitSeq(line, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if name == "" && value == "" {
			continue
		}
		if !ok || name == "" || strings.Contains(name, "{{") || !isHeader("Cookie", name+"="+value) {
			b.comment(o, "A cookie was left out: it has no name, {{ in it, or characters that cannot be sent.")
			continue
		}
		if cookies.get(name) == nil {
			cookies.add(name, textNode(b.cookieValue(name, value)))
		}
	}
	return cookies
}

// cookieValue is always secret: what cookies are called says nothing.
func (b *builder) cookieValue(name, value string) string {
	if value == "" {
		return ""
	}
	return b.secret("COOKIE_"+name, value, "cookie "+oneLine(name))
}

// hoisted takes what all operations have alike out of them, for the session.
func hoisted(operations []*operation) mapping {
	session := mapping{}
	if len(operations) < 2 {
		return session
	}
	first := operations[0]
	for _, p := range slices.Clone(first.settings) {
		if p.key == "headers" {
			if common := commonHeaders(operations); len(common) > 0 {
				session.add("headers", common.block())
			}
			continue
		}
		if p.key == "cookies" || hasBraces(p.value) || slices.ContainsFunc(operations, func(o *operation) bool { return !same(o.settings.get(p.key), p.value) }) {
			continue
		}
		session.add(p.key, p.value)
		for _, o := range operations {
			o.settings.remove(p.key)
		}
	}
	return session
}

// commonHeaders are those that all operations have alike; they are taken out.
func commonHeaders(operations []*operation) mapping {
	common := mapping{}
	for i := 0; i+1 < len(operations[0].settings.get("headers").Content); i += 2 {
		pair := operations[0].settings.get("headers").Content[i : i+2]
		name := strings.ToLower(pair[0].Value)
		if name == "content-type" || name == "host" || hasBraces(pair[1]) || slices.ContainsFunc(operations, func(o *operation) bool { return !hasHeader(o, pair[0].Value, pair[1]) }) {
			continue
		}
		common.add(pair[0].Value, pair[1])
	}
	for _, o := range operations {
		headers := o.settings.get("headers")
		kept := mapping{}
		for i := 0; headers != nil && i+1 < len(headers.Content); i += 2 {
			if common.get(headers.Content[i].Value) == nil {
				kept.add(headers.Content[i].Value, headers.Content[i+1])
			}
		}
		if len(kept) == 0 {
			o.settings.remove("headers")
		} else if headers != nil {
			headers.Content = kept.block().Content
		}
	}
	return common
}

// hasBraces says whether a text has two braces, which a session has no way to say.
func hasBraces(n *yaml.Node) bool {
	return strings.Contains(n.Value, openBraces) || slices.ContainsFunc(n.Content, hasBraces)
}

func hasHeader(o *operation, name string, value *yaml.Node) bool {
	headers := o.settings.get("headers")
	for i := 0; headers != nil && i+1 < len(headers.Content); i += 2 {
		if headers.Content[i].Value == name {
			return same(headers.Content[i+1], value)
		}
	}
	return false
}
