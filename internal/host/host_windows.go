package host

import (
	"fmt"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"sessbench/result"
)

func describe(h *result.Host) {
	v := windows.RtlGetVersion()
	h.Kernel = fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `HARDWARE\DESCRIPTION\System\CentralProcessor\0`, registry.QUERY_VALUE)
	if err != nil {
		return
	}
	defer key.Close()
	h.CPUModel, _, _ = key.GetStringValue("ProcessorNameString")
}

func settings() Settings { return Settings{} }

func fileLimit() int64 { return 0 }

// raiseFileLimit has nothing to raise: handles are limited by memory only.
func raiseFileLimit(need uint64) (uint64, error) { return need, nil }

func timeWaitSockets() int { return -1 }
