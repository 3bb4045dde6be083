package script

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// findField returns the value of the first field of a form in HTML that has the name, and that a browser would send as it is.
func findField(r Response, name string) (any, error) {
	body, err := r.Body()
	if err != nil {
		return nil, err
	}
	page := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch page.Next() {
		case html.ErrorToken:
			return nil, nil // the end: a reader of bytes has no other error
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, more := page.TagName()
			kind := fieldKind(tag)
			if !more || kind == "" {
				continue
			}
			a := attributes(page)
			if a["name"] != name || a.has("disabled") {
				continue
			}
			switch kind {
			case "textarea":
				return textArea(page), nil
			case "select":
				return selected(page), nil
			}
			if value, sent := inputValue(a); sent {
				return value, nil
			}
		}
	}
}

// fieldKind returns the name of a tag that is a field, without memory for all the others.
func fieldKind(tag []byte) string {
	switch string(tag) {
	case "input":
		return "input"
	case "textarea":
		return "textarea"
	case "select":
		return "select"
	}
	return ""
}

type attributeMap map[string]string

func (a attributeMap) has(name string) bool { _, ok := a[name]; return ok }

// attributes returns those of the tag whose name was read; the first of a name counts.
func attributes(page *html.Tokenizer) attributeMap {
	a := attributeMap{}
	for more := true; more; {
		var key, value []byte
		key, value, more = page.TagAttr()
		if name := string(key); !a.has(name) {
			a[name] = string(value)
		}
	}
	return a
}

// inputValue returns an input's value, and whether it is sent: boxes and buttons are where they are checked.
func inputValue(a attributeMap) (value string, sent bool) {
	switch strings.ToLower(a["type"]) {
	case "checkbox", "radio":
		if !a.has("value") {
			a["value"] = "on"
		}
		return a["value"], a.has("checked")
	case "button", "reset", "submit", "image":
		return "", false
	}
	return a["value"], true
}

// textArea returns the text up to the end of the tag. A line break at its beginning is not a part of it.
func textArea(page *html.Tokenizer) string {
	if page.Next() != html.TextToken {
		return ""
	}
	text := strings.ReplaceAll(string(page.Text()), "\r\n", "\n")
	return strings.TrimPrefix(text, "\n")
}

// An option of a select.
type option struct {
	value    string
	ofText   bool // the value is its text
	selected bool
}

// selected returns the value of the option that is selected, or else of the first; nil where there are no options.
func selected(page *html.Tokenizer) any {
	var options []option
	for {
		switch page.Next() {
		case html.ErrorToken:
			return chosen(options)
		case html.EndTagToken:
			if tag, _ := page.TagName(); string(tag) == "select" {
				return chosen(options)
			}
		case html.TextToken:
			if last := len(options) - 1; last >= 0 && options[last].ofText {
				options[last].value += string(page.Text())
			}
		case html.StartTagToken:
			tag, more := page.TagName()
			if string(tag) != "option" {
				continue
			}
			a := attributeMap{}
			if more {
				a = attributes(page)
			}
			options = append(options, option{a["value"], !a.has("value"), a.has("selected")})
		}
	}
}

func chosen(options []option) any {
	if len(options) == 0 {
		return nil
	}
	o := options[max(0, slices.IndexFunc(options, func(o option) bool { return o.selected }))]
	if o.ofText {
		return strings.Join(strings.Fields(o.value), " ")
	}
	return o.value
}
