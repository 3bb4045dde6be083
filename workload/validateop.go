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
	return errors.Join(
		validateWeight(o, key),
		o.validateMethod(key),
		o.validateURL(key),
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

func (o *Operation) validateMethod(key string) error {
	switch {
	case !isMethod(o.Method):
		return &KeyError{key + ".method", fmt.Sprintf("is %q; write one word, such as GET", o.Method)}
	case strings.EqualFold(o.Method, "CONNECT"):
		return &KeyError{key + ".method", "is CONNECT, which opens tunnels; use a method that has a response, such as GET"}
	}
	return nil
}

// validateURL is about the URL. What one is that begins with a template is known when it is filled in.
func (o *Operation) validateURL(key string) error {
	text := fillIn(o.URL, "0")
	u, err := url.Parse(text)
	switch {
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
	var problems []error
	for i, body := range given {
		if i > 0 {
			problems = append(problems, &KeyError{key + "." + body, fmt.Sprintf("is given beside %s; keep one of them", given[0])})
		}
	}
	if o.Multipart == nil {
		return errors.Join(problems...)
	}
	for i, file := range o.Multipart.Files {
		fileKey := fmt.Sprintf("%s.multipart.files[%d]", key, i)
		if file.Field == "" {
			problems = append(problems, &KeyError{fileKey + ".field", "is missing; name the form's field that the file is for"})
		}
		switch {
		case file.Path != "" && file.Content != nil:
			problems = append(problems, &KeyError{fileKey + ".content", "is given beside path; keep one of them"})
		case file.Path == "" && file.Content == nil:
			problems = append(problems, &KeyError{fileKey, "needs either a path or its content"})
		}
	}
	return errors.Join(problems...)
}

// validateNames holds operations apart: results list them by name, and steps with that of their scenario before it.
func validateNames(mix []Operation) error {
	var problems []error
	seen := map[string]bool{}
	check := func(name, key, shown string) {
		if seen[name] {
			problems = append(problems, &KeyError{key, fmt.Sprintf("is %q, as an earlier operation's is; give each a name of its own", maskName(shown))})
		}
		seen[name] = true
	}
	for i, o := range mix {
		key := fmt.Sprintf("mix[%d]", i)
		if seen[o.Name] { // and all steps of the same names with it
			check(o.Name, key+".name", o.Name)
			continue
		}
		check(o.Name, key+".name", o.Name)
		for j, step := range o.Steps {
			check(o.Name+"/"+step.Name, fmt.Sprintf("%s.steps[%d].name", key, j), step.Name)
		}
	}
	return errors.Join(problems...)
}
