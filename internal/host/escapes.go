//go:build !windows

package host

import "os"

// ShowsEscapes says whether a terminal takes escape sequences for what they mean: all do but Windows' consoles.
func ShowsEscapes(*os.File) bool { return true }
