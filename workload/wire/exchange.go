package wire

import (
	"runtime"
	"time"
)

// attempt sends the request on cn and reads the response, or its head where the body is streamed. It
// disposes of cn; after an error the place in the pool is still the caller's.
func (c *Client) attempt(cn *conn, t *trip) error {
	err := c.exchange(cn, t)
	t.takeBytes(&cn.sock)
	if err != nil {
		cn.close(endingOf(err))
		return err
	}
	if t.req.Spec.Stream && hasBody(t.req, &t.resp.head) {
		c.stream(cn, t)
		return nil
	}
	if t.req.Spec.Stream {
		t.resp.Stream = noBody{}
	}
	c.settle(cn, c.recv, &t.resp.head, t.req.Close, t.mark)
	return nil
}

// endingOf is how a connection ends with an error.
func endingOf(err error) ending {
	if peerEnded(err) {
		return endedByPeer
	}
	return discarded
}

func (c *Client) exchange(cn *conn, t *trip) error {
	c.watch.over(&cn.sock)
	if err := cn.sock.canceled(); err != nil {
		return err
	}
	ex := t.ex
	ex.Attempts++
	ex.Reused = cn.requests > 0
	c.counts.Attempts++
	if ex.Reused {
		c.counts.Reused++
	}
	cn.requests++
	cn.seen = false
	c.recv.begin(cn)

	sendErr := c.send(cn, t)
	t.lap(&ex.Phases.Send)
	cn.sock.last = t.mark
	switch {
	case sendErr == error(errAnswered):
		sendErr, c.recv.cut = nil, true
	case sendErr != nil:
		sendErr = transferFault(opSend, cn.sock.addr, sendErr)
		if !peerEnded(sendErr) {
			return sendErr
		}
		// A server may answer and close before it has taken the whole request; the
		// answer can still be read.
	}
	if c.opener.yields {
		runtime.Gosched()
	}
	err := c.receive(cn, t)
	if cn.seen {
		t.lapTo(&ex.Phases.Wait, cn.first)
		t.lap(&ex.Phases.Receive)
	} else {
		t.lap(&ex.Phases.Wait)
	}
	switch {
	case err == nil && sendErr != nil:
		c.recv.ended = true
	case err != nil && sendErr != nil:
		return sendErr
	case err != nil:
		return transferFault(opReceive, cn.sock.addr, err)
	}
	return nil
}

// receive reads the response as far as the call goes.
func (c *Client) receive(cn *conn, t *trip) error {
	if err := c.recv.readFinal(t.resp); err != nil {
		return err
	}
	t.ex.Headed = cn.sock.last
	if t.req.Spec.Stream {
		return c.recv.fits(&t.resp.head)
	}
	if t.req.Spec.BriefRedirects && isRedirect(t.resp) {
		return c.skim(cn, t)
	}
	return c.recv.readBody(t.req, t.resp)
}

// How much of a body that nobody wants is read for the sake of its connection, and for how long.
const (
	skimBytes = 256 << 10
	skimTime  = time.Second
)

// skim reads a body that nobody wants, within limits.
func (c *Client) skim(cn *conn, t *trip) error {
	sock, most := &cn.sock, c.recv.maxBody
	if at := sock.last + sock.distance.patience(skimTime); sock.call == 0 || at < sock.call {
		sock.call = at
	}
	c.recv.maxBody = min(most, skimBytes)
	err := c.recv.readBody(t.req, t.resp)
	sock.call, c.recv.maxBody = t.until, most
	if err == nil || sock.canceled() != nil || t.until != 0 && c.clock.Now() >= t.until {
		return err
	}
	c.recv.ended = isEOF(err) || isReset(err)
	c.recv.cut = !c.recv.ended
	return nil
}

// isRedirect reports whether a response leads elsewhere: without a Location it is one like any other.
func isRedirect(resp *Response) bool {
	switch resp.Status {
	case 301, 302, 303, 307, 308:
		return len(resp.Header("Location")) > 0
	}
	return false
}

// settle keeps or closes a connection after a whole response, with which the right to it goes
// back to the pool. The exchange's time is over by then.
func (c *Client) settle(cn *conn, recv *receiver, h *head, closing bool, now time.Duration) {
	used := c.policy.RequestsPerConnection
	how, kept := discarded, false
	switch {
	case recv.br.Buffered() > 0 || h.status == 101:
	case recv.ended:
		how = endedByPeer
	case recv.cut:
		if !h.persistent() {
			how = endedByPeer
		}
	case c.policy.Close == CloseByServer && (closing || !h.persistent()):
		how, kept = cn.awaitEnd(recv)
	case used > 0 && cn.requests >= used, closing:
		how = retired
	case !h.persistent():
		how = endedByPeer
	default:
		state := cn.leftover()
		if state == peerQuiet {
			cn.idleSince = now
			c.pool.put(cn)
			return
		}
		how = state.ending()
	}
	cn.part(how, kept)
	c.pool.free(cn.shelf)
}
