package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"sessbench/result"
)

// A scribe is a server that notes all that it is asked for.
type scribe struct {
	*httptest.Server
	answer http.HandlerFunc // nil: 200 and a JSON object

	mu   sync.Mutex
	seen []sighting
}

// sighting is one request.
type sighting struct{ method, path, query, body, key string }

func startScribe(t *testing.T) *scribe {
	w := new(scribe)
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (s *scribe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	s.seen = append(s.seen, sighting{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Get("Idempotency-Key")})
	s.mu.Unlock()
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	fmt.Fprint(w, `{"id":17,"items":[{"id":17}],"ok":true}`)
}

// take returns what came since the last time.
func (s *scribe) take() []sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// trialsOf parts what came by the trials in which it was sent: those of an arm and a block. There is no warm-up.
func trialsOf(t *testing.T, res *result.Result, seen []sighting) map[string][]sighting {
	t.Helper()
	type trial struct {
		name string
		result.Trial
	}
	var list []trial
	for _, a := range res.Arms {
		for _, each := range a.Trials {
			list = append(list, trial{fmt.Sprint(a.Name, " ", each.Block), each})
		}
	}
	slices.SortFunc(list, func(a, b trial) int { return int(1e9 * (a.Started - b.Started)) })
	parts := map[string][]sighting{}
	for _, each := range list {
		n := int(each.Requests)
		if n > len(seen) {
			t.Fatalf("the server saw fewer requests than the trials had: %s lacks %d", each.name, n-len(seen))
		}
		parts[each.name], seen = seen[:n], seen[n:]
	}
	if len(seen) > 0 {
		t.Fatalf("the server saw %d requests that no trial had", len(seen))
	}
	return parts
}

// planFile writes a plan, and files beside it: names and texts in turn.
func planFile(t *testing.T, plan string, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	files = append(files, "plan.yaml", plan)
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "plan.yaml")
}
