package importer

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// kept filters the entries, and counts what it leaves out.
func (h *harImporter) kept(entries []harEntry) []harEntry {
	patterns := h.Hosts
	if len(patterns) == 0 {
		patterns = []string{documentHost(entries)}
	}
	var kept []harEntry
	for _, entry := range entries {
		if why := h.unwanted(&entry, patterns); why != "" {
			h.left[why]++
			continue
		}
		kept = append(kept, entry)
	}
	return kept
}

// unwanted says why an entry is left out, or "".
func (h *harImporter) unwanted(entry *harEntry, patterns []string) string {
	scheme, _, _ := strings.Cut(strings.ToLower(entry.Request.URL), ":")
	switch {
	case scheme == "ws" || scheme == "wss" || entry.ResourceType == "websocket" || entry.Response.Status == 101:
		return "WebSocket connections"
	case scheme == "data" || scheme == "blob" || scheme == "chrome-extension" || scheme == "about" || scheme == "file":
		return scheme + ": URLs, which are not requested"
	case !matchesHost(patterns, entry.host()):
		return "requests to " + oneLine(entry.host())
	case entry.FromCache != "":
		return "responses out of the browser's cache"
	case entry.Response.Status == 0:
		return "requests without a response"
	case h.NoAssets && entry.isAsset():
		return "assets"
	}
	return ""
}

// documentHost is that of the first document, or of the first request over HTTP.
func documentHost(entries []harEntry) string {
	first := ""
	for i := range entries {
		e := &entries[i]
		if !strings.HasPrefix(strings.ToLower(e.Request.URL), "http") {
			continue
		}
		if e.ResourceType == "document" || strings.HasPrefix(e.Response.Content.MimeType, "text/html") {
			return e.host()
		}
		if first == "" {
			first = e.host()
		}
	}
	return first
}

// isAsset goes by what the recorder says, by the media type, and by the path.
func (e *harEntry) isAsset() bool {
	switch e.ResourceType {
	case "image", "stylesheet", "script", "font", "media", "manifest", "texttrack":
		return true
	case "document", "xhr", "fetch":
		return false
	}
	media, _, _ := strings.Cut(strings.ToLower(e.Response.Content.MimeType), ";")
	for _, prefix := range []string{"image/", "font/", "audio/", "video/", "text/css", "text/javascript", "application/javascript", "application/x-javascript", "application/font"} {
		if strings.HasPrefix(media, prefix) {
			return true
		}
	}
	p, _, _ := strings.Cut(e.Request.URL, "?")
	switch strings.ToLower(path.Ext(p)) {
	case ".css", ".js", ".mjs", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico", ".woff", ".woff2", ".ttf", ".otf", ".mp4", ".webm", ".mp3":
		return true
	}
	return false
}

// addThink gives each step the pause that was made after it: from its end to the next one's start.
func (h *harImporter) addThink(entries []harEntry) {
	const longest = 24 * time.Hour
	end := time.Time{}
	for i := range entries[:len(entries)-1] {
		start, next := entries[i].started(), entries[i+1].started()
		if start.IsZero() || next.IsZero() {
			continue
		}
		ended := start
		if took := entries[i].Time; took >= 0 && took < float64(longest/time.Millisecond) {
			ended = start.Add(time.Duration(took * float64(time.Millisecond)))
		}
		if ended.After(end) {
			end = ended
		}
		if pause := next.Sub(end).Round(time.Millisecond); pause > 0 && pause < longest {
			h.operations[i].think = pause
		}
	}
}

// startCookies are those that the browser had before: that it sent and no response had set.
func (h *harImporter) startCookies(entries []harEntry) {
	if !h.KeepCookies {
		if slices.ContainsFunc(entries, func(e harEntry) bool { return len(e.cookies()) > 0 }) {
			h.remark("Cookies were left out: every session begins with none and keeps what responses set. --cookies keep begins with those that the browser had.")
		}
		return
	}
	start := mapping{}
	known := map[string]bool{}
	probe := &operation{}
	for i, e := range entries {
		for _, line := range e.cookies() {
			for _, p := range h.builder.cookies(probe, line) {
				if !known[p.key] && !hasBraces(p.value) && h.operations[i].origin == usualOrigin(h.operations) {
					start = append(start, p)
				}
				known[p.key] = true
			}
		}
		for _, name := range e.setsCookies() {
			known[name] = true
		}
	}
	if len(start) > 0 {
		h.session.add("cookies", start.block())
	}
}

// cookies are the lines of an entry's Cookie header; some recorders have them parted.
func (e *harEntry) cookies() []string {
	var lines []string
	for _, p := range e.Request.Headers {
		if strings.EqualFold(p.Name, "Cookie") {
			lines = append(lines, p.Value)
		}
	}
	if lines == nil {
		for _, p := range e.Request.Cookies {
			lines = append(lines, p.Name+"="+p.Value)
		}
	}
	return lines
}

// setsCookies lists the cookies that the response set.
func (e *harEntry) setsCookies() []string {
	var names []string
	for _, p := range e.Response.Cookies {
		names = append(names, p.Name)
	}
	for _, p := range e.Response.Headers {
		if strings.EqualFold(p.Name, "Set-Cookie") {
			for line := range strings.Lines(p.Value) { // some recorders join them
				name, _, _ := strings.Cut(line, "=")
				names = append(names, strings.TrimSpace(name))
			}
		}
	}
	return names
}

// explain says what was left out and what cannot be known.
func (h *harImporter) explain(entries []harEntry) {
	if len(h.left) > 0 {
		var parts []string
		for _, what := range slices.SortedFunc(maps.Keys(h.left), func(a, b string) int {
			if d := h.left[b] - h.left[a]; d != 0 {
				return d
			}
			return strings.Compare(a, b)
		}) {
			parts = append(parts, fmt.Sprintf("%s (%d)", what, h.left[what]))
		}
		if len(parts) > 20 {
			parts = append(parts[:20], fmt.Sprintf("%d more kinds", len(parts)-20))
		}
		h.note("Left out of the recording: %s.", strings.Join(parts, "; "))
	}
	for _, version := range []struct{ prefix, http string }{{"h2", "2"}, {"http/2", "2"}, {"h3", "3"}, {"http/3", "3"}} {
		if strings.HasPrefix(strings.ToLower(entries[0].Request.HTTPVersion), version.prefix) {
			h.remark("The browser used HTTP/%s; to measure that, add the line http: %q.", version.http, version.http)
			break
		}
	}
	h.remark("Values that the server gave out when this was recorded, such as ids and CSRF tokens, stand here as they were: take them from responses with extract where they change.")
}
