package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"sessbench/result"
)

// Results that were saved before connections were told in full are rendered as they were then.
func TestOlderResultsAreRendered(t *testing.T) {
	for _, name := range []string{"https-three-arms", "open-model-errors", "single"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var old map[string]any
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber() // a seed has more digits than a float64
		if err := dec.Decode(&old); err != nil {
			t.Fatal(err)
		}
		for _, a := range old["arms"].([]any) {
			arm := a.(map[string]any)
			delete(arm, "handshakes")
			keep(arm["policy"].(map[string]any), "name", "requests_per_connection", "pool", "close", "tls_resumption", "resend", "http")
			keep(arm["connections"].(map[string]any), "opened", "attempts", "reused_requests", "closed_by_peer", "retired", "discarded", "evicted",
				"kept_open", "tls_full", "tls_resumed", "open_failures", "stale_retries")
		}
		if data, err = json.Marshal(old); err != nil {
			t.Fatal(err)
		}
		r, err := result.Read(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		if got := render(t, r); got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func keep(m map[string]any, names ...string) {
	kept := map[string]any{}
	for _, name := range names {
		if v, ok := m[name]; ok {
			kept[name] = v
		}
	}
	clear(m)
	for name, v := range kept {
		m[name] = v
	}
}
