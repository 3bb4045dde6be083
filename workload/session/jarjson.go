package session

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// cookieJSON is a Cookie in JSON.
type cookieJSON struct {
	Name     string    `json:"name,omitempty"`
	Value    string    `json:"value"`
	Domain   string    `json:"domain,omitempty"`
	HostOnly bool      `json:"host_only,omitempty"`
	Path     string    `json:"path,omitempty"`
	Expires  time.Time `json:"expires,omitzero"`
	Secure   bool      `json:"secure,omitempty"`
	HTTPOnly bool      `json:"http_only,omitempty"`
	SameSite string    `json:"same_site,omitempty"`
	Base64   bool      `json:"base64,omitempty"` // of name, value, path and same_site, where JSON could not hold their bytes
}

func (c *cookieJSON) texts() []*string {
	return []*string{&c.Name, &c.Value, &c.Path, &c.SameSite}
}

func encodable(c Cookie) cookieJSON {
	e := cookieJSON{
		Name: c.Name, Value: c.Value, Domain: c.Domain, HostOnly: c.HostOnly, Path: c.Path,
		Expires: c.Expires, Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: c.SameSite,
	}
	for _, text := range e.texts() {
		e.Base64 = e.Base64 || !utf8.ValidString(*text)
	}
	if e.Base64 {
		for _, text := range e.texts() {
			*text = base64.StdEncoding.EncodeToString([]byte(*text))
		}
	}
	return e
}

func (c *cookieJSON) decoded() (Cookie, error) {
	if c.Base64 {
		for _, text := range c.texts() {
			plain, err := base64.StdEncoding.DecodeString(*text)
			if err != nil {
				return Cookie{}, errors.New("what base64 announces is not encoded so")
			}
			*text = string(plain)
		}
	}
	return Cookie{
		Name: c.Name, Value: c.Value, Domain: c.Domain, HostOnly: c.HostOnly, Path: c.Path,
		Expires: c.Expires, Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: c.SameSite,
	}, nil
}

// MarshalJSON writes an object: name, value, domain, host_only, path, expires (RFC 3339), secure,
// http_only, same_site and base64, of which all but the value are left out where they are empty.
func (c Cookie) MarshalJSON() ([]byte, error) { return json.Marshal(encodable(c)) }

// UnmarshalJSON reads what MarshalJSON writes. Other names are an error.
func (c *Cookie) UnmarshalJSON(text []byte) error {
	var e cookieJSON
	if err := decodeStrictly(text, &e); err != nil {
		return err
	}
	decoded, err := e.decoded()
	if err == nil {
		*c = decoded
	}
	return err
}

// decodeStrictly reads JSON whose names are all known to v.
func decodeStrictly(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("text behind the JSON value")
	}
	return nil
}

type jarJSON struct {
	Cookies []Cookie `json:"cookies"`
}

// MarshalJSON writes the jar's cookies in their order, as {"cookies": [...]}; see Cookie.MarshalJSON.
func (j *Jar) MarshalJSON() ([]byte, error) { return json.Marshal(jarJSON{j.All()}) }

// UnmarshalJSON puts the cookies that MarshalJSON wrote in the place of the jar's. They count as set by the
// client; those whose life has ended are left out. After an error the jar is as it was.
func (j *Jar) UnmarshalJSON(text []byte) error {
	var in jarJSON
	if err := decodeStrictly(text, &in); err != nil {
		return err
	}
	filled := Jar{PublicSuffixes: j.PublicSuffixes, version: j.version + 1}
	for i, c := range in.Cookies {
		if err := filled.Set(c); err != nil {
			return fmt.Errorf("cookie %d: %w", i+1, err)
		}
	}
	*j = filled
	return nil
}
