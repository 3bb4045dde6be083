package session

import (
	"fmt"
	"time"

	"sessbench/workload/wire"
)

// validate returns what no policy can have, by the name that it has in a plan.
func (r *Retry) validate() error {
	for _, count := range []struct {
		name string
		n    *int
	}{
		{"total", r.Total}, {"connect", r.Connect}, {"read", r.Read},
		{"status", r.Status}, {"redirect", r.Redirect}, {"other", r.Other},
	} {
		if count.n != nil && *count.n < 0 {
			return fmt.Errorf("%s is negative: %d", count.name, *count.n)
		}
	}
	for _, method := range r.Methods {
		// A method is a token, as the name of a header is.
		if method == "*" || wire.ValidateHeader(method, "") != nil { // AnyMethod says that
			return fmt.Errorf("methods has %q, which is none", method)
		}
	}
	for _, status := range r.Statuses {
		if status < 100 || status > 599 {
			return fmt.Errorf("statuses has %d, which is outside 100..599", status)
		}
	}
	for _, limit := range []struct {
		name string
		d    time.Duration
	}{
		{"backoff", r.Backoff}, {"backoff_max", r.BackoffMax}, {"jitter", r.Jitter}, {"retry_after_max", r.RetryAfterMax},
	} {
		if limit.d < 0 {
			return fmt.Errorf("%s is negative: %v", limit.name, limit.d)
		}
	}
	return nil
}
