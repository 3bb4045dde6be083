//go:build unix

package result_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sessbench/result"
)

func TestAFullDeviceIsAnErrorThatSaysSo(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	if err := result.CheckWritable("/dev/full"); err != nil {
		t.Errorf("a device can be opened, which is all that can be told: %v", err)
	}
	err := result.WriteFile("/dev/full", sample())
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "/dev/full") || !strings.Contains(err.Error(), "make room") {
		t.Errorf("got %v", err)
	}
}

// A limit on the size of files stands in for a full disk: it stops a write in the
// middle of the temporary file, without privileges and for root too. The limit is
// the whole process's, so this test must not run in parallel with others.
func TestADiskThatFillsUpLeavesTheOldFileAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "r.json")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	err := writeWithLimit(t, 1000, path)
	if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), "make room on the disk") {
		t.Errorf("got %v", err)
	}
	onlyFiles(t, dir, "r.json")
	if data, err := os.ReadFile(path); string(data) != "old" {
		t.Errorf("the old file holds %q, %v", data, err)
	}
}

func writeWithLimit(t *testing.T, bytes uint64, path string) error {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Skip(err)
	}
	limited := before
	limited.Cur = bytes
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		t.Skip(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)
	return result.WriteFile(path, sample())
}

func TestAPipeIsWrittenDirectly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if err := result.CheckWritable(path); err != nil {
		t.Fatal(err) // and it must not have waited for a reader
	}
	got := make(chan []byte)
	go func() {
		defer close(got)
		f, err := os.Open(path)
		if err != nil {
			return
		}
		defer f.Close()
		data, _ := io.ReadAll(f)
		got <- data
	}()
	if err := result.WriteFile(path, sample()); err != nil {
		t.Fatal(err)
	}
	if data := <-got; string(data) != string(encoded(t, sample())) {
		t.Errorf("the pipe carried %d bytes", len(data))
	}
	onlyFiles(t, filepath.Dir(path), "pipe")
}

func TestAStreamRedirectedToAFileIsAppendedTo(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("before\n"); err != nil {
		t.Fatal(err)
	}
	stream := fdPath(f)
	if _, err := os.Stat(stream); err != nil {
		t.Skip("no /dev/fd here")
	}
	if err := result.CheckWritable(stream); err != nil {
		t.Fatal(err)
	}
	if err := result.WriteFile(stream, sample()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Name())
	if want := "before\n" + string(encoded(t, sample())); err != nil || string(data) != want {
		t.Errorf("the file holds\n%s", data)
	}
}

func fdPath(f *os.File) string { return fmt.Sprintf("/dev/fd/%d", f.Fd()) }
