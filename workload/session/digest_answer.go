package session

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
)

// A digestSpace is a challenge and what is needed to answer it any number of times.
type digestSpace struct {
	challenge digestChallenge
	user      string // as it is sent
	cnonce    string // one for all answers: H(A1) of a -sess algorithm stays that of the first
	key       string // H(A1), in hexadecimal
	count     uint32 // answers with this nonce so far

	hash        hash.Hash
	joined, sum []byte // for digest
	written     []byte // the header's value
}

// newDigestSpace begins to answer c, whose algorithm must be a known one.
func newDigestSpace(d Digest, c digestChallenge, cnonce string) *digestSpace {
	algorithm, _ := digestAlgorithmOf(c.algorithm)
	s := &digestSpace{challenge: c, user: d.User, cnonce: cnonce, hash: algorithm.newHash()}
	s.key = s.digest(d.User, c.realm, d.Password)
	if algorithm.session {
		s.key = s.digest(s.key, c.nonce, cnonce)
	}
	if c.userhash {
		s.user = s.digest(d.User, c.realm)
	}
	return s
}

// authorization returns the next answer for a request (RFC 7616 section 3.4; without qop, that of RFC
// 2069). Fields are in the order of requests; algorithm and qop are not quoted, as RFC 7616
// demands and browsers do.
func (s *digestSpace) authorization(method, target string) string {
	s.count++
	c := &s.challenge
	nc := hex.EncodeToString(binary.BigEndian.AppendUint32(nil, s.count))
	request := s.digest(method, target)
	var response string
	if c.qop {
		response = s.digest(s.key, c.nonce, nc, s.cnonce, "auth", request)
	} else {
		response = s.digest(s.key, c.nonce, request)
	}

	s.written = append(s.written[:0], "Digest "...)
	s.quoted("username", s.user)
	s.quoted("realm", c.realm)
	s.quoted("nonce", c.nonce)
	s.quoted("uri", target)
	s.quoted("response", response)
	if c.hasOpaque {
		s.quoted("opaque", c.opaque)
	}
	if c.algorithm != "" {
		s.bare("algorithm", c.algorithm)
	}
	if c.qop {
		s.bare("qop", "auth")
		s.bare("nc", nc)
	}
	if c.qop || isSessAlgorithm(c.algorithm) {
		// Without qop there is no place for a cnonce, but no other way to check -sess either.
		s.quoted("cnonce", s.cnonce)
	}
	if c.userhash {
		s.bare("userhash", "true")
	}
	return string(s.written)
}

// digest returns the hash of parts with colons between them, in hexadecimal.
func (s *digestSpace) digest(parts ...string) string {
	s.joined = s.joined[:0]
	for i, part := range parts {
		if i > 0 {
			s.joined = append(s.joined, ':')
		}
		s.joined = append(s.joined, part...)
	}
	s.hash.Reset()
	s.hash.Write(s.joined)
	s.sum = s.hash.Sum(s.sum[:0])
	s.joined = hex.AppendEncode(s.joined[:0], s.sum)
	return string(s.joined)
}

func (s *digestSpace) bare(name, value string) {
	if s.written[len(s.written)-1] != ' ' { // that of the scheme
		s.written = append(s.written, ", "...)
	}
	s.written = append(append(append(s.written, name...), '='), value...)
}

func (s *digestSpace) quoted(name, value string) {
	s.bare(name, `"`)
	for i := range len(value) {
		if value[i] == '"' || value[i] == '\\' {
			s.written = append(s.written, '\\')
		}
		s.written = append(s.written, value[i])
	}
	s.written = append(s.written, '"')
}

// A digestAlgorithm is what an algorithm's name stands for.
type digestAlgorithm struct {
	newHash  func() hash.Hash
	session  bool // H(A1) takes in nonce and cnonce
	strength int
}

// digestAlgorithmOf returns the algorithm of a name; none is MD5.
func digestAlgorithmOf(name string) (a digestAlgorithm, ok bool) {
	a.session = isSessAlgorithm(name)
	if a.session {
		name = name[:len(name)-len(sessSuffix)]
	}
	switch strings.ToUpper(name) {
	case "":
		a.newHash = md5.New
		return a, !a.session
	case "MD5":
		a.newHash = md5.New
	case "SHA":
		a.newHash, a.strength = sha1.New, 1
	case "SHA-256":
		a.newHash, a.strength = sha256.New, 2
	case "SHA-512-256":
		a.newHash, a.strength = sha512.New512_256, 3
	case "SHA-512":
		a.newHash, a.strength = sha512.New, 4
	default:
		return a, false
	}
	return a, true
}

const sessSuffix = "-sess"

func isSessAlgorithm(algorithm string) bool {
	i := len(algorithm) - len(sessSuffix)
	return i >= 0 && strings.EqualFold(algorithm[i:], sessSuffix)
}
