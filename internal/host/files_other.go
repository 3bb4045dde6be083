//go:build !linux

package host

func reserveFiles(uint64) {}
