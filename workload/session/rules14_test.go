package session

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/tls"
	"encoding/binary"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// coded returns text in a coding of the standard library.
func coded(t testing.TB, coding, text string) string {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zlib":
		w = zlib.NewWriter(&out)
	case "raw":
		var err error
		if w, err = flate.NewWriter(&out, flate.DefaultCompression); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRule_14_1_DecodedWhateverWasAccepted(t *testing.T) {
	const text = "the text, the text, the text"
	for _, c := range []struct{ field, body, want string }{
		{"gzip", coded(t, "gzip", text), text},
		{"GZIP", coded(t, "gzip", text), text},
		{"x-gzip", coded(t, "gzip", text), text},
		{"deflate", coded(t, "zlib", text), text},
		{"Deflate", coded(t, "raw", text), text},
		{"deflate, gzip", coded(t, "gzip", coded(t, "zlib", text)), text},
		{"identity", text, text},
		{"odd", text, text},
		{"gzip", "", ""},
	} {
		t.Run(c.field, func(t *testing.T) {
			server := record(t, func(*received) string { return reply(200, c.body, "Content-Encoding: "+c.field) })
			s := testSession(t)
			for _, headers := range []Fields{nil, {Remove("Accept-Encoding")}, Pairs("Accept-Encoding", "identity")} {
				resp := must(t, s, &Request{URL: server.url, Headers: headers})
				if got, err := resp.Text(); got != c.want || err != nil {
					t.Errorf("%q, %v", got, err)
				}
				equal(t, "Content-Encoding", resp.Header.Get("Content-Encoding"), c.field)
				equal(t, "Content-Length", resp.Header.Get("content-length"), strconv.Itoa(len(c.body)))
			}
			streamed := must(t, s, &Request{URL: server.url, Stream: true})
			if got, err := io.ReadAll(streamed.Body); string(got) != c.want || err != nil {
				t.Errorf("streamed: %q, %v", got, err)
			}
			if must(t, s, &Request{URL: server.url}); server.connections() != 1 {
				t.Errorf("%d connections", server.connections())
			}
		})
	}
}

func TestRule_14_1_ResponsesWithoutABody(t *testing.T) {
	server := record(t, func(r *received) string {
		switch r.Target {
		case "/204":
			return "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n"
		case "/304":
			return "HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n"
		}
		return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n"
	})
	s := testSession(t)
	for _, r := range []*Request{
		{URL: server.url + "/204"}, {URL: server.url + "/304"}, {Method: "HEAD", URL: server.url}, {Method: "HEAD", URL: server.url, Stream: true},
	} {
		resp := must(t, s, r)
		if data, err := resp.Bytes(); len(data) != 0 || err != nil {
			t.Errorf("%s %s: %q, %v", r.Method, r.URL, data, err)
		}
		if err := resp.Close(); err != nil {
			t.Error(err)
		}
	}
	if server.connections() != 1 {
		t.Errorf("%d connections", server.connections())
	}
}

func TestRule_14_1_HTTPBin(t *testing.T) {
	server := httptest.NewServer(httpbin.New())
	defer server.Close()
	s := testSession(t)
	for path, member := range map[string]string{"/gzip": "gzipped", "/deflate": "deflated"} {
		resp := must(t, s, &Request{URL: server.URL + path})
		var answer map[string]any
		if err := resp.JSON(&answer); err != nil || answer[member] != true {
			t.Errorf("%s: %v, %v", path, answer, err)
		}
	}
	resp := must(t, s, &Request{URL: server.URL + "/encoding/utf8"})
	if text, err := resp.Text(); !strings.Contains(text, "∮ E⋅da = Q") || err != nil {
		t.Errorf("%.100q, %v", text, err)
	}
	resp = must(t, s, &Request{Method: "POST", URL: server.URL + "/post", Body: Form(Pairs("a", "é", "b", "1 2"))})
	var echo struct{ Form map[string][]string }
	if err := resp.JSON(&echo); err != nil || len(echo.Form["a"]) != 1 || echo.Form["a"][0] != "é" || echo.Form["b"][0] != "1 2" {
		t.Errorf("%v, %v", echo, err)
	}
}

func TestRule_14_2_TextAndJSONOfResponses(t *testing.T) {
	var wide bytes.Buffer
	for _, unit := range utf16.Encode([]rune(`["é"]`)) {
		if err := binary.Write(&wide, binary.LittleEndian, unit); err != nil {
			t.Fatal(err)
		}
	}
	s := testSession(t)
	for _, c := range []struct{ name, contentType, body, text, json string }{
		{"charset", `text/plain; charset="ISO-8859-1"`, "\"\xe9\"", `"é"`, "é"},
		{"JSON without one", "application/json", `"é"`, `"é"`, "é"},
		{"text without one is UTF-8", "text/plain", `"é"`, `"é"`, "é"},
		{"no type", "", `"é"`, `"é"`, "é"},
		{"JSON in UTF-16", "application/json", wide.String(), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := record(t, func(*received) string { return reply(200, c.body, "Content-Type: "+c.contentType) })
			resp := must(t, s, &Request{URL: server.url})
			if c.text == "" {
				var value []string
				if err := resp.JSON(&value); err != nil || len(value) != 1 || value[0] != "é" {
					t.Errorf("JSON %q, %v", value, err)
				}
				return
			}
			if text, err := resp.Text(); text != c.text || err != nil {
				t.Errorf("text %q, %v", text, err)
			}
			var value string
			if err := resp.JSON(&value); err != nil || value != c.json {
				t.Errorf("JSON %q, %v", value, err)
			}
			for range 2 { // after all that it still can be read
				data, err := io.ReadAll(resp.Body)
				if again, _ := resp.Bytes(); len(data) == 0 && string(again) != c.body || err != nil {
					t.Errorf("%q, %v", data, err)
				}
			}
		})
	}
}

func TestRule_14_3_InterimResponsesAreSkipped(t *testing.T) {
	server := record(t, func(*received) string {
		return "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nSet-Cookie: early=1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + reply(200, "final")
	})
	s := testSession(t)
	for range 2 {
		resp := must(t, s, &Request{Method: "POST", URL: server.url, Body: Text("body")})
		if text, err := resp.Text(); resp.Status != 200 || text != "final" || resp.Header.Get("Link") != "" || err != nil {
			t.Errorf("%d %q %v, %v", resp.Status, text, resp.Header, err)
		}
	}
	if server.connections() != 1 || s.Jar.Len() != 0 {
		t.Errorf("%d connections, cookies %v", server.connections(), s.Jar.All())
	}
}

func TestRule_14_3_ExpectDoesNotWait(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "") }) // never says 100
	s := testSession(t)
	for name, body := range map[string]*Body{"bytes": Text("body"), "reader": Stream(strings.NewReader("body"))} {
		must(t, s, &Request{Method: "PUT", URL: server.url, Body: body, Headers: Pairs("Expect", "100-continue")})
		got := server.last(t)
		equal(t, "Expect with "+name, got.get("Expect"), "100-continue")
		equal(t, "body from "+name, string(got.Body), "body")
	}
}

func TestRule_14_3_NothingIsAdded(t *testing.T) {
	server := record(t, func(r *received) string {
		if r.Target == "/move" {
			return reply(307, "", "Location: /end", "Set-Cookie: gone=; Max-Age=0")
		}
		return reply(200, "")
	})
	s := testSession(t)
	must(t, s, &Request{Method: "POST", URL: server.url + "/move", Body: Bytes(make([]byte, 1<<20))})
	for _, got := range server.all() {
		equalLists(t, got.Target, got.names(), "Host", "User-Agent", "Accept-Encoding", "Accept", "Connection", "Content-Length")
		equal(t, "protocol", got.Proto, "HTTP/1.1")
	}
}

func TestRule_14_3_NoOtherProtocolIsNegotiated(t *testing.T) {
	protocols := make(chan string, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { protocols <- r.Proto }))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	s := testSession(t)
	s.Logger = slog.New(slog.DiscardHandler)
	resp := must(t, s, &Request{URL: server.URL, TLS: &TLS{Insecure: true}})
	if got := <-protocols; got != "HTTP/1.1" || resp.Proto != "HTTP/1.1" {
		t.Errorf("request %s, response %s", got, resp.Proto)
	}
}

func TestRule_14_4_ResponseHeaders(t *testing.T) {
	server := record(t, func(*received) string {
		return "HTTP/1.1 299 Rather Fine\r\nx-ODD: 1\r\nX-Odd:2\r\nSet-Cookie: a=1; Expires=Wed, 01 Jan 2098 00:00:00 GMT\r\n" +
			"set-cookie: b=2\r\nX-Empty:\r\nX-Last:  v  \r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody"
	})
	s := testSession(t)
	resp := must(t, s, &Request{URL: server.url})
	if resp.Status != 299 || resp.Reason != "Rather Fine" || resp.Proto != "HTTP/1.1" {
		t.Errorf("%d %q %s", resp.Status, resp.Reason, resp.Proto)
	}
	equal(t, "of two lines", resp.Header.Get("x-odd"), "1, 2")
	equalLists(t, "the two lines", resp.Header.Values("X-ODD"), "1", "2")
	equal(t, "an empty one", resp.Header.Get("X-Empty"), "")
	equal(t, "without blanks", resp.Header.Get("x-last"), "v")
	if len(resp.Header.Values("X-Empty")) != 1 || len(resp.Header.Values("X-None")) != 0 {
		t.Errorf("%v", resp.Header)
	}
	var spelling []string
	for _, line := range resp.Header {
		spelling = append(spelling, line.Name)
	}
	equalLists(t, "order and spelling", spelling, "x-ODD", "X-Odd", "Set-Cookie", "set-cookie", "X-Empty", "X-Last", "Content-Length", "Content-Length")
	if len(resp.Cookies) != 2 || resp.Cookies[0].Expires.Year() != 2098 || s.Jar.Len() != 2 {
		t.Errorf("cookies %v", resp.Cookies)
	}
	if text, err := resp.Text(); text != "body" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestRule_14_4_Framing(t *testing.T) {
	s := testSession(t)
	for _, c := range []struct {
		name, answer, want string
		kept               bool
	}{
		{"Transfer-Encoding wins", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "body", true},
		{"whichever is first", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 3\r\n\r\n4;x=y\r\nbody\r\n0\r\nX-Trailer: 1\r\n\r\n", "body", true},
		{"equal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody", "body", true},
		{"to the end", "HTTP/1.1 200 OK\r\n\r\nbody" + hangUp, "body", false},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", "body", false},
		{"HTTP/1.0 that stays", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\nbody", "body", true},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nbody", "body", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := record(t, func(*received) string { return c.answer })
			for range 2 {
				resp := must(t, s, &Request{URL: server.url})
				if text, err := resp.Text(); text != c.want || err != nil {
					t.Errorf("%q, %v", text, err)
				}
			}
			if kept := server.connections() == 1; kept != c.kept {
				t.Errorf("%d connections", server.connections())
			}
		})
	}
}
