package session

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"

	"sessbench/workload/wire"
)

func TestRule_6_9_ConnectErrors(t *testing.T) {
	proxy := func(class wire.Class) outcome {
		return failedWith(ErrProxy, false).because(wire.Fault(class, "connect", "", nil))
	}
	for name, o := range map[string]outcome{
		"refused, unresolved":   refusedConn,
		"connect timeout":       failedWith(ErrConnectTimeout, false),
		"no port":               failedWith(ErrLocalPorts, false),
		"no file":               failedWith(ErrFiles, false),
		"proxy refused":         proxy(wire.ClassRefused),
		"proxy unresolved":      proxy(wire.ClassDNS),
		"proxy unreachable":     proxy(wire.ClassConnect),
		"proxy connect timeout": proxy(wire.ClassConnectTimeout),
		"proxy, no port":        proxy(wire.ClassAddressExhausted),
		"proxy, no file":        proxy(wire.ClassFilesExhausted),
	} {
		for _, method := range []string{"GET", "POST"} {
			retryCase{name + " " + method, &Retry{Connect: countOf(2), Read: countOf(0), Other: countOf(0)}, []outcome{o.by(method)}, 3, true}.check(t)
		}
	}
}

func TestRule_6_10_ReadErrors(t *testing.T) {
	for name, o := range map[string]outcome{
		"silence":        failedWith(ErrReadTimeout, true),
		"dropped":        dropped,
		"stuck":          failedWith(ErrWriteTimeout, true),
		"over-long head": failedWith(ErrTooLarge, true),
		"proxy dropped":  failedWith(ErrProxy, true),
	} {
		policy := &Retry{Read: countOf(2), Connect: countOf(0), Other: countOf(0)}
		retryCase{name, policy, []outcome{o}, 3, true}.check(t)
		retryCase{name + ", POST", policy, []outcome{o.by("POST")}, 1, false}.check(t)
	}
}

func TestRule_6_10_OtherErrors(t *testing.T) {
	policy := &Retry{Other: countOf(2), Connect: countOf(0), Read: countOf(0)}
	proxy := failedWith(ErrProxy, false).because(wire.Fault(wire.ClassProxy, "connect", "", nil))
	for name, o := range map[string]outcome{"TLS": tlsFailure, "CONNECT refused": proxy} {
		retryCase{name, policy, []outcome{o}, 3, true}.check(t)
		retryCase{name + ", POST", policy, []outcome{o.by("POST")}, 3, true}.check(t)
	}
}

func TestRule_13_26_CertificateErrorsArePermanent(t *testing.T) {
	for _, err := range []error{
		&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
		x509.UnknownAuthorityError{},
		x509.HostnameError{Certificate: new(x509.Certificate), Host: "h"},
		x509.CertificateInvalidError{Reason: x509.Expired},
		fmt.Errorf("wrapped: %w", x509.UnknownAuthorityError{}),
	} {
		for _, kind := range []Kind{ErrTLS, ErrProxy} {
			o := failedWith(kind, false).because(wire.Fault(wire.ClassTLS, "TLS handshake with", "h:1", err))
			retryCase{fmt.Sprintf("%v %T", kind, err), Retries(3), []outcome{o}, 1, false}.check(t)
		}
	}
}

func TestRule_6_11_NothingThatIsPermanent(t *testing.T) {
	for _, kind := range []Kind{
		ErrCanceled, ErrTotalTimeout, ErrHook, ErrAuth, ErrInvalidURL, ErrInvalidProxyURL, ErrMissingScheme, ErrInvalidScheme,
		ErrInvalidHeader, ErrInvalidArgument, ErrInvalidJSON, ErrUnrewindable, ErrConcurrentUse, ErrTooManyRedirects, ErrBrokenBody,
		ErrContentDecoding, ErrStreamConsumed, ErrHTTP, ErrRetry,
	} {
		for _, written := range []bool{false, true} {
			retryCase{string(kind), Retries(3), []outcome{failedWith(kind, written)}, 1, false}.check(t)
		}
	}
	foreign := outcome{method: "GET", err: errors.New("no *Error"), replayable: true}
	retryCase{"foreign", Retries(3), []outcome{foreign}, 1, false}.check(t)
}

func TestRule_6_12_ExhaustedOrNotRetryable(t *testing.T) {
	for _, c := range []struct {
		name string
		o    outcome
	}{
		{"connect", refusedConn}, {"connect timeout", failedWith(ErrConnectTimeout, false)}, {"read timeout", failedWith(ErrReadTimeout, true)},
		{"dropped", dropped}, {"TLS", tlsFailure}, {"proxy", failedWith(ErrProxy, false)}, {"status", answeredWith(503)},
	} {
		exhausted := &Retry{Total: countOf(1), Statuses: []int{503}}
		checkAll(t, []retryCase{
			{c.name + ", none configured", nil, []outcome{c.o}, 1, false},
			{c.name + ", exhausted", exhausted, []outcome{c.o}, 2, true},
		})
	}
	checkAll(t, []retryCase{
		{"status, method", &Retry{Total: countOf(0), Statuses: []int{503}}, []outcome{answeredWith(503).by("POST")}, 1, false},
		{"status, counter", &Retry{Total: countOf(9), Status: countOf(0)}, []outcome{askingFor(503, "1")}, 1, true},
		{"total used up by what only Retry-After asked for", Retries(2), []outcome{askingFor(503, "1")}, 3, false},
	})
}

func TestRule_6_13_RedirectStatusesThatAreListed(t *testing.T) {
	redirect := answeredWith(302).redirecting()
	checkAll(t, []retryCase{
		{"not listed", &Retry{Redirect: countOf(3)}, []outcome{redirect}, 1, false},
		{"listed", &Retry{Redirect: countOf(1), Status: countOf(0), Statuses: []int{302}}, []outcome{redirect}, 2, true},
		{"listed, no location", &Retry{Redirect: countOf(0), Status: countOf(1), Statuses: []int{302}}, []outcome{answeredWith(302)}, 2, true},
		{"listed, total", &Retry{Total: countOf(2), Redirect: countOf(9), Statuses: []int{302}}, []outcome{redirect}, 3, true},
		{"listed, POST", &Retry{Redirect: countOf(1), Statuses: []int{302}}, []outcome{redirect.by("POST")}, 1, false},
	})
}

func TestRule_6_14_OneShotBodiesAreNotRetried(t *testing.T) {
	policy := &Retry{Total: countOf(3), Statuses: []int{500}, AnyMethod: true}
	for _, o := range []outcome{dropped, answeredWith(500), askingFor(503, "1"), refusedConn, tlsFailure} {
		retryCase{"one-shot", policy, []outcome{o.by("PUT").oneShot()}, 1, false}.check(t)
		retryCase{"rewindable", policy, []outcome{o.by("PUT"), answeredWith(200)}, 2, false}.check(t)
	}
}
