package importer

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// setConnection gives an operation what is said of redirects, limits, proxies and TLS.
func (c *curlImporter) setConnection(o *operation, options *curlOptions) {
	if options.location || options.locationTrusted {
		o.settings.add("follow", plainNode("true"))
	}
	limits := mapping{}
	for _, limit := range []struct {
		key     string
		seconds float64
	}{{"connect", options.connectTimeout}, {"total", options.maxTime}} {
		if limit.seconds > 0 && limit.seconds < 1e6 {
			limits.add(limit.key, textNode(time.Duration(limit.seconds*float64(time.Second)).Round(time.Millisecond).String()))
		}
	}
	if len(limits) > 0 {
		o.settings.add("timeout", limits.flow())
	}
	c.setProxy(o, options)
	if tls := c.tls(options); len(tls) > 0 {
		o.settings.add("tls", tls.block())
	}
}

func (c *curlImporter) setProxy(o *operation, options *curlOptions) {
	proxy := options.proxy
	for _, kind := range []struct{ scheme, host string }{
		{"socks4", options.socks4}, {"socks4a", options.socks4a}, {"socks5", options.socks5}, {"socks5h", options.socks5h},
	} {
		if kind.host != "" {
			proxy = kind.scheme + "://" + kind.host
		}
	}
	proxies := mapping{}
	if proxy != "" {
		text, ok := c.proxyURL(proxy, options.proxyUser)
		if !ok {
			c.comment(o, "A proxy was left out: its URL cannot be read.")
		} else {
			proxies.add("all", textNode(text))
		}
	}
	if options.noProxy != "" {
		proxies.add("no_proxy", textNode(fixed(options.noProxy)))
	}
	if len(proxies) > 0 {
		o.settings.add("proxies", proxies.block())
	}
}

// proxyURL takes the user out of a proxy's URL, and puts in one whose password is a variable. curl's port is 1080 where none is
// given.
func (c *curlImporter) proxyURL(raw, user string) (text string, ok bool) {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	host := strings.TrimSuffix(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		if user == "" {
			user = unescaped(host[:at])
		}
		host = host[at+1:]
	}
	probe := &operation{}
	if probe.setURL(newVault(c.Options), "http://"+host) != nil || !slices.Contains(proxySchemes, strings.ToLower(scheme)) {
		return "", false
	}
	if hostOnly := host[strings.LastIndexByte(host, ']')+1:]; !strings.Contains(hostOnly, ":") {
		host += ":1080"
	}
	if user == "" {
		return strings.ToLower(scheme) + "://" + fixed(host), true
	}
	name, password, hasPassword := strings.Cut(user, ":")
	if !hasPassword { // it may be a key
		return strings.ToLower(scheme) + "://" + c.secret("PROXY_USER", curlEscape(name), "user of the proxy, encoded as in a URL") + "@" + literal(host), true
	}
	secret := c.secret("PROXY_PASSWORD", curlEscape(password), "password of the proxy, encoded as in a URL")
	return strings.ToLower(scheme) + "://" + curlEscape(name) + ":" + secret + "@" + fixed(host), true
}

var proxySchemes = []string{"http", "https", "socks4", "socks4a", "socks5", "socks5h"}

func (c *curlImporter) tls(options *curlOptions) mapping {
	tls := mapping{}
	if options.insecure {
		tls.add("verify", plainNode("false"))
	}
	if options.caCert != "" {
		tls.add("ca", textNode(fixed(c.file(options.caCert))))
	}
	if options.cert != "" {
		cert, password, hasPassword := strings.Cut(options.cert, ":")
		if len(cert) == 1 && hasPassword { // a drive
			cert, hasPassword = cert+":"+password, false
		}
		if hasPassword {
			c.note("The password of --cert was left out; save the key without one.")
		}
		tls.add("cert", textNode(fixed(c.file(cert))))
		if options.key != "" {
			tls.add("key", textNode(fixed(c.file(options.key))))
		}
	}
	for _, version := range []struct {
		given bool
		least string
	}{{options.tls13, "1.3"}, {options.tls12, "1.2"}, {options.tls11, "1.1"}, {options.tls1 || options.tls10, "1.0"}} {
		if version.given {
			tls.add("min", textNode(version.least))
			break
		}
	}
	if slices.Contains([]string{"1.0", "1.1", "1.2", "1.3"}, options.tlsMax) {
		tls.add("max", textNode(options.tlsMax))
	}
	return tls
}

// finish says once what a plan has for all operations.
func (c *curlImporter) finish() {
	compressed, follow := false, true
	for _, options := range c.all {
		compressed = compressed || options.compressed
		follow = follow && (options.location || options.locationTrusted)
		c.setRules(options)
		c.setHTTP(options)
		if options.maxRedirects >= 0 && c.session.get("max_redirects") == nil {
			c.session.add("max_redirects", plainNode(itoa(options.maxRedirects)))
		}
		c.setSocket(options)
	}
	if !follow && c.session.get("max_redirects") != nil {
		c.session.add("follow", plainNode("false"))
	}
	if !compressed {
		c.remark("curl asks for no compression without --compressed, and sessbench does: to measure what curl transfers, set session.headers.Accept-Encoding to null.")
	}
}

// A rule of --resolve or --connect-to has its parts between colons; IPv6 addresses have brackets.
var (
	resolveRule   = regexp.MustCompile(`^(?:\[[^\[\]]+\]|[^:\[\]]+):([0-9]+):(.+)$`)
	connectToRule = regexp.MustCompile(`^(?:\[[^\[\]]*\]|[^:\[\]]*):([0-9]*):(?:\[[^\[\]]*\]|[^:\[\]]*):([0-9]*)$`)
)

// setRules takes what stands in the place of DNS. Of --resolve there are forms that are about curl's cache.
func (c *curlImporter) setRules(options *curlOptions) {
	for _, rule := range options.resolve {
		rule = strings.TrimPrefix(rule, "+") // until it would be looked up again
		if m := resolveRule.FindStringSubmatch(rule); m == nil || strings.HasPrefix(rule, "-") || !isPort(m[1]) || !areAddresses(m[2]) {
			c.note("A rule of --resolve was left out: it is not host:port:address; write it under session.resolve.")
			continue
		}
		c.session.addText("resolve", rule)
	}
	for _, rule := range options.connectTo {
		if m := connectToRule.FindStringSubmatch(rule); m == nil || m[1] != "" && !isPort(m[1]) || m[2] != "" && !isPort(m[2]) {
			c.note("A rule of --connect-to was left out: it is not host:port:host:port; write it under session.connect_to.")
			continue
		}
		c.session.addText("connect_to", rule)
	}
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

func areAddresses(list string) bool {
	for address := range strings.SplitSeq(list, ",") {
		if ip, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(address), "[]")); err != nil || ip.Zone() != "" {
			return false
		}
	}
	return true
}

// setSocket makes the first Unix socket that is named the plan's.
func (c *curlImporter) setSocket(options *curlOptions) {
	const longest = 103 // that every system has
	socket := options.unixSocket
	if socket != "" {
		socket = c.file(socket)
	} else if options.abstractSocket != "" {
		socket = "@" + options.abstractSocket
	}
	switch {
	case socket == "" || c.connection.get("unix_socket") != nil:
		return
	case len(socket) > longest || socket == "@" || strings.Contains(socket, "\x00"):
		c.note("The Unix socket was left out: its path is too long or no path.")
		return
	}
	c.connection.add("unix_socket", textNode(fixed(socket)))
	if len(c.all) > 1 {
		c.note("The Unix socket of one command is that of the whole plan.")
	}
}

// setHTTP chooses the version of HTTP that the first option of its kind names.
func (c *curlImporter) setHTTP(options *curlOptions) {
	version := ""
	switch {
	case options.h2c:
		version = "h2c"
	case options.http3 || options.http3Only:
		version = "3"
	case options.http2:
		version = "2"
	case options.http11:
		version = "1.1"
	case options.http10:
		c.note("HTTP/1.0 was left out: sessbench has 1.1, 2 and 3.")
	}
	if version == "h2c" && c.allHave("https:") {
		version = "2"
	}
	switch {
	case version == "":
		return
	case version == "h2c" && !c.allHave("http:"), version == "2" && !c.allHave("https:"), version == "3" && !c.allHave("https:"):
		c.note("HTTP/%s was left out: it is not for all of the plan's URLs, since 2 and 3 need https and h2c needs http; write it as an arm.", version)
		return
	}
	if c.http != "" && c.http != version {
		c.note("The commands name several versions of HTTP; the plan has %s. Write the others as arms.", c.http)
		return
	}
	c.http = version
}

// allHave says whether all operations have a scheme.
func (c *curlImporter) allHave(scheme string) bool {
	return !slices.ContainsFunc(c.operations, func(o *operation) bool { return !strings.HasPrefix(o.origin, scheme) })
}

// addText adds a text to a list under a key, unless it is there.
func (m *mapping) addText(key, text string) {
	list := m.get(key)
	if list == nil {
		list = listNode()
		m.add(key, list)
	}
	node := textNode(fixed(text))
	if !slices.ContainsFunc(list.Content, func(item *yaml.Node) bool { return same(item, node) }) {
		list.Content = append(list.Content, node)
	}
}
