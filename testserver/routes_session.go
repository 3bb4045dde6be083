package testserver

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

const sessionCookie = "session"

// login takes a form with user and password; any that are not empty will do.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return err
	}
	user := r.PostForm.Get("user")
	if user == "" || r.PostForm.Get("password") == "" {
		return errors.New("the form needs user and password")
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: s.sign(user), Path: "/", HttpOnly: true, Secure: s.cfg.TLS})
	return writeText(w, "welcome "+user+"\n")
}

func (s *Server) private(w http.ResponseWriter, r *http.Request) error {
	cookie, err := r.Cookie(sessionCookie)
	if err == nil {
		if user, ok := s.verify(cookie.Value); ok {
			return writeText(w, user+"\n")
		}
	}
	http.Error(w, "log in first", http.StatusUnauthorized)
	return nil
}

// sign returns a session's token. It holds all there is to know, so the server keeps
// nothing for each session.
func (s *Server) sign(user string) string {
	mac := hmac.New(sha256.New, s.cookieKey)
	io.WriteString(mac, user)
	return base64.RawURLEncoding.EncodeToString([]byte(user)) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Server) verify(token string) (user string, ok bool) {
	encoded, _, _ := strings.Cut(token, ".")
	name, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return "", false
	}
	return string(name), hmac.Equal([]byte(token), []byte(s.sign(string(name))))
}

// An Echo is what /echo says about the request that it got.
type Echo struct {
	Method    string      `json:"method"`
	Target    string      `json:"target"` // as it stood in the request line
	Proto     string      `json:"proto"`
	Headers   [][2]string `json:"headers"`  // name and value
	InOrder   bool        `json:"in_order"` // headers are as they were sent; otherwise sorted, with canonical names
	BodyBytes int64       `json:"body_bytes"`

	Connection int64  `json:"connection"`    // the server's number for the connection, from 1
	Request    int64  `json:"request"`       // this request's number on it, from 1
	Client     string `json:"client"`        // address of the client
	TLS        string `json:"tls,omitempty"` // "full" or "resumed": the connection's handshake
}

func echo(w http.ResponseWriter, r *http.Request) error {
	c := connIn(r.Context())
	e := Echo{
		Method:     r.Method,
		Target:     r.RequestURI,
		Proto:      r.Proto,
		Connection: c.id,
		Request:    c.total.Load(),
		Client:     r.RemoteAddr,
	}
	if c.tap != nil && r.ProtoMajor == 1 {
		e.Headers, e.InOrder = headersOf(c.tap.current, r)
	}
	if !e.InOrder {
		e.Headers = [][2]string{{"Host", r.Host}}
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			for _, value := range r.Header[name] {
				e.Headers = append(e.Headers, [2]string{name, value})
			}
		}
	}
	if r.TLS != nil {
		e.TLS = "full"
		if r.TLS.DidResume {
			e.TLS = "resumed"
		}
	}
	var err error
	if e.BodyBytes, err = io.Copy(io.Discard, r.Body); err != nil {
		return err
	}
	return writeJSON(w, e)
}

// headersOf finds a request's head at the end of what was read, and returns its
// headers in order. It fails where requests were pipelined or the head is very long.
func headersOf(read []byte, r *http.Request) (headers [][2]string, ok bool) {
	start := bytes.LastIndex(read, []byte(r.Method+" "+r.RequestURI+" "+r.Proto+"\r\n"))
	if start < 0 {
		return nil, false
	}
	head, _, whole := bytes.Cut(read[start:], []byte("\r\n\r\n"))
	if !whole {
		return nil, false
	}
	for _, line := range bytes.Split(head, []byte("\r\n"))[1:] {
		name, value, colon := bytes.Cut(line, []byte(":"))
		if !colon {
			return nil, false
		}
		headers = append(headers, [2]string{string(name), string(bytes.Trim(value, " \t"))})
	}
	return headers, true
}
