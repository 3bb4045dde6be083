package session

import (
	"bytes"
	"errors"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"sessbench/workload/wire"
)

func TestRule_1_9_HooksOfTheSessionThenOfTheCall(t *testing.T) {
	server := record(t, func(r *received) string {
		if r.Target == "/move" {
			return reply(302, "moving", "Location: /end", "Set-Cookie: moved=1; Path=/")
		}
		return reply(200, "end")
	})
	s := testSession(t)
	var seen []string
	after := func(who string) func(*Response) (*Response, error) {
		return func(r *Response) (*Response, error) {
			seen = append(seen, who+" "+r.URL.Path)
			if r.loaded || r.begun {
				t.Errorf("%s: the body was read before the hook", who)
			}
			if s.Jar.Len() > 0 && r.URL.Path == "/move" {
				t.Errorf("%s: the cookies were stored before the hook", who)
			}
			return nil, nil
		}
	}
	before := func(who string) func(*Hop) error {
		return func(h *Hop) error {
			h.SetHeader("X-Hook", strings.TrimSpace(h.Header("X-Hook")+" "+who))
			return nil
		}
	}
	s.Auth = loudAuth{&seen}
	s.Hooks = Hooks{Before: []func(*Hop) error{before("session")}, After: []func(*Response) (*Response, error){after("session")}}
	resp := must(t, s, &Request{URL: server.url + "/move", Hooks: Hooks{
		Before: []func(*Hop) error{before("call")},
		After:  []func(*Response) (*Response, error){after("call")},
	}})
	equalLists(t, "order", seen, "auth /move", "session /move", "call /move", "auth /end", "session /end", "call /end")
	for _, got := range server.all() {
		equal(t, "X-Hook of "+got.Target, got.get("X-Hook"), "session call")
	}
	if text, err := resp.Text(); text != "end" || err != nil {
		t.Errorf("%q, %v", text, err)
	}

	other := &Response{Status: 299, Body: io.NopCloser(strings.NewReader("other"))}
	resp = must(t, s, &Request{URL: server.url + "/end", Hooks: Hooks{
		After: []func(*Response) (*Response, error){
			func(*Response) (*Response, error) { return other, nil },
			func(r *Response) (*Response, error) {
				if r != other {
					t.Error("a later hook got another response than the one put in its place")
				}
				return nil, nil
			},
		},
	}})
	if text, err := resp.Text(); resp != other || text != "other" || err != nil {
		t.Errorf("the call returned %d with %q, %v, instead of the hook's response", resp.Status, text, err)
	}
	bare := must(t, s, &Request{URL: server.url + "/end", Hooks: Hooks{
		After: []func(*Response) (*Response, error){func(*Response) (*Response, error) { return &Response{Status: 204}, nil }},
	}})
	if data, err := bare.Bytes(); bare.Status != 204 || len(data) != 0 || err != nil {
		t.Errorf("a response without a body: %q, %v", data, err)
	}
}

// A loudAuth says when it is asked.
type loudAuth struct{ seen *[]string }

func (a loudAuth) Authenticate(h *Hop) error {
	*a.seen = append(*a.seen, "auth "+h.URL.Path)
	return nil
}

func TestRule_1_10_MethodsAreUpperCaseWords(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	for given, want := range map[string]string{"": "GET", "get": "GET", "Brew": "BREW", "M-SEARCH": "M-SEARCH", "pAtCh": "PATCH"} {
		must(t, s, &Request{Method: given, URL: server.url})
		equal(t, "method "+given, server.last(t).Method, want)
	}
	sent := len(server.all())
	for _, method := range []string{"GET ", "G T", "GET\r\nX: 1", "GET\x00", "É", "CONNECT"} {
		if _, err := s.Do(t.Context(), &Request{Method: method, URL: server.url}); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("method %q: %v", method, err)
		}
	}
	if len(server.all()) != sent {
		t.Error("an unusable method was sent")
	}
}

func TestRule_1_11_BadHeadersOpenNoConnection(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	for name, value := range map[string]string{"X-A": " secret", "X-B": "secret\r\nX: 1", "X-C": "secret\n", "X D": "secret", "X-E": "secret\x00"} {
		_, err := s.Do(t.Context(), &Request{URL: server.url, Headers: Pairs(name, value)})
		if !errors.Is(err, ErrInvalidHeader) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %q: %v", name, value, err)
		}
		s.Hooks.Before = []func(*Hop) error{func(h *Hop) error { h.SetHeader(name, value); return nil }}
		_, err = s.Get(t.Context(), server.url)
		if !errors.Is(err, ErrInvalidHeader) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %q by a hook: %v", name, value, err)
		}
		s.Hooks = Hooks{}
	}
	if server.connections() != 0 {
		t.Error("a connection was opened")
	}
	must(t, s, &Request{URL: server.url, Headers: Pairs("X-A", "", "X-B", "a\tb é")})
}

func TestRule_1_12_BodiesOnTheWire(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	for _, c := range []struct {
		name          string
		body          *Body
		contentType   string
		headers       Fields
		sent, sentFor string
	}{
		{"form", Form(Fields{Set("b", "1", "2"), Set("a", "x y")}), "", nil, "b=1&b=2&a=x+y", "application/x-www-form-urlencoded"},
		{"JSON", JSON(map[string]any{"é": "<>"}), "", nil, `{"é":"<>"}`, "application/json"},
		{"bytes", Bytes([]byte{0, 255}), "", nil, "\x00\xff", ""},
		{"text", Text("é"), "", nil, "é", ""},
		{"reader", Stream(strings.NewReader("read")), "", nil, "read", ""},
		{"one-shot reader", Stream(iotest.OneByteReader(strings.NewReader("read"))), "", nil, "read", ""},
		{"own type", JSON(1), "", Pairs("content-type", "text/x-own"), "1", "text/x-own"},
	} {
		for _, method := range []string{"POST", "GET"} {
			if c.name == "one-shot reader" && method == "GET" {
				continue
			}
			must(t, s, &Request{Method: method, URL: server.url, Body: c.body, Headers: c.headers})
			got := server.last(t)
			equal(t, method+" "+c.name, string(got.Body), c.sent)
			equal(t, "type of "+c.name, got.get("Content-Type"), c.sentFor)
		}
	}
}

func TestRule_1_12_MultipartOnTheWire(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	body := Multipart(Pairs("field", "value"), File{Field: "file", Name: "a.txt", Content: strings.NewReader("data")})
	for range 2 {
		must(t, s, &Request{Method: "POST", URL: server.url, Body: body})
		got := server.last(t)
		_, params, err := mime.ParseMediaType(got.get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		form, err := multipart.NewReader(bytes.NewReader(got.Body), params["boundary"]).ReadForm(1 << 10)
		if err != nil {
			t.Fatal(err)
		}
		equalLists(t, "field", form.Value["field"], "value")
		if files := form.File["file"]; len(files) != 1 || files[0].Filename != "a.txt" || files[0].Size != 4 {
			t.Errorf("files: %+v", files)
		}
		if got.has("Transfer-Encoding") || got.get("Content-Length") != strconv.Itoa(len(got.Body)) {
			t.Errorf("framing: %+v", got.Lines)
		}
	}
}

func TestRule_1_12_UnencodableJSONOpensNoConnection(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	for _, value := range []float64{math.NaN(), math.Inf(1)} {
		if _, err := s.Post(t.Context(), server.url, JSON(value)); !errors.Is(err, ErrInvalidJSON) {
			t.Errorf("%v: %v", value, err)
		}
	}
	if server.connections() != 0 {
		t.Error("a connection was opened")
	}
}

func TestRule_1_13_EmptyRequestsTellTheirLength(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"} {
		for name, body := range map[string]*Body{"none": nil, "empty": Bytes(nil)} {
			must(t, s, &Request{Method: method, URL: server.url, Body: body})
			equal(t, method+", "+name, server.last(t).get("Content-Length"), "0")
		}
	}
	for _, method := range []string{"GET", "HEAD"} {
		must(t, s, &Request{Method: method, URL: server.url})
		if got := server.last(t); got.has("Content-Length") || got.has("Transfer-Encoding") {
			t.Errorf("%s without a body sent %q", method, got.names())
		}
	}
}

func TestRule_1_14_LengthOrChunks(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	moved := strings.NewReader("head and tail")
	if _, err := moved.Seek(9, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                   string
		body                   *Body
		want, length, transfer string
	}{
		{"bytes", Text("four"), "four", "4", ""},
		{"seekable, from where it stands", Stream(moved), "tail", "4", ""},
		{"buffer", Stream(bytes.NewBufferString("buffer")), "buffer", "6", ""},
		{"empty reader", Stream(strings.NewReader("")), "", "", "chunked"},
		{"unknown", Stream(io.MultiReader(strings.NewReader("a"), strings.NewReader("b"))), "ab", "", "chunked"},
		{"empty pieces", Stream(&pieces{list: []string{"", "a", "", "", "b", ""}}), "ab", "", "chunked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, s, &Request{Method: "PUT", URL: server.url, Body: c.body})
			got := server.last(t)
			if got.BodyErr != nil {
				t.Error(got.BodyErr)
			}
			equal(t, "body", string(got.Body), c.want)
			equal(t, "Content-Length", got.get("Content-Length"), c.length)
			equal(t, "Transfer-Encoding", got.get("Transfer-Encoding"), c.transfer)
		})
	}
}

// A length that the headers tell is corrected, as by requests, and a transfer coding is carried out: else the server
// would take the next request for the body's rest, or wait for what never comes.
func TestRule_1_14_LengthInTheHeaders(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	unknown := func() *Body { return Stream(io.MultiReader(strings.NewReader("four"))) }
	for _, c := range []struct {
		name             string
		method           string
		body             *Body
		headers          Fields
		length, transfer string
	}{
		{"right", "POST", Text("four"), Pairs("Content-Length", "4"), "4", ""},
		{"too long", "POST", Text("four"), Pairs("content-length", "400"), "4", ""},
		{"too short", "POST", Text("four"), Pairs("Content-Length", "3"), "4", ""},
		{"twice", "POST", Text("four"), Fields{Set("Content-Length", "3", "5")}, "4", ""},
		{"without a body", "GET", nil, Pairs("Content-Length", "3"), "0", ""},
		{"of a reader that has none", "POST", unknown(), Pairs("Content-Length", "4"), "4", ""},
		{"chunked bytes", "POST", Text("four"), Pairs("Transfer-Encoding", "chunked"), "", "chunked"},
		{"chunked, with a length", "POST", Text("four"), Pairs("Content-Length", "4", "Transfer-Encoding", "chunked"), "", "chunked"},
		{"chunked reader", "POST", unknown(), Pairs("Transfer-Encoding", "chunked"), "", "chunked"},
		{"chunked nothing", "POST", nil, Pairs("Transfer-Encoding", "chunked"), "", "chunked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, s, &Request{Method: c.method, URL: server.url, Body: c.body, Headers: c.headers})
			got := server.last(t)
			equal(t, "Content-Length", got.get("Content-Length"), c.length)
			equal(t, "Transfer-Encoding", got.get("Transfer-Encoding"), c.transfer)
			if want := map[bool]string{true: "four"}[c.body != nil]; string(got.Body) != want || got.BodyErr != nil {
				t.Errorf("body %q, %v", got.Body, got.BodyErr)
			}
		})
	}
	if server.connections() != 1 {
		t.Errorf("%d connections", server.connections())
	}
}

// A pieces reader returns one piece for each Read, empty ones too.
type pieces struct{ list []string }

func (p *pieces) Read(buf []byte) (int, error) {
	if len(p.list) == 0 {
		return 0, io.EOF
	}
	n := copy(buf, p.list[0])
	p.list = p.list[1:]
	return n, nil
}

func TestRule_1_15_HostHeader(t *testing.T) {
	server := record(t, ok)
	for _, c := range []struct{ url, want string }{
		{"http://example.test/", "example.test"},
		{"http://example.test:80/", "example.test"},
		{"http://example.test:443/", "example.test:443"},
		{"http://me:pw@example.test:8080/", "example.test:8080"},
		{"http://[::1]:8080/", "[::1]:8080"},
	} {
		s := testSession(t)
		mountAt(t, s, server)
		must(t, s, &Request{URL: c.url})
		equal(t, c.url, server.last(t).get("Host"), c.want)
	}
	s := testSession(t)
	resp := must(t, s, &Request{URL: server.url, Headers: Pairs("X-A", "1", "hOST", "virtual.test")})
	got := server.last(t)
	equal(t, "Host", got.get("Host"), "virtual.test")
	equalLists(t, "lines", got.names(), "hOST", "User-Agent", "Accept-Encoding", "Accept", "Connection", "X-A")
	equal(t, "host of the response's URL", resp.URL.Host, server.host)
}

// mountAt makes all connections of a session go to one server.
func mountAt(t testing.TB, s *Session, server *recorder) {
	t.Helper()
	host, port, _ := strings.Cut(server.host, ":")
	options := AdapterOptions{}
	options.Wire.ConnectTo = []wire.Redirection{{ToHost: host, ToPort: port}}
	for _, prefix := range []string{"http://", "https://"} {
		if err := s.Mount(prefix, NewAdapter(options)); err != nil {
			t.Fatal(err)
		}
	}
}
