package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// curlOptions are what of curl's options has a meaning for a plan. They hold for the URLs until --next.
type curlOptions struct {
	urls                                      []string
	request, userAgent, referer               string
	headers, resolve, connectTo, cookies      []string
	data                                      []datum
	form                                      []datum
	get, head, insecure, location, compressed bool
	globOff, digest, basic, anyAuth           bool
	http10, http11, http2, h2c, http3         bool
	http3Only, locationTrusted                bool
	user, bearer, proxy, proxyUser, noProxy   string
	socks4, socks4a, socks5, socks5h          string
	caCert, cert, key, tlsMax                 string
	tls1, tls10, tls11, tls12, tls13          bool
	unixSocket, abstractSocket, upload        string
	maxTime, connectTimeout                   float64
	maxRedirects                              int
	urlQuery                                  []string
	set                                       *pflag.FlagSet
}

// A datum is one of the options that the body is put together of, which count in their order.
type datum struct{ option, value string }

// orderedValue is a flag whose values go to a list that several flags share.
type orderedValue struct {
	option string
	list   *[]datum
}

func (v orderedValue) String() string     { return "" }
func (v orderedValue) Type() string       { return "string" }
func (v orderedValue) Set(s string) error { *v.list = append(*v.list, datum{v.option, s}); return nil }

// newCurlOptions defines curl's options.
func newCurlOptions() *curlOptions {
	c := &curlOptions{maxRedirects: -1}
	f := pflag.NewFlagSet("curl", pflag.ContinueOnError)
	f.SetOutput(discard{})
	f.Usage = func() {}
	c.set = f
	c.defineRequest(f)
	c.defineConnection(f)
	for _, name := range strings.Fields(curlFlagsWithoutMeaning + curlFlagsLeftOut) {
		long, short := splitShorthand(name)
		f.BoolP(long, short, false, "")
	}
	for _, name := range strings.Fields(curlValuesWithoutMeaning + curlValuesLeftOut) {
		long, short := splitShorthand(name)
		f.StringArrayP(long, short, nil, "")
	}
	return c
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func splitShorthand(name string) (long, short string) {
	long, short, _ = strings.Cut(name, "/")
	return long, short
}

func (c *curlOptions) defineRequest(f *pflag.FlagSet) {
	f.StringArrayVar(&c.urls, "url", nil, "")
	f.StringVarP(&c.request, "request", "X", "", "")
	f.StringArrayVarP(&c.headers, "header", "H", nil, "")
	f.StringVarP(&c.userAgent, "user-agent", "A", "", "")
	f.StringVarP(&c.referer, "referer", "e", "", "")
	f.StringArrayVarP(&c.cookies, "cookie", "b", nil, "")
	for _, name := range []string{"data/d", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json"} {
		long, short := splitShorthand(name)
		f.VarP(orderedValue{long, &c.data}, long, short, "")
	}
	for _, name := range []string{"form/F", "form-string"} {
		long, short := splitShorthand(name)
		f.VarP(orderedValue{long, &c.form}, long, short, "")
	}
	f.StringArrayVar(&c.urlQuery, "url-query", nil, "")
	f.StringVarP(&c.upload, "upload-file", "T", "", "")
	f.BoolVarP(&c.get, "get", "G", false, "")
	f.BoolVarP(&c.head, "head", "I", false, "")
	f.BoolVar(&c.compressed, "compressed", false, "")
	f.BoolVarP(&c.globOff, "globoff", "g", false, "")
	f.StringVarP(&c.user, "user", "u", "", "")
	f.StringVar(&c.bearer, "oauth2-bearer", "", "")
	f.BoolVar(&c.digest, "digest", false, "")
	f.BoolVar(&c.basic, "basic", false, "")
	f.BoolVar(&c.anyAuth, "anyauth", false, "")
	f.BoolVarP(&c.location, "location", "L", false, "")
	f.BoolVar(&c.locationTrusted, "location-trusted", false, "")
	f.IntVar(&c.maxRedirects, "max-redirs", -1, "")
}

func (c *curlOptions) defineConnection(f *pflag.FlagSet) {
	f.BoolVarP(&c.insecure, "insecure", "k", false, "")
	f.StringVarP(&c.proxy, "proxy", "x", "", "")
	f.StringVarP(&c.proxyUser, "proxy-user", "U", "", "")
	f.StringVar(&c.noProxy, "noproxy", "", "")
	f.StringVar(&c.socks4, "socks4", "", "")
	f.StringVar(&c.socks4a, "socks4a", "", "")
	f.StringVar(&c.socks5, "socks5", "", "")
	f.StringVar(&c.socks5h, "socks5-hostname", "", "")
	f.BoolVarP(&c.http10, "http1.0", "0", false, "")
	f.BoolVar(&c.http11, "http1.1", false, "")
	f.BoolVar(&c.http2, "http2", false, "")
	f.BoolVar(&c.h2c, "http2-prior-knowledge", false, "")
	f.BoolVar(&c.http3, "http3", false, "")
	f.BoolVar(&c.http3Only, "http3-only", false, "")
	f.StringArrayVar(&c.resolve, "resolve", nil, "")
	f.StringArrayVar(&c.connectTo, "connect-to", nil, "")
	f.StringVar(&c.caCert, "cacert", "", "")
	f.StringVarP(&c.cert, "cert", "E", "", "")
	f.StringVar(&c.key, "key", "", "")
	f.BoolVarP(&c.tls1, "tlsv1", "1", false, "")
	f.BoolVar(&c.tls10, "tlsv1.0", false, "")
	f.BoolVar(&c.tls11, "tlsv1.1", false, "")
	f.BoolVar(&c.tls12, "tlsv1.2", false, "")
	f.BoolVar(&c.tls13, "tlsv1.3", false, "")
	f.StringVar(&c.tlsMax, "tls-max", "", "")
	f.Float64VarP(&c.maxTime, "max-time", "m", 0, "")
	f.Float64Var(&c.connectTimeout, "connect-timeout", 0, "")
	f.StringVar(&c.unixSocket, "unix-socket", "", "")
	f.StringVar(&c.abstractSocket, "abstract-unix-socket", "", "")
}

// Options that say what curl prints or keeps, which is nothing to a plan.
const (
	curlFlagsWithoutMeaning = `silent/s show-error/S verbose/v include/i fail/f fail-with-body fail-early no-buffer/N progress-bar/#
		no-progress-meter remote-name/O remote-name-all remote-header-name/J remote-time/R create-dirs parallel/Z parallel-immediate
		no-clobber remove-on-error styled-output trace-time disable/q xattr no-keepalive clobber skip-existing
		suppress-connect-headers buffer progress-meter http0.9 trace-ids
	`
	curlValuesWithoutMeaning = `output/o output-dir write-out/w dump-header/D cookie-jar/c stderr trace trace-ascii trace-config libcurl
		create-file-mode parallel-max hsts alt-svc etag-save max-filesize
	`
	// Options that change the request or the connection in a way that a plan does not have, or has elsewhere.
	curlFlagsLeftOut = `append/a cert-status compressed-ssh crlf disallow-username-in-url doh-cert-status doh-insecure false-start form-escape
		haproxy-protocol ignore-content-length ipv4/4 ipv6/6 junk-session-cookies/j negotiate netrc/n netrc-optional no-alpn no-npn no-sessionid
		ntlm ntlm-wb path-as-is post301 post302 post303 proxy-anyauth proxy-basic proxy-digest proxy-insecure proxy-negotiate proxy-ntlm
		proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1 proxytunnel/p raw retry-all-errors retry-connrefused sasl-ir socks5-basic
		socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2/2 sslv3/3
		tcp-fastopen tcp-nodelay tr-encoding use-ascii/B list-only/l metalink mptcp
	`
	curlValuesLeftOut = `aws-sigv4 capath cert-type ciphers config/K continue-at/C crlfile curves delegation dns-interface dns-ipv4-addr
		dns-ipv6-addr dns-servers doh-url egd-file engine etag-compare expect100-timeout happy-eyeballs-timeout-ms haproxy-clientip interface
		ipfs-gateway keepalive-time keepalive-cnt key-type krb limit-rate local-port login-options netrc-file pass pinnedpubkey preproxy proto
		proto-default proto-redir proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key
		proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser
		proxy1.0 quote/Q random-file range/r rate request-target retry retry-delay retry-max-time sasl-authzid service-name socks5-gssapi-service
		speed-limit/Y speed-time/y time-cond/z tls13-ciphers tlsauthtype tlspassword tlsuser variable ech vlan-priority ip-tos
		ftp-account ftp-method ftp-port/P hostpubmd5 hostpubsha256 mail-auth mail-from mail-rcpt pubkey telnet-option/t tftp-blksize
	`
)

// leftOut lists options that were given and are not in the plan.
func (c *curlOptions) leftOut() []string {
	of := map[string]bool{}
	for _, name := range strings.Fields(curlFlagsLeftOut + curlValuesLeftOut) {
		long, _ := splitShorthand(name)
		of[long] = true
	}
	var list []string
	c.set.Visit(func(f *pflag.Flag) {
		if of[f.Name] {
			list = append(list, "--"+f.Name)
		}
	})
	return list
}

// parse reads the words behind "curl", and lists the options that are not known. The error's index is that of the word that is wrong, or -1.
func (c *curlOptions) parse(words []string) (unknown []string, index int, err error) {
	args, unknown, index, err := c.normalized(words)
	if err != nil {
		return nil, index, err
	}
	if err := c.set.Parse(args); err != nil {
		return nil, -1, c.explain(err)
	}
	c.urls = append(c.urls, c.set.Args()...)
	return unknown, 0, nil
}

// explain says what a value is lacking, without the value.
func (c *curlOptions) explain(err error) error {
	if e, ok := err.(*pflag.InvalidValueError); ok {
		return fmt.Errorf("--%s needs a number", e.GetFlag().Name)
	}
	return fmt.Errorf("curl's options cannot be read; check their order and quotes")
}

// normalized gives every option a word of its own and its value another, as curl reads them: in -d=x, the value is "=x". Options
// that are not known are taken out.
func (c *curlOptions) normalized(words []string) (args []string, unknown []string, index int, err error) {
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "--":
			return append(append(args, "--"), words[i+1:]...), unknown, 0, nil
		case strings.HasPrefix(word, "--"):
			f := c.set.Lookup(word[2:])
			if f == nil {
				name, _, _ := strings.Cut(oneLine(word), "=")
				if !takesNoValue(word, words[i+1:]) {
					return nil, nil, i, fmt.Errorf("is not an option of curl's that is known, and whether %s has a value cannot be told; leave the option out", name)
				}
				unknown = append(unknown, name)
				continue
			}
			if f.NoOptDefVal != "" {
				args = append(args, word)
				continue
			}
			if i++; i == len(words) {
				return nil, nil, i - 1, fmt.Errorf("needs a value")
			}
			args = append(args, word+"="+words[i])
		case len(word) > 1 && word[0] == '-':
			skip, bad := c.shorthands(word, words[i+1:], &args, &unknown)
			if bad != nil {
				return nil, nil, i, bad
			}
			i += skip
		default:
			args = append(args, "--url="+word)
		}
	}
	return args, unknown, 0, nil
}

// shorthands reads a word such as -sSXPOST. It returns how many of the words that follow are its values.
func (c *curlOptions) shorthands(word string, rest []string, args *[]string, unknown *[]string) (skip int, err error) {
	for at := 1; at < len(word); at++ {
		letter := word[at : at+1]
		f := (*pflag.Flag)(nil)
		if letter[0] < 0x80 {
			f = c.set.ShorthandLookup(letter)
		}
		switch {
		case f == nil && (at+1 < len(word) || !takesNoValue(word, rest)):
			return 0, fmt.Errorf("has the option -%s, which is not known, and whether it has a value cannot be told; leave the option out", oneLine(letter))
		case f == nil:
			*unknown = append(*unknown, "-"+letter)
		case f.NoOptDefVal != "":
			*args = append(*args, "--"+f.Name)
		case at+1 < len(word):
			*args = append(*args, "--"+f.Name+"="+word[at+1:])
			return 0, nil
		case len(rest) == 0:
			return 0, fmt.Errorf("needs a value")
		default:
			*args = append(*args, "--"+f.Name+"="+rest[0])
			return 1, nil
		}
	}
	return 0, nil
}

// takesNoValue says whether what follows an option that is not known cannot be its value.
func takesNoValue(word string, rest []string) bool {
	return len(rest) == 0 || strings.HasPrefix(rest[0], "-") || strings.HasPrefix(word, "--no-") || strings.Contains(rest[0], "://")
}

// splitAtNext parts words at --next.
func splitAtNext(words []string) [][]string {
	var parts [][]string
	for {
		at := slices.IndexFunc(words, func(w string) bool { return w == "--next" || w == "-:" })
		if at < 0 {
			return append(parts, words)
		}
		parts = append(parts, words[:at])
		words = words[at+1:]
	}
}
