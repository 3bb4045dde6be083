package workload

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// partHead matches the head of a part of a multipart form, with the field's name.
var partHead = regexp.MustCompile(`(?i)form-data;[^\r\n]*?\bname="([^"]*)"[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n`)

// maskHeader hides what is secret in a header's value, and keeps what is not: the scheme of
// credentials, the names and attributes of cookies, the rest of a URL.
func maskHeader(name, value string) string {
	switch strings.ToLower(name) {
	case "www-authenticate", "proxy-authenticate": // challenges, which are for everybody
		return value
	case "authorization", "proxy-authorization":
		if scheme, rest, ok := strings.Cut(value, " "); ok && isMethod(scheme) {
			return scheme + " " + maskSecret(rest)
		}
		return maskSecret(value)
	case "cookie":
		return maskPairs(value, -1)
	case "set-cookie":
		return maskPairs(value, 1)
	case "location", "content-location", "referer", "origin":
		return maskText(value)
	}
	return maskValue(name, maskURLs(value))
}

var (
	inQuery  = regexp.MustCompile(`([?&;#])([^=&?#;\s]+)=([^&#;\s"'<>,]*)`)
	inUserOf = regexp.MustCompile(`(://[^/\s:@]*):[^/\s@]*@`)
)

// maskURLs masks the URLs in a text as maskURL does.
func maskURLs(text string) string {
	if !strings.Contains(text, "=") && !strings.Contains(text, "://") {
		return text
	}
	text = inUserOf.ReplaceAllStringFunc(text, func(part string) string {
		user, password, _ := strings.Cut(part[len("://"):len(part)-1], ":")
		return "://" + user + ":" + maskSecret(password) + "@"
	})
	return inQuery.ReplaceAllStringFunc(text, func(part string) string {
		name, value, _ := strings.Cut(part[1:], "=")
		return part[:1] + name + "=" + maskValue(name, value)
	})
}

// maskPairs hides the values of the first n of a cookie line's pairs, of all with n < 0.
func maskPairs(line string, n int) string {
	parts := strings.Split(line, ";")
	for i, part := range parts {
		if n >= 0 && i >= n {
			break
		}
		name, value, ok := strings.Cut(part, "=")
		if ok {
			parts[i] = name + "=" + maskSecret(value)
		} else { // a value without a name
			parts[i] = mask
		}
	}
	return strings.Join(parts, ";")
}

// longestMasked is how long a body may be to be looked through, in bytes: that takes up to a second.
const longestMasked = 1 << 20

// maskGiven is maskBody for one that a plan gives, however long it is.
func maskGiven[T string | []byte](body T) T {
	if len(body) > longestMasked {
		return T(mask)
	}
	return T(maskBody(string(body)))
}

// maskGivenJSON is maskJSON for such a body.
func maskGivenJSON(data []byte) json.RawMessage {
	if len(data) > longestMasked {
		return json.RawMessage(`"` + mask + `"`)
	}
	return maskJSON(data)
}

// maskBody hides the values of fields that are secret by their names, in a form, in JSON or
// in text that looks like one of them.
func maskBody(body string) string {
	if heads := partHead.FindAllStringSubmatchIndex(body, -1); heads != nil {
		return maskParts(body, heads)
	}
	trimmed := strings.TrimSpace(body)
	if strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		if masked := maskJSON([]byte(trimmed)); masked != nil {
			if bytes.Equal(masked, []byte(trimmed)) {
				return body
			}
			return string(masked)
		}
	}
	if !strings.ContainsAny(trimmed, " \t\r\n<{") && strings.Contains(trimmed, "=") && !strings.Contains(trimmed, "://") {
		return maskQuery(body)
	}
	return secretField.ReplaceAllStringFunc(maskURLs(body), func(field string) string {
		if strings.HasSuffix(field, mask) || hasOnlyTemplates(field) { // the former as a URL's parameter
			return field
		}
		return secretField.ReplaceAllString(field, `${1}"`+mask+`"`)
	})
}

// maskParts hides the contents of a multipart form's secret parts. A part ends where the
// line of a boundary begins.
func maskParts(body string, heads [][]int) string {
	var out strings.Builder
	copied := 0
	for _, head := range heads {
		start, name := head[1], body[head[2]:head[3]]
		if start < copied || !SecretName(name) {
			continue
		}
		out.WriteString(body[copied:start] + mask)
		copied = len(body)
		if end := strings.Index(body[start:], "\r\n--"); end >= 0 {
			copied = start + end
		}
	}
	return out.String() + body[copied:]
}

// maskJSON hides the values of members that are secret by their names, whatever they are, also in
// texts that are JSON or a form themselves. The text around them stays as it is. It returns nil where
// data is not JSON.
func maskJSON(data []byte) json.RawMessage {
	if !json.Valid(data) {
		return nil
	}
	m := jsonMasker{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	for m.next() {
	}
	return append(m.out, data[m.copied:]...)
}

// A jsonMasker copies a valid JSON text.
type jsonMasker struct {
	data    []byte
	dec     *json.Decoder
	out     []byte
	copied  int64  // of data
	objects []bool // the open containers: which are objects
	key     bool   // a key is next, where it is not the end of the object
}

// next goes on by a token. It returns false at the end.
func (m *jsonMasker) next() bool {
	token, err := m.dec.Token()
	if err != nil {
		return false
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' || token == '[' {
			m.objects = append(m.objects, token == '{')
			m.key = token == '{'
			return true
		}
		m.objects = m.objects[:len(m.objects)-1]
	case string:
		if m.key {
			m.key = false
			return m.member(token)
		}
		m.text(token)
	}
	m.key = len(m.objects) > 0 && m.objects[len(m.objects)-1]
	return true
}

// member hides the value that follows a secret name.
func (m *jsonMasker) member(name string) bool {
	if !SecretName(name) {
		return true
	}
	var value json.RawMessage
	if m.dec.Decode(&value) != nil {
		return false
	}
	if !tellsNothing(name, string(value)) {
		m.replace(int64(len(value)), `"`+mask+`"`)
	}
	m.key = true
	return true
}

// text hides what is secret inside a text.
func (m *jsonMasker) text(text string) {
	masked := maskBody(text)
	if masked == text {
		return
	}
	end := m.dec.InputOffset()
	start := end - 1
	for start--; m.data[start] != '"' || escaped(m.data[:start]); start-- {
	}
	encoded, err := json.Marshal(masked)
	if err == nil {
		m.replace(end-start, string(encoded))
	}
}

// escaped reports whether an odd number of backslashes ends data.
func escaped(data []byte) bool {
	return (len(data)-len(bytes.TrimRight(data, `\`)))%2 == 1
}

// replace puts text in the place of the n bytes that were read last.
func (m *jsonMasker) replace(n int64, text string) {
	end := m.dec.InputOffset()
	m.out = append(append(m.out, m.data[m.copied:end-n]...), text...)
	m.copied = end
}
