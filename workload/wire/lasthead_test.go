package wire

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// Heads that begin alike, follow each other or come back are each read for what they say.
func TestHeadsThatResembleTheLastOneAreReadForThemselves(t *testing.T) {
	texts := []string{
		okText,
		okText,
		"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + strings.Repeat("x", 20), // differs in the last line
		okText,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", // goes on where the last one ended
		okText,
		"HTTP/1.1 204 OK\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 103 Early\r\n\r\n" + okText,
		"HTTP/1.1 103 Early\r\n\r\n" + okText,
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", lastHeadBytes) + "\r\nContent-Length: 3\r\n\r\nabc", // too long to keep
		okText,
	}
	seasoned := newReceiver(new(Options))
	for i, text := range texts {
		want, wantErr := readWith(newReceiver(new(Options)), []byte(text))
		got, err := readWith(seasoned, []byte(text))
		if wantErr != nil || err != nil {
			t.Fatalf("response %d: %v, and alone %v", i, err, wantErr)
		}
		if got.head != want.head || !bytes.Equal(got.raw, want.raw) || !bytes.Equal(got.Body, want.Body) {
			t.Errorf("response %d: %+v with body %q; alone: %+v with body %q", i, got.head, got.Body, want.head, want.Body)
		}
	}
}

// A head that is known but comes in single bytes, and one that is known and beyond a limit, are no different.
func TestKnownHeadIsHeldToItsEndAndToTheLimit(t *testing.T) {
	r := newReceiver(new(Options))
	if _, err := readWith(r, []byte(okText)); err != nil {
		t.Fatal(err)
	}
	r.begin(iotest.OneByteReader(strings.NewReader(okText)))
	resp := new(Response)
	if err := readResponse(r, &Request{KeepBody: true}, resp); err != nil || string(resp.Body) != "ok" || resp.Status != 200 {
		t.Errorf("in single bytes: %d with body %q, %v", resp.Status, resp.Body, err)
	}
	r.begin(strings.NewReader(okText[:20]))
	if err := readResponse(r, new(Request), resp); err != io.ErrUnexpectedEOF {
		t.Errorf("broken off: %v", err)
	}
	r.maxHead = 10
	r.begin(strings.NewReader(okText))
	if err := readResponse(r, new(Request), resp); err != error(errHeadSize) {
		t.Errorf("beyond the limit: %v", err)
	}
}

func readWith(r *receiver, text []byte) (*Response, error) {
	r.begin(bytes.NewReader(text))
	resp := new(Response)
	err := readResponse(r, &Request{KeepBody: true}, resp)
	return resp, err
}
