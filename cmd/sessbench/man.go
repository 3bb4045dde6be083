package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newManCommand(p *process) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write manual pages into a directory",
		Long:    "man writes a manual page (section 1) for every command into DIR, which it creates\nwhere it does not exist.",
		Example: "  sessbench man /usr/local/share/man/man1",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("man takes one directory; see sessbench man --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return fmt.Errorf("cannot create %s: %w; choose another directory", args[0], reason(err))
			}
			header := &doc.GenManHeader{Section: "1", Source: "sessbench " + tool().Version, Manual: "sessbench"}
			if err := doc.GenManTree(cmd.Root(), header, args[0]); err != nil {
				return fmt.Errorf("cannot write manual pages into %s: %w", args[0], reason(err))
			}
			return nil
		},
	}
}
