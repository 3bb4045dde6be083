package workload

import (
	"testing"

	"sessbench/workload/wire"
)

func TestConnectToRules(t *testing.T) {
	for rule, want := range map[string]wire.Redirection{
		"Api.Example:443:127.0.0.1:8443": {FromHost: "api.example", FromPort: "443", ToHost: "127.0.0.1", ToPort: "8443"},
		"::127.0.0.1:8443":               {ToHost: "127.0.0.1", ToPort: "8443"},
		"h:80:[::1]:":                    {FromHost: "h", FromPort: "80", ToHost: "::1"},
		"[::1]:80:h:8080":                {FromHost: "::1", FromPort: "80", ToHost: "h", ToPort: "8080"},
	} {
		if got, err := parseConnectTo(rule); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", rule, got, err, want)
		}
	}
	for _, rule := range []string{"", "h", "h:80:x", "h:http:x:80", "h:80:x:y", "h:80:x:99999", "h:0:x:80", "a:1:b:2:c"} {
		if got, err := parseConnectTo(rule); err == nil {
			t.Errorf("%q: taken as %+v", rule, got)
		}
	}
}

func TestResolveRulesNeedAPortAndAddresses(t *testing.T) {
	for rule, want := range map[string]string{
		"H.example:80:127.0.0.1,[::1]": "h.example:80",
		"[::1]:8080:127.0.0.1":         "[::1]:8080",
	} {
		if got, _, err := parseResolve(rule); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", rule, got, err, want)
		}
	}
	for _, rule := range []string{"", "h:80", "h:http:127.0.0.1", "h:80:", "h:80:localhost", "h::127.0.0.1"} {
		if got, _, err := parseResolve(rule); err == nil {
			t.Errorf("%q: taken as %s", rule, got)
		}
	}
}
