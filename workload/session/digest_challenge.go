package session

import (
	"strings"
)

// A challenge is one of those in a WWW-Authenticate field.
type challenge struct {
	scheme  string
	token68 string // instead of parameters
	params  []challengeParam
}

// A challengeParam is a parameter, without quotes and escapes.
type challengeParam struct{ name, value string }

// get returns the value of a parameter; of the last one where there are several.
func (c *challenge) get(name string) (value string, ok bool) {
	for _, p := range c.params {
		if strings.EqualFold(p.name, name) {
			value, ok = p.value, true
		}
	}
	return value, ok
}

// parseChallenges returns the challenges in a field (RFC 9110 section 11.6.1). It takes more than the
// grammar does: unquoted values of any bytes but blanks, commas and quotes, and parameters without a comma
// between them. What follows something unintelligible is left out, with the challenge
// that it is part of.
func parseChallenges(field string) []challenge {
	var list []challenge
	p := challengeParser{rest: field}
	for {
		p.skip(" \t,")
		if p.rest == "" {
			return list
		}
		name := p.take(challengeTokenByte)
		blanks := p.skip(" \t")
		switch {
		case name == "":
			return wholeChallenges(list)
		case strings.HasPrefix(p.rest, "=") && len(list) > 0:
			p.rest = p.rest[1:]
			p.skip(" \t")
			value, ok := p.value()
			if !ok {
				return wholeChallenges(list)
			}
			last := &list[len(list)-1]
			last.params = append(last.params, challengeParam{name, value})
		case p.rest == "" || p.rest[0] == ',' || blanks:
			list = append(list, challenge{scheme: name, token68: p.token68()})
		default:
			return wholeChallenges(list)
		}
	}
}

// wholeChallenges returns list without its last challenge, which was not understood.
func wholeChallenges(list []challenge) []challenge {
	if len(list) == 0 {
		return nil
	}
	return list[:len(list)-1]
}

type challengeParser struct{ rest string }

// skip leaves out bytes of a set and returns whether there were any.
func (p *challengeParser) skip(set string) bool {
	before := len(p.rest)
	p.rest = strings.TrimLeft(p.rest, set)
	return len(p.rest) < before
}

// take returns the longest prefix of which every byte is one of those wanted.
func (p *challengeParser) take(wanted func(byte) bool) string {
	n := 0
	for n < len(p.rest) && wanted(p.rest[n]) {
		n++
	}
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	return taken
}

// token68 returns the token68 that comes next and ends its challenge, or "".
func (p *challengeParser) token68() string {
	ahead := *p
	token := ahead.take(token68Byte)
	if token == "" {
		return ""
	}
	token += ahead.take(func(b byte) bool { return b == '=' })
	ahead.skip(" \t")
	if ahead.rest != "" && ahead.rest[0] != ',' {
		return ""
	}
	p.rest = ahead.rest
	return token
}

// value returns what stands behind a parameter's "=".
func (p *challengeParser) value() (value string, ok bool) {
	if !strings.HasPrefix(p.rest, `"`) {
		return p.take(func(b byte) bool { return !strings.ContainsRune(" \t,\"", rune(b)) }), true
	}
	var unescaped strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch b := p.rest[i]; {
		case b == '"':
			p.rest = p.rest[i+1:]
			return unescaped.String(), true
		case b == '\\' && i+1 < len(p.rest):
			i++
			unescaped.WriteByte(p.rest[i])
		default:
			unescaped.WriteByte(b)
		}
	}
	return "", false
}

// challengeTokenByte reports whether b may stand in a token (RFC 9110 section 5.6.2).
func challengeTokenByte(b byte) bool {
	return alphanumericByte(b) || strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
}

func token68Byte(b byte) bool { return alphanumericByte(b) || strings.IndexByte("-._~+/", b) >= 0 }

func alphanumericByte(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// A digestChallenge is a Digest challenge that can be answered.
type digestChallenge struct {
	realm, nonce, opaque, algorithm string // as the server wrote them
	hasOpaque                       bool   // it may be empty
	qop                             bool   // auth is offered; else RFC 2069
	userhash                        bool
}

// strongestDigest returns the Digest challenge with the strongest algorithm of those that can be
// answered; of equal ones, one with qop before one without, then the first.
func strongestDigest(fields []string) (best digestChallenge, ok bool) {
	strongest := -1
	for _, field := range fields {
		for _, c := range parseChallenges(field) {
			d, strength := digestOf(&c)
			if strength > strongest {
				best, strongest = d, strength
			}
		}
	}
	return best, strongest >= 0
}

// digestOf returns c as a Digest challenge and how strong it is, below 0 if it cannot be answered: the
// nonce is missing, the algorithm unknown, or qop names auth-int alone.
func digestOf(c *challenge) (d digestChallenge, strength int) {
	if !strings.EqualFold(c.scheme, "Digest") {
		return d, -1
	}
	var hasNonce bool
	d.realm, _ = c.get("realm")
	d.nonce, hasNonce = c.get("nonce")
	d.opaque, d.hasOpaque = c.get("opaque")
	d.algorithm, _ = c.get("algorithm")
	userhash, _ := c.get("userhash")
	d.userhash = strings.EqualFold(userhash, "true")
	algorithm, known := digestAlgorithmOf(d.algorithm)
	if !hasNonce || !known {
		return d, -1
	}
	strength = 2 * algorithm.strength
	qop, _ := c.get("qop")
	for option := range strings.FieldsFuncSeq(qop, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		d.qop = d.qop || strings.EqualFold(option, "auth")
	}
	if d.qop {
		return d, strength + 1
	}
	if strings.Trim(qop, ", \t") != "" {
		return d, -1
	}
	return d, strength
}
