package session_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"sessbench/workload/session"
)

// serveTLS starts a server that no authority vouches for.
func serveTLS(handler http.HandlerFunc, config *tls.Config) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	return server
}

func pemOf(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func ExampleTLS() {
	server := serveTLS(func(w http.ResponseWriter, r *http.Request) {}, nil)
	defer server.Close()
	ctx := context.Background()

	s := session.New()
	defer s.Close()
	_, err := s.Get(ctx, server.URL)
	fmt.Println(errors.Is(err, session.ErrTLS))

	s.TLS = &session.TLS{CAPEM: string(pemOf(server))} // or CA: the name of a file
	resp, err := s.Get(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status)
	// Output:
	// true
	// 200
}

// Insecure accepts any certificate, and warns of it.
func ExampleTLS_Insecure() {
	server := serveTLS(func(w http.ResponseWriter, r *http.Request) {}, nil)
	defer server.Close()

	s := session.New()
	defer s.Close()
	s.Logger = slog.New(slog.DiscardHandler) // instead of slog.Default()
	s.TLS = &session.TLS{Insecure: true}
	resp, err := s.Get(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status)
	// Output: 200
}

func ExampleTLS_Cert() {
	server := serveTLS(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "client certificates: ", len(r.TLS.PeerCertificates))
	}, &tls.Config{ClientAuth: tls.RequireAnyClientCert})
	defer server.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	// For the example the client has the server's own certificate.
	key, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	if err != nil {
		log.Fatal(err)
	}
	file := filepath.Join(dir, "client.pem")
	both := append(pemOf(server), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, both, 0o600); err != nil {
		log.Fatal(err)
	}

	s := session.New()
	defer s.Close()
	s.TLS = &session.TLS{CAPEM: string(pemOf(server)), Cert: file}
	ask(s, &session.Request{URL: server.URL})
	// Output: 200 client certificates: 1
}
