package importer

import (
	"strings"
	"testing"
)

// An error says where it is and how to mend it, and has no secret in it.
func TestErrorsSayWhereAndHowToMend(t *testing.T) {
	curl := func(data []byte, o Options) (*Plan, error) { return Curl(string(data), o) }
	har := func(data []byte, o Options) (*Plan, error) { return HAR(data, HAROptions{Options: o}) }
	openAPI := func(data []byte, o Options) (*Plan, error) { return OpenAPI(data, OpenAPIOptions{Options: o}) }
	for _, test := range []struct {
		name   string
		read   func([]byte, Options) (*Plan, error)
		source string
		want   string
	}{
		{"nothing", curl, "  \n", `src: has no command; give one as in 'curl https://api.example.com/items'`},
		{"variable", curl, "curl https://h/ \\\n  -H \"X: $SECRET\"", `src:2:10: has a shell variable, which is not expanded; write its value, or put the dollar sign in single quotes`},
		{"substitution", curl, "curl `cat secret`", "src:1:6: has a command substitution, which is not carried out; write what the command prints, or put it in single quotes"},
		{"process", curl, "curl <(cat secret)", "src:1:6: has something that a shell would expand; write what comes of it, or put it in single quotes"},
		{"arithmetic", curl, "curl https://h/$((1+1))", "src:1:16: has something that a shell would expand; write what comes of it, or put it in single quotes"},
		{"braces", curl, "curl https://h/{a,b}", "src:1:6: has braces that a shell would expand; put them in single quotes, or write the commands one by one"},
		{"home", curl, "curl https://h/ --cacert ~/ca.pem", "src:1:26: has ~, which a shell would expand; write the path in full, or in quotes"},
		{"open quote", curl, "curl 'https://h/", "src:1:6: is no shell command: check the quotes and brackets from here on"},
		{"cmd, older", curl, "curl \"https://h/?a=1&b=2\" ^\r\n  -H \"a: b\"", "src:1: looks like a command for Windows' cmd; let the browser copy it as cURL (bash)"},
		{"cmd", curl, "curl ^\"https://h/^\" ^\n -H ^\"a: (b^\"", "src:1: looks like a command for Windows' cmd; let the browser copy it as cURL (bash)"},
		{"other program", curl, "curl https://h/\nwget https://h/", "src:2:1: is not curl; give commands that begin with curl"},
		{"loop", curl, "for i in 1 2; do curl https://h/; done", "src:1:1: is shell that cannot be imported; write curl commands alone, one on each line"},
		{"assignment", curl, "A=secret curl https://h/", "src:1:1: sets a shell variable, which cannot be imported; write its value where it is used"},
		{"here document", curl, "curl https://h/ -d @- <<X\nsecret\nX", "src:1:23: reads from a redirection, which cannot be imported; put the text or @file behind --data-binary"},
		{"no URL", curl, "curl -s", "src:1:1: has no URL; write it with the command"},
		{"no value", curl, "curl https://h/ -H", "src:1:17: needs a value"},
		{"no number", curl, "curl https://h/ -m secret", "src:1:1: --max-time needs a number"},
		{"unknown with a value", curl, "curl --frob secret https://h/", "src:1:6: is not an option of curl's that is known, and whether --frob has a value cannot be told; leave the option out"},
		{"unknown letters", curl, "curl -s\u00e9 https://h/", "src:1:6: has the option -?, which is not known, and whether it has a value cannot be told; leave the option out"},
		{"scheme", curl, "curl ftp://user:secret@h/", "src:1:1: the URL is not one of http or https; sessbench has no other protocol"},
		{"URL", curl, "curl 'https://user:secret@h:port/'", "src:1:1: the URL cannot be parsed; check its host, and write special characters as %XX"},
		{"method", curl, "curl -X 'A B' https://h/", "src:1:1: has a method that cannot be sent; write one word behind -X, such as GET"},
		{"not text", curl, "curl https://h/ \n-d \xff", "src:2: has a byte that is not UTF-8; save it as UTF-8"},

		{"no JSON", har, "{\"log\": {\n  \"entries\": [,]}}", "src:2:15: is not JSON from here on; save the network log as HAR again"},
		{"other JSON", har, "{\"log\": {\"entries\": \"secret\"}}", "src:1:28: is no HAR file: log.entries is a string; save the network log as HAR again"},
		{"no entries", har, `{"log": {}}`, "src: has no entries under log; save the network log as HAR with content"},
		{"nothing kept", har, `{"log": {"entries": [{"request": {"method": "GET", "url": "https://h/"}}]}}`, "src: has none of the requests that were asked for; its hosts are h: choose with --host"},

		{"no YAML", openAPI, "openapi: 3.0.0\npaths: [", "src:3:1: is neither YAML nor JSON: did not find expected node content; check brackets, quotes and indentation"},
		{"no version", openAPI, "a: b", `src: is no OpenAPI description of a version that is known; it begins with a line such as openapi: 3.0.3, or swagger: "2.0"`},
		{"no paths", openAPI, "openapi: 3.0.0\ninfo: {title: a, version: b}\npaths: {}", "src: has no operation to import, of 0; check its paths, and --tag, --method, --include and --exclude"},

		{"no target", Vegeta, "# nothing\n", "src: has no target; write one as in GET http://localhost:8080/items"},
		{"no method", Vegeta, "GET http://h/\n\nget http://h/", "src:3: has no method; write it in capitals, as in GET http://localhost:8080/"},
		{"one word", Vegeta, "GET http://h/\n\nsecret\n", "src:3: is no target; write a method and a URL, as in GET http://localhost:8080/"},
		{"no whole URL", Vegeta, "GET h\n", "src:1: has no URL behind the method; write a whole one, as in GET http://localhost:8080/"},
		{"header", Vegeta, "GET http://h/\nsecret\n", "src:2: is no header; write Name: value, and an empty line between targets"},
		{"header that is a target", Vegeta, "GET http://h/\n\nGET http://h/a\nX: y\nDELETE http://h/secret\n",
			"src:3: has a header whose name cannot be sent; write Name: value, and an empty line between targets"},
		{"path", Vegeta, "GET /secret\n", "src:1: the URL is not one of http or https; sessbench has no other protocol"},
		{"JSON", Vegeta, "{\"method\": \"GET\", \"url\": \"http://h/\"}\n{\"url\": 1}\n", "src:2: is no target in vegeta's format json; write an object with method and url in one line, the body in base64"},
		{"long line", Vegeta, "GET http://h/\nX: " + strings.Repeat("a", 64<<10), "src:2: is longer than the 64 kB that vegeta reads; put the body in a file and write @file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan, err := test.read([]byte(test.source), testOptions("src"))
			if err == nil {
				t.Fatalf("it was imported:\n%s", plan.YAML)
			}
			if err.Error() != test.want {
				t.Errorf("error\n%s\nwant\n%s", err, test.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error has a secret: %v", err)
			}
		})
	}
}

// Words that a shell has parted have no lines; they are counted.
func TestAWordThatIsWrongIsCounted(t *testing.T) {
	_, err := CurlWords([]string{"curl", "https://h/", "--frob", "x"}, testOptions("command line"))
	if err == nil || !strings.HasPrefix(err.Error(), "command line: argument 3 is not an option of curl's") {
		t.Errorf("error %v", err)
	}
}
