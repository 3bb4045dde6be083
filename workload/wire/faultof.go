package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// Fault returns an error with a class, for carriers other than a Client: ClassOf tells the class, errors.As
// what lies beneath. op is what was being done ("connect", "receive from") and addr with whom, which
// may be "". Neither, nor the text of err, may have what was sent or received. err may be nil.
func Fault(class Class, op, addr string, err error) error {
	if err == nil {
		err = reason(class)
	}
	return &fault{class, op, addr, cause(err)}
}

// ClassOfOpening returns the class of an error of packages net, crypto/tls and crypto/x509 that kept a
// connection from being opened.
func ClassOfOpening(err error) Class {
	var timeout net.Error
	switch {
	case ClassOf(err) != "":
		return ClassOf(err)
	case isA[*net.DNSError](err):
		return lookupFault("", err).class
	case isTLS(err) || isCertificate(err):
		return ClassTLS
	case isEOF(err):
		return ClassClosedEarly
	case errors.As(err, &timeout) && timeout.Timeout():
		return ClassConnectTimeout
	}
	return dialFault("", err).class
}

// ClassOfReceiving returns the class of such an error that came when a connection was there. What
// does not come from the network says that the response could not be understood.
func ClassOfReceiving(err error) Class {
	var timeout net.Error
	switch {
	case ClassOf(err) != "":
		return ClassOf(err)
	case errors.Is(err, net.ErrClosed):
		return ClassClosedEarly
	case errors.As(err, &timeout) && timeout.Timeout():
		return ClassReadTimeout
	}
	class := transferFault(opReceive, "", err).class
	if class == ClassReset && !isReset(err) && !isA[*net.OpError](err) {
		return ClassProtocol
	}
	return class
}

func isCertificate(err error) bool {
	return isA[*tls.CertificateVerificationError](err) || isA[x509.UnknownAuthorityError](err) ||
		isA[x509.CertificateInvalidError](err) || isA[x509.HostnameError](err)
}
