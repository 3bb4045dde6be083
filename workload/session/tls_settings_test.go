package session

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What is set is what the server is offered, on the wire.
func TestRule_9_5_SettingsAreOffered(t *testing.T) {
	ca := newAuthority(t, "one")
	cert, key := ca.issue(forNames("a.test"))
	defaults := []uint16{tls.VersionTLS13, tls.VersionTLS12}
	for name, tc := range map[string]struct {
		setting  TLS
		versions []uint16
		curves   []tls.CurveID
		ciphers  []uint16 // of TLS 1.2 and earlier
		protocol []string
	}{
		"defaults":             {setting: TLS{}, versions: defaults},
		"1.2 only":             {setting: TLS{MaxVersion: "1.2"}, versions: []uint16{tls.VersionTLS12}},
		"1.3 only":             {setting: TLS{MinVersion: "TLSv1.3"}, versions: []uint16{tls.VersionTLS13}},
		"old ones":             {setting: TLS{MinVersion: "1.0", MaxVersion: "tls 1.2"}, versions: []uint16{tls.VersionTLS12, tls.VersionTLS11, tls.VersionTLS10}},
		"one curve":            {setting: TLS{Curves: "x25519"}, versions: defaults, curves: []tls.CurveID{tls.X25519}},
		"curves in Go's order": {setting: TLS{Curves: "prime256v1, X25519,X25519MLKEM768"}, versions: defaults, curves: []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256}},
		"curves of TLS 1.2":    {setting: TLS{Curves: "X25519MLKEM768,P-384", MaxVersion: "1.2"}, versions: []uint16{tls.VersionTLS12}, curves: []tls.CurveID{tls.CurveP384}},
		"ciphers": {setting: TLS{Ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}, versions: defaults,
			ciphers: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}},
		"protocols":    {setting: TLS{ALPN: "h2, http/1.1"}, versions: defaults, protocol: []string{"h2", "http/1.1"}},
		"no protocols": {setting: TLS{ALPN: "none"}, versions: defaults},
	} {
		t.Run(name, func(t *testing.T) {
			hellos := make(chan *tls.ClientHelloInfo, 1)
			addr := listenTLS(t, &tls.Config{MinVersion: tls.VersionTLS10, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				hellos <- hello
				return nil, nil
			}}, cert, key)
			tc.setting.CAPEM = ca.pem
			if err := greeted(t, addr, "a.test", tc.setting); err != nil {
				t.Fatal(err)
			}
			hello := <-hellos
			if !slices.Equal(hello.SupportedVersions, tc.versions) {
				t.Errorf("versions %x, want %x", hello.SupportedVersions, tc.versions)
			}
			if tc.curves != nil && !slices.Equal(hello.SupportedCurves, tc.curves) {
				t.Errorf("curves %v, want %v", hello.SupportedCurves, tc.curves)
			}
			of13 := func(id uint16) bool { return id>>8 == 0x13 }
			slices.Sort(tc.ciphers)
			ciphers := slices.DeleteFunc(slices.Clone(hello.CipherSuites), of13)
			slices.Sort(ciphers)
			if tc.ciphers != nil && !slices.Equal(ciphers, tc.ciphers) {
				t.Errorf("ciphers %x, want %x", ciphers, tc.ciphers)
			}
			if !slices.Equal(hello.SupportedProtos, tc.protocol) {
				t.Errorf("protocols %q, want %q", hello.SupportedProtos, tc.protocol)
			}
		})
	}
}

func TestRule_9_5_ServerNameIsSentAndCompared(t *testing.T) {
	ca := newAuthority(t, "one")
	cert, key := ca.issue(forNames("a.test"))
	names := make(chan string, 1)
	addr := listenTLS(t, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		names <- hello.ServerName
		return nil, nil
	}}, cert, key)
	for name, good := range map[string]bool{"a.test": true, "A.Test": true, "b.test": false} {
		config, err := TLS{CAPEM: ca.pem, ServerName: name}.Config()
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.DialTimeout("tcp", addr, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if err := tls.Client(c, config).Handshake(); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
		_ = c.Close()
		if sent := <-names; sent != name {
			t.Errorf("%q was sent in place of %q", sent, name)
		}
	}
}

func TestRule_9_5_WhatCannotBeIsATLSError(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		setting TLS
		says    []string
	}{
		"version":                  {TLS{MinVersion: "1.4"}, []string{"oldest", `"1.4"`, "1.0, 1.1, 1.2 or 1.3"}},
		"newest version":           {TLS{MaxVersion: "SSLv3"}, []string{"newest", `"SSLv3"`, "1.3"}},
		"versions crossed":         {TLS{MinVersion: "1.3", MaxVersion: "1.2"}, []string{"1.3", "1.2", "swap"}},
		"newest below the default": {TLS{MaxVersion: "1.1"}, []string{"1.1", "oldest is 1.2 unless"}},
		"curve":                    {TLS{Curves: "X25519,P-255"}, []string{`"P-255"`, "did you mean P-256?", "X25519MLKEM768"}},
		"curve, far off":           {TLS{Curves: "kyber"}, []string{`"kyber"`, "there are X25519MLKEM768"}},
		"empty curve":              {TLS{Curves: "X25519,"}, []string{`""`, "there are X25519MLKEM768"}},
		"hybrid for TLS 1.2":       {TLS{Curves: "X25519MLKEM768", MaxVersion: "1.2"}, []string{"X25519MLKEM768", "1.2", "add one"}},
		"cipher":                   {TLS{Ciphers: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA265"}, []string{"SHA265", "did you mean TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256?"}},
		"cipher of TLS 1.3":        {TLS{Ciphers: "TLS_AES_128_GCM_SHA256"}, []string{"TLS_AES_128_GCM_SHA256", "cannot be chosen"}},
		"ciphers for TLS 1.3":      {TLS{Ciphers: "ECDHE-RSA-AES128-GCM-SHA256", MinVersion: "1.3"}, []string{"1.3", "leave them out"}},
		"ciphers for TLS 1.1":      {TLS{Ciphers: "ECDHE-RSA-AES128-GCM-SHA256", MinVersion: "1.0", MaxVersion: "1.1"}, []string{"ECDHE-RSA-AES128-GCM-SHA256", "1.1"}},
		"empty protocol":           {TLS{ALPN: "h2,,http/1.1"}, []string{"h2,,http/1.1", "0 bytes"}},
		"long protocol":            {TLS{ALPN: strings.Repeat("x", 256)}, []string{"256 bytes"}},
		"none and some":            {TLS{ALPN: "none,h2"}, []string{"none,h2"}},
		"server name with a port":  {TLS{ServerName: "a.test:443"}, []string{"a.test:443", "without a port"}},
		"server name in brackets":  {TLS{ServerName: "[::1]"}, []string{"[::1]"}},
		"key log in no directory":  {TLS{KeyLog: filepath.Join(dir, "gone", "keys")}, []string{filepath.Join(dir, "gone", "keys"), "name a file"}},
		"key log is a directory":   {TLS{KeyLog: dir}, []string{dir, "no file"}},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := tc.setting.Config()
			if config != nil || !errors.Is(err, ErrTLS) {
				t.Fatalf("%v, %v", config, err)
			}
			for _, word := range tc.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is not in %q", word, err)
				}
			}
		})
	}
}

func TestRule_9_5_NamesOfCiphers(t *testing.T) {
	for name, want := range map[string]uint16{
		"ECDHE-RSA-CHACHA20-POLY1305": tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		"ECDHE-ECDSA-AES256-SHA":      tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		"ECDHE-RSA-AES128-SHA256":     tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
		"ecdhe-rsa-aes128-gcm-sha256": tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		"AES128-GCM-SHA256":           tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
		"AES256-SHA":                  tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	} {
		if suite, err := parseCipher(name); err != nil || suite.ID != want {
			t.Errorf("%s: %+v, %v", name, suite, err)
		}
	}
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if got, err := parseCipher(suite.Name); slices.Contains(suite.SupportedVersions, tls.VersionTLS12) && (err != nil || got.ID != suite.ID) {
			t.Errorf("%s: %+v, %v", suite.Name, got, err)
		}
	}
}

func TestRule_9_5_EachFieldForItself(t *testing.T) {
	base := &TLS{Insecure: true, Cert: "s.crt", MinVersion: "1.2", Curves: "X25519", ALPN: "h2", KeyLog: "s.log"}
	got := trusted(base, &TLS{MaxVersion: "1.2", Curves: "P-256", ServerName: "q.test", Ciphers: "c"}, nil)
	want := TLS{Insecure: true, Cert: "s.crt", MinVersion: "1.2", MaxVersion: "1.2", Curves: "P-256", Ciphers: "c", ALPN: "h2", ServerName: "q.test", KeyLog: "s.log"}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := trusted(base, &TLS{}, nil); got != (TLS{Cert: "s.crt", MinVersion: "1.2", Curves: "X25519", ALPN: "h2", KeyLog: "s.log"}) {
		t.Errorf("verification by the system's authorities: %+v", got)
	}
	if got := want.forProxy(); got != (TLS{Insecure: true, MinVersion: "1.2", MaxVersion: "1.2", Curves: "P-256", Ciphers: "c", KeyLog: "s.log"}) {
		t.Errorf("for a proxy: %+v", got)
	}
}

// A proxy over https is met with the versions and key exchanges that servers are, and without what is only for them.
func TestRule_9_5_WhatProxiesAreOffered(t *testing.T) {
	ca := newAuthority(t, "one")
	text, key := ca.issue(forNames("target.test"))
	own, err := tls.X509KeyPair([]byte(text), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	listening := func(script func(*received) string) (*recorder, chan *tls.ClientHelloInfo) {
		hellos := make(chan *tls.ClientHelloInfo, 4)
		return recordOver(t, &tls.Config{Certificates: []tls.Certificate{own}, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			hellos <- hello
			return nil, nil
		}}, script), hellos
	}
	proxy, asProxy := listening(proxyScript)
	target, asTarget := listening(hello)
	s := testSession(t)
	s.Proxies = rules("all", proxy.url)
	s.TLS = &TLS{Insecure: true, MinVersion: "1.3", Curves: "P-256", ALPN: "http/1.1,x", ServerName: "target.test"}
	wantGet(t, s, target.url, "hello")
	for _, tc := range []struct {
		got       *tls.ClientHelloInfo
		name      string
		protocols []string
	}{
		{<-asProxy, "", []string{"http/1.1"}},
		{<-asTarget, "target.test", []string{"http/1.1", "x"}},
	} {
		if tc.got.ServerName != tc.name || !slices.Equal(tc.got.SupportedProtos, tc.protocols) {
			t.Errorf("name %q, protocols %q; want %q, %q", tc.got.ServerName, tc.got.SupportedProtos, tc.name, tc.protocols)
		}
		if !slices.Equal(tc.got.SupportedVersions, []uint16{tls.VersionTLS13}) || !slices.Equal(tc.got.SupportedCurves, []tls.CurveID{tls.CurveP256}) {
			t.Errorf("versions %x, curves %v", tc.got.SupportedVersions, tc.got.SupportedCurves)
		}
	}
}

// The log has the secrets of every connection, in whole lines, under the random number that the server was sent; with
// the secrets that the server's own log has.
func TestRule_9_6_KeyLog(t *testing.T) {
	ca := newAuthority(t, "one")
	cert, key := ca.issue(forNames("a.test"))
	for _, version := range []string{"1.2", "1.3"} {
		t.Run(version, func(t *testing.T) {
			path := writeFile(t, filepath.Join(t.TempDir(), "keys"), "# mine\n")
			var server safeBuffer
			addr := listenTLS(t, &tls.Config{KeyLogWriter: &server}, cert, key)
			var wg sync.WaitGroup
			const connections = 20
			for range connections {
				wg.Go(func() { // each with a configuration of its own
					if err := greeted(t, addr, "a.test", TLS{CAPEM: ca.pem, KeyLog: path, MaxVersion: version}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			rest, kept := strings.CutPrefix(string(text), "# mine\n")
			if !kept {
				t.Error("what the file had is gone")
			}
			got, want := loggedLines(t, rest), loggedLines(t, server.String())
			if each := map[string]int{"1.2": 1, "1.3": 4}[version]; len(got) != each*connections || !slices.Equal(got, want) {
				t.Errorf("%d lines, %d at the server:\n%s", len(got), len(want), text)
			}
		})
	}
}

func TestRule_9_6_KeyLogIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if _, err := (TLS{KeyLog: path}).Config(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	private := runtime.GOOS == "windows" || err == nil && info.Mode().Perm()&0o077 == 0
	if err != nil || !private || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
}

// A log that cannot be written ends the handshake, so that nobody looks for secrets in vain.
func TestRule_9_6_KeyLogThatBreaks(t *testing.T) {
	ca := newAuthority(t, "one")
	cert, key := ca.issue(forNames("a.test"))
	addr := listenTLS(t, new(tls.Config), cert, key)
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	config, err := TLS{CAPEM: ca.pem, KeyLog: filepath.Join(dir, "keys"), ServerName: "a.test"}.Config()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := tls.Client(c, config).Handshake(); err == nil || !strings.Contains(err.Error(), "key log") {
		t.Errorf("%v", err)
	}
}

// A safeBuffer is a buffer that many may write to.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// loggedLines returns the lines of a key log in order, having looked at their form: a label, 32 bytes and a secret.
func loggedLines(t *testing.T, text string) []string {
	t.Helper()
	var lines []string
	for scan := bufio.NewScanner(strings.NewReader(text)); scan.Scan(); {
		lines = append(lines, scan.Text())
		fields := strings.Fields(scan.Text())
		if len(fields) != 3 {
			t.Fatalf("%d words in a line", len(fields))
		}
		random, err := hex.DecodeString(fields[1])
		if _, secretErr := hex.DecodeString(fields[2]); err != nil || secretErr != nil || len(random) != 32 {
			t.Errorf("%s has a random number of %d bytes: %v, %v", fields[0], len(random), err, secretErr)
		}
	}
	slices.Sort(lines)
	return lines
}
