package importer

import (
	"path"
	"slices"
	"strings"
)

// Curl imports curl commands as a shell has them, one operation for each URL.
func Curl(script string, o Options) (*Plan, error) {
	if err := o.checkText([]byte(script)); err != nil {
		return nil, err
	}
	list, err := o.commands(strings.ReplaceAll(script, "\r\n", "\n"))
	if err != nil {
		return nil, err
	}
	return curlPlan(list, &o)
}

// CurlWords imports one curl command whose words a shell has parted already.
func CurlWords(words []string, o Options) (*Plan, error) {
	for _, word := range words {
		if err := o.checkText([]byte(word)); err != nil {
			return nil, err
		}
	}
	return curlPlan([]command{{words: words}}, &o)
}

func curlPlan(list []command, o *Options) (*Plan, error) {
	c := &curlImporter{builder: newBuilder(o, "curl")}
	for _, cmd := range list {
		if name := strings.TrimSuffix(path.Base(strings.ReplaceAll(cmd.words[0], `\`, "/")), ".exe"); name != "curl" {
			return nil, c.wrongWord(cmd, 0, "is not curl; give commands that begin with curl")
		}
		if err := c.command(cmd); err != nil {
			return nil, err
		}
	}
	if len(c.operations) == 0 {
		return nil, o.failf("has no command; give one as in 'curl https://api.example.com/items'")
	}
	c.finish()
	return c.plan()
}

// A curlImporter makes operations of curl's commands.
type curlImporter struct {
	*builder
	all []*curlOptions // one for each operation
}

// wrongWord is an error about a word of a command.
func (c *curlImporter) wrongWord(cmd command, index int, problem string) error {
	if index < len(cmd.where) {
		return c.failAt(int(cmd.where[index].Line()), int(cmd.where[index].Col()), "%s", problem)
	}
	if cmd.line > 0 {
		return c.failAt(cmd.line, 0, "%s", problem)
	}
	return c.failf("argument %d %s", index+1, problem)
}

// command imports one command, of which --next makes several.
func (c *curlImporter) command(cmd command) error {
	first := 1
	for _, words := range splitAtNext(cmd.words[1:]) {
		options := newCurlOptions()
		unknown, index, err := options.parse(words)
		if err != nil {
			return c.wrongWord(cmd, max(0, first+index), err.Error())
		}
		if len(options.urls) == 0 {
			return c.wrongWord(cmd, 0, "has no URL; write it with the command")
		}
		for _, u := range unknown {
			c.note("The option %s is not known and was left out.", u)
		}
		if left := options.leftOut(); len(left) > 0 {
			c.note("Left out, as a plan has no such thing or says it elsewhere: %s.", enumeration(left))
		}
		for _, u := range options.urls {
			if err := c.operation(options, u); err != nil {
				return c.wrongWord(cmd, first-1, err.Error())
			}
		}
		first += len(words) + 1
	}
	return nil
}

// operation makes an operation of a URL with its options.
func (c *curlImporter) operation(options *curlOptions, raw string) error {
	o := &operation{}
	if options.user != "" {
		c.setUser(o, options)
	}
	body, headers := c.dataOf(o, options)
	if err := o.setURL(c.vault, c.completeURL(options, o, raw)); err != nil {
		return err
	}
	if options.bearer != "" && o.settings.get("auth") == nil {
		o.settings.add("auth", mapping{{"bearer", textNode(c.secret("API_TOKEN", options.bearer, "bearer token"))}}.flow())
	}
	if o.method = c.method(options); !isToken(o.method) || strings.EqualFold(o.method, "CONNECT") {
		return unfit("has a method that cannot be sent; write one word behind -X, such as GET")
	}
	headers = c.headers(o, options, headers)
	if !options.get && !options.head {
		c.setData(o, options, &headers, body)
	}
	c.setHeaders(o, headers)
	c.removeDefaults(o, options)
	c.addCookies(o, options)
	c.setConnection(o, options)
	c.operations = append(c.operations, o)
	c.all = append(c.all, options)
	return nil
}

// completeURL completes a URL as curl does.
func (c *curlImporter) completeURL(options *curlOptions, o *operation, raw string) string {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	if scheme, rest, _ := strings.Cut(raw, "://"); true {
		raw = strings.ToLower(scheme) + "://" + rest
	}
	if !options.globOff && strings.ContainsAny(raw, "{}[]") && !strings.Contains(raw, "://[") {
		c.comment(o, "curl would make several URLs of the brackets and braces in this one, without --globoff.")
	}
	raw, _, _ = strings.Cut(raw, "#")
	if strings.HasSuffix(raw, "/") && options.upload != "" && options.upload != "-" {
		raw += path.Base(options.upload)
	}
	var query []string
	for _, q := range options.urlQuery {
		text, ok := strings.CutPrefix(q, "+") // as it is
		if !ok {
			text, ok = urlEncoded(q)
		}
		if !ok {
			c.comment(o, "A parameter of --url-query was left out: it is in a file.")
			continue
		}
		query = append(query, text)
	}
	if options.get && len(options.data) > 0 {
		query = append(query, c.joined(o, options.data))
	}
	if len(query) == 0 {
		return raw
	}
	if _, rest, _ := strings.Cut(raw, "://"); !strings.Contains(rest, "/") && !strings.Contains(rest, "?") {
		raw += "/"
	}
	separator := "?"
	if strings.Contains(raw, "?") {
		separator = "&"
	}
	return raw + separator + strings.ReplaceAll(strings.Join(query, "&"), " ", "%20")
}

func (c *curlImporter) method(options *curlOptions) string {
	switch {
	case options.request != "":
		return options.request
	case options.head:
		return "HEAD"
	case options.upload != "":
		return "PUT"
	case options.get:
		return "GET"
	case len(options.data) > 0 || len(options.form) > 0:
		return "POST"
	}
	return "GET"
}

// headers are those of -H, -A and -e, over those that the body brings.
func (c *curlImporter) headers(o *operation, options *curlOptions, implied []header) []header {
	var headers []header
	removed := map[string]bool{}
	for _, line := range options.headers {
		if strings.HasPrefix(line, "@") {
			c.comment(o, "Headers of a file were left out; write them under headers.")
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok {
			if name, ok = strings.CutSuffix(strings.TrimSpace(line), ";"); !ok {
				c.comment(o, "A header without a colon was left out.")
				continue
			}
		} else if value == "" { // takes away what curl would send
			removed[strings.ToLower(name)] = true
			continue
		}
		headers = append(headers, header{name, value})
	}
	if options.userAgent != "" {
		implied = append(implied, header{"User-Agent", options.userAgent})
	}
	if referer := strings.TrimSuffix(options.referer, ";auto"); referer != "" {
		implied = append(implied, header{"Referer", referer})
	}
	var kept []header
	for _, h := range implied {
		if !removed[strings.ToLower(h.name)] && contains(headers, h.name) == "" {
			kept = append(kept, h)
		}
	}
	return append(kept, headers...)
}

// removeDefaults takes away what sessbench sends by itself and curl was told not to send.
func (c *curlImporter) removeDefaults(o *operation, options *curlOptions) {
	var removed []string
	for _, line := range options.headers {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(value) == "" {
			removed = append(removed, strings.ToLower(strings.TrimSpace(name)))
		}
	}
	if options.set.Changed("user-agent") && options.userAgent == "" {
		removed = append(removed, "user-agent")
	}
	given := mapping{}
	if n := o.settings.get("headers"); n != nil {
		for i := 0; i+1 < len(n.Content); i += 2 {
			given.add(n.Content[i].Value, n.Content[i+1])
		}
	}
	before := len(given)
	for _, name := range []string{"Accept", "Accept-Encoding", "User-Agent"} {
		has := slices.ContainsFunc(given, func(p pair) bool { return strings.EqualFold(p.key, name) })
		if !has && slices.Contains(removed, strings.ToLower(name)) {
			given.add(name, nullNode())
		}
	}
	if len(given) > before {
		o.settings.remove("headers")
		o.settings.add("headers", given.block())
	}
}

// contains returns the name that headers have for name, or "".
func contains(headers []header, name string) string {
	for _, h := range headers {
		if strings.EqualFold(h.name, name) {
			return h.name
		}
	}
	return ""
}

// setUser is what -u says.
func (c *curlImporter) setUser(o *operation, options *curlOptions) {
	kind := "basic"
	if options.digest {
		kind = "digest"
	}
	user, password, ok := strings.Cut(options.user, ":")
	if ok {
		o.settings.add("auth", c.credentials(kind, user, password).flow())
		return
	}
	asked := mapping{{"user", textNode(literal(user))}, {"password", textNode(c.placeholder("API_PASSWORD", "", "password that curl would ask for"))}}
	o.settings.add("auth", mapping{{kind, asked.flow()}}.flow())
}

// addCookies adds those of -b where there is no Cookie header.
func (c *curlImporter) addCookies(o *operation, options *curlOptions) {
	var pairs []string
	for _, cookie := range options.cookies {
		if !strings.Contains(cookie, "=") {
			c.note("Cookies of a file (-b) were left out; write them under session.cookies.")
			continue
		}
		pairs = append(pairs, cookie)
	}
	if len(pairs) == 0 {
		return
	}
	isCookie := func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		return strings.EqualFold(strings.TrimRight(strings.TrimSpace(name), ";"), "Cookie")
	}
	if slices.ContainsFunc(options.headers, isCookie) {
		c.comment(o, "Cookies of -b were left out: curl does not send them beside a Cookie header.")
		return
	}
	cookies := c.cookies(o, strings.Join(pairs, ";"))
	if len(cookies) > 0 {
		o.settings.add("cookies", cookies.block())
	}
}
