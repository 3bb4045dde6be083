package session

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sessbench/internal/programs"
	"sessbench/workload/wire"
)

// placesOf returns the places of a Prepared by the texts that stand there.
func placesOf(p *Prepared) map[string]Place {
	places := map[string]Place{}
	p.Texts(func(at Place, text string) { places[text] = at })
	return places
}

// vary makes p with other texts, by those that they take the place of.
func vary(t testing.TB, s *Session, p *Prepared, texts ...string) (*Prepared, error) {
	t.Helper()
	places := placesOf(p)
	v := s.Vary(p)
	for i := 0; i < len(texts); i += 2 {
		at, ok := places[texts[i]]
		if !ok {
			t.Fatalf("no place has %q: %v", texts[i], places)
		}
		v.Text = append(v.Text, texts[i+1]...)
		v.Put(at)
	}
	return v.Prepared()
}

// seen is what of a request a server sees, without what it has of the connection.
func (r *received) seen() string {
	return fmt.Sprintf("%s %s %v %s", r.Method, r.Target, r.Lines, r.Body)
}

// A variation is the request that Prepare would have made, with the same lines in the same order, whatever else there is.
func TestVariationsAreAsIfPrepared(t *testing.T) {
	server := record(t, func(r *received) string { return reply(200, "", "Set-Cookie: n="+r.get("X-N")) })
	request := func(path, query, value, token, body string) *Request {
		r := &Request{
			Method: "POST", URL: server.url + path + "?" + query, Params: Pairs("p", "1"),
			Headers: Pairs("X-N", value, "Host", "shop.test", "accept", "text/plain"), Body: JSON(body), Auth: Bearer(token),
		}
		r.Cookies = []Cookie{{Name: "own", Value: "1"}}
		return r
	}
	for name, change := range map[string]func(*Session){
		"plain":    func(*Session) {},
		"settings": func(s *Session) { s.Headers, s.Params = s.Headers.With(Set("X-S", "s")), Pairs("locale", "en") },
		"cookies":  func(s *Session) { _ = s.Jar.Set(Cookie{Name: "sid", Value: "abc"}) },
		"hooks": func(s *Session) {
			s.Hooks.Before = []func(*Hop) error{func(h *Hop) error { h.SetHeader("X-Hook", "1"); return nil }}
		},
		"total": func(s *Session) { s.Timeout = &Timeout{Total: 1e10} },
	} {
		s, other := measuredSession(t), measuredSession(t)
		change(s)
		change(other)
		base := mustPrepare(t, s, request("/base", "q=base", "basevalue", "basetoken", "base"))
		query := "q=base&p=1"
		if name == "settings" {
			query = "q=base&locale=en&p=1"
		}
		for i := range 3 {
			n := fmt.Sprint(i)
			long := strings.Repeat(n, i*100)
			want := request("/a%20b/"+n+"/./x", "q="+n, n, "t"+n, long)
			varied, err := vary(t, s, base, "/base", "/a%20b/"+n+"/./x", query, strings.Replace(query, "base", n, 1),
				"basevalue", n, "Bearer basetoken", "Bearer t"+n, `"base"`, `"`+long+`"`)
			if err != nil {
				t.Fatal(err)
			}
			var call Call
			if s.MeasureOnce(t.Context(), varied, &call); call.Err != nil {
				t.Fatal(name, call.Err)
			}
			got := server.last(t).seen()
			if other.Measure(t.Context(), mustPrepare(t, other, want), &call); call.Err != nil {
				t.Fatal(name, call.Err)
			}
			if want := server.last(t).seen(); got != want {
				t.Errorf("%s\n got %s\nwant %s", name, got, want)
			}
		}
		if len(s.ready) != 0 {
			t.Errorf("%s: %d requests are kept", name, len(s.ready))
		}
	}
}

func TestVariationsOfTheHost(t *testing.T) {
	s := measuredSession(t)
	server := record(t, func(*received) string { return reply(200, "", "Set-Cookie: a=1; Domain=two.test") })
	base := mustPrepare(t, s, &Request{URL: server.url, Headers: Pairs("Host", "one.test")})
	p, err := vary(t, s, base, "one.test", "two.test")
	if err != nil {
		t.Fatal(err)
	}
	var call Call
	s.MeasureOnce(t.Context(), p, &call)
	if got := s.Jar.All(); len(got) != 1 || got[0].Domain != "two.test" {
		t.Errorf("the cookie of the host that was put is not kept: %v", got)
	}
	if base.host != "one.test" {
		t.Errorf("the base has host %q", base.host)
	}
}

// No text can become another header, another request, or a request line of other words.
func TestVariationsCannotBeSmuggled(t *testing.T) {
	s := measuredSession(t)
	server := record(t, func(*received) string { return reply(200, "") })
	base := mustPrepare(t, s, &Request{Method: "POST", URL: server.url + "/p?q", Headers: Pairs("X-A", "v"), Auth: Bearer("t"), Body: Text("b")})
	for _, bad := range []string{"zq\r\nX-B: 1", "zq\nb", "zq\rb", "zq\x00b", "zq\x7fb", " zq", "\tzq"} {
		for _, text := range [][2]string{{"v", bad}, {"Bearer t", "Bearer t\n" + bad}} {
			if _, err := vary(t, s, base, text[:]...); KindOf(err) != ErrInvalidHeader || strings.Contains(err.Error(), "zq") {
				t.Errorf("%q: %v; want an error without the value", text, err)
			}
		}
		p, err := vary(t, s, base, "/p", "/p"+bad, "q", "q"+bad, "b", bad)
		if err != nil {
			t.Fatal(err)
		}
		var call Call
		if s.MeasureOnce(t.Context(), p, &call); call.Err != nil {
			t.Fatal(call.Err)
		}
		got := server.last(t)
		if u, err := url.ParseRequestURI(got.Target); err != nil || u.Path != "/p"+bad || string(got.Body) != bad || got.has("X-B") {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
	if _, err := vary(t, s, base, "Bearer t", "Bearer "); KindOf(err) != ErrInvalidHeader {
		t.Errorf("an empty token: %v", err)
	}
}

// A redirect is followed from what was varied, a challenge answered with it, and nothing is kept of either.
func TestVariationsAreCarriedOn(t *testing.T) {
	server := record(t, func(r *received) string {
		if strings.HasPrefix(r.Target, "/from") {
			return reply(307, "", "Location: /to"+strings.TrimPrefix(r.Target, "/from"))
		}
		return reply(200, r.Method+" "+r.Target+" "+r.get("X-A")+" "+string(r.Body))
	})
	s := measuredSession(t)
	base := mustPrepare(t, s, &Request{Method: "PUT", URL: server.url + "/from0", Headers: Pairs("X-A", "a0"), Body: Text("b0"), Keep: true})
	for i := range 3 {
		n := fmt.Sprint(i + 1)
		p, err := vary(t, s, base, "/from0", "/from"+n, "a0", "a"+n, "b0", "b"+n)
		if err != nil {
			t.Fatal(err)
		}
		var call Call
		s.MeasureOnce(t.Context(), p, &call)
		requireLast(t, "redirect", s.Last(), 200, "PUT /to"+n+" a"+n+" b"+n)
	}
	if len(s.ready)+len(s.steps) != 0 {
		t.Errorf("%d requests and %d steps are kept", len(s.ready), len(s.steps))
	}

	digest := newDigestServer(t)
	s.Auth = Digest{"me", "secret"}
	base = mustPrepare(t, s, &Request{Method: "POST", URL: digest.url + "/a0", Body: Text("b0")})
	for i := range 3 {
		n := fmt.Sprint(i + 1)
		p, err := vary(t, s, base, "/a0", "/a"+n, "b0", "b"+n)
		if err != nil {
			t.Fatal(err)
		}
		var call Call
		s.MeasureOnce(t.Context(), p, &call)
		if last := digest.last(t); call.Status != 200 || last.Target != "/a"+n || string(last.Body) != "b"+n {
			t.Errorf("digest: %+v, %s", call, last.seen())
		}
	}
	digest.requireSound(t, 1, 2, 3)
}

// A variation takes the place of the last one, also where it is measured as if it were to stay.
func TestVariationsAreNotMixedUp(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "") })
	s := measuredSession(t)
	base := mustPrepare(t, s, &Request{Method: "POST", URL: server.url + "/0", Headers: Pairs("X-A", "a0"), Body: Text("b0")})
	var call Call
	for _, texts := range [][]string{{"/0", "/1"}, {"a0", "a2"}, {"b0", "b3"}, {}, {"b0", ""}} {
		p, err := vary(t, s, base, texts...)
		if err != nil {
			t.Fatal(err)
		}
		s.Measure(t.Context(), p, &call)
		want := "/0 a0 b0"
		if len(texts) > 0 {
			want = strings.Replace(want, texts[0], texts[1], 1)
		}
		last := server.last(t)
		if got := last.Target + " " + last.get("X-A") + " " + string(last.Body); got != want || last.get("Content-Length") != fmt.Sprint(len(last.Body)) {
			t.Errorf("%v: %s, want %s", texts, got, want)
		}
	}
	s.Measure(t.Context(), base, &call)
	if got := server.last(t).seen(); !strings.Contains(got, "a0") || !strings.HasSuffix(got, "b0") {
		t.Errorf("the base has become %s", got)
	}
}

// Memory for a large body is not held for ever.
func TestVariationsGiveLargeBodiesUp(t *testing.T) {
	s := measuredSession(t)
	base := mustPrepare(t, s, &Request{Method: "POST", URL: "http://a.test/", Body: Text("b0")})
	if _, err := vary(t, s, base, "b0", strings.Repeat("x", 2*variationKept)); err != nil {
		t.Fatal(err)
	}
	if _, err := vary(t, s, base, "b0", "x"); err != nil || cap(s.varied.Text) > variationKept {
		t.Errorf("%d bytes are kept, %v", cap(s.varied.Text), err)
	}
}

func TestValuesAreEscaped(t *testing.T) {
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	for _, text := range []string{"", "abc", "a b", "%", "%2F", "a/b?c#d", "äöü", string(all)} {
		segment := EscapeSegment(append([]byte("/x/"), text...), 3)
		if want := "/x/" + url.PathEscape(text); string(segment) != want {
			t.Errorf("segment %q: %s, want %s", text, segment, want)
		}
		query := EscapeQuery(append(make([]byte, 0, 4096), "q= "+text...), 3)
		if want := "q= " + url.QueryEscape(text); string(query) != want {
			t.Errorf("query %q: %s, want %s", text, query, want)
		}
		if !bytes.Equal(appendFormText(nil, text), query[3:]) {
			t.Errorf("query %q is not encoded as forms are", text)
		}
	}
}

// What a request costs that differs from the last one, by what differs.
func TestAllocationsOfVariations(t *testing.T) {
	for _, c := range []struct {
		name   string
		of, to string
		most   float64
	}{
		{"path", "/base", "/item/%d", 1},
		{"query", "q=base", "q=%d", 1},
		{"header", "a0", "a%d", 1},
		{"body", "b0", strings.Repeat("b", 200) + "%d", 1}, // the length's digits
	} {
		s, _ := plainCall(t, func(*Session) {})
		s.Timeout = &Timeout{Total: 1e11}
		base := mustPrepare(t, s, &Request{Method: "POST", URL: canned(t) + "base?q=base", Headers: Pairs("X-A", "a0"), Body: Text("b0")})
		at := placesOf(base)[c.of]
		var call Call
		run := func() {
			v := s.Vary(base)
			v.Text = fmt.Appendf(v.Text, c.to, 10)
			v.Put(at)
			p, err := v.Prepared()
			if err != nil {
				t.Fatal(err)
			}
			if s.MeasureOnce(t.Context(), p, &call); call.Err != nil {
				t.Fatal(call.Err)
			}
		}
		run()
		if n := programs.Allocs(200, run); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.most)
		}
	}
}

// Other carriers than a connection of HTTP/1.1 read other parts of a request.
func TestVariationsOverOtherCarriers(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s", r.Proto, r.RequestURI, r.Header.Get("X-A"), body)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for proto, transport := range map[string]func(wire.Clock) Transport{
		"HTTP/2.0": func(clock wire.Clock) Transport {
			return wire.NewClient(clock, &wire.Options{}, wire.Policy{HTTP: wire.HTTP2}, nil)
		},
		"HTTP/1.1": func(clock wire.Clock) Transport {
			return RoundTripperOn(clock, &http.Transport{TLSClientConfig: server.Client().Transport.(*http.Transport).TLSClientConfig})
		},
	} {
		s := testSession(t)
		s.TLS, s.Logger = &TLS{Insecure: true}, slog.New(slog.DiscardHandler)
		if err := s.Mount("https://", Adapter{Transport: transport(s.Clock)}); err != nil {
			t.Fatal(err)
		}
		base := mustPrepare(t, s, &Request{Method: "POST", URL: server.URL + "/0?q0", Headers: Pairs("X-A", "a0"), Body: Text("b0"), Keep: true})
		for i := range 3 {
			n := fmt.Sprint(i + 1)
			p, err := vary(t, s, base, "/0", "/"+n, "q0", "q"+n, "a0", "a"+n, "b0", "b"+n)
			if err != nil {
				t.Fatal(err)
			}
			var call Call
			s.MeasureOnce(t.Context(), p, &call)
			if call.Err != nil {
				t.Fatal(call.Err)
			}
			requireLast(t, proto, s.Last(), 200, proto+" /"+n+"?q"+n+" a"+n+" b"+n)
		}
	}
}
