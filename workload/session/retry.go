package session

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"sessbench/workload/wire"
)

const (
	// DefaultBackoffMax is the longest wait of the backoff where a Retry names none.
	DefaultBackoffMax = 2 * time.Minute
	// DefaultRetryAfterMax is the longest wait on the server's wish where a Retry names none.
	DefaultRetryAfterMax = 6 * time.Hour
)

// A Retry says which failed attempts are made again. It is not changed once it is used and may be
// shared. nil is no retries.
//
// Failures are of five kinds. connect: no connection came about, so that the server cannot have seen
// the request; any method is tried again. read: a request was sent, and the connection ended or
// fell silent before there was a whole head; only Methods are tried again. status: a response whose
// status is in Statuses, to one of Methods; also 413, 429 and 503 with a Retry-After, unless
// IgnoreRetryAfter is set or nothing is left of Total. redirect: the same where the response
// is a redirect, which is then not followed. other: TLS failures but for refused certificates, and
// proxies that refused; any method is tried again.
//
// What happens once there is a head is never tried again on account of an error, nor is a body that
// can be read only once, nor what the caller did: canceled contexts, Timeout.Total, invalid
// requests, errors of an Auth or a hook.
//
// The wait before the repeat that follows the n-th failure of a hop is none for n = 1, and
// min(BackoffMax, Backoff·2^(n-1) + U(0, Jitter)) from then on, which is urllib3's. A Retry-After
// takes its place.
type Retry struct {
	// How many attempts may be made again, in all and by kind of failure; nil is no
	// limit by that count. Each kind counts on its own; what is used up first ends it.
	Total, Connect, Read, Status, Redirect, Other *int

	Methods    []string // whose read errors and statuses are retried; none: those that are idempotent
	AnyMethod  bool     // all methods instead
	Statuses   []int    // that are retried, 100..599
	Backoff    time.Duration
	BackoffMax time.Duration // 0: DefaultBackoffMax. It does not bound a Retry-After
	Jitter     time.Duration

	IgnoreRetryAfter bool
	RetryAfterMax    time.Duration // 0: DefaultRetryAfterMax
	ReturnLast       bool          // return the last response where its status was retried in vain, instead of ErrRetry
}

// Retries returns a policy with n retries in all.
func Retries(n int) *Retry { return &Retry{Total: &n} }

// An outcome is how an attempt ended.
type outcome struct {
	method     string
	err        error  // what it failed with, an *Error; nil: a response's head came, at least
	written    bool   // the request was begun to be written: wire.Exchange.Attempts > 0
	status     int    // of the response
	retryAfter string // its Retry-After field
	location   bool   // it is a redirect that could be followed
	replayable bool   // the body can be sent again: there is none, it is rewindable, or nothing of it was read
}

// A decision is what follows an attempt.
type decision struct {
	again      bool
	wait       time.Duration // before it
	retryAfter bool          // that wait is the server's wish
	exhausted  bool          // not again because the policy is used up; a response is then ErrRetry, unless ReturnLast
}

// A failure is a kind of failure that is counted on its own.
type failure int

const (
	failedConnect failure = iota
	failedRead
	failedStatus
	failedRedirect
	failedOther
	failureKinds // how many there are

	notRetried failure = -1 // a success, or what is permanent
)

// A budget is what is left of a policy for one hop.
type budget struct {
	policy   *Retry
	failures int               // of this hop, that were to be tried again
	spent    [failureKinds]int // the same by kind
}

// budget returns a full one.
func (r *Retry) budget() budget { return budget{policy: r} }

// after decides what follows an attempt. now is what dates in a Retry-After are compared with; random
// is the session's own and needed for Jitter only.
func (b *budget) after(o outcome, now time.Time, random *rand.Rand) decision {
	if b.policy == nil || !o.replayable {
		return decision{}
	}
	kind := b.kind(&o)
	if kind == notRetried {
		return decision{}
	}
	b.failures++
	b.spent[kind]++
	if b.exhausted(kind) {
		return decision{exhausted: true}
	}
	if o.err == nil && !b.policy.IgnoreRetryAfter {
		if wait, ok := parseRetryAfter(o.retryAfter, now); ok && wait > 0 {
			return decision{again: true, wait: min(wait, b.policy.retryAfterMax()), retryAfter: true}
		}
	}
	return decision{again: true, wait: b.policy.backoff(b.failures, random)}
}

// exhausted reports whether the last failure, of that kind, was one too many.
func (b *budget) exhausted(kind failure) bool {
	r := b.policy
	limit := [failureKinds]*int{
		failedConnect: r.Connect, failedRead: r.Read, failedStatus: r.Status, failedRedirect: r.Redirect, failedOther: r.Other,
	}[kind]
	return r.Total != nil && b.failures > *r.Total || limit != nil && b.spent[kind] > *limit
}

// kind returns what an outcome counts as.
func (b *budget) kind(o *outcome) failure {
	if o.err == nil {
		switch {
		case !b.retriesStatus(o):
			return notRetried
		case o.location:
			return failedRedirect
		}
		return failedStatus
	}
	kind := o.failure()
	if kind == failedRead && !b.policy.allows(o.method) {
		return notRetried
	}
	return kind
}

// retriesStatus reports whether a response is to be asked for again. A Retry-After that
// cannot be understood still says that the server wants to be asked again.
func (b *budget) retriesStatus(o *outcome) bool {
	r := b.policy
	listed := slices.Contains(r.Statuses, o.status)
	if !listed {
		switch o.status {
		case 413, 429, 503:
			listed = o.retryAfter != "" && !r.IgnoreRetryAfter && (r.Total == nil || b.failures < *r.Total)
		}
	}
	return listed && r.allows(o.method)
}

// allows reports whether requests of that method are sent again after the server may have seen them.
func (r *Retry) allows(method string) bool {
	if r.AnyMethod {
		return true
	}
	if len(r.Methods) > 0 {
		for _, m := range r.Methods {
			if strings.EqualFold(m, method) {
				return true
			}
		}
		return false
	}
	switch method {
	case "HEAD", "GET", "PUT", "DELETE", "OPTIONS", "TRACE":
		return true
	}
	return false
}

// failure returns the kind of an attempt that failed with an error.
func (o *outcome) failure() failure {
	e, ok := errors.AsType[*Error](o.err)
	if !ok {
		return notRetried
	}
	switch e.Kind {
	case ErrConnectTimeout:
		return failedConnect
	case ErrReadTimeout, ErrWriteTimeout, ErrTooLarge:
		return failedRead
	case ErrConnection, ErrLocalPorts, ErrFiles:
		if o.written {
			return failedRead
		}
		return failedConnect
	case ErrTLS:
		if certificateRefused(e) {
			return notRetried
		}
		return failedOther
	case ErrProxy:
		return o.proxyFailure(e)
	}
	return notRetried
}

// proxyFailure tells apart a proxy that could not be reached and one that would not.
func (o *outcome) proxyFailure(e *Error) failure {
	if o.written {
		return failedRead
	}
	if certificateRefused(e) {
		return notRetried
	}
	switch wire.ClassOf(e) {
	case wire.ClassDNS, wire.ClassRefused, wire.ClassConnect, wire.ClassConnectTimeout,
		wire.ClassAddressExhausted, wire.ClassFilesExhausted:
		return failedConnect
	}
	return failedOther
}

// certificateRefused reports whether we did not accept a certificate. It will not be another one the
// next time.
func certificateRefused(err error) bool {
	return causedBy[*tls.CertificateVerificationError](err) || causedBy[x509.UnknownAuthorityError](err) ||
		causedBy[x509.CertificateInvalidError](err) || causedBy[x509.HostnameError](err)
}

func causedBy[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// backoff returns the wait before the repeat that follows the n-th failure of a hop.
func (r *Retry) backoff(n int, random *rand.Rand) time.Duration {
	if n <= 1 {
		return 0
	}
	limit := r.BackoffMax
	if limit == 0 {
		limit = DefaultBackoffMax
	}
	wait := r.Backoff
	for i := 1; i < n && 0 < wait && wait < limit; i++ {
		if wait > limit/2 {
			wait = limit // twice as much might not be a Duration
		} else {
			wait *= 2
		}
	}
	wait = min(wait, limit)
	if r.Jitter > 0 {
		wait += min(time.Duration(random.Int64N(int64(r.Jitter))), limit-wait)
	}
	return wait
}

func (r *Retry) retryAfterMax() time.Duration {
	if r.RetryAfterMax == 0 {
		return DefaultRetryAfterMax
	}
	return r.RetryAfterMax
}
