package nearest_test

import (
	"strings"
	"testing"

	"sessbench/internal/nearest"
)

// A misspelling is told from another word.
func TestTo(t *testing.T) {
	known := []string{"timeout", "tls", "get", "headers", "max_redirects", "CurveP256"}
	for name, want := range map[string]string{
		"timout": "timeout", "Timeout": "timeout", "header": "headers", "gte": "get", "tsl": "tls", "curvep265": "CurveP256", "maxredirects": "max_redirects",
		"xyz": "", "": "", "t": "", "body": "", strings.Repeat("timeout", 9): "",
	} {
		if got := nearest.To(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
