package wire

import "testing"

// A Client that rests leaves its read buffer to the next one, and finds another when it goes on.
func TestClientsThatRestShareBuffers(t *testing.T) {
	s := serve(t, nil, func(p *peer) {
		for p.request() != "" {
			p.say(okText)
		}
	})
	opts := &Options{Buffers: new(Buffers)}
	req := get(t, s.url)
	var used []*receiver
	var clients []*Client
	for range 3 {
		clients = append(clients, newClient(t, opts, Policy{}))
	}
	for range 2 {
		for _, c := range clients {
			wantOK(t, call(t, c, req), 200, "ok")
			used = append(used, c.recv)
			c.Rest()
			c.Rest() // has nothing left to give
		}
	}
	for _, r := range used {
		if r != used[0] {
			t.Error("a buffer lay idle while another one was made")
		}
	}
	if n := len(opts.Buffers.list); n != 1 {
		t.Errorf("%d buffers, want 1", n)
	}
}
