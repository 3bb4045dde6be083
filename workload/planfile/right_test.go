package planfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sessbench/workload"
	"sessbench/workload/session"
)

func TestAPlanIsReadWithItsShortFormsAndDefaults(t *testing.T) {
	t.Setenv("PLANFILE_TEST_HOST", "h.example")
	t.Setenv("PLANFILE_TEST_PASSWORD", "a$${b}: [")
	dir := filepath.Join("testdata", "right")
	got, err := Read(filepath.Join(dir, "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	timeout := workload.Timeout{Connect: seconds(5), Read: seconds(30), Total: seconds(9)}
	short := timeout
	short.Read = seconds(1)
	sessionTLS := workload.TLSPlan{CA: filepath.Join(dir, "ca.pem")}
	itemTLS := workload.TLSPlan{CA: sessionTLS.CA, Key: filepath.Join(dir, "key.pem"), Cert: "/cert.pem"}
	want := &workload.Plan{
		Target: "https://h.example:8443",
		Arms: []workload.Arm{
			{Name: "pooled", Policy: "pooled"}, {Name: "five", Policy: "reuse-5"},
			{Name: "fresh-no-resend", Policy: "fresh", NoResend: true}, {Name: "f", Policy: "fresh"},
		},
		Session: workload.SessionPlan{
			Headers:      workload.Fields{session.Set("User-Agent", "MyApp/1.0"), session.Set("Accept", "a", "b"), session.Set("X-Number", "007"), session.Remove("Accept-Language")},
			Params:       workload.Fields{session.Set("locale", "en"), session.Set("page", "1"), session.Set("flags", "1", "true")},
			Auth:         &workload.Auth{Basic: &workload.BasicAuth{User: "user", Password: "a$${b}: ["}},
			Cookies:      workload.Cookies{{Name: "sid", Value: "abc"}},
			Timeout:      timeout,
			Proxies:      workload.Proxies{{For: "all", URL: "http://proxy.example:3128"}},
			MaxRedirects: pointer(3),
			Follow:       true,
			TLS:          sessionTLS,
			Adapters:     workload.Adapters{{Prefix: "https://", Retries: session.Retries(3)}},
		},
		Setup: []workload.Operation{{Name: "POST /login", Method: "POST", URL: "/login",
			Form: workload.Fields{session.Set("user", "me"), session.Set("price", "$5"), session.Set("dollars", "$5")}}},
		Mix: []workload.Operation{
			{Name: "list", Weight: 7, Method: "GET", URL: "/items?page=1"},
			{Name: "DELETE /items/1", Method: "DELETE", URL: "/items/1", Timeout: &short, TLS: &itemTLS},
			{Name: "again", Method: "DELETE", URL: "/items/1", Timeout: &short, TLS: &itemTLS, Auth: &workload.Auth{None: true}},
			{Name: "POST /items", Method: "POST", URL: "/items", JSON: json.RawMessage(`{"b":16,"a":[1000,1.5,null,"<"],"when":"2020-01-02"}`)},
			{Name: "PURGE /", Method: "PURGE", URL: "/", Body: []byte("two\nlines\n")},
		},
		Load:   workload.Load{Workers: 10, Requests: 5, Rate: 20, Arrivals: workload.Constant, Blocks: 5, Seed: 1},
		FailIf: []string{"pooled.response_time.p99 > 50ms"},
	}
	if !reflect.DeepEqual(got.Plan, want) {
		g, _ := json.MarshalIndent(got, "", " ")
		w, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("plan\n%s\nwant\n%s", g, w)
	}
}

func TestTheSmallestPlanHasTheCommandLinesDefaults(t *testing.T) {
	got, err := Parse("x", []byte("mix: [{get: /}]"))
	if err != nil {
		t.Fatal(err)
	}
	want := &workload.Plan{
		Arms:    workload.DefaultArms(true),
		Session: defaultSession(),
		Mix:     []workload.Operation{{Name: "GET /", Method: "GET", URL: "/"}},
		Load:    workload.Load{Workers: 10, Duration: seconds(10), Warmup: seconds(1), Blocks: 10, Seed: 1},
	}
	if !reflect.DeepEqual(got.Plan, want) {
		t.Errorf("plan %+v, want %+v", got, want)
	}
}

// Whoever says how many redirects are followed wants them to be followed.
func TestRedirectsAreFollowedWhereTheirNumberIsGiven(t *testing.T) {
	for session, want := range map[string]bool{
		"": false, "max_redirects: 3": true, "follow: true": true, "follow: false": false,
		"max_redirects: 3, follow: false": false, "follow: false, max_redirects: 3": false,
	} {
		p, err := Parse("x", []byte("session: {"+session+"}\nmix: [{get: /}]"))
		if err != nil || p.Session.Follow != want {
			t.Errorf("%q: %v, %v; want %v", session, p.Session.Follow, err, want)
		}
		text, _ := json.Marshal(p)
		again, err := Parse("x", text)
		if err != nil || again.Session.Follow != want {
			t.Errorf("%q: %v after it was written and read, %v", session, again, err)
		}
	}
}

// Only names that were given have to differ.
func TestOperationsWithoutNamesAreToldApart(t *testing.T) {
	p, err := Parse("x", []byte("mix: [{get: /a}, {get: /a}, {get: /b}, {get: '/a?x'}, {name: 'GET /a #2', get: /}]"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range p.Mix {
		names = append(names, o.Name)
	}
	if want := []string{"GET /a", "GET /a #3", "GET /b", "GET /a #4", "GET /a #2"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if _, err := Parse("x", []byte("mix: [{name: a, get: /a}, {name: a, get: /b}]")); err == nil {
		t.Error("two operations have the same name")
	}
}

func TestAPlanThatIsTooLargeIsRefused(t *testing.T) {
	endless := bytes.NewReader(append([]byte("mix: [{get: /}]\n#"), make([]byte, maxSize)...))
	_, err := ReadFrom("big.yaml", endless)
	if err == nil || err.Error() != "the plan big.yaml is larger than 100 MB; make it smaller" {
		t.Errorf("error %v", err)
	}
}

func TestAFileThatCannotBeReadIsNoProblemOfThePlan(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	for path, want := range map[string]string{
		missing:     "no such file or directory; check the file's name and permissions",
		t.TempDir(): "is a directory; check the file's name and permissions",
	} {
		_, err := Read(path)
		if _, isProblem := errors.AsType[*Error](err); err == nil || isProblem || !strings.HasSuffix(err.Error(), "the plan "+path+" cannot be read: "+want) {
			t.Errorf("error %v", err)
		}
	}
}
