package importer

import (
	"encoding/json"
	"strings"
	"testing"

	"sessbench/workload"
)

// Secrets of bodies become variables in whatever way the body is written, and the rest stays.
func TestSecretsOfBodies(t *testing.T) {
	large := `"filler": "` + strings.Repeat("x", largestJSON) + `"`
	for _, test := range []struct{ kind, body, want string }{
		{"application/json", `{"token": ["geheim1", {"a": "geheim2"}], "a": {"pin": 1234, "b": [true, null]}}`, `{"token":["${TOKEN}",{"a":"${TOKEN_A}"}],"a":{"pin":"${PIN}","b":[true,null]}}`},
		{"application/json", `{"token": ["geheim1", {"a": "ge\"heim\\"}], "token": "", "a": {"pin": -12.5e3 , "b": [1, "c"]}, "d": "{{$${"}`,
			`{"token": ["${TOKEN}", {"a": "${TOKEN_A}"}], "token": "", "a": {"pin": "${PIN}" , "b": [1, "c"]}, "d": "{{"{{"}}$$$${"}`},
		{"application/json", `{"password": "geheim wort", ` + large + `}`, `{"password": "${PASSWORD}", ` + large + `}`},
		{"text/plain", "user: me\npassword: geheim\n{\"secret\": 'ge heim'}", "user: me\npassword: ${PASSWORD}\n{\"secret\": '${SECRET}'}"},
		{"text/xml", `<a user="me" token="ge heim"><ns:password>ge heim</ns:password><empty></empty></a>`, `<a user="me" token="${TOKEN}"><ns:password>${NS_PASSWORD}</ns:password><empty></empty></a>`},
		{"text/plain", `{\"api_key\": \"geheim\", \"list\": [1]}`, `{\"api_key\": \"${API_KEY}\", \"list\": [1]}`},
		{"application/x-www-form-urlencoded", "a=1&a=2&b=3&a=4&password=geheim", "a=1&a=2&b=3&a=4&password=${PASSWORD}"},
	} {
		v := newVault(&Options{Secret: workload.SecretName})
		b := &builder{Options: &Options{}, vault: v, dropped: map[string]bool{}}
		o := &operation{}
		b.setBody(o, &[]header{{"Content-Type", test.kind}}, test.body)
		got := ""
		if n := o.body.get("body"); n != nil {
			got = n.Value
		} else if n := o.body.get("json"); n != nil {
			var value any
			if err := n.Decode(&value); err != nil {
				t.Fatal(err)
			}
			var want any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if compactJSON(value) != compactJSON(want) {
				t.Errorf("%s became %s, want %s", test.body, compactJSON(value), test.want)
			}
			continue
		}
		if got != test.want {
			t.Errorf("%.200s became %.200s, want %.200s", test.body, got, test.want)
		}
	}
}

func TestVariablesHaveNamesThatShellsTake(t *testing.T) {
	for name, want := range map[string]string{
		"X-Api-Key": "X_API_KEY", "accessToken": "ACCESS_TOKEN", "pwd": "PASSWORD", "": "SECRET", "1a": "SECRET_1A", "é.": "SECRET", "a[b][c]": "A_B_C", "JWT": "JWT",
	} {
		if got := variableName(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	v := newVault(&Options{Secret: workload.SecretName})
	for i, want := range []string{"${A}", "${A_2}", "${A}", "${A_2_2}", "${A_3}"} {
		name, value := "a", []string{"1", "2", "1", "1", "3"}[i]
		if i == 3 {
			name = "a_2"
		}
		if got := v.secret(name, value, ""); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
}

func TestURLsKeepWhatIsNoSecret(t *testing.T) {
	for raw, want := range map[string]string{
		"/a?b=c&token=x%20y&d":       "/a?b=c&token=${TOKEN}&d",
		"https://u:p@h/a?b":          "https://h/a?b",
		"/@me/x://y@z/":              "/@me/x://y@z/",
		"/a?token=&key=true":         "/a?token=&key=true",
		"/${a}$$?b={{c}}&d=$":        `/$${a}$$$?b={{"{{"}}c}}&d=$$`,
		"/a?%74oken=x":               "/a?%74oken=${TOKEN}",
		"https://h/#access_token=xx": "https://h/",
	} {
		v := newVault(&Options{Secret: workload.SecretName})
		if got := v.url(raw); got != want {
			t.Errorf("%s became %s, want %s", raw, got, want)
		}
	}
}

// Whatever a JSON body is, no value of a secret name is in the plan.
func FuzzSecretsOfJSON(f *testing.F) {
	f.Add("a", "password", "ge\"heim\\", false)
	f.Add("{{", "token", "[x]", true)
	f.Fuzz(func(t *testing.T, name, secret, value string, twice bool) {
		value = "0geheim0" + value
		if !workload.SecretName(secret) || !isText(name+secret+value) {
			return
		}
		inner := `{` + compactJSON(secret) + `:[` + compactJSON(value) + `]}`
		body := `{` + compactJSON(name) + `: ` + inner + `}`
		if twice {
			body = `{"n": 1, "n": [` + body + `]}`
		}
		imported, err := CurlWords([]string{"curl", "http://h/", "--json", body}, testOptions("source"))
		if err != nil {
			return
		}
		if strings.Contains(string(imported.YAML), "0geheim0") {
			t.Errorf("%s became\n%s", body, imported.YAML)
		}
		parses(t, imported)
	})
}
