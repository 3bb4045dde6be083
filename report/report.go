// Package report turns a finished result into bytes. A renderer reads the result
// and writes; it keeps nothing, computes no statistics, and may be called by any
// goroutine as long as nobody changes the result meanwhile.
//
// Renderers take any result that can be decoded, also one that was interrupted,
// that measured nothing, or that another program wrote. Their only errors are
// those of the writer, and of JSON for numbers that JSON does not have.
package report

import (
	"fmt"
	"io"

	"sessbench/result"
)

// Renderer returns the renderer for a format: "text", for reading, or "json",
// the result itself.
func Renderer(format string) (func(io.Writer, *result.Result) error, error) {
	switch format {
	case "text":
		return Text, nil
	case "json":
		return JSON, nil
	}
	return nil, fmt.Errorf("there is no format %q; formats are text and json", format)
}

// JSON writes the result itself, byte for byte as result.WriteFile saves it.
func JSON(w io.Writer, r *result.Result) error {
	return result.Encode(w, r)
}
