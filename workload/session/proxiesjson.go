package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// MarshalJSON writes the rules as an object, in their order: {"https": "http://proxy.test:3128", "http": null}.
// null is a rule with Remove. Credentials are part of it.
func (p Proxies) MarshalJSON() ([]byte, error) {
	if p == nil {
		return []byte("null"), nil
	}
	object := []byte{'{'}
	for i, rule := range p {
		if i > 0 {
			object = append(object, ',')
		}
		key, err := json.Marshal(rule.For)
		if err != nil {
			return nil, err
		}
		value := []byte("null")
		if !rule.Remove {
			if value, err = json.Marshal(rule.URL); err != nil {
				return nil, err
			}
		}
		object = append(append(append(object, key...), ':'), value...)
	}
	return append(object, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON writes. It does not Validate, save that a name may not come
// twice. Errors do not repeat values.
func (p *Proxies) UnmarshalJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == "null" {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return errors.New("proxies are not an object of names and URLs")
	}
	rules, seen := Proxies{}, map[string]bool{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		rule := ProxyRule{For: fmt.Sprint(key)}
		if seen[normalKey(rule.For)] {
			return fmt.Errorf("more than one proxy for %q", rule.For)
		}
		seen[normalKey(rule.For)] = true
		switch value, err := decoder.Token(); value := value.(type) {
		case string:
			rule.URL = value
		case nil:
			if err != nil {
				return err
			}
			rule.Remove = true
		default:
			return fmt.Errorf("the proxy for %q is not a URL", rule.For)
		}
		rules = append(rules, rule)
	}
	if _, err := decoder.Token(); err != nil {
		return err
	}
	*p = rules
	return nil
}
