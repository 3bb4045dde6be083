//go:build !linux

package programs

import "testing"

// Main is for TestMain: it runs the package's tests and returns the exit code. On Linux they have a network namespace of their own.
func Main(m *testing.M) int { return m.Run() }
