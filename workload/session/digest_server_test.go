package session

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mccutchen/go-httpbin/v2/httpbin"

	"sessbench/workload/wire"
)

// authExchange makes one call as a session does: with what auth has up front, and once more if it
// answers. It returns the statuses in their order.
func authExchange(t *testing.T, client *http.Client, auth Auth, method, address string) (statuses []int) {
	t.Helper()
	h := authHop(t, method, address, wire.Header{Name: "X-Test", Value: "a"})
	for {
		authenticate(t, auth, h)
		resp := sendHop(t, client, h)
		statuses = append(statuses, resp.StatusCode)
		answerer, ok := auth.(Answerer)
		if !ok || len(statuses) == 2 || resp.StatusCode/100 != 4 || !answerer.Answer(h, resp.StatusCode, resp.Header.Values("WWW-Authenticate")) {
			return statuses
		}
	}
}

func sendHop(t *testing.T, client *http.Client, h *Hop) *http.Response {
	t.Helper()
	req, err := http.NewRequest(h.Method, h.URL.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range h.Headers {
		req.Header.Add(line.Name, line.Value)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp
}

func requireAuthStatuses(t *testing.T, what string, got []int, want ...int) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: statuses %v, want %v", what, got, want)
	}
}

func TestRule_4_7_AgainstHTTPBin(t *testing.T) {
	server := httptest.NewServer(httpbin.New())
	t.Cleanup(server.Close)
	for _, algorithm := range []string{"", "/MD5", "/SHA-256"} {
		t.Run("algorithm "+algorithm, func(t *testing.T) {
			address := server.URL + "/digest-auth/auth/user/pass" + algorithm + "?a=b%20c&d"
			auth := Digest{"user", "pass"}.Session()
			requireAuthStatuses(t, "first", authExchange(t, server.Client(), auth, "GET", address), 401, 200)
			requireAuthStatuses(t, "second", authExchange(t, server.Client(), auth, "GET", address), 200)
			requireAuthStatuses(t, "HEAD", authExchange(t, server.Client(), auth, "HEAD", address), 200)
			requireAuthStatuses(t, "wrong password", authExchange(t, server.Client(), Digest{"user", "wrong"}.Session(), "GET", address), 401, 401)
			requireAuthStatuses(t, "basic", authExchange(t, server.Client(), Basic{"user", "pass"}, "GET", address), 401)
		})
	}
	t.Run("basic", func(t *testing.T) {
		requireAuthStatuses(t, "right", authExchange(t, server.Client(), Basic{"user", "pass"}, "GET", server.URL+"/basic-auth/user/pass"), 200)
		requireAuthStatuses(t, "wrong", authExchange(t, server.Client(), Basic{"user", "wrong"}, "GET", server.URL+"/basic-auth/user/pass"), 401)
	})
	t.Run("bearer", func(t *testing.T) {
		requireAuthStatuses(t, "token", authExchange(t, server.Client(), Bearer("abc"), "GET", server.URL+"/bearer"), 200)
	})
}

// digestApache runs an Apache whose /one/ and /two/ want Digest for realms of their own. The user
// is user, the password pass:word.
func digestApache(t *testing.T, directives string) string {
	dir := apacheDir(t)
	var users, locations strings.Builder
	for _, area := range []string{"one", "two"} {
		realm := "realm " + area
		fmt.Fprintf(&users, "user:%s:%x\n", realm, md5.Sum([]byte("user:"+realm+":pass:word")))
		fmt.Fprintf(&locations, `<Location "/%s/">
AuthType Digest
AuthName "%s"
AuthDigestProvider file
AuthUserFile "%s"
Require valid-user
%s
</Location>
`, area, realm, filepath.Join(dir, "users"), directives)
	}
	apacheFile(t, dir, "users", users.String())
	return startApache(t, fmt.Sprintf("AliasMatch \"^/\" \"%s\"\n", apacheFile(t, dir, "page.txt", "hello\n"))+locations.String())
}

func TestRule_4_7_AgainstApache(t *testing.T) {
	for name, directives := range map[string]string{
		"qop auth":      "AuthDigestQop auth",
		"counting":      "AuthDigestQop auth\nAuthDigestNcCheck On",
		"with a domain": "AuthDigestQop auth\nAuthDigestDomain /elsewhere/",
	} {
		t.Run(name, func(t *testing.T) {
			server := digestApache(t, directives)
			client := apacheClient(t)
			auth := Digest{"user", "pass:word"}.Session()
			requireAuthStatuses(t, "first", authExchange(t, client, auth, "GET", server+"/one/a?q=%22x%22&y=a,b"), 401, 200)
			for range 10 {
				requireAuthStatuses(t, "later", authExchange(t, client, auth, "GET", server+"/one/b?q=1"), 200)
			}
			requireAuthStatuses(t, "POST", authExchange(t, client, auth, "POST", server+"/one/c/d"), 200)
			requireAuthStatuses(t, "wrong password", authExchange(t, client, Digest{"user", "wrong"}.Session(), "GET", server+"/one/a"), 401, 401)
			requireAuthStatuses(t, "unknown user", authExchange(t, client, Digest{`us"er\`, "pass:word"}.Session(), "GET", server+"/one/a"), 401, 401)
			requireAuthStatuses(t, "none", authExchange(t, client, NoAuth{}, "GET", server+"/one/a"), 401)
		})
	}
}

// Apache without AuthDigestNcCheck; with it, it keeps one count for both realms.
func TestDigestProtectionSpacesAgainstApache(t *testing.T) {
	server := digestApache(t, "AuthDigestQop auth")
	client := apacheClient(t)
	auth := Digest{"user", "pass:word"}.Session()
	requireAuthStatuses(t, "first realm", authExchange(t, client, auth, "GET", server+"/one/a"), 401, 200)
	requireAuthStatuses(t, "other realm", authExchange(t, client, auth, "GET", server+"/two/a"), 401, 200)
	for range 3 {
		requireAuthStatuses(t, "other realm, later", authExchange(t, client, auth, "GET", server+"/two/b"), 200)
		requireAuthStatuses(t, "first realm again", authExchange(t, client, auth, "GET", server+"/one/e"), 200)
	}
}

// Nonces that can be used once cost two requests each, and nothing fails.
func TestRule_4_8_OneTimeNoncesOfApache(t *testing.T) {
	server := digestApache(t, "AuthDigestQop auth\nAuthDigestNonceLifetime 0")
	client := apacheClient(t)
	auth := Digest{"user", "pass:word"}.Session()
	for range 3 {
		requireAuthStatuses(t, "a call", authExchange(t, client, auth, "GET", server+"/one/a"), 401, 200)
	}
}

func apacheClient(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A nonce that Apache takes for stale is replaced, and the call succeeds.
func TestRule_4_8_StaleNonceAgainstApache(t *testing.T) {
	server := digestApache(t, "AuthDigestQop auth")
	client := apacheClient(t)
	auth := Digest{"user", "pass:word"}.Session().(*digestSession)
	requireAuthStatuses(t, "first", authExchange(t, client, auth, "GET", server+"/one/a"), 401, 200)
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	auth.origins[authOriginOf(u)].first.challenge.nonce = "made up"
	requireAuthStatuses(t, "with a nonce of nobody's", authExchange(t, client, auth, "GET", server+"/one/a"), 401, 200)
	requireAuthStatuses(t, "then", authExchange(t, client, auth, "GET", server+"/one/a"), 200)
}

// Apache reads a password file that holds UTF-8.
func TestRule_4_1_BasicAgainstApache(t *testing.T) {
	dir := apacheDir(t)
	hashed := sha1.Sum([]byte("pass:wörd"))
	apacheFile(t, dir, "users", "jürgen:{SHA}"+base64.StdEncoding.EncodeToString(hashed[:])+"\n")
	server := startApache(t, fmt.Sprintf(`AliasMatch "^/" "%s"
<Location "/">
AuthType Basic
AuthName "a realm"
AuthUserFile "%s"
Require valid-user
</Location>
`, apacheFile(t, dir, "page.txt", "hello\n"), filepath.Join(dir, "users")))
	client := apacheClient(t)
	requireAuthStatuses(t, "right", authExchange(t, client, Basic{"jürgen", "pass:wörd"}, "GET", server+"/"), 200)
	requireAuthStatuses(t, "wrong", authExchange(t, client, Basic{"jürgen", "pass:word"}, "GET", server+"/"), 401)
	requireAuthStatuses(t, "digest", authExchange(t, client, Digest{"jürgen", "pass:wörd"}.Session(), "GET", server+"/"), 401)
}
