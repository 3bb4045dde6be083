// Package cputime tells how much processor time this process has used. The load
// generator audits itself with it, and the test server accounts for its part.
package cputime

import "time"

// Used returns the user and system time that this process has used so far, all
// threads together, or 0 where the system does not tell. Any goroutine may call it.
func Used() time.Duration { return used() }
