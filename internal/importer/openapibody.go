package importer

import (
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// setRequestBody gives an operation a body of the media type that a plan says best.
func (a *apiImporter) setRequestBody(o *operation, r *parameterReader, body *openapi3.RequestBody) {
	name := preferred(body.Content)
	media := body.Content[name]
	if media == nil {
		return
	}
	value, src := mediaValue(media)
	if text := src.describe("the body"); text != "" {
		a.comment(o, text)
	}
	kind, _, _ := mime.ParseMediaType(name)
	fields, isObject := value.(map[string]any)
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json") || name == "*/*" || name == "application/*":
		if strings.Contains(name, "*") {
			name = "application/json"
		}
		r.headers = append(r.headers, header{"Content-Type", name})
		a.setBody(o, &r.headers, compactJSON(value))
	case kind == urlencoded && isObject:
		if n, ok := a.fieldMapping(fieldsOf(fields)); ok {
			o.body.add("form", n)
		}
	case kind == "multipart/form-data" && isObject:
		a.setDescribedForm(o, fields, media.Schema)
	default:
		text, isString := value.(string)
		if !isString {
			text = compactJSON(value)
			a.comment(o, "The body has to be written as "+oneLine(name)+".")
		}
		if !strings.Contains(name, "*") {
			r.headers = append(r.headers, header{"Content-Type", name})
		}
		a.setBody(o, &r.headers, text)
	}
}

// preferred chooses among media types.
func preferred(content openapi3.Content) string {
	names := slices.Sorted(maps.Keys(content))
	for _, fits := range []func(kind string) bool{
		func(kind string) bool { return kind == "application/json" },
		func(kind string) bool { return strings.HasSuffix(kind, "+json") },
		func(kind string) bool { return kind == urlencoded },
		func(kind string) bool { return kind == "multipart/form-data" },
	} {
		for _, name := range names {
			if kind, _, err := mime.ParseMediaType(name); err == nil && fits(kind) {
				return name
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// fieldsOf lists an object's members as fields of a form; lists are several.
func fieldsOf(object map[string]any) []header {
	var fields []header
	for _, name := range slices.Sorted(maps.Keys(object)) {
		values, isList := object[name].([]any)
		if !isList {
			values = []any{object[name]}
		}
		for _, v := range values {
			fields = append(fields, header{name, scalarText(v)})
		}
	}
	return fields
}

// setDescribedForm makes files of the properties that are binary.
func (a *apiImporter) setDescribedForm(o *operation, object map[string]any, schema *openapi3.SchemaRef) {
	files := listNode()
	fields := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if schema != nil && schema.Value != nil && isFile(schema.Value.Properties[name]) {
			files.Content = append(files.Content, a.filePart(name, "file.bin", "", ""))
			a.comment(o, "A file's content is not in the source; put its path in the place of content.")
			continue
		}
		fields[name] = object[name]
	}
	if !a.addMultipart(o, fieldsOf(fields), files) {
		a.comment(o, "The form was left out: it has no fields.")
	}
}

func isFile(ref *openapi3.SchemaRef) bool {
	if ref == nil || ref.Value == nil {
		return false
	}
	if ref.Value.Format == "binary" {
		return true
	}
	return ref.Value.Type.Includes("array") && ref.Value.Items != nil && ref.Value.Items.Value != nil && ref.Value.Items.Value.Format == "binary"
}

// setSecurity gives an operation what its first way of authentication asks for.
func (a *apiImporter) setSecurity(o *operation, r *parameterReader, op *openapi3.Operation) {
	requirements := a.doc.Security
	if op.Security != nil {
		requirements = *op.Security
	}
	if len(requirements) == 0 || a.doc.Components == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(requirements[0])) {
		ref := a.doc.Components.SecuritySchemes[name]
		if ref == nil || ref.Value == nil {
			a.comment(o, "The security scheme "+oneLine(name)+" is not described.")
			continue
		}
		a.setScheme(o, r, name, ref.Value)
	}
}

func (a *apiImporter) setScheme(o *operation, r *parameterReader, name string, scheme *openapi3.SecurityScheme) {
	of := "security scheme " + oneLine(name)
	variable := func(what string) string {
		if own := variableName(name); own == what || strings.HasSuffix(own, "_"+what) {
			return a.placeholder(own, "", of)
		}
		return a.placeholder(name+"_"+what, "", of)
	}
	switch {
	case scheme.Type == "apiKey":
		a.setKey(o, r, scheme, a.placeholder(name, "", of))
	case o.settings.get("auth") != nil:
		a.comment(o, "Another "+of+" was left out: an operation has one auth.")
	case scheme.Type == "http" && (strings.EqualFold(scheme.Scheme, "basic") || strings.EqualFold(scheme.Scheme, "digest")):
		c := mapping{{"user", textNode(variable("USER"))}, {"password", textNode(variable("PASSWORD"))}}
		o.settings.add("auth", mapping{{strings.ToLower(scheme.Scheme), c.flow()}}.flow())
	case scheme.Type == "http" && strings.EqualFold(scheme.Scheme, "bearer"), scheme.Type == "oauth2", scheme.Type == "openIdConnect":
		o.settings.add("auth", mapping{{"bearer", textNode(variable("TOKEN"))}}.flow())
	default:
		a.comment(o, "The "+of+" was left out: a plan has no such kind.")
	}
}

// setKey puts an API key where its scheme says.
func (a *apiImporter) setKey(o *operation, r *parameterReader, scheme *openapi3.SecurityScheme, value string) {
	switch {
	case scheme.In == "query" && scheme.Name != "" && !strings.Contains(scheme.Name, "{{"):
		if r.secretParams.get(scheme.Name) == nil {
			r.secretParams.add(scheme.Name, textNode(value))
		}
	case !isToken(scheme.Name):
		a.comment(o, "An API key was left out: its name cannot be sent.")
	case scheme.In == "cookie":
		if r.cookies.get(scheme.Name) == nil {
			r.cookies.add(scheme.Name, textNode(value))
		}
	default:
		removeHeader(&r.headers, scheme.Name)
		for _, p := range r.secretHeaders {
			if strings.EqualFold(p.key, scheme.Name) {
				return
			}
		}
		r.secretHeaders.add(scheme.Name, textNode(value))
	}
}
