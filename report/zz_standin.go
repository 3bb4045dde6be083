// Package report is a stand-in.
package report

import (
	"encoding/json"
	"fmt"
	"io"

	"sessbench/result"
)

func Renderer(format string) (func(io.Writer, *result.Result) error, error) {
	switch format {
	case "text":
		return func(w io.Writer, r *result.Result) error {
			for _, a := range r.Arms {
				if _, err := fmt.Fprintf(w, "%s: %d requests\n", a.Name, a.Requests); err != nil {
					return err
				}
			}
			return nil
		}, nil
	case "json":
		return func(w io.Writer, r *result.Result) error { return json.NewEncoder(w).Encode(r) }, nil
	}
	return nil, fmt.Errorf("%q is no format; use text or json", format)
}
