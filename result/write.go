package result

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// WriteFile saves r at path, whole or not at all: it writes a temporary file in
// the same directory, syncs it and renames it over path. When that fails, what
// stood at path is untouched and nothing is left beside it. An existing file
// keeps its permissions; a symbolic link is followed.
//
// What cannot be replaced (a device, a pipe, a terminal) is written directly,
// and so are /dev/stdout and its like, at the end of what they hold.
func WriteFile(path string, r *Result) error { return writeValue(path, r) }

func writeValue(path string, r any) error {
	data, err := encode(r)
	if err != nil {
		return err
	}
	dst, err := findDestination(path)
	if err != nil {
		return writeError(path, err)
	}
	if dst.direct {
		err = writeDirect(dst.path, data)
	} else {
		err = replaceFile(dst, data)
	}
	if err != nil {
		return writeError(path, err)
	}
	return nil
}

// CheckWritable says whether WriteFile could save at path, as far as that can be
// told beforehand: it is meant to be called before any load starts. It changes
// nothing and leaves nothing behind.
func CheckWritable(path string) error {
	dst, err := findDestination(path)
	if err != nil {
		return writeError(path, err)
	}
	if dst.direct {
		return nil
	}
	tmp, err := createBeside(dst)
	if err != nil {
		return writeError(path, err)
	}
	tmp.Close()
	if err := os.Remove(tmp.Name()); err != nil {
		return writeError(path, err)
	}
	return nil
}

// A destination is a place to write to, with its symbolic links followed.
type destination struct {
	path   string
	direct bool        // it is a device or a pipe: no renaming over it
	mode   fs.FileMode // permissions of the existing file; 0 where there is none
}

var errIsDirectory = errors.New("is a directory")

func findDestination(path string) (destination, error) {
	if path == "" {
		return destination{}, errors.New("the file name is empty")
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return destinationOfNewFile(path)
	}
	if err != nil {
		return destination{}, err
	}
	if info.IsDir() {
		return destination{}, errIsDirectory
	}
	dst := destination{path: path, direct: !info.Mode().IsRegular() || isStream(path), mode: info.Mode().Perm()}
	// Opening a pipe waits for its reader, and closing it again would end the reader's input.
	if info.Mode()&fs.ModeNamedPipe == 0 {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return destination{}, err
		}
		f.Close()
	}
	if !dst.direct {
		dst.path, err = filepath.EvalSymlinks(path)
	}
	return dst, err
}

// destinationOfNewFile refuses a link that leads nowhere: renaming over it would
// replace the link, which is not what was asked for.
func destinationOfNewFile(path string) (destination, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return destination{}, errors.New("is a symbolic link to a file that does not exist")
	}
	return destination{path: path}, nil
}

// isStream says whether path names an open stream of this process. Such a
// stream may be redirected to a regular file, which is still not ours to replace.
func isStream(path string) bool {
	clean := filepath.Clean(path)
	return clean == "/dev/stdout" || clean == "/dev/stderr" ||
		strings.HasPrefix(clean, "/dev/fd/") || strings.HasPrefix(clean, "/proc/")
}

func writeDirect(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func replaceFile(dst destination, data []byte) error {
	tmp, err := createBeside(dst)
	if err != nil {
		return err
	}
	err = fill(tmp, data, dst.mode)
	if err == nil {
		err = os.Rename(tmp.Name(), dst.path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// fill writes data to f, makes sure that the disk has it, and closes f.
func fill(f *os.File, data []byte, mode fs.FileMode) error {
	_, err := f.Write(data)
	if err == nil && mode != 0 {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// createBeside creates a new file in dst's directory. os.CreateTemp would make
// it unreadable to others, which a result need not be: here the umask decides.
func createBeside(dst destination) (*os.File, error) {
	name := filepath.Join(filepath.Dir(dst.path), ".sessbench-"+rand.Text()+".tmp")
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

// writeError names the path that the user gave and says how to mend it; the
// name of a temporary file would only puzzle.
func writeError(path string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	if linkErr, ok := errors.AsType[*os.LinkError](err); ok {
		err = linkErr.Err
	}
	return fmt.Errorf("cannot write the result to %s: %w; %s", path, err, mend(path, err))
}

func mend(path string, err error) string {
	dir := filepath.Dir(path)
	switch {
	case errors.Is(err, errIsDirectory):
		return "name a file in it"
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("create the directory %s first", dir)
	case errors.Is(err, syscall.ENOTDIR):
		return "a part of the path is a file, not a directory"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Sprintf("both the file and the directory %s must be writable: change their permissions or choose another place", dir)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EFBIG), errors.Is(err, syscall.EDQUOT):
		return "make room on the disk or choose another place"
	default:
		return "choose another place"
	}
}
