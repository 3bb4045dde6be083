// Package programs runs real programs, such as proxies and servers, for tests. What it starts ends with the
// test. Functions may be called by any goroutine that may call testing.TB's FailNow.
package programs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Find returns the path of a program, which is also looked for where daemons are. Without it the test is
// skipped, or fails where SESSBENCH_CI is set; debian is the package that has it.
func Find(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if path, err = exec.LookPath(filepath.Join("/usr/sbin", name)); err == nil {
		return path
	}
	if os.Getenv("SESSBENCH_CI") != "" {
		t.Fatalf("%s is not installed, and this run must not skip", name)
	}
	t.Skipf("%s is not installed (Debian: apt-get install %s)", name, debian)
	return ""
}

// Address returns a loopback address, "ip:port", that nothing listens on. Its port lies below the
// ephemeral range, so that no client of a test running beside this one is given it.
func Address(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// Refusing returns a loopback address, "ip:port", that refuses connections until the test ends. It is the near end
// of a connection, so that nobody is given it meanwhile.
func Refusing(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().String()
}

// Start runs a program until the test ends, and returns when it accepts connections at the address. That
// costs it one connection at least.
func Start(t testing.TB, address, path string, args ...string) {
	t.Helper()
	var output bytes.Buffer
	command := exec.Command(path, args...)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s said: %s", filepath.Base(path), output.String())
		}
	})
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen: %v", filepath.Base(path), err)
		}
		select {
		case <-ended:
			t.Fatalf("%s ended", filepath.Base(path))
		case <-retry.C:
		}
	}
}

// Tinyproxy starts an HTTP proxy and returns its address; login is "user password", or "" for none.
// It ends connections after each request that is not a tunnel's.
func Tinyproxy(t testing.TB, login string) string {
	t.Helper()
	path, address := Find(t, "tinyproxy", "tinyproxy-bin"), Address(t)
	_, port, _ := net.SplitHostPort(address)
	text := "Port " + port + "\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nAllow 127.0.0.1\nLogLevel Warning\n"
	if login != "" {
		text += "BasicAuth " + login + "\n"
	}
	Start(t, address, path, "-d", "-c", write(t, t.TempDir(), "tinyproxy.conf", text))
	return address
}

// Microsocks starts a SOCKS5 proxy and returns its address.
func Microsocks(t testing.TB, args ...string) string {
	t.Helper()
	path, address := Find(t, "microsocks", "microsocks"), Address(t)
	_, port, _ := net.SplitHostPort(address)
	Start(t, address, path, append([]string{"-i", "127.0.0.1", "-p", port}, args...)...)
	return address
}

// Nginx starts a server with these directives in its server block, and returns its address. With "ssl" as
// listen's parameter they have to name a certificate.
func Nginx(t testing.TB, parameter, directives string) string {
	t.Helper()
	path, address, dir := Find(t, "nginx", "nginx-light"), Address(t), t.TempDir()
	text := fmt.Sprintf(`daemon off; master_process off; error_log stderr; pid %[1]s/pid;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s %[3]s;
		%[4]s
	}
}`, dir, address, parameter, directives)
	Start(t, address, path, "-p", dir, "-c", write(t, dir, "nginx.conf", text), "-e", "stderr")
	return address
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
