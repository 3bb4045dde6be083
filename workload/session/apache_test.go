package session

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// apacheModules is where Debian keeps them.
const apacheModules = "/usr/lib/apache2/modules"

// startApache runs an Apache until the test ends and returns its address, "http://127.0.0.1:port" or, if
// config turns SSLEngine on, "https://...". config is added to a configuration that listens and has
// the modules for authentication, TLS, files, rewriting and headers loaded where they are
// installed. Files that it names must be in an apacheDir.
func startApache(t *testing.T, config string) (url string) {
	t.Helper()
	program, err := exec.LookPath("apache2")
	if err != nil {
		program = "/usr/sbin/apache2"
	}
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("SESSBENCH_CI") != "" {
			t.Fatal("apache2 is not installed, and this run must not skip")
		}
		t.Skip("apache2 is not installed (Debian: apt-get install apache2-bin)")
	}
	dir, address := apacheDir(t), apacheAddress(t)
	file := apacheFile(t, dir, "apache.conf", apacheConfig(dir, address)+config)
	var output bytes.Buffer
	command := exec.Command(program, "-X", "-d", dir, "-f", file)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() { _ = command.Process.Kill() })
		<-ended
		late.Stop()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Logf("apache2 said: %s%s", output.String(), log)
		}
	})
	awaitFile(t, filepath.Join(dir, "pid"), ended)
	if strings.Contains(config, "SSLEngine on") {
		return "https://" + address
	}
	return "http://" + address
}

// apacheConfig is what every configuration begins with.
func apacheConfig(dir, address string) string {
	var b strings.Builder
	for _, name := range []string{
		"mpm_event", "unixd", "log_config", "authn_core", "authn_file", "authz_core", "authz_user",
		"auth_basic", "auth_digest", "socache_shmcb", "ssl", "alias", "dir", "headers", "rewrite", "setenvif",
	} {
		if path := filepath.Join(apacheModules, "mod_"+name+".so"); apacheHas(path) {
			fmt.Fprintf(&b, "LoadModule %s_module %s\n", name, path)
		}
	}
	fmt.Fprintf(&b, `ServerName localhost
Listen %[2]s
PidFile %[1]s/pid
DefaultRuntimeDir %[1]s
ErrorLog %[1]s/error.log
DocumentRoot %[1]s/htdocs
ThreadsPerChild 8
MaxRequestWorkers 8
KeepAlive On
`, dir, address)
	if os.Getuid() == 0 {
		b.WriteString("User nobody\nGroup #65534\n") // it will not serve as root
	}
	return b.String()
}

func apacheHas(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// apacheDir returns a directory for the test that Apache can read whatever user it runs as. It has
// an empty directory htdocs.
func apacheDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if os.Getuid() == 0 {
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "htdocs"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// apacheFile writes a file that Apache can read, and returns its path.
func apacheFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// apacheAddress returns a loopback address that nothing listens on, below the ephemeral ports, so
// that no client of a test running beside this one is given it.
func apacheAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// awaitFile waits for the file that Apache writes when it serves. Its port is open before that.
func awaitFile(t *testing.T, path string, ended <-chan struct{}) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for !apacheHas(path) {
		select {
		case <-ended:
			t.Fatal("apache2 ended at once")
		case <-timeout:
			t.Fatal("waited in vain for apache2 to serve")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
