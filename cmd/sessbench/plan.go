package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"sessbench/workload"
	"sessbench/workload/session"
)

// A planner makes a plan of a command line.
type planner struct {
	flags *flagValues
	given func(flag string) bool   // the flag stands on the command line
	text  func(flag string) string // what it was given, as written
	stdin io.Reader
}

// plan is complete; what is wrong with it as a whole is not said yet.
func (b planner) plan(t target, arms []workload.Arm) (*workload.Plan, error) {
	operation, err1 := b.operation(t)
	plan, err2 := b.asGiven(t, arms)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	plan.Mix = []workload.Operation{operation}
	return plan, nil
}

// asGiven is the plan without a mix.
func (b planner) asGiven(t target, arms []workload.Arm) (*workload.Plan, error) {
	start, err1 := b.session(t)
	connection, err2 := b.connection()
	emulation, err3 := b.emulation()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	f := b.flags
	return &workload.Plan{
		Target:     t.base,
		Arms:       arms,
		HTTP:       f.http,
		Session:    start,
		Connection: connection,
		Emulate:    emulation,
		Load:       b.load(),
		FailIf:     f.failIf,
		Output:     workload.Output{File: f.out, Format: f.format, Quiet: f.quiet},
	}, nil
}

// refuseContradictions finds what a plan cannot tell: a flag that was given has a
// meaning even where its value is a default's.
func (b planner) refuseContradictions() error {
	f := b.flags
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, usagef(format, args...))
		}
	}
	refuse(b.given("plan") && f.planFile == "", "--plan is empty; name a file")
	refuse(b.given("set") && !b.given("plan"), "--set is given without --plan; name the plan's file, as in --plan plan.yaml")
	refuse(b.given("plan") && f.planFile == "-" && f.bodyFile == "-", "--plan and --body-file are both -; standard input can be read once")
	refuse(b.given("arms") && f.arms == "", "--arms is empty; choose from %s", workload.PolicyNames)
	refuse(b.given("duration") && b.given("requests"), "--duration and --requests are both given; a run ends by one of them")
	refuse(b.given("requests") && f.requests < 1, "--requests is %d; it must be at least 1", f.requests)
	refuse(b.given("rate") && !(f.rate > 0), "--rate is %v; it must be above 0 requests per second", f.rate)
	refuse(b.given("max-workers") && f.maxWorkers < 1, "--max-workers is %d; it must be at least 1", f.maxWorkers)
	refuse(b.given("max-workers") && !b.given("rate") && !b.given("plan"), "--max-workers is given without --rate; add a rate, as in --rate 500")
	refuse(b.given("arrivals") && !b.given("rate") && !b.given("plan"), "--arrivals is given without --rate; add a rate, as in --rate 500")
	refuse(b.given("arrivals") && f.arrivals == "", "--arrivals is empty; use constant or poisson")
	refuse(b.given("body") && b.given("body-file"), "--body and --body-file are both given; keep one of them")
	refuse(b.given("max-redirects") && !f.location && !b.given("plan"), "--max-redirects is given without --location; add --location to follow redirects")
	refuse(b.given("insecure") && f.insecure && b.given("cacert"), "--insecure and --cacert are both given; keep --cacert to check the server's certificate, --insecure not to")
	for _, file := range []struct{ flag, path string }{
		{"body-file", f.bodyFile}, {"cacert", f.caCert}, {"cert", f.cert}, {"key", f.key}, {"out", f.out},
	} {
		refuse(b.given(file.flag) && file.path == "", "--%s is empty; name a file", file.flag)
	}
	return errors.Join(append(problems, b.emptyConnectionFlags())...)
}

func (b planner) load() workload.Load {
	f := b.flags
	l := workload.Load{
		Workers:    f.workers,
		MaxWorkers: f.maxWorkers,
		Duration:   workload.Duration(f.duration),
		Requests:   f.requests,
		Rate:       f.rate,
		Arrivals:   workload.Arrivals(f.arrivals),
		Warmup:     workload.Duration(f.warmup),
		Blocks:     f.blocks,
		Seed:       f.seed,
	}
	if l.Requests > 0 {
		l.Duration = 0
		if !b.given("blocks") {
			l.Blocks = int(min(int64(l.Blocks), l.Requests))
		}
	}
	if !b.given("warmup") {
		l.Warmup = workload.Duration(workload.DefaultWarmup(time.Duration(l.Duration)))
	}
	if l.Rate > 0 && l.Arrivals == "" {
		l.Arrivals = workload.Constant
	}
	return l
}

func (b planner) operation(t target) (workload.Operation, error) {
	body, err := b.body()
	if err != nil {
		return workload.Operation{}, err
	}
	o := workload.Operation{Method: b.flags.method, URL: t.path, Body: body, BodyFile: b.flags.bodyFile}
	switch {
	case !b.given("method") && (b.given("body") || b.given("body-file")):
		o.Method = "POST"
	case !b.given("method"):
		o.Method = "GET"
	case !isToken(o.Method):
		return o, usagef("--method is %q; write one word, such as GET", o.Method)
	case strings.EqualFold(o.Method, "CONNECT"):
		return o, usagef("--method is CONNECT, which opens tunnels; use a method that has a response, such as GET")
	}
	o.Name = o.Method + " " + pathOnly(t.path)
	return o, nil
}

// pathOnly leaves out a query, in which there may be a secret, and the host.
func pathOnly(requestURL string) string {
	u, err := url.Parse(requestURL)
	if err != nil {
		return "/"
	}
	return u.EscapedPath()
}

// isToken says whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for _, r := range s {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) {
			return false
		}
	}
	return s != ""
}

func (b planner) body() ([]byte, error) {
	var data []byte
	var err error
	switch b.flags.bodyFile {
	case "":
		return []byte(b.flags.body), nil
	case "-":
		data, err = io.ReadAll(b.stdin)
	default:
		data, err = os.ReadFile(b.flags.bodyFile)
	}
	if err != nil {
		return nil, unreadable("body-file", b.flags.bodyFile, err)
	}
	return data, nil
}

func unreadable(flag, path string, err error) error {
	return usagef("--%s %s cannot be read: %v; check the file's name and permissions", flag, path, reason(err))
}

func (b planner) session(t target) (workload.SessionPlan, error) {
	f := b.flags
	s := workload.SessionPlan{
		Timeout: workload.Timeout{
			Connect: workload.Duration(f.connect),
			Read:    workload.Duration(f.read),
			Total:   workload.Duration(f.timeout),
		},
		TLS:       b.tls(),
		Follow:    f.location,
		TrustEnv:  f.trustEnv,
		Resolve:   f.resolve,
		ConnectTo: f.connectTo,
	}
	if f.location || b.given("max-redirects") {
		s.MaxRedirects = &f.maxRedirects
	}
	for _, file := range []struct{ flag, path string }{{"cacert", f.caCert}, {"cert", f.cert}, {"key", f.key}} {
		if err := readable(file.flag, file.path); err != nil {
			return s, err
		}
	}
	var err error
	if s.Headers, err = parseHeaders(f.headers); err != nil {
		return s, err
	}
	if s.Cookies, err = b.cookies(); err != nil {
		return s, err
	}
	if s.Proxies, err = b.proxies(); err != nil {
		return s, err
	}
	s.Auth, err = b.auth(t)
	return s, err
}

// proxies reads --proxy. It does not repeat what is wrong: it may hold a password.
func (b planner) proxies() (workload.Proxies, error) {
	if !b.given("proxy") {
		return nil, nil
	}
	if strings.TrimSpace(b.flags.proxy) == "" {
		return nil, usagef("--proxy is empty; write --proxy http://host:port")
	}
	return workload.Proxies{{For: "all", URL: b.flags.proxy}}, nil
}

// auth is digest where that was asked for, and otherwise basic where there are credentials.
func (b planner) auth(t target) (*workload.Auth, error) {
	credentials, err := b.credentials(t)
	switch {
	case err != nil:
		return nil, err
	case credentials == nil && b.flags.digest:
		return nil, usagef("--digest is given without --user; add --user name:password")
	case credentials == nil:
		return nil, nil
	case b.flags.digest:
		return &workload.Auth{Digest: credentials}, nil
	}
	return &workload.Auth{Basic: credentials}, nil
}

func readable(flag, path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return unreadable(flag, path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return unreadable(flag, path, fmt.Errorf("it is a directory"))
	}
	return nil
}

// parseHeaders does not repeat a line that is wrong: it may be a secret.
func parseHeaders(lines []string) (workload.Fields, error) {
	var headers workload.Fields
	for i, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		switch {
		case strings.ContainsAny(line, "\r\n\x00"):
			return nil, usagef("--header number %d has a line break in it; give each header a --header of its own", i+1)
		case !ok:
			return nil, usagef("--header number %d has no colon; write --header 'Name: value'", i+1)
		case !isToken(name):
			return nil, usagef("--header number %d has no proper name before its colon; write --header 'Name: value'", i+1)
		case strings.EqualFold(name, "Content-Length"), strings.EqualFold(name, "Transfer-Encoding"):
			return nil, usagef("--header %s is what sessbench sends according to the body; leave it out", name)
		}
		headers = headers.Add(name, strings.Trim(value, " \t"))
	}
	return headers, nil
}

func (b planner) cookies() (workload.Cookies, error) {
	if !b.given("cookie") {
		return nil, nil
	}
	if strings.ContainsAny(b.flags.cookie, "\r\n\x00") {
		return nil, usagef("--cookie has a line break in it; write --cookie 'name=value; name2=value2'")
	}
	cookies, err := session.ParseCookies(b.flags.cookie)
	if err != nil {
		return nil, usagef("--cookie: %v", err)
	}
	if len(cookies) == 0 {
		return nil, usagef("--cookie is empty; write --cookie 'name=value; name2=value2'")
	}
	return cookies, nil
}

// credentials prefers --user to the URL's userinfo, as curl does. Without a colon the
// password is empty: a load generator that prompts would hang in scripts.
func (b planner) credentials(t target) (*workload.BasicAuth, error) {
	if !b.given("user") {
		return t.auth, nil
	}
	if slices.Contains([]string{"", ":"}, b.flags.user) {
		return nil, usagef("--user is empty; write --user name:password")
	}
	if strings.ContainsAny(b.flags.user, "\r\n\x00") {
		return nil, usagef("--user has a line break in it; write --user name:password")
	}
	name, password, _ := strings.Cut(b.flags.user, ":")
	return &workload.BasicAuth{User: name, Password: password}, nil
}
