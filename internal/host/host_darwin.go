package host

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"

	"sessbench/result"
)

func describe(h *result.Host) {
	h.Kernel, _ = unix.Sysctl("kern.osrelease")
	h.CPUModel, _ = unix.Sysctl("machdep.cpu.brand_string")
	if bytes, err := unix.SysctlUint64("hw.memsize"); err == nil {
		h.MemoryBytes = int64(bytes)
	}
	first, errFirst := unix.SysctlUint32("net.inet.ip.portrange.first")
	last, errLast := unix.SysctlUint32("net.inet.ip.portrange.last")
	if errFirst == nil && errLast == nil {
		h.PortRange = [2]int{int(first), int(last)}
	}
}

func settings() Settings {
	var s Settings
	if msl, err := unix.SysctlUint32("net.inet.tcp.msl"); err == nil {
		s.TimeWait = 2 * time.Duration(msl) * time.Millisecond // RFC 9293, section 3.6.1
	}
	if backlog, err := unix.SysctlUint32("kern.ipc.somaxconn"); err == nil {
		s.Backlog = new(int(backlog))
	}
	s.Load = loadAverage()
	return s
}

// loadAverage reads struct loadavg of <sys/resource.h>: three fixed-point numbers
// of 32 bits, padding, and their scale as a long.
func loadAverage() *float64 {
	raw, err := unix.SysctlRaw("vm.loadavg")
	if err != nil || len(raw) != 24 {
		return nil
	}
	scale := binary.LittleEndian.Uint64(raw[16:])
	if scale == 0 {
		return nil
	}
	return new(float64(binary.LittleEndian.Uint32(raw)) / float64(scale))
}

func timeWaitSockets() int { return -1 }
