package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A parameterReader collects what an operation's parameters become.
type parameterReader struct {
	*apiImporter
	o             *operation
	path          map[string]string // values by names, escaped
	query         []string          // escaped
	headers       []header
	cookies       mapping
	secretHeaders mapping // of security schemes, as the plan has them
	secretParams  mapping
}

// parametersOf reads the parameters of an operation, which go over those of its path. Optional ones without an example are
// left out.
func (a *apiImporter) parametersOf(o *operation, item *openapi3.PathItem, op *openapi3.Operation) *parameterReader {
	r := &parameterReader{apiImporter: a, o: o, path: map[string]string{}}
	var list []*openapi3.Parameter
	for _, ref := range slices.Concat(item.Parameters, op.Parameters) {
		if ref == nil || ref.Value == nil {
			continue
		}
		at := slices.IndexFunc(list, func(p *openapi3.Parameter) bool { return p.Name == ref.Value.Name && p.In == ref.Value.In })
		if at >= 0 {
			list[at] = ref.Value
			continue
		}
		list = append(list, ref.Value)
	}
	var optional, invented []string
	for _, p := range list {
		value, source := a.parameterValue(p)
		switch {
		case !p.Required && p.In != "path" && source != fromExample:
			optional = append(optional, oneLine(p.Name))
			continue
		case source == fromNothing:
			invented = append(invented, oneLine(p.Name))
		}
		r.add(p, value)
	}
	if len(optional) > 0 {
		a.comment(o, "optional: "+shortened(strings.Join(optional, ", ")))
	}
	if len(invented) > 0 {
		a.comment(o, "made up, as there is no example: "+shortened(strings.Join(invented, ", ")))
	}
	return r
}

// parameterValue returns a value for a parameter.
func (a *apiImporter) parameterValue(p *openapi3.Parameter) (any, source) {
	if p.Example != nil {
		return p.Example, fromExample
	}
	if v, ok := firstExample(p.Examples); ok {
		return v, fromExample
	}
	if p.Schema != nil {
		return sampleOf(p.Schema)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Content)) { // a parameter that is JSON
		if media := p.Content[name]; media != nil {
			v, s := mediaValue(media)
			return compactJSON(v), s
		}
	}
	return "text", fromNothing
}

// add gives a parameter its place.
func (r *parameterReader) add(p *openapi3.Parameter, value any) {
	explode := p.Explode != nil && *p.Explode
	switch p.In {
	case "path":
		r.path[p.Name] = strings.Join(escapedAll(flattened(value, explode, '='), url.PathEscape), ",")
	case "query":
		r.addQuery(p, value)
	case "header":
		switch strings.ToLower(p.Name) {
		case "accept", "content-type", "authorization": // said elsewhere in descriptions
			return
		}
		r.headers = append(r.headers, header{p.Name, strings.Join(flattened(value, explode, '='), ",")})
	case "cookie":
		text := strings.Join(flattened(value, explode, '='), ",")
		if isHeader("Cookie", p.Name+"="+text) && isToken(p.Name) && !strings.Contains(text, ";") && r.cookies.get(p.Name) == nil {
			r.cookies.add(p.Name, textNode(r.cookieValue(p.Name, text)))
		}
	}
}

// addQuery follows the styles of OpenAPI 3.
func (r *parameterReader) addQuery(p *openapi3.Parameter, value any) {
	name := url.QueryEscape(p.Name)
	object, isObject := value.(map[string]any)
	_, isList := value.([]any)
	separator := map[string]string{"spaceDelimited": "%20", "pipeDelimited": "%7C"}[p.Style]
	switch {
	case p.Style == "deepObject" && isObject:
		for _, key := range slices.Sorted(maps.Keys(object)) {
			r.query = append(r.query, url.QueryEscape(p.Name+"["+key+"]")+"="+url.QueryEscape(scalarText(object[key])))
		}
	case isObject && (p.Explode == nil || *p.Explode):
		for _, key := range slices.Sorted(maps.Keys(object)) {
			r.query = append(r.query, url.QueryEscape(key)+"="+url.QueryEscape(scalarText(object[key])))
		}
	case isList && separator == "" && (p.Explode == nil || *p.Explode):
		for _, item := range flattened(value, false, '=') {
			r.query = append(r.query, name+"="+url.QueryEscape(item))
		}
	default:
		if separator == "" {
			separator = ","
		}
		r.query = append(r.query, name+"="+strings.Join(escapedAll(flattened(value, false, '='), url.QueryEscape), separator))
	}
}

// fillIn puts the values in the places of {names} in a path. Those that the description does not explain become 1.
func (r *parameterReader) fillIn(p string) string {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(p, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			b.WriteString(p)
			return b.String()
		}
		value, ok := r.path[name]
		if !ok {
			value = "1"
			r.comment(r.o, "made up, as it is not described: "+oneLine(name))
		}
		b.WriteString(before + value)
		p = after
	}
}

// flattened lists the scalars of a value: of an object its names and values, joined by joint or one after the other.
func flattened(value any, explode bool, joint byte) []string {
	switch value := value.(type) {
	case []any:
		var list []string
		for _, item := range value {
			list = append(list, scalarText(item))
		}
		return list
	case map[string]any:
		var list []string
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if explode {
				list = append(list, key+string(joint)+scalarText(value[key]))
				continue
			}
			list = append(list, key, scalarText(value[key]))
		}
		return list
	}
	return []string{scalarText(value)}
}

func escapedAll(texts []string, escape func(string) string) []string {
	for i := range texts {
		texts[i] = escape(texts[i])
	}
	return texts
}

// scalarText writes a value as it stands in URLs and headers.
func scalarText(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return strings.ToValidUTF8(value, "?")
	case float64, float32, json.Number, bool, int, int64, uint64:
		return compactJSON(value)
	case map[string]any, []any:
		return compactJSON(value)
	}
	return strings.ToValidUTF8(fmt.Sprint(value), "?")
}
