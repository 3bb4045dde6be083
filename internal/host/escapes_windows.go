package host

import (
	"os"

	"golang.org/x/sys/windows"
)

// ShowsEscapes makes a console take escape sequences for what they mean, which it does not by itself, and says whether it does.
func ShowsEscapes(console *os.File) bool {
	handle := windows.Handle(console.Fd())
	var mode uint32
	if windows.GetConsoleMode(handle, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
