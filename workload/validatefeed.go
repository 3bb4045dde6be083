package workload

import (
	"errors"
	"fmt"
	"io/fs"

	"sessbench/workload/feed"
)

func (f Feeds) validate() error {
	var problems []error
	seen := map[string]bool{}
	for i := range f {
		key := "feeds." + f[i].Name
		if seen[f[i].Name] {
			problems = append(problems, &KeyError{key, "is given twice; give each feed a name of its own"})
		}
		seen[f[i].Name] = true
		problems = append(problems, f[i].validate(key))
	}
	return errors.Join(problems...)
}

func (f *Feed) validate(key string) error {
	return errors.Join(f.validateFile(key), f.validatePick(key))
}

// validateFile wants one file. Whether it can be read is for columns to say.
func (f *Feed) validateFile(key string) error {
	switch {
	case f.CSV == "" && f.JSONL == "":
		return &KeyError{key, "names no file; write csv: users.csv, or jsonl: users.jsonl"}
	case f.CSV != "" && f.JSONL != "":
		return &KeyError{key + ".jsonl", "is given beside csv; keep one of them"}
	}
	return nil
}

func (f *Feed) validatePick(key string) error {
	var pick, end error
	switch f.Pick {
	case "", PerWorker, RoundRobin, AtRandom, Unique:
	default:
		pick = &KeyError{key + ".pick", fmt.Sprintf("is %q; use per-worker, round-robin, random or unique", f.Pick)}
	}
	switch {
	case f.End != "" && f.End != Wrap && f.End != Stop:
		end = &KeyError{key + ".end", fmt.Sprintf("is %q; use wrap or stop", f.End)}
	case f.Pick == Unique && f.End == Wrap:
		end = &KeyError{key + ".end", "is wrap, but a row of a unique feed is taken once; use stop, or pick: round-robin"}
	case f.Pick == AtRandom && f.End == Stop:
		end = &KeyError{key + ".end", "is stop, but rows that are drawn at random do not end; leave it out, or use pick: unique"}
	}
	return errors.Join(pick, end)
}

// columns reads the names of the columns, and no row, of a feed that has one file.
func (f *Feed) columns() ([]string, *KeyError) {
	key, path, read := "csv", f.CSV, feed.CSVColumns
	if f.JSONL != "" {
		key, path, read = "jsonl", f.JSONL, feed.JSONLColumns
	}
	columns, err := read(path)
	if err == nil {
		return columns, nil
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, &KeyError{"feeds." + f.Name + "." + key, fmt.Sprintf("cannot be read: %v; check the file's name, which is relative to the plan's directory, and its permissions", e.Err)}
	}
	return nil, &KeyError{"feeds." + f.Name + "." + key, "cannot be read: " + err.Error()}
}
