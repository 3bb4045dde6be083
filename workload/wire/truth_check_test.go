package wire

// check compares what Clients say when all their calls are over with what servers saw.
func (r *truthRun) check(clients []*Client) {
	idle := 0
	for _, c := range clients {
		idle += c.Open()
	}
	if r.pool == nil && idle != 0 {
		r.fail("%d connections open after Close", idle)
	}
	if r.pool != nil {
		if got := r.pool.Idle(); got != idle {
			r.fail("%d connections idle in the pool, %d open", got, idle)
		}
		r.pool.Close()
		r.checkPool(r.pool)
	}
	var n Counts
	shaken := int64(0)
	for _, c := range clients {
		checkLedger(r.t, c)
		if open := c.Open(); open != 0 {
			r.fail("%d connections open after all is closed", open)
		}
		if r.pool == nil {
			r.checkPool(c.pool)
		}
		n.Add(c.Counts())
		for _, times := range c.Handshakes() {
			shaken += times
		}
	}
	if shaken != n.TLSFull+n.TLSResumed {
		r.fail("%d handshakes by kind, %d in the counts", shaken, n.TLSFull+n.TLSResumed)
	}
	r.checkClients(n)
	if !r.outage && r.http != HTTP3 { // what the system established, servers get to know a little later
		r.await(func() bool { return r.server.accepted.Load() >= n.Opened })
	}
	left := int64(0)
	if r.http == HTTP3 {
		left = n.OpenFailures // quic.Dial says nothing to a server whose handshake was complete when it is given up
	}
	if !r.await(func() bool { return r.server.open.Load() <= left }) {
		r.fail("%d connections left at servers\n%s", r.server.open.Load(), stacks())
	}
	r.checkServers(n)
}

// checkPool holds that a pool which is closed, and whose connections are, holds on to nothing.
func (r *truthRun) checkPool(p *Pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.claimed != 0 || p.waiting.n != 0 || p.wanting != 0 || p.idle.n != 0 {
		r.fail("an empty pool with %d claimed, %d waiting, %d idle", p.claimed, p.waiting.n, p.idle.n)
	}
	for n := p.shelves.first; n != nil; n = n.next {
		if s := n.item; s.claimed != 0 || s.wanted != 0 || s.pins != 0 || s.busy.n != 0 || s.idle.n != 0 {
			r.fail("an empty shelf with %d claimed, %d wanted, %d pins, %d busy, %d idle", s.claimed, s.wanted, s.pins, s.busy.n, s.idle.n)
		}
	}
}

// checkClients holds what Clients' own numbers say of each other.
func (r *truthRun) checkClients(n Counts) {
	if n.Attempts != r.sum.attempts || n.Resent != r.sum.resent {
		r.fail("%d attempts and %d resent counted, %+v in exchanges", n.Attempts, n.Resent, r.sum)
	}
	streams, most := int64(0), int64(1)
	if r.http.Multiplexed() {
		streams = n.Attempts
		if r.pool != nil {
			most = max(1, int64(r.pool.opts.Streams))
		}
	}
	if n.Streams != streams || n.StreamsPeak > most || n.StreamsPeak > 0 && streams == 0 {
		r.fail("%d streams, at most %d, of %d attempts, %d allowed", n.Streams, n.StreamsPeak, n.Attempts, most)
	}
	if !r.policy.ResumeTLS && n.TLSResumed > 0 || !r.policy.EarlyData && n.EarlyData > 0 || !r.policy.Resend && n.Resent > 0 ||
		r.policy.Close != CloseByReset && n.Reset > 0 {
		r.fail("what the policy rules out: %+v", n)
	}
	if r.policy.RequestsPerConnection == 1 && n.Reused > 0 {
		r.fail("%d reused where none may be", n.Reused)
	}
}

// checkServers compares with the servers. Where nothing fails all is the same. Otherwise a connection, a handshake
// or a request may have been cut off at any point: each bound is that of those which got through.
func (r *truthRun) checkServers(n Counts) {
	s := r.server
	accepted, full, resumed := s.accepted.Load(), s.full.Load(), s.resumed.Load()
	requests, reused, in, out := s.requests.Load(), s.reused.Load(), s.written.Load(), s.read.Load()
	if !r.faults {
		same := func(what string, ours, theirs int64) {
			if ours != theirs {
				r.fail("%s: %d, at servers %d", what, ours, theirs)
			}
		}
		same("connections", n.Opened, accepted)
		same("full handshakes", n.TLSFull, full)
		same("resumed handshakes", n.TLSResumed, resumed)
		same("requests", n.Attempts, requests)
		same("requests on kept connections", n.Reused, reused)
		same("calls", n.Attempts-n.Resent, int64(r.clients*r.calls))
		same("failures to open", n.OpenFailures, 0)
		if r.http == HTTP1 && !r.secure {
			same("bytes in", r.sum.in, in)
			same("bytes out", r.sum.out, out)
		}
	}
	// A server that is gone leaves connections that it never accepted, and handshakes of which it read nothing.
	if !r.outage && r.http != HTTP3 && n.Opened > accepted || accepted > n.Opened+n.OpenFailures {
		r.fail("%d connections opened, %d failed, %d accepted", n.Opened, n.OpenFailures, accepted)
	}
	cut := n.OpenFailures
	if r.policy.EarlyData { // opened before the handshake was complete, and given up
		for _, times := range r.sum.failed {
			cut += times
		}
	}
	if n.TLSFull > full || n.TLSResumed > resumed || full+resumed > n.TLSFull+n.TLSResumed+cut {
		r.fail("handshakes: %d full and %d resumed, at servers %d and %d, %d failures", n.TLSFull, n.TLSResumed, full, resumed, n.OpenFailures)
	}
	if requests > n.Attempts || r.sum.heads > requests || reused > n.Reused {
		r.fail("%d attempts, %d reused, %d answered; servers saw %d and %d", n.Attempts, n.Reused, r.sum.heads, requests, reused)
	}
	if r.sum.in > in || r.http == HTTP1 && !r.secure && out > r.sum.out {
		r.fail("bytes in %d of %d, out %d of %d", r.sum.in, in, r.sum.out, out)
	}
	if n.EarlyData > 0 && !r.await(func() bool { return s.early.Load() > 0 }) {
		r.fail("%d requests in 0-RTT, and no server took any", n.EarlyData)
	}
}
