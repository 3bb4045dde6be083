package wire

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strconv"
	"sync"
)

// A Handshake is what a TLS handshake came to. Names are those of package crypto/tls.
type Handshake struct {
	Version, Cipher string
	Curve           string // of the key exchange; "X25519MLKEM768" is the post-quantum hybrid; "" where there was none
	ALPN            string // "" where nothing was negotiated
	Certificate     string // the server's key, such as "ECDSA P-256" or "RSA 2048"
	ChainBytes      int    // of the server's certificates together, DER
	// Resumed: certificates are then those of the session's full handshake, which the server does not
	// send again. So is Curve with TLS 1.2; a resumption with TLS 1.3 has a key exchange of its own.
	Resumed bool
}

// kindsKept is how many kinds of handshakes are recognized without naming them anew. An arm that resumes has
// two: the first one and all others.
const kindsKept = 4

// handshakes counts them. It is safe for concurrent use. The zero value is ready.
type handshakes struct {
	mu    sync.Mutex
	count map[Handshake]*int64
	kinds []handshakeKind // that came last; the first of them is looked at first
}

// A handshakeKind is what tells handshakes apart as crypto/tls states it, and where they are counted.
// Naming it costs some allocations, comparing it none: as long as a certificate is in use anywhere,
// crypto/tls returns the same one for the same bytes. Kept here it is not parsed for every handshake.
type handshakeKind struct {
	version, cipher uint16
	curve           tls.CurveID
	alpn            string
	resumed         bool
	chain           []*x509.Certificate

	handshake Handshake
	count     *int64
}

func (k *handshakeKind) is(state *tls.ConnectionState) bool {
	return k.version == state.Version && k.cipher == state.CipherSuite && k.curve == state.CurveID &&
		k.resumed == state.DidResume && k.alpn == state.NegotiatedProtocol && slices.Equal(k.chain, state.PeerCertificates)
}

// enter counts a handshake.
func (h *handshakes) enter(state *tls.ConnectionState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.kinds) == 0 || !h.kinds[0].is(state) {
		h.toFront(state)
	}
	*h.kinds[0].count++
}

// toFront puts the kind of a handshake before the others, of which the one that is longest unused makes room for
// a new one.
func (h *handshakes) toFront(state *tls.ConnectionState) {
	i := slices.IndexFunc(h.kinds, func(k handshakeKind) bool { return k.is(state) })
	if i >= 0 {
		kind := h.kinds[i]
		copy(h.kinds[1:], h.kinds[:i])
		h.kinds[0] = kind
		return
	}
	kept := h.kinds[:min(len(h.kinds), kindsKept-1)]
	h.kinds = slices.Insert(kept, 0, h.name(state))
}

// name returns the kind of a handshake that is not known yet, or not any more.
func (h *handshakes) name(state *tls.ConnectionState) handshakeKind {
	handshake := handshakeOf(state)
	count := h.count[handshake]
	if count == nil {
		if h.count == nil {
			h.count = make(map[Handshake]*int64)
		}
		count = new(int64)
		h.count[handshake] = count
	}
	return handshakeKind{
		version: state.Version, cipher: state.CipherSuite, curve: state.CurveID, alpn: state.NegotiatedProtocol,
		resumed: state.DidResume, chain: state.PeerCertificates, handshake: handshake, count: count,
	}
}

// all returns a copy of the tallies.
func (h *handshakes) all() map[Handshake]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make(map[Handshake]int64, len(h.count))
	for handshake, count := range h.count {
		all[handshake] = *count
	}
	return all
}

// latest returns what the latest handshake came to; the zero value where there was none.
func (h *handshakes) latest() Handshake {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.kinds) == 0 {
		return Handshake{}
	}
	return h.kinds[0].handshake
}

// handshakeOf names what a finished handshake came to.
func handshakeOf(state *tls.ConnectionState) Handshake {
	h := Handshake{
		Version: tls.VersionName(state.Version),
		Cipher:  tls.CipherSuiteName(state.CipherSuite),
		ALPN:    state.NegotiatedProtocol,
		Resumed: state.DidResume,
	}
	if state.CurveID != 0 {
		h.Curve = state.CurveID.String()
	}
	for i, cert := range state.PeerCertificates {
		if i == 0 {
			h.Certificate = keyName(cert)
		}
		h.ChainBytes += len(cert.Raw)
	}
	return h
}

// keyName names the kind and size of a certificate's key.
func keyName(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return "RSA " + strconv.Itoa(key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}
