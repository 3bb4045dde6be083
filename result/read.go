package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// ReadFile reads the result in the file at path. Its errors name the file.
func ReadFile(path string) (*Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a result: %w; name a file that --out has saved, or - for standard input", err)
	}
	defer f.Close()
	r, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Read reads one result, and nothing else, from in. Fields that it does not know
// are accepted, so that results of later versions with the same schema can be
// read; other schemas are refused.
func Read(in io.Reader) (*Result, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("it is empty; give a file that sessbench wrote with --out")
	}
	if err := checkSchema(data); err != nil {
		return nil, err
	}
	r := new(Result)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, placeError(data, err)
	}
	return r, nil
}

// checkSchema looks at nothing but the schema, because in another schema the
// other fields may mean anything.
func checkSchema(data []byte) error {
	var head struct {
		Schema *string
		Tool   struct{ Version json.RawMessage }
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return placeError(data, err)
	}
	family := strings.TrimSuffix(Schema, "v1")
	switch {
	case head.Schema == nil:
		return errors.New(`it is JSON but not a sessbench result: it has no "schema"; give a file that sessbench wrote with --out`)
	case *head.Schema == Schema:
		return nil
	case strings.HasPrefix(*head.Schema, family):
		return fmt.Errorf("its schema is %q and this sessbench reads %q; read it with the sessbench that wrote it (version %s) or a newer one",
			*head.Schema, Schema, orUnknown(head.Tool.Version))
	default:
		return fmt.Errorf("its schema is %q, not %q; give a file that sessbench wrote with --out", *head.Schema, Schema)
	}
}

func orUnknown(version json.RawMessage) string {
	if len(version) == 0 {
		return "unknown"
	}
	return string(version)
}

// placeError says where in data the JSON is wrong, which encoding/json leaves
// as an offset.
func placeError(data []byte, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		if int(syntax.Offset) >= len(data) && strings.HasPrefix(syntax.Error(), "unexpected end") {
			return fmt.Errorf("%s: the JSON ends in the middle; the file is truncated, so make or copy it again", position(data, syntax.Offset))
		}
		return fmt.Errorf("%s: it is not JSON: %w; give a file that sessbench wrote with --out", position(data, syntax.Offset), err)
	}
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := typ.Field
		if field == "" {
			return fmt.Errorf("%s: a result is a JSON object, not a %s; give a file that sessbench wrote with --out", position(data, typ.Offset), typ.Value)
		}
		return fmt.Errorf("%s: %q is a %s where a result has a value of type %s; the file was changed or is not a result",
			position(data, typ.Offset), field, typ.Value, typ.Type)
	}
	return fmt.Errorf("it is not a result: %w", err)
}

// position gives the line and column, from 1 and in bytes, of the last byte
// read when the decoder stopped.
func position(data []byte, offset int64) string {
	last := max(0, min(int(offset), len(data))-1)
	before := data[:last]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := last - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d", line, column)
}
