package session

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// What is accepted makes a greeting; crypto/tls finds nothing wrong with it before it has said something.
func FuzzTLSSettings(f *testing.F) {
	f.Add("1.2", "1.3", "X25519,P-256", "ECDHE-RSA-AES128-GCM-SHA256", "h2,http/1.1", "a.test")
	f.Add("", "1.2", "X25519MLKEM768", "", "none", "::1")
	f.Add("TLSv1", "tls 1.1", "prime256v1", "AES128-SHA", "", "127.0.0.1")
	f.Add("1.3", "", "SecP384r1MLKEM1024", "TLS_AES_128_GCM_SHA256", ",", "a.test:443")
	f.Fuzz(func(t *testing.T, oldest, newest, curves, ciphers, alpn, name string) {
		setting := TLS{MinVersion: oldest, MaxVersion: newest, Curves: curves, Ciphers: ciphers, ALPN: alpn, ServerName: name}
		config, err := setting.Config()
		if err != nil {
			if !errors.Is(err, ErrTLS) {
				t.Errorf("%#v: %v", setting, err)
			}
			return
		}
		if config.ServerName == "" {
			config.ServerName = "a.test"
		}
		here, there := net.Pipe()
		said := make(chan int, 1)
		go func() {
			n, _ := there.Read(make([]byte, 1))
			said <- n
			_ = there.Close()
		}()
		err = tls.Client(here, config).Handshake()
		_ = here.Close()
		if n := <-said; n == 0 || err == nil || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) && !strings.Contains(err.Error(), "EOF") {
			t.Errorf("%#v: %d bytes said, %v", setting, n, err)
		}
	})
}
