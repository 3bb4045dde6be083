package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkPlanFile says whether a plan can be written to a file, as far as that can be told beforehand.
func checkPlanFile(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return usagef("--out: the directory %s: %v; create it first", filepath.Dir(path), reason(err))
		}
		return nil
	case err != nil:
		return usagef("--out: %s: %v; choose another place", path, reason(err))
	case info.IsDir():
		return usagef("--out: %s is a directory; name a file in it", path)
	case !info.Mode().IsRegular():
		return usagef("--out: %s is no regular file; leave --out out to write to standard output", path)
	case !force:
		return usagef("--out: %s exists; name another file, or write over it with --force", path)
	}
	return nil
}

// writePlanFile writes a plan whole or not at all: into a file beside it, which then takes its name. Without force, what stands there by
// now is kept. A plan with secrets in it is its owner's alone.
func writePlanFile(path string, data []byte, force, secret bool) error {
	if force {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
	}
	mode := fs.FileMode(0o666)
	if secret {
		mode = 0o600
	}
	temporary := filepath.Join(filepath.Dir(path), ".sessbench-"+rand.Text()+".tmp")
	defer os.Remove(temporary) // gone already where it got its name
	err := writeNew(temporary, data, mode)
	if err == nil {
		err = takeName(temporary, path, force)
	}
	if err != nil {
		if link, ok := errors.AsType[*os.LinkError](err); ok {
			err = link.Err
		}
		return fmt.Errorf("cannot write %s: %w; choose another place", path, reason(err))
	}
	return nil
}

func writeNew(path string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// takeName gives a file its name. A link fails where the name is taken, which renaming does not; not every file system has links.
func takeName(temporary, path string, force bool) error {
	if force {
		return os.Rename(temporary, path)
	}
	err := os.Link(temporary, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(temporary, path)
}
