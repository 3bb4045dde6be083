package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// A keyLog appends to the file of its name what crypto/tls tells of a connection's secrets (NSS key
// log format). The file is opened for every line and closed again, so that nobody has to own it: any
// number of sessions, and of programs, may name the same one. A line is one write at the file's end
// and so stays whole. It takes some 4 µs, four times in a handshake of TLS 1.3. Write may be called by
// any goroutine.
type keyLog string

// newKeyLog returns the log, and makes the file, which its owner alone may read, if there is none.
func newKeyLog(path string) (keyLog, error) {
	// Opening a pipe would wait for its reader.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeCharDevice == 0 {
		return "", fmt.Errorf("TLS key log %s is no file; name a file that can be appended to", path)
	}
	log := keyLog(path)
	f, err := log.open()
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return "", fmt.Errorf("TLS key log %s: %w; name a file that can be appended to", path, withoutPath(err))
	}
	return log, nil
}

func (l keyLog) open() (*os.File, error) {
	return os.OpenFile(string(l), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

// Write appends a line. An error, a *TLSFileError, ends the handshake that it is about.
func (l keyLog) Write(line []byte) (int, error) {
	f, err := l.open()
	if err != nil {
		return 0, unwritten(err)
	}
	n, err := f.Write(line)
	if err = errors.Join(err, f.Close()); err != nil {
		err = unwritten(err)
	}
	return n, err
}

func unwritten(err error) error { return &TLSFileError{"KeyLog", fmt.Errorf("TLS key log: %w", err)} }
