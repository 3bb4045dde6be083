package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
)

func TestFault(t *testing.T) {
	reason := errors.New("reason")
	err := Fault(ClassReset, "receive from", "h:1", reason)
	if ClassOf(err) != ClassReset || !errors.Is(err, reason) || err.Error() != "receive from h:1: reason" {
		t.Errorf("%q, %v", ClassOf(err), err)
	}
	if err := Fault(ClassProxy, "connect", "", nil); ClassOf(err) != ClassProxy || err.Error() != "connect: proxy" {
		t.Errorf("%q, %v", ClassOf(err), err)
	}
	twice := Fault(ClassConnect, "connect", "h:1", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errnoRefused)})
	if want := "connect h:1: " + errnoRefused.Error(); twice.Error() != want {
		t.Errorf("%q, want %q", twice, want)
	}
}

func TestClassesOfForeignErrors(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	read := func(err error) error { return &net.OpError{Op: "read", Net: "tcp", Err: err} }
	alert := &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}
	own := Fault(ClassTooLarge, "receive from", "", nil)
	for _, c := range []struct {
		err                error
		opening, receiving Class
	}{
		{own, ClassTooLarge, ClassTooLarge},
		{dial(os.NewSyscallError("connect", errnoRefused)), ClassRefused, ClassRefused},
		{dial(os.NewSyscallError("connect", errnoNoAddress)), ClassAddressExhausted, ClassReset},
		{dial(os.NewSyscallError("socket", errnoProcessFiles)), ClassFilesExhausted, ClassReset},
		{dial(errnoTimedOut), ClassConnectTimeout, ClassReadTimeout},
		{dial(os.ErrDeadlineExceeded), ClassConnectTimeout, ClassReadTimeout},
		{context.DeadlineExceeded, ClassConnectTimeout, ClassReadTimeout},
		{dial(&net.DNSError{Err: "no such host"}), ClassDNS, ClassReset},
		{read(os.NewSyscallError("read", errnoReset)), ClassReset, ClassReset},
		{io.EOF, ClassClosedEarly, ClassClosedEarly},
		{fmt.Errorf("broken: %w", io.ErrUnexpectedEOF), ClassClosedEarly, ClassClosedEarly},
		{read(net.ErrClosed), ClassConnect, ClassClosedEarly},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, ClassTLS, ClassProtocol},
		{x509.HostnameError{Certificate: new(x509.Certificate)}, ClassTLS, ClassProtocol},
		{tls.RecordHeaderError{Msg: "no TLS"}, ClassTLS, ClassTLS},
		{alert, ClassTLS, ClassTLS},
		{errors.New("malformed"), ClassConnect, ClassProtocol},
	} {
		if got := [2]Class{ClassOfOpening(c.err), ClassOfReceiving(c.err)}; got != [2]Class{c.opening, c.receiving} {
			t.Errorf("%v: %q, want %q", c.err, got, [2]Class{c.opening, c.receiving})
		}
	}
}
