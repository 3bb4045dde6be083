package workload

import (
	"regexp"
	"strconv"
	"strings"
)

// onlyTemplates matches values that are templates, or their stand-ins, and nothing else. What is in quotes inside of a template
// may be a secret itself.
var onlyTemplates = regexp.MustCompile("^\"?(?:\\{\\{(?:[^\"'`}]|\\}[^\"'`}])*\\}\\}|" + standIn(`\d+`) + "|zqvariable[0-9a-f]+qz)+\"?$")

// standIn is what takes the place of a template while the text around it is masked: a word that URLs, JSON and forms have room for.
func standIn(number string) string { return "zqtemplate" + number + "qz" }

// keepTemplates hides what is secret in a text, but not the templates in it: they say where values come from, and are none.
func keepTemplates(text string, hide func(string) string) string {
	if !strings.Contains(text, "{{") {
		return hide(text)
	}
	var held []string
	text = templates.ReplaceAllStringFunc(text, func(found string) string {
		if strings.ContainsAny(found, "\"'`") {
			return found
		}
		word := standIn(strconv.Itoa(len(held) / 2))
		held = append(held, word, found)
		return word
	})
	return strings.NewReplacer(held...).Replace(hide(text))
}

// keepingTemplates is keepTemplates for what hides values by their names.
func keepingTemplates(hide func(name, value string) string) func(name, value string) string {
	return func(name, value string) string {
		return keepTemplates(value, func(value string) string { return hide(name, value) })
	}
}

// maskSecret hides a value that is secret whatever it is called.
func maskSecret(value string) string {
	if onlyTemplates.MatchString(value) {
		return value
	}
	return mask
}

// hasOnlyTemplates says of a field with its value, as secretField matches it, that the value is templates alone.
func hasOnlyTemplates(field string) bool {
	m := secretField.FindStringSubmatch(field)
	return m != nil && onlyTemplates.MatchString(m[2])
}
