//go:build !linux

package wire

// dontDelay has nothing to do: package net makes the system send short segments at once.
func (*conn) dontDelay() {}
