package main

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sessbench/testserver"
)

// The tests in this file know the plan's words, and what try prints, and nothing else.

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestRule_1_ByPlan_SettingsAreMerged(t *testing.T) {
	s := script(t, func(asked) string { return reply(200, "") })
	trace := examine(t, exitDone, fmt.Sprintf(`
target: %s
session:
  headers: {X-Both: session, X-Gone: session, X-Kept: session, Accept: null}
  params: {a: 1, b: 2}
mix:
  - {name: merged, get: "/p?z=0", headers: {x-both: call, X-GONE: null, X-New: [1, 2]}, params: {b: 3, c: [4, 5]}}
  - {name: next, get: "/p", params: {a: null, l: [1, null, 2], B: x, q: "a b&c=d", u: é}}
  - {name: url, get: "/a b/%%7Eu/./x/../y?k=a b#frag", params: {a: null, b: null}}
  - {name: form, post: /f, form: {a: [1, 2], b: x y}, params: {a: null, b: null}}
  - {name: json, put: /j, json: {b: é, a: [1, null, "<"]}, params: {a: null, b: null}}
  - {name: none, post: /n, params: {a: null, b: null}}
  - {name: own, post: /o, body: text, headers: {content-type: text/x-own, Host: other.test}, params: {a: null, b: null}}
`, s.url))
	o := trace.Operations
	e := &o[0].Exchanges[0]
	same(t, "1.4", e.Request.URL, s.url+"/p?z=0&a=1&b=3&c=4&c=5")
	same(t, "1.2", e.sent("X-Both")+" "+e.sent("X-Kept")+" "+e.sent("X-New"), "call session 1 | 2")
	same(t, "1.3", e.sent("X-Gone")+e.sent("Accept"), "--")
	same(t, "1.2, a later call", o[1].Exchanges[0].sent("X-Both")+o[1].Exchanges[0].sent("X-Gone"), "sessionsession")
	got := s.got()
	for i, want := range []string{
		"GET /p?z=0&a=1&b=3&c=4&c=5", "GET /p?b=2&l=1&l=2&B=x&q=a+b%26c%3Dd&u=%C3%A9", "GET /a%20b/~u/y?k=a%20b", "POST /f", "PUT /j", "POST /n", "POST /o",
	} {
		same(t, o[i].Name, got[i], want)
	}
	same(t, "1.5", o[2].URL, s.url+"/a%20b/~u/y?k=a%20b#frag")
	same(t, "1.12 form", o[3].Exchanges[0].Request.Body+" "+o[3].Exchanges[0].sent("Content-Type"), "a=1&a=2&b=x+y application/x-www-form-urlencoded")
	same(t, "1.12 json", o[4].Exchanges[0].Request.Body+" "+o[4].Exchanges[0].sent("Content-Type"), `{"b":"é","a":[1,null,"<"]} application/json`)
	same(t, "1.13", o[5].Exchanges[0].sent("Content-Length")+" "+o[0].Exchanges[0].sent("Content-Length"), "0 -")
	same(t, "1.12 own type", o[6].Exchanges[0].sent("Content-Type"), "text/x-own")
	same(t, "1.15", s.all()[6].Host, "other.test")
	if !o[6].Reused || s.all()[6].conn != 1 {
		t.Error("the session did not keep its connection")
	}
}

func TestRule_2_ByPlan_CookiesAreKept(t *testing.T) {
	s := script(t, func(r asked) string {
		switch r.URL.Path {
		case "/a/set":
			return reply(404, "", "Set-Cookie: here=1", "Set-Cookie: all=2; Path=/", "Set-Cookie: far=3; Domain=other.test")
		case "/a/delete":
			return reply(200, "", "Set-Cookie: here=; Max-Age=0")
		case "/hop":
			return reply(302, "", "Set-Cookie: hop=4; Path=/", "Location: /a/end")
		}
		return reply(200, "")
	})
	trace := examine(t, exitDone, fmt.Sprintf(`
target: %s
session: {cookies: {first: 0}, follow: true}
setup: [{get: /a/set}]
mix:
  - {name: inside, get: /a/b}
  - {name: outside, get: /b}
  - {name: own, get: /b, cookies: {own: 9, all: 8}}
  - {name: later, get: /b}
  - {name: line, get: /hop, headers: {Cookie: by=hand}}
  - {name: delete, get: /a/delete}
`, s.url))
	o := trace.Operations
	same(t, "part", o[0].Part+" "+o[1].Part, "setup mix")
	same(t, "2.1", o[0].jar(), "first=0@127.0.0.1/ here=1@127.0.0.1/a all=2@127.0.0.1/")
	same(t, "2.4, 2.8", o[1].Exchanges[0].sent("Cookie"), "here=1; first=0; all=2")
	same(t, "2.4", o[2].Exchanges[0].sent("Cookie"), "first=0; all=2")
	if own := o[3].Exchanges[0].sent("Cookie"); !strings.Contains(own, "own=9") || !strings.Contains(own, "all=8") || strings.Contains(own, "all=2") {
		t.Errorf("2.2: %q", own)
	}
	same(t, "2.2, later", o[4].Exchanges[0].sent("Cookie"), "first=0; all=2")
	same(t, "2.11", o[5].Exchanges[0].sent("Cookie"), "by=hand")
	same(t, "2.10", o[5].Exchanges[1].sent("Cookie"), "here=1; first=0; all=2; hop=4")
	same(t, "2.10, of the response", fmt.Sprint(len(o[5].Exchanges[0].Response.Cookies), len(o[5].Exchanges[1].Response.Cookies)), "1 0")
	same(t, "2.7", o[6].jar(), "first=0@127.0.0.1/ all=2@127.0.0.1/ hop=4@127.0.0.1/")
}

func TestRule_3_ByPlan_RedirectsAreFollowed(t *testing.T) {
	var s *scripted
	s = script(t, func(r asked) string {
		var status int
		if n, _ := fmt.Sscanf(r.URL.Path, "/r/%d", &status); n == 1 {
			return reply(status, "moved", "Location: ../end#there")
		}
		switch r.URL.Path {
		case "/loop":
			return reply(302, "", "Location: /loop")
		case "/away":
			return reply(307, "", "Location: http://localhost:"+s.port+"/back")
		case "/back":
			return reply(307, "", "Location: "+s.url+"/end")
		case "/empty":
			return reply(302, "")
		case "/odd":
			return reply(302, "", "Location: http://127.0.0.1:99999/")
		case "/mail":
			return reply(302, "", "Location: mailto:a@b.test")
		}
		return reply(200, "end")
	})
	trace := examine(t, exitFailed, fmt.Sprintf(`
target: %s
session: {max_redirects: 3, headers: {Authorization: Bearer t0ken, X-Api-Key: k}}
mix:
  - {name: post301, post: /r/301, body: b, headers: {Content-Type: text/plain, Content-Language: en}}
  - {name: post303, post: /r/303, body: b}
  - {name: post307, post: /r/307, body: b}
  - {name: put308, put: /r/308, multipart: {files: [{field: f, name: n, content: c}]}}
  - {name: head302, head: /r/302}
  - {name: delete302, delete: /r/302}
  - {name: not, get: /r/302, follow: false}
  - {name: three, get: /r/300}
  - {name: empty, get: /empty}
  - {name: away, get: /away}
  - {name: after, get: /end}
  - {name: loop, get: /loop}
  - {name: odd, get: /odd}
  - {name: mail, get: /mail}
  - {name: usable, get: /end}
`, s.url))
	want := map[string]string{
		"post301": "POST /r/301 301, GET /end#there 200", "post303": "POST /r/303 303, GET /end#there 200",
		"post307": "POST /r/307 307, POST /end#there 200", "put308": "PUT /r/308 308, PUT /end#there 200",
		"head302": "HEAD /r/302 302, HEAD /end#there 200", "delete302": "DELETE /r/302 302, GET /end#there 200",
		"not": "GET /r/302 302", "three": "GET /r/300 300", "empty": "GET /empty 302",
		"away": "GET /away 307, GET /back 307, GET /end 200", "after": "GET /end 200",
		"loop": "GET /loop 302, GET /loop 302, GET /loop 302, GET /loop 302", "odd": "GET /odd 302", "mail": "GET /mail 302", "usable": "GET /end 200",
	}
	classes := map[string]string{"loop": "too_many_redirects", "odd": "invalid_url", "mail": "invalid_url"}
	for i := range trace.Operations {
		o := &trace.Operations[i]
		same(t, o.Name, o.hops(), want[o.Name])
		same(t, o.Name+": class", o.class(), classes[o.Name])
		followed := len(o.Exchanges) - 1
		if o.Redirects != followed || o.Attempts != followed+1 || o.Retries != 0 {
			t.Errorf("%s: %d redirects, %d attempts, %d retries", o.Name, o.Redirects, o.Attempts, o.Retries)
		}
		for j, e := range o.Exchanges {
			same(t, o.Name+": why", e.Why, map[bool]string{true: "call", false: "redirect"}[j == 0])
		}
	}
	find := func(name string) *examOperation {
		return &trace.Operations[slices.IndexFunc(trace.Operations, func(o examOperation) bool { return o.Name == name })]
	}
	next := find("post301").Exchanges[1]
	same(t, "3.3, without the body", next.sent("Content-Type")+next.sent("Content-Length")+next.sent("Content-Language")+next.Request.Body, "---")
	same(t, "3.4", find("post307").Exchanges[1].Request.Body, "b")
	same(t, "3.4, streamed", find("put308").Exchanges[1].Request.Body, find("put308").Exchanges[0].Request.Body)
	away := find("away").Exchanges
	same(t, "3.11", away[0].sent("Authorization")+away[1].sent("Authorization")+away[2].sent("Authorization"), "Bearer t0ken--")
	same(t, "3.9", away[1].sent("X-Api-Key")+" "+away[1].sent("Referer"), "k -")
	same(t, "3.11, the next call", find("after").Exchanges[0].sent("Authorization"), "Bearer t0ken")
}

func TestRule_4_ByPlan_CredentialsAreSent(t *testing.T) {
	server, err := testserver.Start(testserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	basic := func(credentials string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
	}
	trace := examine(t, exitDone, fmt.Sprintf(`
target: %[1]s
session: {auth: {basic: {user: mé, password: "p:w"}}}
mix:
  - {name: session, get: /echo, headers: {Authorization: by hand}}
  - {name: none, get: /echo, auth: none}
  - {name: bearer, get: /echo, auth: {bearer: t0ken}}
  - {name: header, get: /echo, auth: none, headers: {Authorization: by hand}}
  - {name: digest, get: "/httpbin/digest-auth/auth/u/p", auth: {digest: {user: u, password: p}}}
  - {name: again, get: "/httpbin/digest-auth/auth/u/p", auth: {digest: {user: u, password: p}}}
  - {name: wrong, get: "/httpbin/digest-auth/auth/u/p", auth: {digest: {user: u, password: x}}}
  - {name: url, get: "http://u%%40x:p%%20w@%[2]s/echo"}
`, server.URL(), strings.TrimPrefix(server.URL(), "http://")))
	o := trace.Operations
	for i, want := range []string{basic("mé:p:w"), "-", "Bearer t0ken", "by hand"} {
		same(t, o[i].Name, o[i].Exchanges[0].sent("Authorization"), want)
	}
	same(t, "4.7", fmt.Sprintf("%d %d %d %s", o[4].Status, o[4].Attempts, o[4].Redirects, o[4].Exchanges[1].Why), "200 2 0 auth")
	if e := o[4].Exchanges; e[0].sent("Authorization") != "-" || !strings.Contains(e[1].sent("Authorization"), "nc=00000001") || e[0].Response.Status != 401 {
		t.Errorf("4.7: %+v", e)
	}
	same(t, "4.8", fmt.Sprint(o[6].Status, o[6].Attempts), "401 2")
	same(t, "1.6, explicit auth wins", o[7].Exchanges[0].sent("Authorization"), basic("mé:p:w"))
	if strings.Contains(o[7].Exchanges[0].Request.URL, "@") {
		t.Errorf("credentials in %s", o[7].Exchanges[0].Request.URL)
	}
}
