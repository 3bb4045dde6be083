package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"sessbench/workload/wire"
)

// Cookies are cookies in the order in which they were given. In JSON they are an object.
type Cookies []Cookie

// ParseCookies reads "name=value; name2=value2". Blanks around names and values do not count. Of a
// name that occurs several times the last value counts. The error does not repeat a value.
func ParseCookies(list string) (Cookies, error) {
	var cookies Cookies
	for item := range strings.SplitSeq(list, ";") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		name, value, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("cookie %d has no name and value; write name=value, several separated by semicolons", len(cookies)+1)
		}
		if err := wire.ValidateHeader("Cookie", name+"="+value); err != nil {
			return nil, fmt.Errorf("cookie %s: %w", name, err)
		}
		c := Cookie{Name: strings.Trim(name, cookieBlanks), Value: strings.Trim(value, cookieBlanks)}
		if err := c.Valid(); err != nil {
			return nil, err
		}
		same := func(other Cookie) bool { return other.Name == c.Name }
		if i := slices.IndexFunc(cookies, same); i >= 0 {
			cookies[i] = c // as a jar would have it
			continue
		}
		cookies = append(cookies, c)
	}
	return cookies, nil
}

// MarshalJSON writes an object in the cookies' order. A cookie with a name and a value only is
// "name": "value"; others are "name": {"value": ..., "domain": ...} with the names of
// Cookie.MarshalJSON. Several of one name are an array of these, in the place of the first. A name that is no
// UTF-8 is an error.
func (c Cookies) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, cookie := range c {
		same := func(other Cookie) bool { return other.Name == cookie.Name }
		if slices.ContainsFunc(c[:i], same) {
			continue
		}
		if !utf8.ValidString(cookie.Name) {
			return nil, fmt.Errorf("the name of cookie %d is no UTF-8", i+1)
		}
		var values []any
		for _, other := range c[i:] {
			if same(other) {
				values = append(values, nameless(other))
			}
		}
		var value any = values
		if len(values) == 1 {
			value = values[0]
		}
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeMember(&b, cookie.Name, value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// nameless returns what stands behind a cookie's name: its value, or all that is said of it.
func nameless(c Cookie) any {
	c.Name = ""
	if plain := (Cookie{Value: c.Value}); c == plain && utf8.ValidString(c.Value) {
		return c.Value
	}
	return encodable(c)
}

func writeMember(b *bytes.Buffer, name string, value any) error {
	key, err := json.Marshal(name)
	if err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	b.Write(key)
	b.WriteByte(':')
	b.Write(text)
	return nil
}

// UnmarshalJSON reads what MarshalJSON writes, in its order. A cookie that is not valid is an error.
func (c *Cookies) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	start, err := d.Token()
	switch {
	case err != nil:
		return err
	case start == nil: // null changes nothing, by convention
		return nil
	case start != json.Delim('{'):
		return errors.New(`cookies are an object: {"name": "value"}`)
	}
	list := Cookies{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if list, err = appendNamed(list, name.(string), value); err != nil {
			return err
		}
	}
	*c = list
	return nil
}

// appendNamed appends the cookie, or the cookies, that value gives to name.
func appendNamed(list Cookies, name string, value json.RawMessage) (Cookies, error) {
	values := []json.RawMessage{value}
	if value[0] == '[' {
		if err := json.Unmarshal(value, &values); err != nil {
			return nil, err
		}
	}
	for _, one := range values {
		c, err := readNameless(one)
		if err != nil {
			return nil, fmt.Errorf("cookie %q: %w", name, err)
		}
		c.Name = name
		if err := c.Valid(); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func readNameless(text json.RawMessage) (Cookie, error) {
	var c Cookie
	switch text[0] {
	case '"':
		return c, json.Unmarshal(text, &c.Value)
	case '{':
		if err := c.UnmarshalJSON(text); err != nil {
			return c, err
		}
		if c.Name != "" {
			return c, errors.New("its name stands before the colon, not in the object")
		}
		return c, nil
	}
	return c, errors.New(`write "value" or {"value": ..., "domain": ...}`)
}
