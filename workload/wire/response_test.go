package wire

import (
	"io"
	"slices"
	"strings"
	"testing"
)

// fieldsOf returns the fields as lines.
func fieldsOf(r *Response) (lines []string) {
	r.Fields(func(name, value []byte) { lines = append(lines, string(name)+": "+string(value)) })
	return lines
}

func TestRule_14_4_ResponseHeaders(t *testing.T) {
	s := serve(t, nil, answer("HTTP/1.1 200  Very  well\r\n"+
		"x-ONE: 1\r\n"+
		"Trailer: X-Sum\r\n"+
		"Content-Length: 2\r\n"+
		"X-One:2\t\r\n"+
		"Set-Cookie: a=b; Path=/\r\n"+
		"X-Folded: a \r\n  b\r\n\t\r\n\tc\r\n"+
		"content-length: 2\r\n"+
		"X-Empty:\r\n"+
		"set-cookie: c=\"d, e\"\r\n"+
		"X-Later:\r\n f\r\n\r\nok"))
	c := newClient(t, nil, Policy{})
	r := call(t, c, get(t, s.url))
	wantOK(t, r, 200, "ok")
	want := []string{
		"x-ONE: 1", "Trailer: X-Sum", "Content-Length: 2", "X-One: 2", "Set-Cookie: a=b; Path=/", "X-Folded: a b c",
		"content-length: 2", "X-Empty: ", `set-cookie: c="d, e"`, "X-Later: f",
	}
	for range 2 {
		if got := fieldsOf(r.resp); !slices.Equal(got, want) {
			t.Errorf("got\n%q, want\n%q", got, want)
		}
		if got := string(r.resp.Header("X-ONE")); got != "1" {
			t.Errorf("X-One is %q", got)
		}
	}
	if r.resp.Reason() != " Very  well" || r.resp.Proto() != "HTTP/1.1" {
		t.Errorf("reason %q, version %q", r.resp.Reason(), r.resp.Proto())
	}
	var cookies []string
	r.resp.EachSetCookie(func(value []byte) { cookies = append(cookies, string(value)) })
	if want := []string{"a=b; Path=/", `c="d, e"`}; !slices.Equal(cookies, want) || !r.resp.HasSetCookie() {
		t.Errorf("cookies %q", cookies)
	}
}

func TestRule_14_4_TransferEncodingWinsOverContentLength(t *testing.T) {
	for _, stream := range []bool{false, true} {
		s := serve(t, nil, answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
		c := newClient(t, nil, Policy{})
		for range 2 {
			if stream {
				if got := begin(t, t.Context(), c, streamed(t, "GET", s.url)).rest(t); got != "hello" {
					t.Errorf("%q", got)
				}
			} else {
				wantOK(t, call(t, c, get(t, s.url)), 200, "hello")
			}
		}
		wantCounts(t, c, Counts{Opened: 1, Attempts: 2, Reused: 1})
	}
}

func TestStatusLines(t *testing.T) {
	for text, want := range map[string][2]string{
		"HTTP/1.1 200 OK":        {"HTTP/1.1", "OK"},
		"HTTP/1.1 200 ":          {"HTTP/1.1", ""},
		"HTTP/1.1 200":           {"HTTP/1.1", ""},
		"HTTP/1.0 404 Not Found": {"HTTP/1.0", "Not Found"},
		"HTTP/1.1 200 Großartig": {"HTTP/1.1", "Großartig"},
	} {
		resp, _, err := readWhole([]byte(text+"\r\nContent-Length: 0\r\n\r\n"), false)
		if err != nil || resp.Proto() != want[0] || resp.Reason() != want[1] {
			t.Errorf("%q: %q, %q, %v", text, resp.Proto(), resp.Reason(), err)
		}
	}
	var none Response
	if none.Proto() != "" || none.Reason() != "" || none.Header("A") != nil || fieldsOf(&none) != nil {
		t.Error("the zero response says something")
	}
}

func TestAFilledResponseIsLikeOneThatWasRead(t *testing.T) {
	header := []Header{
		{"content-type", "text/plain"}, {"X-One", "1"}, {"set-cookie", "a=b"}, {"x-one", "2"}, {"Connection", "close"},
		{"Content-Length", "7"}, {"Set-Cookie", "c=d"}, {"Server", "s"}, {"Date", "today"},
	}
	var text strings.Builder
	text.WriteString("HTTP/1.1 404 Not Found\r\n")
	for _, h := range header {
		text.WriteString(h.Name + ": " + h.Value + "\r\n")
	}
	read, _, err := readWhole([]byte(text.String()+"\r\n1234567"), false)
	if err != nil {
		t.Fatal(err)
	}
	filled := new(Response)
	bad := []Header{{"a b", "x"}, {"X-Bad", "a\r\nX-Smuggled: b"}}
	filled.Fill(404, "HTTP/2.0", "Not Found", append(bad, header...), []byte("body"), io.NopCloser(strings.NewReader("stream")))
	if filled.Status != 404 || filled.Proto() != "HTTP/2.0" || filled.Reason() != "Not Found" || string(filled.Body) != "body" {
		t.Errorf("%d, %q, %q, %q", filled.Status, filled.Proto(), filled.Reason(), filled.Body)
	}
	if got, err := io.ReadAll(filled.Stream); string(got) != "stream" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, want := fieldsOf(filled), fieldsOf(read); !slices.Equal(got, want) {
		t.Errorf("fields\n%q, want\n%q", got, want)
	}
	for _, name := range []string{"content-TYPE", "X-One", "connection", "Content-Length", "Server", "Date", "None"} {
		if got, want := filled.Header(name), read.Header(name); string(got) != string(want) || (got == nil) != (want == nil) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	each := func(r *Response) (lines []string) {
		r.Fields(func(name, value []byte) { lines = append(lines, string(name)+": "+string(value)) })
		slices.Sort(lines)
		return lines
	}
	if got, want := each(filled), each(read); !slices.Equal(got, want) {
		t.Errorf("each\n%q, want\n%q", got, want)
	}
	cookies := func(r *Response) (values []string) {
		r.EachSetCookie(func(value []byte) { values = append(values, string(value)) })
		return values
	}
	if got, want := cookies(filled), cookies(read); !slices.Equal(got, want) || !filled.HasSetCookie() {
		t.Errorf("cookies %q, want %q", got, want)
	}
	filled.reset()
	filled.take([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), &head{status: 200})
	if filled.Proto() != "HTTP/1.1" || filled.Reason() != "OK" || filled.HasSetCookie() || filled.Stream != nil {
		t.Error("something is left of what was filled in")
	}
}
