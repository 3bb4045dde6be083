// Package planfile reads plans from files, in YAML or JSON. It says of everything that is
// wrong with one where it stands and how to mend it.
package planfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"sessbench/workload"
)

// maxSize bounds a plan, and each file that a body is read from.
const maxSize = 100 << 20

// A File is a plan, and where in its file it has what.
type File struct {
	*workload.Plan
	Environment *workload.Environment // what of the plan came from there; never nil
	source      *decoder
}

// Wrong returns what was found to be wrong later, when the plan was to be carried out, with its place in
// the file. It is an *Error.
func (f *File) Wrong(e *workload.KeyError) error {
	d := *f.source
	d.problems = nil
	d.problem(d.placeOfKey(e.Key), e.Key, e.Problem)
	return d.failure()
}

// Read reads the plan in a file; path "-" is standard input. The error is an *Error where the
// plan is wrong, and otherwise says why the file cannot be read.
func Read(path string) (*File, error) { return ReadWith(path, nil) }

// ReadWith is Read with overrides, which have the form of --set: "load.rate=500". They count in their order, as if the file said so:
// what stands behind the equals sign is YAML, and files that it names are relative to the plan's directory.
func ReadWith(path string, overrides []string) (*File, error) {
	if path == "-" {
		return ReadFromWith("standard input", os.Stdin, overrides)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	return ReadFromWith(path, f, overrides)
}

// ReadFrom reads a plan from r. name is what errors call it; files that the plan names are
// relative to name's directory.
func ReadFrom(name string, r io.Reader) (*File, error) { return ReadFromWith(name, r, nil) }

// ReadFromWith is ReadFrom with overrides, as ReadWith has them.
func ReadFromWith(name string, r io.Reader, overrides []string) (*File, error) {
	data, err := readBounded(r)
	if err != nil {
		return nil, unreadable(name, err)
	}
	return parse(name, data, overrides)
}

// Parse reads a plan from data, as ReadFrom does. The error is an *Error.
//
// In the texts of a plan, keys excepted, ${NAME} stands for the environment variable NAME and
// $$ for a dollar sign.
func Parse(name string, data []byte) (*File, error) {
	return parse(name, data, nil)
}

// parse reads a plan from data, with what overrides set.
func parse(name string, data []byte, overrides []string) (*File, error) {
	d := newDecoder(name, data)
	if len(data) > maxSize {
		d.problem(place{d.main, 1, 1}, "", errTooLarge.Error())
		return nil, d.failure()
	}
	root := d.tree(d.main)
	if root == nil {
		if len(d.problems) == 0 {
			d.problem(place{d.main, 1, 1}, "", "is empty; a plan has at least a mix with one operation")
		}
		return nil, d.failure()
	}
	if root = d.include(root, d.mainFile()); d.unincluded {
		d.plan(root) // what it has can be wrong by itself; what it lacks may be in the file that is missing
		return nil, d.failure()
	}
	plan := d.plan(d.override(root, overrides))
	d.validate(plan)
	if err := d.failure(); err != nil {
		return nil, err
	}
	return &File{plan, d.environment, d}, nil
}

var errTooLarge = fmt.Errorf("is larger than %d MB; make it smaller", maxSize>>20)

func readBounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err == nil && len(data) > maxSize {
		err = errTooLarge
	}
	return data, err
}

func unreadable(name string, err error) error {
	if errors.Is(err, errTooLarge) {
		return fmt.Errorf("the plan %s %w", name, err)
	}
	return fmt.Errorf("the plan %s cannot be read: %w; check the file's name and permissions", name, reason(err))
}

// reason is err without the operation and the file.
func reason(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
