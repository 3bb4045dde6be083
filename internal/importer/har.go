package importer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// HAROptions are what of a recording becomes a plan, and how.
type HAROptions struct {
	Options
	Hosts       []string // whose requests are kept, with or without a port, and with * for a part of a name; nil: that of the first document
	NoAssets    bool     // images, styles, scripts, fonts and media are left out
	KeepCookies bool     // the session begins with the cookies that the browser had; otherwise with none
	NoThink     bool     // pauses are not kept
	Mix         bool     // weighted operations instead of a scenario
}

// The part of a HAR file (version 1.2) that is read.
type harFile struct {
	Log *struct {
		Entries []harEntry `json:"entries"`
	} `json:"log"`
}

type harEntry struct {
	Started      string     `json:"startedDateTime"`
	Time         float64    `json:"time"` // in milliseconds
	Request      harRequest `json:"request"`
	Response     harReply   `json:"response"`
	ResourceType string     `json:"_resourceType"` // Chrome's
	FromCache    string     `json:"_fromCache"`    // Chrome's
}

type harRequest struct {
	Method      string     `json:"method"`
	URL         string     `json:"url"`
	HTTPVersion string     `json:"httpVersion"`
	Headers     []harPair  `json:"headers"`
	Cookies     []harPair  `json:"cookies"`
	PostData    *harPosted `json:"postData"`
}

type harReply struct {
	Status  int       `json:"status"`
	Headers []harPair `json:"headers"`
	Cookies []harPair `json:"cookies"`
	Content struct {
		MimeType string `json:"mimeType"`
	} `json:"content"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harPosted struct {
	MimeType string `json:"mimeType"`
	Text     string `json:"text"`
	Encoding string `json:"encoding"` // of the text: base64 or "". The format has it for responses only; some write it here too
	Params   []struct {
		harPair
		FileName    string `json:"fileName"`
		ContentType string `json:"contentType"`
	} `json:"params"`
}

// HAR imports a recording of a browser or a proxy as a scenario, or as a mix.
func HAR(data []byte, o HAROptions) (*Plan, error) {
	data = []byte(strings.TrimPrefix(string(data), "\ufeff"))
	if err := o.checkText(data); err != nil {
		return nil, err
	}
	var file harFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, o.wrongHAR(data, err)
	}
	if file.Log == nil || len(file.Log.Entries) == 0 {
		return nil, o.failf("has no entries under log; save the network log as HAR with content")
	}
	h := &harImporter{builder: newBuilder(&o.Options, "HAR"), HAROptions: &o, left: map[string]int{}}
	h.cookiesByJar = true
	entries := h.kept(file.Log.Entries)
	if len(entries) == 0 {
		return nil, o.failf("has none of the requests that were asked for; its hosts are %s: choose with --host", enumeration(hostsOf(file.Log.Entries)))
	}
	return h.importEntries(entries)
}

// wrongHAR says where the file is not what it should be.
func (o *HAROptions) wrongHAR(data []byte, err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		line, column := position(data, e.Offset-1)
		return o.failAt(line, column, "is not JSON from here on; save the network log as HAR again")
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		line, column := position(data, e.Offset-1)
		return o.failAt(line, column, "is no HAR file: %s is a %s; save the network log as HAR again", oneLine(e.Field), strings.Fields(e.Value)[0])
	}
	return o.failf("is no HAR file; save the network log as HAR again")
}

// A harImporter makes operations of entries.
type harImporter struct {
	*builder
	*HAROptions
	left map[string]int // what was left out, and how often
}

// importEntries makes the plan of the entries that are kept.
func (h *harImporter) importEntries(entries []harEntry) (*Plan, error) {
	slices.SortStableFunc(entries, func(a, b harEntry) int { return a.started().Compare(b.started()) })
	var imported []harEntry
	for _, entry := range entries {
		o, err := h.operation(&entry)
		if err != nil {
			h.left["requests that cannot be made: "+err.Error()]++
			continue
		}
		h.operations = append(h.operations, o)
		imported = append(imported, entry)
	}
	if len(h.operations) == 0 {
		return nil, h.builder.failf("has no request that can be made; %s", enumeration(slices.Sorted(maps.Keys(h.left))))
	}
	h.startCookies(imported)
	switch {
	case h.Mix:
		h.operations = merged(h.operations)
	case !h.NoThink:
		h.addThink(imported)
	}
	if !h.Mix {
		h.scenario = "recorded"
	}
	h.explain(imported)
	return h.plan()
}

// operation makes an operation of an entry.
func (h *harImporter) operation(entry *harEntry) (*operation, error) {
	o := &operation{method: strings.ToUpper(entry.Request.Method)}
	if !isToken(o.method) || o.method == "CONNECT" {
		return nil, unfit("the method cannot be sent")
	}
	if err := o.setURL(h.vault, entry.Request.URL); err != nil {
		return nil, err
	}
	var headers []header
	for _, p := range entry.Request.Headers {
		headers = append(headers, header{p.Name, p.Value})
	}
	h.setPosted(o, &headers, entry.Request.PostData)
	h.setHeaders(o, headers)
	if status := entry.Response.Status; status >= 100 && status < 600 {
		o.statuses = []int{status}
	}
	return o, nil
}

// setPosted gives an operation its body. Some recorders have forms as their fields only.
func (h *harImporter) setPosted(o *operation, headers *[]header, posted *harPosted) {
	if posted == nil {
		return
	}
	if contentType(*headers) == "" && posted.MimeType != "" {
		*headers = append(*headers, header{"Content-Type", posted.MimeType})
	}
	switch {
	case posted.Text != "":
		h.setBody(o, headers, posted.text())
	case len(posted.Params) > 0 && strings.HasPrefix(posted.MimeType, "multipart/"):
		var fields []header
		files := listNode()
		for _, p := range posted.Params {
			if p.FileName == "" {
				fields = append(fields, header{p.Name, p.Value})
				continue
			}
			files.Content = append(files.Content, h.filePart(p.Name, p.FileName, p.ContentType, p.Value))
			h.comment(o, "A file's content is not in the source; put its path in the place of content.")
		}
		if h.addMultipart(o, fields, files) {
			removeHeader(headers, "Content-Type")
			return
		}
		h.comment(o, "The form was left out: fields of one name stand apart.")
	case len(posted.Params) > 0:
		var pairs []string
		for _, p := range posted.Params {
			pairs = append(pairs, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
		}
		h.setBody(o, headers, strings.Join(pairs, "&"))
	}
}

// text is the body, as it was sent.
func (p *harPosted) text() string {
	if plain, err := base64.StdEncoding.DecodeString(p.Text); err == nil && strings.EqualFold(p.Encoding, "base64") {
		return string(plain)
	}
	return p.Text
}

// started is when the browser made the request; the zero time where that is not said.
func (e *harEntry) started() time.Time {
	t, err := time.Parse(time.RFC3339Nano, e.Started)
	if err != nil {
		return time.Time{}
	}
	return t
}

// host is that of the request, with its port where it has one, in lower case.
func (e *harEntry) host() string {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// hostsOf lists the hosts of entries, a few of them where there are many.
func hostsOf(entries []harEntry) []string {
	var hosts []string
	for i := range entries {
		if host := oneLine(entries[i].host()); host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) > 20 {
		hosts = append(hosts[:20], fmt.Sprintf("%d more", len(hosts)-20))
	}
	return hosts
}

// matchesHost says whether one of the patterns is a host's.
func matchesHost(patterns []string, host string) bool {
	name := host
	if u, err := url.Parse("//" + host); err == nil {
		name = u.Hostname()
	}
	return slices.ContainsFunc(patterns, func(p string) bool {
		p = strings.ToLower(p)
		if p == host || p == name {
			return true
		}
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}
