package session

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
)

func mustURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// variables is an environment.
func variables(namesAndValues ...string) environment {
	m := map[string]string{}
	for i := 0; i < len(namesAndValues); i += 2 {
		m[namesAndValues[i]] = namesAndValues[i+1]
	}
	return func(name string) string { return m[name] }
}

// wantProxy checks which proxy is chosen by its host; "" is none.
func wantProxy(t *testing.T, target string, base, over Proxies, env environment, want string) {
	t.Helper()
	p, err := proxyFor(mustURL(t, target), base, over, env)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	got := ""
	if p != nil {
		got = p.Host
	}
	if got != want {
		t.Errorf("%s goes through %q, want %q", target, got, want)
	}
}

func rules(keysAndURLs ...string) Proxies {
	var p Proxies
	for i := 0; i < len(keysAndURLs); i += 2 {
		p = append(p, ProxyRule{For: keysAndURLs[i], URL: keysAndURLs[i+1]})
	}
	return p
}

func TestRule_8_1_KeysInOrderOfPreference(t *testing.T) {
	all := rules("all", "four", "all://one.test", "three", "http", "two", "HTTP://One.test", "one", "http://[::1]", "six")
	for _, tc := range []struct {
		rules        Proxies
		target, want string
	}{
		{all, "http://one.test:8080/", "one"},
		{all, "http://ONE.test/", "one"},
		{all, "http://two.test/", "two"},
		{all, "http://[::1]:80/", "six"},
		{all, "https://one.test/", "three"},
		{all, "https://two.test/", "four"},
		{all[:3], "http://one.test/", "two"},
		{all[:2], "http://one.test/", "three"},
		{all[:1], "http://one.test/", "four"},
		{rules("https", "x"), "http://one.test/", ""},
		{rules("http://one.test", "x"), "http://sub.one.test/", ""},
		{rules("http://one.test:80", "x"), "http://one.test:80/", ""},
		{rules("no_proxy", "x"), "http://one.test/", ""},
		{nil, "http://one.test/", ""},
	} {
		wantProxy(t, tc.target, tc.rules, nil, nil, tc.want)
		wantProxy(t, tc.target, nil, tc.rules, nil, tc.want)
	}
}

func TestRule_1_7_RulesOfARequestAreLaidOverTheSessions(t *testing.T) {
	base := rules("http", "base", "all", "rest")
	remove := Proxies{{For: "HTTP", Remove: true}}
	removeAll := Proxies{{For: "http", Remove: true}, {For: "all", Remove: true}}
	for name, tc := range map[string]struct {
		over         Proxies
		target, want string
	}{
		"same key":             {rules("HTTP", "over"), "http://a.test", "over"},
		"more particular":      {rules("http://a.test", "over"), "http://a.test", "over"},
		"less particular":      {rules("all", "over"), "http://a.test", "base"},
		"less particular, hit": {rules("all", "over"), "https://a.test", "over"},
		"removed":              {remove, "http://a.test", "rest"},
		"all removed":          {removeAll, "http://a.test", ""},
		"switched off":         {rules("http", ""), "http://a.test", ""},
		"other switched off":   {rules("https", ""), "http://a.test", "base"},
	} {
		t.Run(name, func(t *testing.T) { wantProxy(t, tc.target, base, tc.over, nil, tc.want) })
	}
}

func TestRule_8_8_Environment(t *testing.T) {
	for name, tc := range map[string]struct {
		env          environment
		target, want string
	}{
		"http":             {variables("http_proxy", "p"), "http://a.test", "p"},
		"http for https":   {variables("http_proxy", "p"), "https://a.test", ""},
		"https":            {variables("https_proxy", "p"), "https://a.test", "p"},
		"all":              {variables("all_proxy", "p"), "https://a.test", "p"},
		"ALL":              {variables("ALL_PROXY", "p"), "http://a.test", "p"},
		"scheme before":    {variables("all_proxy", "p", "http_proxy", "q"), "http://a.test", "q"},
		"HTTP before all":  {variables("all_proxy", "p", "HTTP_PROXY", "q"), "http://a.test", "q"},
		"lower case first": {variables("HTTPS_PROXY", "p", "https_proxy", "q"), "https://a.test", "q"},
		"upper case":       {variables("HTTPS_PROXY", "p"), "https://a.test", "p"},
		"upper case http":  {variables("HTTP_PROXY", "p"), "http://a.test", "p"},
		"CGI":              {variables("HTTP_PROXY", "p", "REQUEST_METHOD", "GET"), "http://a.test", ""},
		"CGI lower case":   {variables("http_proxy", "p", "REQUEST_METHOD", "GET"), "http://a.test", "p"},
		"CGI https":        {variables("HTTPS_PROXY", "p", "REQUEST_METHOD", "GET"), "https://a.test", "p"},
		"CGI all":          {variables("HTTP_PROXY", "p", "ALL_PROXY", "q", "REQUEST_METHOD", "GET"), "http://a.test", "q"},
		"loopback":         {variables("http_proxy", "p"), "http://127.0.0.1:80", "p"},
		"localhost":        {variables("http_proxy", "p"), "http://localhost", "p"},
		"no_proxy":         {variables("http_proxy", "p", "no_proxy", "b.test, a.test"), "http://a.test", ""},
		"NO_PROXY":         {variables("http_proxy", "p", "NO_PROXY", "a.test"), "http://a.test", ""},
		"no_proxy first":   {variables("http_proxy", "p", "no_proxy", "b.test", "NO_PROXY", "a.test"), "http://a.test", "p"},
	} {
		t.Run(name, func(t *testing.T) { wantProxy(t, tc.target, nil, nil, tc.env, tc.want) })
	}
}

func TestRule_8_9_NoProxyLimitsTheEnvironmentOnly(t *testing.T) {
	const target = "http://one.test"
	env := variables("http_proxy", "env", "no_proxy", "one.test")
	free := variables("http_proxy", "env")
	remove := Proxies{{For: "no_proxy", Remove: true}}
	wantProxy(t, target, nil, nil, env, "")
	wantProxy(t, target, rules("http", "base"), nil, env, "base")
	wantProxy(t, target, nil, rules("http", "over", "no_proxy", "*"), env, "over")
	// The key takes the variable's place.
	wantProxy(t, target, nil, rules("no_proxy", "two.test"), env, "env")
	wantProxy(t, target, rules("no_proxy", "one.test"), nil, free, "")
	wantProxy(t, target, rules("no_proxy", "one.test"), rules("NO_PROXY", ""), env, "env")
	wantProxy(t, target, rules("no_proxy", "one.test"), remove, env, "env")
}

func TestRule_8_10_Precedence(t *testing.T) {
	const target = "http://one.test"
	env := variables("http_proxy", "env", "all_proxy", "any")
	wantProxy(t, target, nil, nil, env, "env")
	wantProxy(t, target, rules("http", "base"), nil, env, "base")
	wantProxy(t, target, rules("all", "base"), nil, env, "base")
	wantProxy(t, target, rules("http", "base"), rules("http", "over"), env, "over")
	wantProxy(t, target, rules("https", "base"), rules("https", "over"), env, "env")
	wantProxy(t, target, nil, rules("http", ""), env, "")
	wantProxy(t, target, rules("all", ""), nil, env, "")
	// What is removed is not the environment's to bring back.
	wantProxy(t, target, rules("http", "base"), Proxies{{For: "http", Remove: true}}, env, "any")
	wantProxy(t, target, nil, Proxies{{For: "http", Remove: true}, {For: "all", Remove: true}}, env, "")
	wantProxy(t, "https://one.test", nil, Proxies{{For: "https", Remove: true}}, variables("https_proxy", "env"), "")
	wantProxy(t, target, nil, nil, nil, "")
}

// Every hop of a chain is decided anew from the same settings.
func TestRule_8_11_EveryHopIsDecidedAnew(t *testing.T) {
	env := variables("all_proxy", "env", "no_proxy", "free.test")
	off := Proxies{{For: "http", Remove: true}, {For: "all", Remove: true}}
	for _, hop := range []struct{ target, plain, based string }{
		{"http://free.test/1", "", "base"},
		{"http://one.test/2", "env", "base"},
		{"https://one.test/3", "env", "env"},
		{"http://free.test/4", "", "base"},
	} {
		wantProxy(t, hop.target, nil, nil, env, hop.plain)
		wantProxy(t, hop.target, rules("http", "base"), nil, env, hop.based)
		wantProxy(t, hop.target, rules("http", "base"), off, env, "")
	}
}

func TestProxiesValidate(t *testing.T) {
	good := append(rules("http", "", "https", "h", "all", "socks5://h", "HTTP://one.test", "h", "all://[::1]", "h", "no_proxy", "*"), ProxyRule{For: "https://x", Remove: true})
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Proxies{
		rules("ftp", "h"), rules("", "h"), rules("http://", "h"), rules("http://a/", "h"), rules("no_proxy://a", "h"), rules("httpx", "h"),
		rules("http", "a", "HTTP", "b"), rules("all://[::1]", "a", "all://::1", "b"),
	} {
		if err := bad.Validate(); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestProxiesAsJSON(t *testing.T) {
	for _, text := range []string{
		`null`, `{}`,
		`{"https":"http://u:p@h:1","no_proxy":"a,b","http":null,"all":""}`,
	} {
		var p Proxies
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		back, err := json.Marshal(p)
		if err != nil || string(back) != text {
			t.Errorf("%s became %s, %v", text, back, err)
		}
	}
	for _, text := range []string{`[]`, `"hunter2"`, `{"http": 12345}`, `{"http": {"a": "hunter2"}}`, `{"http": "a", "HTTP": "hunter2"}`, `{"http": "hunter2"`} {
		var p Proxies
		err := json.Unmarshal([]byte(text), &p)
		if err == nil || strings.Contains(err.Error(), "hunter2") || p != nil {
			t.Errorf("%s: %v, %v", text, err, p)
		}
	}
}
