package wire

import (
	"testing"
	"time"
)

func TestKernelsAddUp(t *testing.T) {
	one := Kernel{1, 20, 5, 20, 3, 1, 10, 10, 7, 6, 100, 200}
	two := Kernel{2, 90, 9, 60, 4, 2, 18, 4, 9, 8, 300, 400}
	want := Kernel{3, 110, 5, 60, 7, 3, 28, 4, 16, 14, 400, 600}
	for _, order := range [][3]Kernel{{one, two, {}}, {two, {}, one}, {{}, one, two}} {
		var sum Kernel
		for _, k := range order {
			sum.Add(k)
		}
		if sum != want {
			t.Errorf("%+v, want %+v", sum, want)
		}
	}
}

// A sayingMux is a connection that knows the system's facts itself.
type sayingMux struct{ closed []ending }

func (*sayingMux) do(*Client, *trip, func(error)) error { return nil }
func (*sayingMux) room() int                            { return 1 }
func (*sayingMux) state() peerState                     { return peerQuiet }
func (m *sayingMux) close(how ending) bool              { m.closed = append(m.closed, how); return true }
func (*sayingMux) kernel() Kernel                       { return Kernel{Connections: 1, RTT: time.Millisecond} }

func TestAMultiplexedConnectionIsAskedItself(t *testing.T) {
	c := newClient(t, nil, Policy{Close: CloseByReset})
	m := new(sayingMux)
	cn := &conn{mux: m, ledger: &c.opener.ledger, policy: &c.policy}
	c.opener.ledger.opened()
	cn.close(retired)
	if got, want := c.Kernel(), m.kernel(); got != want || len(m.closed) != 1 || m.closed[0] != retired {
		t.Errorf("%+v, want %+v; closed %v", got, want, m.closed)
	}
	wantCounts(t, c, Counts{Opened: 1, Retired: 1})
}
