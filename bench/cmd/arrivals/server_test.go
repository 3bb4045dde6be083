//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

func TestEveryRequestHasItsArrivalStamped(t *testing.T) {
	stdin, stop := io.Pipe()
	stdout, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serve(stdin, out, nil) }()
	lines := bufio.NewReader(stdout)
	url, err := lines.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}

	client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	begin := time.Now().UnixNano()
	const requests = 5
	for range requests {
		resp, err := client.Get(string(bytes.TrimSpace(url)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != "ok" {
			t.Fatalf("body %q, %v", body, err)
		}
	}
	end := time.Now().UnixNano()

	stop.Close() // with the client's connection still open
	var got recording
	if err := json.NewDecoder(lines).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if len(got.Arrivals) != requests || len(got.Held) != requests || got.Connections != 1 {
		t.Fatalf("%d arrivals, %d held, %d connections", len(got.Arrivals), len(got.Held), got.Connections)
	}
	last := begin
	for i, at := range got.Arrivals {
		if at < last || at > end {
			t.Errorf("arrival %d at %d, not between %d and %d", i, at, last, end)
		}
		last = at
		if got.Held[i] <= 0 {
			t.Errorf("held %d ns", got.Held[i])
		}
	}
}
