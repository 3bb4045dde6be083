package importer

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// seed adds sources of testdata, and others.
func seed(f *testing.F, files []string, others ...string) {
	for _, name := range files {
		f.Add(readSource(f, name))
	}
	for _, text := range others {
		f.Add([]byte(text))
	}
}

// check holds what is imported to be a plan, with and without secrets.
func check(t *testing.T, read func(o Options) (*Plan, error)) {
	o := testOptions("source")
	for _, o.ShowSecrets = range []bool{false, true} {
		if plan, err := read(o); err == nil {
			parses(t, plan)
		}
	}
}

func FuzzCurl(f *testing.F) {
	seed(f, []string{"commands.sh"},
		`curl -sSL -X POST 'http://u:p@h:80//a?b=c&token={{x}}#d' -d a=${X}`,
		"curl http://h/ -H 'A: b' -H 'a: c' -b 'x=1; x=2; =3; y' -u a --digest",
		`curl --json '{"a":{"<<":1,"token":[1,"{{x}}",{"b":null}]}}' http://h/`,
		`curl -F 'a=@b;type="x";filename="{{c}}",d' -x socks5://u:p@h -T f -I -G http://h`,
	)
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, func(o Options) (*Plan, error) { return Curl(string(data), o) })
	})
}

// Words have characters that no command line can have.
func FuzzCurlWord(f *testing.F) {
	for _, option := range []string{"--url", "-H", "-d", "--json", "-F", "-b", "-u", "-x", "-A", "--resolve", "--connect-to", "--unix-socket", "-X", "-E", "-T", "--data-urlencode"} {
		f.Add(option, "a: b")
		f.Add(option, "a=b;c={{d}}${e}")
	}
	f.Fuzz(func(t *testing.T, option, value string) {
		check(t, func(o Options) (*Plan, error) { return CurlWords([]string{"curl", "http://h/", option, value}, o) })
	})
}

func FuzzHAR(f *testing.F) {
	seed(f, []string{"shop.har"}, `{"log":{"entries":[{"request":{"method":"get","url":"http://h/?{{a}}=${b}","headers":[{"name":"Cookie","value":"a=b"},{"name":"Authorization","value":"Digest x"}]},"response":{"status":599},"time":1e300}]}}`)
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, func(o Options) (*Plan, error) { return HAR(data, HAROptions{Options: o, KeepCookies: true}) })
		check(t, func(o Options) (*Plan, error) {
			return HAR(data, HAROptions{Options: o, Hosts: []string{"*"}, Mix: true, NoAssets: true})
		})
	})
}

func FuzzOpenAPI(f *testing.F) {
	seed(f, []string{"petstore.yaml", "kinds.yaml", "swagger.json"})
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, func(o Options) (*Plan, error) { return OpenAPI(data, OpenAPIOptions{Options: o}) })
	})
}

func FuzzVegeta(f *testing.F) {
	seed(f, []string{"targets.txt", "targets.json"})
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, func(o Options) (*Plan, error) { return Vegeta(data, o) })
	})
}

// What a text means does not depend on the text.
func FuzzLiteral(f *testing.F) {
	f.Add("{{x}} ${Y} $$", "$")
	f.Fuzz(func(t *testing.T, a, b string) {
		plan, err := CurlWords([]string{"curl", "http://h/", "--data-raw", a + b, "-H", "Content-Type: text/plain", "-A", ""}, testOptions("source"))
		if err != nil || len(plan.Variables) > 0 || a+b == "" {
			return
		}
		if got := meant(t, string(parses(t, plan).Mix[0].Body)); got != a+b {
			t.Errorf("%q became %q", a+b, got)
		}
	})
}

// A JSON body is sent as it was, whether the plan says it as json or as body.
func FuzzJSON(f *testing.F) {
	f.Add(`{"a": [1, -0, 1.50, 1e400, 12345678901234567890, "x\u0000\ud800", null, true, {}, []], "<<": "$", "": "y: z\n"}`)
	f.Add("[[[1]],\n {\"no\": \"yes\", \"1\": \"0x1\", \"~\": \"~\"}]")
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) || strings.Contains(text, "{{") || strings.Contains(text, `\u007b`) || strings.Contains(text, `\u007B`) {
			return
		}
		o := testOptions("source")
		o.ShowSecrets = true
		imported, err := CurlWords([]string{"curl", "http://h/", "--data-raw", text, "-H", "Content-Type: application/json"}, o)
		if err != nil {
			return
		}
		operation := parses(t, imported).Mix[0]
		got := string(operation.JSON)
		if operation.JSON == nil {
			got = string(operation.Body)
		}
		if want := decoded(t, text); !reflect.DeepEqual(decoded(t, got), want) {
			t.Errorf("%q became %q\n%s", text, got, imported.YAML)
		}
	})
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return value
}
