package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"sessbench/result"
)

func newVersionCommand(p *process) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			return p.print([]byte(versionLine()))
		},
	}
}

func versionLine() string {
	t := tool()
	return fmt.Sprintf("sessbench %s, commit %s, %s %s/%s\n", t.Version, t.Commit, t.Go, runtime.GOOS, runtime.GOARCH)
}

// tool says which sessbench this is, as the Go toolchain recorded it when building.
func tool() result.Tool {
	t := result.Tool{Version: "unknown", Commit: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return t
	}
	if info.Main.Version != "" {
		t.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			t.Commit = s.Value
		}
	}
	if t.Version == "(devel)" {
		t.Version = "devel" // parentheses would be a comment in a User-Agent
	}
	return t
}
