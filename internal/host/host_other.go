//go:build !linux && !darwin && !windows

package host

import "sessbench/result"

func describe(*result.Host) {}

func settings() Settings { return Settings{} }

func timeWaitSockets() int { return -1 }
