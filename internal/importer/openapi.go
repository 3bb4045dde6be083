package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v4"
)

// OpenAPIOptions are which operations become a plan.
type OpenAPIOptions struct {
	Options
	Tags    []string // with one of these; nil: all
	Methods []string // with one of these; nil: all
	Include []string // whose path fits one of these patterns, in which * is a part of a path and ** any number of them; nil: all
	Exclude []string // but not one of these
}

// OpenAPI imports a description of an API, OpenAPI 3 or Swagger 2.0, one operation for each of its. Other files that it refers
// to are read where they are below its directory; nothing is fetched.
func OpenAPI(data []byte, o OpenAPIOptions) (plan *Plan, err error) {
	if err := o.checkText(data); err != nil {
		return nil, err
	}
	defer func() { // the library's, on descriptions that contradict themselves
		if r := recover(); r != nil {
			plan, err = nil, o.failf("contradicts itself: it cannot be taken apart; check it with a validator for OpenAPI")
		}
	}()
	doc, err := o.load(data)
	if err != nil {
		return nil, err
	}
	a := &apiImporter{builder: newBuilder(&o.Options, "OpenAPI"), doc: doc}
	if doc.Info != nil && doc.Info.Title != "" {
		a.remark("%s", shortened(strings.TrimSpace(doc.Info.Title+" "+doc.Info.Version)))
	}
	if err := a.importPaths(&o); err != nil {
		return nil, err
	}
	a.remark("Every operation is made as often as every other: give those that are made more often a weight. Operations are in the order of their paths; where one needs what another answers, make them steps of a scenario.")
	return a.plan()
}

// load reads a description and what it refers to.
func (o *OpenAPIOptions) load(data []byte) (*openapi3.T, error) {
	var version struct {
		OpenAPI any `yaml:"openapi"`
		Swagger any `yaml:"swagger"`
	}
	if err := yaml.Unmarshal(data, &version); err != nil {
		if e, ok := errors.AsType[*yaml.LoadError](err); ok && e.Mark.Line > 0 {
			return nil, o.failAt(e.Mark.Line, max(1, e.Mark.Column), "is neither YAML nor JSON: %s; check brackets, quotes and indentation", oneLine(e.Message))
		}
		return nil, o.failf("is no OpenAPI description; it begins with a line such as openapi: 3.0.3")
	}
	loader := openapi3.NewLoader()
	loader.ReadFromURIFunc = o.readBeside
	at := &url.URL{Path: filepath.ToSlash(o.Name)}
	switch {
	case version.OpenAPI != nil && strings.HasPrefix(fmt.Sprint(version.OpenAPI), "3"):
		doc, err := loader.LoadFromDataWithPath(data, at)
		if err != nil {
			return nil, o.failf("is no OpenAPI description that can be read: %s", withoutValues(err))
		}
		return doc, nil
	case version.Swagger != nil && strings.HasPrefix(fmt.Sprint(version.Swagger), "2"):
		return o.loadSwagger(data, loader, at)
	}
	return nil, o.failf("is no OpenAPI description of a version that is known; it begins with a line such as openapi: 3.0.3, or swagger: \"2.0\"")
}

func (o *OpenAPIOptions) loadSwagger(data []byte, loader *openapi3.Loader, at *url.URL) (*openapi3.T, error) {
	var tree any
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return nil, o.failf("is no Swagger description")
	}
	text, err := json.Marshal(withTextKeys(tree))
	if err != nil {
		return nil, o.failf("has a value that JSON does not have, such as .inf")
	}
	var doc2 openapi2.T
	if err := json.Unmarshal(text, &doc2); err != nil {
		return nil, o.failf("is no Swagger description that can be read: %s", withoutValues(err))
	}
	doc, err := openapi2conv.ToV3WithLoader(&doc2, loader, at)
	if err != nil {
		return nil, o.failf("cannot be read as Swagger 2.0: %s", withoutValues(err))
	}
	return doc, nil
}

// withoutValues is a library's error without the values that it quotes, in which there may be a secret.
func withoutValues(err error) string {
	return oneLine(quotedValue.ReplaceAllString(err.Error(), "a value"))
}

var quotedValue = regexp.MustCompile("`[^`]*`")

// withTextKeys makes JSON's objects of YAML's mappings, whose keys may be numbers such as 200.
func withTextKeys(tree any) any {
	switch tree := tree.(type) {
	case map[string]any:
		for k, v := range tree {
			tree[k] = withTextKeys(v)
		}
	case map[any]any:
		object := map[string]any{}
		for k, v := range tree {
			object[fmt.Sprint(k)] = withTextKeys(v)
		}
		return object
	case []any:
		for i, v := range tree {
			tree[i] = withTextKeys(v)
		}
	}
	return tree
}

// readBeside reads a file that a description refers to. It refuses the network, and what is not below the description's
// directory.
func (o *OpenAPIOptions) readBeside(_ *openapi3.Loader, location *url.URL) ([]byte, error) {
	if location.Scheme != "" && location.Scheme != "file" || location.Host != "" {
		return nil, errors.New("a reference leads to another server, which is not asked; save that file beside this one and refer to it there")
	}
	dir := filepath.Dir(o.Name)
	name, err := filepath.Rel(dir, filepath.FromSlash(location.Path))
	if err != nil || !filepath.IsLocal(name) {
		return nil, errors.New("a reference leads out of the directory of the description; put that file below it")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, largestReferred))
}

// largestReferred bounds a file that is referred to.
const largestReferred = 100 << 20

// An apiImporter makes operations of a description's.
type apiImporter struct {
	*builder
	doc *openapi3.T
}

// importPaths makes an operation of each that is wanted.
func (a *apiImporter) importPaths(o *OpenAPIOptions) error {
	items := a.doc.Paths.Map()
	all := 0
	for _, p := range slices.Sorted(maps.Keys(items)) {
		if items[p] == nil {
			continue
		}
		operations := items[p].Operations()
		for _, method := range inUsualOrder(operations) {
			all++
			if !o.wanted(p, method, operations[method]) {
				continue
			}
			if err := a.operation(p, method, items[p], operations[method]); err != nil {
				a.note("Left out: %s %s, as %s.", method, oneLine(p), err)
			}
		}
	}
	if len(a.operations) == 0 {
		return o.failf("has no operation to import, of %d; check its paths, and --tag, --method, --include and --exclude", all)
	}
	return nil
}

// inUsualOrder sorts methods as people read them.
func inUsualOrder(operations map[string]*openapi3.Operation) []string {
	usual := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	rank := func(m string) int {
		if i := slices.Index(usual, m); i >= 0 {
			return i
		}
		return len(usual)
	}
	return slices.SortedFunc(maps.Keys(operations), func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

// wanted goes by path, method and tags.
func (o *OpenAPIOptions) wanted(p, method string, op *openapi3.Operation) bool {
	fits := func(pattern string) bool { return matchesPath(pattern, p) }
	return (len(o.Methods) == 0 || slices.ContainsFunc(o.Methods, func(m string) bool { return strings.EqualFold(m, method) })) &&
		(len(o.Tags) == 0 || slices.ContainsFunc(o.Tags, func(t string) bool { return slices.Contains(op.Tags, t) })) &&
		(len(o.Include) == 0 || slices.ContainsFunc(o.Include, fits)) && !slices.ContainsFunc(o.Exclude, fits)
}

// matchesPath compares a path with a pattern, part by part.
func matchesPath(pattern, p string) bool {
	return matchesParts(strings.Split(strings.Trim(pattern, "/"), "/"), strings.Split(strings.Trim(p, "/"), "/"))
}

func matchesParts(patterns, parts []string) bool {
	// reached[j] says whether the patterns so far fit the first j parts.
	reached := make([]bool, len(parts)+1)
	reached[0] = true
	for _, pattern := range patterns {
		next := make([]bool, len(parts)+1)
		for j := range next {
			switch {
			case pattern == "**":
				next[j] = reached[j] || j > 0 && next[j-1]
			case j > 0 && reached[j-1]:
				ok, err := path.Match(pattern, parts[j-1])
				next[j] = ok && err == nil
			}
		}
		reached = next
	}
	return reached[len(parts)]
}

// operation makes an operation of one of the description's.
func (a *apiImporter) operation(p, method string, item *openapi3.PathItem, op *openapi3.Operation) error {
	o := &operation{method: strings.ToUpper(method), name: oneLine(op.OperationID)}
	if !isToken(o.method) || o.method == "CONNECT" {
		return unfit("the method cannot be sent")
	}
	if op.Summary != "" {
		a.comment(o, oneLine(op.Summary))
	}
	if op.Deprecated {
		a.comment(o, "deprecated")
	}
	r := a.parametersOf(o, item, op)
	p = r.fillIn(p)
	server := a.server(item, op)
	if err := a.setServer(o, server, p, r.query); err != nil {
		return err
	}
	a.setSecurity(o, r, op)
	if op.RequestBody != nil && op.RequestBody.Value != nil {
		a.setRequestBody(o, r, op.RequestBody.Value)
	}
	a.setHeaders(o, r.headers)
	if len(r.cookies) > 0 {
		o.settings.add("cookies", r.cookies.block())
	}
	if len(r.secretHeaders) > 0 {
		if headers := o.settings.get("headers"); headers != nil {
			headers.Content = append(headers.Content, r.secretHeaders.block().Content...)
		} else {
			o.settings.add("headers", r.secretHeaders.block())
		}
	}
	if len(r.secretParams) > 0 {
		o.settings.add("params", r.secretParams.block())
	}
	a.operations = append(a.operations, o)
	return nil
}

// server returns the URL of the server that an operation is made of: its own, its path's, or the description's first.
func (a *apiImporter) server(item *openapi3.PathItem, op *openapi3.Operation) string {
	servers := a.doc.Servers
	if len(item.Servers) > 0 {
		servers = item.Servers
	}
	if op.Servers != nil && len(*op.Servers) > 0 {
		servers = *op.Servers
	}
	if len(servers) == 0 || servers[0] == nil {
		return ""
	}
	address := servers[0].URL
	for name, v := range servers[0].Variables {
		if v != nil {
			address = strings.ReplaceAll(address, "{"+name+"}", v.Default)
		}
	}
	return strings.TrimSuffix(address, "/")
}

// setServer gives an operation its URL. Where the description names no server, its origin is empty.
func (a *apiImporter) setServer(o *operation, server, p string, query []string) error {
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	if len(query) > 0 {
		p += "?" + strings.Join(query, "&")
	}
	if strings.Contains(server, "://") {
		return o.setURL(a.vault, server+p)
	}
	if strings.HasPrefix(server, "//") {
		return o.setURL(a.vault, "https:"+server+p)
	}
	if server != "" && !strings.HasPrefix(server, "/") {
		server = "/" + server
	}
	if err := o.setURL(a.vault, "http://localhost"+server+p); err != nil {
		return err
	}
	o.origin = ""
	return nil
}
