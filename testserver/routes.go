package testserver

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"

	"sessbench/internal/precise"
)

// A route answers a request. An error that it returns is answered with 400; it must
// not have written anything then.
type route func(w http.ResponseWriter, r *http.Request) error

// routes returns what is counted, and what asks for the counts.
func (s *Server) routes() (counted, stats *http.ServeMux) {
	counted = newMux(map[string]route{
		// Whole responses.
		"/{$}":              s.root,   // a small fixed body
		"/bytes/{n}":        s.bytes,  // n bytes with Content-Length
		"/chunked/{n}":      chunked,  // n bytes in chunks, with trailers (?chunk=size)
		"/status/{code}":    status,   // that status
		"/redirect/{n}":     redirect, // n redirects, then / (?status=302)
		"/echo":             echo,     // what was received, as JSON
		"/interim":          interim,  // 103 and 102 before 200
		"/close":            closing,  // "Connection: close"
		"POST /login":       s.login,  // sets a session cookie for any user and password
		"/private":          s.private,
		"/silent-close":     silentClose,     // closes after the response without saying so (?after=1: which request of a connection)
		"/eof":              eof,             // the body ends where the connection does (?bytes=)
		"/http10":           http10,          // an HTTP/1.0 response
		"/http10-keepalive": s.http10Keeping, // the same, and the connection stays

		// Time.
		"/delay/{duration}": delay,         // the response that much later
		"/stall":            s.stallInside, // ?after= bytes at once, nothing for= a time, the last byte
		"/drip":             s.drip,        // ?bytes=, one every interval=
		"/stall-once":       s.stallOnce,   // request number at= takes for= longer
		"POST /stall-all":   s.stallAll,    // everything stalls, in= a time from now, for= a time

		// Faults.
		"/reset":               reset,      // RST instead of a response
		"/close-early":         closeEarly, // ?length= promised, sent= sent
		"/malformed":           malformed,  // ?kind= of nonsense
		"/flaky":               s.flaky,    // every= nth request fails with status=
		"POST /counters/reset": s.resetTallies,

		// The routes of httpbin.
		"/httpbin/": notFailing(newHTTPBin()),

		// A shop, whose routes are in shop.go.
		"/shop/": notFailing(s.shop.routes()),
	})
	stats = newMux(map[string]route{
		"GET /stats":        s.showStats,
		"POST /stats/reset": s.clearStats,
	})
	return counted, stats
}

// isStats tells whether a path is one of those that are not counted.
func isStats(path string) bool { return path == "/stats" || strings.HasPrefix(path, "/stats/") }

func newMux(routes map[string]route) *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, route := range routes {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := route(w, r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
			}
		})
	}
	return mux
}

func notFailing(h http.Handler) route {
	return func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

func newHTTPBin() http.Handler {
	return httpbin.New(
		httpbin.WithPrefix("/httpbin"),
		httpbin.WithMaxBodySize(16<<20),
		httpbin.WithMaxDuration(time.Minute),
		httpbin.WithHostname("sessbench"),
	)
}

func (s *Server) showStats(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, s.Stats())
}

func (s *Server) clearStats(w http.ResponseWriter, _ *http.Request) error {
	s.ResetStats()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeBody(w, "application/json", append(body, '\n'))
}

func writeText(w http.ResponseWriter, text string) error {
	return writeBody(w, "text/plain; charset=utf-8", []byte(text))
}

func writeBody(w http.ResponseWriter, contentType string, body []byte) error {
	promise(w, contentType, int64(len(body)))
	w.Write(body)
	return nil
}

// sleepUntil waits until t, to a tenth of a millisecond. The server does not spin:
// many requests wait at a time, and the client needs the processors too.
func sleepUntil(ctx context.Context, t time.Time) error {
	var s precise.Sleeper
	defer s.Close()
	return s.Until(ctx, t)
}

// pause is sleepUntil for a route that may have begun its response: there is nobody
// to tell when the client has gone.
func pause(r *http.Request, until time.Time) {
	if sleepUntil(r.Context(), until) != nil {
		panic(http.ErrAbortHandler)
	}
}
