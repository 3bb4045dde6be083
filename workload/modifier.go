package workload

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sessbench/internal/nearest"
)

// A Modifier stands behind a policy's name, as in fresh+http2, and says something over it.
type Modifier struct {
	Word     string // with the plus, and what is before the value
	Value    string // what stands behind Word, as help calls it; "": nothing
	Example  string // in full
	Key      string // of the arm in a plan
	Meaning  string
	set      func(a *Arm, value string) (problem string)
	shownFor func(a *Arm) []string // values that are to stand in the arm's name; "" for no value
}

// Modifiers lists all of them, in the order in which they stand in a name.
func Modifiers() []Modifier {
	return slices.Concat(httpModifiers(), poolModifiers(), closingModifiers(), tlsModifiers(), []Modifier{
		{Word: "+dns-", Value: "TIME", Example: "+dns-60s", Key: "dns_lifetime", Meaning: "how long a name's addresses are used again: a time, or forever",
			set: func(a *Arm, value string) string {
				var life Lifetime
				switch err := life.UnmarshalText([]byte(value)); {
				case err != nil:
					return "a time with its unit, such as 60s, or forever"
				case time.Duration(life) > longestTime:
					return fmt.Sprintf("a time of at most %v, or forever", longestTime)
				}
				a.DNSLifetime = &life
				return ""
			},
			shownFor: func(a *Arm) []string {
				if a.DNSLifetime == nil {
					return nil
				}
				return []string{a.DNSLifetime.String()}
			}},
		flagModifier("+no-resend", "resend", "a request that died on a kept connection has failed", func(a *Arm) *bool { return &a.NoResend }),
	})
}

func httpModifiers() []Modifier {
	var list []Modifier
	for _, version := range []struct{ word, http, meaning string }{
		{"+http1", "1.1", "HTTP/1.1"}, {"+http2", "2", "HTTP/2 over TLS"}, {"+h2c", "h2c", "HTTP/2 without TLS"}, {"+http3", "3", "HTTP/3"},
	} {
		list = append(list, choiceModifier(version.word, "http", version.meaning, version.http, func(a *Arm) *string { return &a.HTTP }))
	}
	return append(list,
		flagModifier("+0rtt", "early_data", "requests go in 0-RTT, with TLS sessions resumed (HTTP/3)", func(a *Arm) *bool { return &a.EarlyData }),
		countModifier("+streams-", "32", "streams", "exchanges at a time on a connection (HTTP/2 and 3, shared pool)", func(a *Arm) *int { return &a.Streams }))
}

func poolModifiers() []Modifier {
	return []Modifier{
		choiceModifier("+shared", "pool", "one pool for all workers", poolShared, func(a *Arm) *string { return &a.Pool }),
		countModifier("+pool-", "8", "pool_size", "connections in a shared pool", func(a *Arm) *int { return &a.PoolSize }),
		flagModifier("+overflow", "pool_overflow", "beyond the pool's size more are opened, and closed when they are returned", func(a *Arm) *bool { return &a.PoolOverflow }),
		choiceModifier("+fifo", "pool_order", "the connection idle longest is taken first", "fifo", func(a *Arm) *string { return &a.PoolOrder }),
		timeModifier("+idle-", "30s", "idle_timeout", "connections idle for longer are not used again", func(a *Arm) *Duration { return &a.IdleTimeout }),
		timeModifier("+age-", "5m", "max_age", "connections opened longer ago are not used again", func(a *Arm) *Duration { return &a.MaxAge }),
		countModifier("+requests-", "5", "requests_per_connection", "requests on a connection before it is closed", func(a *Arm) *int { return &a.RequestsPerConnection }),
	}
}

func closingModifiers() []Modifier {
	closing := func(a *Arm) *string { return &a.Close }
	return []Modifier{
		choiceModifier("+close-server", "close", "the server closes, told to by Connection: close", "server", closing),
		choiceModifier("+close-reset", "close", "connections are closed by a reset (RST)", "reset", closing),
		flagModifier("+no-close-notify", "close_notify", "TLS is closed without its closing alert", func(a *Arm) *bool { return &a.NoCloseNotify }),
	}
}

func tlsModifiers() []Modifier {
	least, most := func(a *Arm) *string { return &a.TLSMin }, func(a *Arm) *string { return &a.TLSMax }
	return []Modifier{
		flagModifier("+resume", "tls_resumption", "TLS sessions are resumed", func(a *Arm) *bool { return &a.TLSResumption }),
		timeModifier("+ticket-", "10s", "ticket_lifetime", "how long a TLS session is resumed", func(a *Arm) *Duration { return &a.TicketLifetime }),
		versionModifier("+tls", "1.2", "tls_min, tls_max", "this version of TLS and no other", least, most),
		versionModifier("+tls-min-", "1.2", "tls_min", "this version of TLS or a later one", least),
		versionModifier("+tls-max-", "1.2", "tls_max", "this version of TLS or an earlier one", most),
		{Word: "+curve-", Value: "NAME", Example: "+curve-X25519", Key: "curves", Meaning: "key exchange to offer; repeated for several",
			set: func(a *Arm, value string) string {
				name, known := curveNamed(value)
				if !known {
					return "one of " + CurveNames()
				}
				a.Curves = append(a.Curves, name)
				return ""
			},
			shownFor: func(a *Arm) []string { return a.Curves }},
	}
}

// flagModifier says yes.
func flagModifier(word, key, meaning string, field func(*Arm) *bool) Modifier {
	return Modifier{Word: word, Example: word, Key: key, Meaning: meaning,
		set: func(a *Arm, _ string) string { *field(a) = true; return "" },
		shownFor: func(a *Arm) []string {
			if *field(a) {
				return []string{""}
			}
			return nil
		}}
}

// choiceModifier says one thing of several.
func choiceModifier(word, key, meaning, choice string, field func(*Arm) *string) Modifier {
	return Modifier{Word: word, Example: word, Key: key, Meaning: meaning,
		set: func(a *Arm, _ string) string {
			if *field(a) != "" && *field(a) != choice {
				return "beside another modifier that says otherwise"
			}
			*field(a) = choice
			return ""
		},
		shownFor: func(a *Arm) []string {
			if *field(a) == choice {
				return []string{""}
			}
			return nil
		}}
}

func countModifier(word, example, key, meaning string, field func(*Arm) *int) Modifier {
	most := mostOf(key)
	return Modifier{Word: word, Value: "N", Example: word + example, Key: key, Meaning: meaning,
		set: func(a *Arm, value string) string {
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > most {
				return fmt.Sprintf("a whole number from 1 to %d", most)
			}
			*field(a) = n
			return ""
		},
		shownFor: func(a *Arm) []string {
			if n := *field(a); n != 0 {
				return []string{strconv.Itoa(n)}
			}
			return nil
		}}
}

func timeModifier(word, example, key, meaning string, field func(*Arm) *Duration) Modifier {
	return Modifier{Word: word, Value: "TIME", Example: word + example, Key: key, Meaning: meaning,
		set: func(a *Arm, value string) string {
			d, err := ParseTime(value)
			switch {
			case err != nil || d <= 0:
				return "a time with its unit, such as " + example
			case d > longestTime:
				return fmt.Sprintf("a time of at most %v", longestTime)
			}
			*field(a) = Duration(d)
			return ""
		},
		shownFor: func(a *Arm) []string {
			if d := *field(a); d != 0 {
				return []string{time.Duration(d).String()}
			}
			return nil
		}}
}

// versionModifier sets all of its fields to a version of TLS.
func versionModifier(word, example, key, meaning string, fields ...func(*Arm) *string) Modifier {
	return Modifier{Word: word, Value: "VERSION", Example: word + example, Key: key, Meaning: meaning,
		set: func(a *Arm, value string) string {
			if tlsVersion(value) == 0 {
				return "a version of TLS: " + tlsVersionNames
			}
			for _, field := range fields {
				*field(a) = value
			}
			return ""
		},
		shownFor: func(a *Arm) []string {
			version := *fields[0](a)
			if version == "" || (a.TLSMin == a.TLSMax) != (len(fields) == 2) {
				return nil
			}
			return []string{version}
		}}
}

// ParseArms reads a list such as "pooled,five=reuse-5,h2=shared-pool+http2". Behind a policy may stand
// Modifiers; an arm without a name of its own is called by both, as in fresh-http2. The error is everything that is wrong with the
// list: *KeyErrors, joined.
func ParseArms(list string) ([]Arm, error) {
	var arms []Arm
	var problems []error
	unread := map[int]bool{}
	for _, item := range strings.Split(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			problems = append(problems, &KeyError{"arms", fmt.Sprintf("%q has an empty name; write a list such as pooled,fresh", list)})
			continue
		}
		arm, wrong := parseArm(item)
		unread[len(arms)] = len(wrong) > 0
		arms, problems = append(arms, arm), append(problems, wrong...)
	}
	if len(arms) > 0 {
		problems = append(problems, validateArms(arms, unread))
	}
	return arms, errors.Join(problems...)
}

func parseArm(item string) (a Arm, problems []error) {
	name, text, renamed := strings.Cut(item, "=")
	if !renamed {
		text = name
	}
	policy, modifiers, modified := strings.Cut(text, "+")
	a = Arm{Name: name, Policy: policy}
	if !renamed {
		a.Name = nameOf(text)
	}
	if !modified {
		return a, nil
	}
	for _, word := range strings.Split(modifiers, "+") {
		if problem := a.modify("+" + word); problem != "" {
			problems = append(problems, &KeyError{"arms", fmt.Sprintf("has %q, %s", item, problem)})
		}
	}
	return a, problems
}

// nameOf makes a name of a policy with its modifiers.
func nameOf(text string) string { return strings.NewReplacer("+", "-", ".", "_").Replace(text) }

// modify applies a modifier, or says what is wrong with it.
func (a *Arm) modify(word string) (problem string) {
	var best *Modifier
	all := Modifiers()
	for i, m := range all {
		fits := word == m.Word || m.Value != "" && strings.HasPrefix(word, m.Word)
		if fits && (best == nil || len(m.Word) > len(best.Word)) {
			best = &all[i]
		}
	}
	if best == nil {
		return fmt.Sprintf("whose %q is unknown; %s", word, suggestion(word, all))
	}
	switch wanted := best.set(a, word[len(best.Word):]); {
	case wanted == "":
		return ""
	case best.Value == "":
		return fmt.Sprintf("with %q %s; keep one of them", word, wanted)
	default:
		return fmt.Sprintf("with %q; write behind %s %s, as in %s", word, best.Word, wanted, best.Example)
	}
}

// suggestion names the modifier that a misspelt one was probably meant to be, or all.
func suggestion(word string, all []Modifier) string {
	stem := strings.TrimRight(word, "0123456789.smh")
	byWord := map[string]string{}
	var words, examples []string
	for _, m := range all {
		words = append(words, m.Word)
		byWord[m.Word] = m.Example
		examples = append(examples, m.Example)
	}
	for _, tried := range []string{word, stem} {
		if near := nearest.To(tried, words); near != "" {
			return "did you mean " + byWord[near] + "?"
		}
	}
	return "behind a policy can stand " + strings.Join(examples, ", ")
}

// DefaultName is what an arm is called that was given no name.
func (a *Arm) DefaultName() string {
	text := a.Policy
	for _, m := range Modifiers() {
		for _, value := range m.shownFor(a) {
			text += m.Word + value
		}
	}
	return nameOf(text)
}
