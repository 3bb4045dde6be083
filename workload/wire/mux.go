package wire

// A mux is a connection that carries several exchanges at a time. Its methods are safe for concurrent use:
// a shared pool lends one connection to several Clients.
type mux interface {
	// do carries out t's attempt: it writes the request, fills t.resp, and enters send, wait and
	// receive phases and bytes into t.span. t.seen says afterwards whether anything of the response came. The error has a
	// *fault in it. It enters into c's StreamsPeak how many exchanges are under way on the connection with it, those that wait for the
	// server to allow them excepted. With t.req.Spec.Stream it returns with the head, t.resp.Stream set; done is then
	// called when the stream has ended. It is nil without t.req.Spec.Stream.
	do(c *Client, t *trip, done func(err error)) error
	// room is how many exchanges the server allows at a time, at least 1. It is called with the pool locked: it must
	// be quick, and wait for nothing that uses the pool.
	room() int
	// state says, without waiting, whether the connection can take another exchange.
	state() peerState
	// close ends what is its own of the connection, the socket beneath TLS excepted; exchanges on it fail. It is orderly where nobody
	// is in the middle of reading or writing, so that TLS can still say good-bye.
	close(how ending) (orderly bool)
}

// multiplex makes an attempt on a connection that others may use at the same time. It disposes of the exchange's
// place on cn, whatever comes of it. A failure of one exchange leaves the connection to the others,
// unless it is the connection's own.
func (c *Client) multiplex(cn *conn, t *trip) error {
	ex := t.ex
	ex.Attempts++
	ex.Reused = t.nth > 1
	c.counts.Attempts++
	c.counts.Streams++
	if ex.Reused {
		c.counts.Reused++
	}
	t.seen = false
	nth := t.nth
	var done func(error)
	if t.req.Spec.Stream { // otherwise it would be allocated for nothing
		done = func(err error) { c.release(cn, nth, err) }
	}
	err := cn.mux.do(c, t, done)
	if err != nil || t.resp.Stream == nil {
		c.release(cn, nth, err)
	}
	return err
}

// release ends an exchange, the nth on cn, that came to err.
func (c *Client) release(cn *conn, nth int, err error) {
	switch state := cn.mux.state(); {
	case state != peerQuiet && err != nil:
		c.pool.drop(cn, endingOf(err))
	case state != peerQuiet:
		c.pool.drop(cn, state.ending())
	default:
		c.pool.finish(cn, nth, c.policy.RequestsPerConnection)
	}
}
