package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// MarshalJSON writes an object whose members stand in the order of the fields.
func (f Fields) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, field := range f {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(field.Name)
		if err != nil {
			return nil, err
		}
		var values any
		switch len(field.Values) {
		case 0:
		case 1:
			values = field.Values[0]
		default:
			values = field.Values
		}
		value, err := json.Marshal(values)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// UnmarshalJSON reads an object and keeps its order. Null in a list of values is skipped. The error
// names the field, not its value.
func (f *Fields) UnmarshalJSON(data []byte) error {
	in := json.NewDecoder(bytes.NewReader(data))
	start, err := in.Token()
	if err != nil {
		return err
	}
	if start == nil {
		*f = nil
		return nil
	}
	if start != json.Delim('{') {
		return errors.New("fields are an object of names and values")
	}
	fields := Fields{}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return err
		}
		field := Field{Name: name.(string)} // the decoder lets nothing else pass as a name
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			return err
		}
		if field.Values, err = jsonValues(raw); err != nil {
			return fmt.Errorf("field %q: %w", field.Name, err)
		}
		fields = append(fields, field)
	}
	if _, err := in.Token(); err != nil {
		return err
	}
	*f = fields
	return nil
}

// jsonValues reads what stands for the values of a field.
func jsonValues(raw json.RawMessage) ([]string, error) {
	var list []*string
	if len(raw) > 0 && raw[0] == '"' {
		list = make([]*string, 1)
		if err := json.Unmarshal(raw, &list[0]); err != nil {
			return nil, err
		}
	} else if json.Unmarshal(raw, &list) != nil {
		return nil, errors.New("value is neither a string, a list of strings nor null")
	}
	var values []string
	for _, value := range list {
		if value != nil {
			values = append(values, *value)
		}
	}
	return values, nil
}
