package workload

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"sessbench/workload/wire"
)

// maxWeight is far more than any mix needs.
const maxWeight = 1_000_000

func validateWeight(o *Operation, key string) error {
	if o.Weight < 0 || o.Weight > maxWeight {
		return &KeyError{key + ".weight", fmt.Sprintf("is %d; it must be from 1 to %d", o.Weight, maxWeight)}
	}
	return nil
}

// validate is about an operation that is one request.
func (o *Operation) validate(key string) error {
	if err := errors.Join(validateWeight(o, key), o.validateURL(key)); err != nil {
		return err
	}
	return errors.Join(
		o.validateBody(key),
		validateHeaders(key+".headers", o.Headers),
		validateCookies(key+".cookies", o.Cookies),
		o.Auth.validate(key+".auth"),
		o.Timeout.validate(key+".timeout"),
		validateProxies(key+".proxies", o.Proxies),
		o.TLS.validate(key+".tls"),
		o.validateAnswer(key),
	)
}

// validateURL is about method and URL. What a URL is that begins with a template is known when it is filled in.
func (o *Operation) validateURL(key string) error {
	text := fillIn(o.URL, "0")
	u, err := url.Parse(text)
	switch {
	case !isMethod(o.Method):
		return &KeyError{key + ".method", fmt.Sprintf("is %q; write one word, such as GET", o.Method)}
	case strings.EqualFold(o.Method, "CONNECT"):
		return &KeyError{key + ".method", "is CONNECT, which opens tunnels; use a method that has a response, such as GET"}
	case strings.HasPrefix(o.URL, "{{"):
		return nil
	case err != nil:
		return &KeyError{key + ".url", "is not a URL: " + urlReason(text, err)}
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		return &KeyError{key + ".url", fmt.Sprintf("has scheme %q; use http or https", u.Scheme)}
	case u.Scheme != "" && u.Hostname() == "":
		return &KeyError{key + ".url", "names no host; write it as in http://localhost:8080/path"}
	}
	return nil
}

// isMethod says whether s can be a method: a token of RFC 9110, section 5.6.2.
func isMethod(s string) bool { return wire.ValidateHeader(s, "") == nil }

func (o *Operation) validateBody(key string) error {
	var given []string
	for _, body := range []struct {
		key string
		set bool
	}{
		{"body", o.BodyFile == "" && len(o.Body) > 0}, {"body_file", o.BodyFile != ""},
		{"form", o.Form != nil}, {"json", o.JSON != nil}, {"multipart", o.Multipart != nil},
	} {
		if body.set {
			given = append(given, body.key)
		}
	}
	if len(given) > 1 {
		return &KeyError{key + "." + given[1], fmt.Sprintf("is given beside %s; keep one of them", given[0])}
	}
	if o.Multipart == nil {
		return nil
	}
	for i, file := range o.Multipart.Files {
		fileKey := fmt.Sprintf("%s.multipart.files[%d]", key, i)
		switch {
		case file.Field == "":
			return &KeyError{fileKey, "has no field; name the form's field that the file is for"}
		case (file.Path != "") == (file.Content != nil):
			return &KeyError{fileKey, "needs either a path or its content"}
		}
	}
	return nil
}

// validateNames holds operations apart: results list them by name, and steps with that of their scenario before it.
func validateNames(mix []Operation) error {
	seen := map[string]bool{}
	check := func(name, key, shown string) error {
		if seen[name] {
			return &KeyError{key, fmt.Sprintf("is %q, as an earlier operation's is; give each a name of its own", maskName(shown))}
		}
		seen[name] = true
		return nil
	}
	for i, o := range mix {
		key := fmt.Sprintf("mix[%d]", i)
		if err := check(o.Name, key+".name", o.Name); err != nil {
			return err
		}
		for j, step := range o.Steps {
			if err := check(o.Name+"/"+step.Name, fmt.Sprintf("%s.steps[%d].name", key, j), step.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
