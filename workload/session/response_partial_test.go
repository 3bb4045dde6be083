package session

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// What came of a body before it broke is of interest to those who look for the reason.
func TestABrokenBodyKeepsWhatCame(t *testing.T) {
	server := record(t, func(*received) string {
		return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" + hangUp
	})
	_, err := testSession(t).Get(context.Background(), server.url)
	var e *Error
	if !errors.As(err, &e) || e.Kind != ErrBrokenBody || e.Response == nil {
		t.Fatalf("error %v", err)
	}
	for range 2 {
		data, again := e.Response.Bytes()
		if string(data) != "half" || !errors.Is(again, ErrBrokenBody) || e.Response.CodedSize() != 4 {
			t.Errorf("%q of %d bytes, %v", data, e.Response.CodedSize(), again)
		}
	}
}

func TestTheCodedSizeIsThatOnTheWire(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	io.WriteString(w, strings.Repeat("text", 1000))
	w.Close()
	server := record(t, func(*received) string { return reply(200, zipped.String(), "Content-Encoding: gzip") })
	resp, err := testSession(t).Get(context.Background(), server.url)
	if err != nil {
		t.Fatal(err)
	}
	if data, _ := resp.Bytes(); len(data) != 4000 || resp.CodedSize() != int64(zipped.Len()) {
		t.Errorf("%d bytes, %d on the wire; want %d", len(data), resp.CodedSize(), zipped.Len())
	}
}

// A streamed body can be read once more, where its readers can.
func TestWhatWasStreamedCanBeLookedAt(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "") })
	s := testSession(t)
	resp, err := s.Post(context.Background(), server.url, Multipart(nil, File{Field: "f", Name: "n", Content: strings.NewReader("content")}))
	if err != nil {
		t.Fatal(err)
	}
	body, err := resp.Sent.Upload.Open()
	if err != nil {
		t.Fatal(err)
	}
	data, _ := io.ReadAll(body)
	if got := server.last(t).Body; !bytes.Equal(data, got) || !resp.Sent.Stream || resp.Sent.Upload.Length != int64(len(got)) {
		t.Errorf("%q was sent, and %q is shown", got, data)
	}
	resp, err = s.Post(context.Background(), server.url, Stream(io.MultiReader(strings.NewReader("once"))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := resp.Sent.Upload.Open(); !errors.Is(err, ErrUnrewindable) {
		t.Errorf("error %v", err)
	}
	if resp, err = s.Post(context.Background(), server.url, Text("text")); err != nil || resp.Sent.Upload != nil || string(resp.Sent.Body) != "text" {
		t.Errorf("%+v, %v", resp, err)
	}
}
