package testserver

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	maxBody  = 1 << 40 // bytes of a generated body
	maxPause = 10 * time.Minute
)

// params reads a request's parameters and keeps the first complaint.
type params struct {
	r     *http.Request
	query url.Values
	err   error
}

func paramsOf(r *http.Request) *params {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		err = fmt.Errorf("query: %w", err)
	}
	return &params{r: r, query: query, err: err}
}

// value returns a parameter from the path, or else from the query; fallback when it
// is in neither.
func (p *params) value(name, fallback string) string {
	if v := p.r.PathValue(name); v != "" {
		return v
	}
	if p.query.Has(name) {
		return p.query.Get(name)
	}
	return fallback
}

// number returns an integer parameter between low and high.
func (p *params) number(name, fallback string, low, high int64) int64 {
	text := p.value(name, fallback)
	n, err := parseNumber(text, low, high)
	p.complain(name, err)
	return n
}

// duration returns a duration between 0 and ten minutes.
func (p *params) duration(name, fallback string) time.Duration {
	d, err := parseDuration(p.value(name, fallback))
	p.complain(name, err)
	return d
}

func (p *params) complain(name string, err error) {
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("%s: %w", name, err)
	}
}

func parseNumber(text string, low, high int64) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		if high == math.MaxInt64 {
			return 0, fmt.Errorf("%q is not a whole number from %d", text, low)
		}
		return 0, fmt.Errorf("%q is not a whole number from %d to %d", text, low, high)
	}
	return n, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxPause {
		return 0, fmt.Errorf("%q is not a duration from 0s to %v, such as 5ms or 250us", text, maxPause)
	}
	return d, nil
}
