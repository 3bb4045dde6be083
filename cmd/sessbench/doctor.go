package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"sessbench/internal/host"
)

const doctorHelp = `doctor looks at what bounds the load that this machine can offer, and how precisely:
open files, local ports, CPUs, clocks, timers, kernel settings. It sends nothing and
changes nothing. What a system does not tell is left out.

The exit code is 1 where something makes load impossible, and 0 otherwise.`

const doctorExamples = `  sessbench doctor
  sessbench doctor --format json`

func newDoctorCommand(p *process) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "doctor [flags]",
		Short:   "Check whether this machine can offer the load",
		Long:    doctorHelp,
		Example: doctorExamples,
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			if format != "text" && format != "json" {
				return usagef("--format is %q; use text or json", format)
			}
			return p.diagnose(checksOf(host.Facts(), host.ReadSettings(), measureTimers(), host.TimeWaitSockets()), format)
		},
	}
	set := newFlagSet()
	addFormatFlag(set, &format)
	addGroups(cmd, []flagGroup{{"Flags", set}})
	return cmd
}

// A status says whether a check's value stands in the way.
type status string

const (
	statusOK   status = "ok"
	statusWarn status = "warn" // load is possible, but bounded or less precise
	statusBad  status = "bad"  // load is impossible
)

// A check is one thing that doctor looked at.
type check struct {
	Name   string `json:"name"`
	Status status `json:"status"`
	Value  string `json:"value"`
	Hint   string `json:"hint,omitempty"` // what to do, or what the value means
}

// diagnose prints the checks and turns them into an exit code.
func (p *process) diagnose(checks []check, format string) error {
	output, err := renderChecks(checks, format)
	if err != nil {
		return err
	}
	if err := p.print(output); err != nil {
		return err
	}
	for _, c := range checks {
		if c.Status == statusBad {
			return exit(exitFailed)
		}
	}
	return nil
}

func renderChecks(checks []check, format string) ([]byte, error) {
	if format == "json" {
		data, err := json.MarshalIndent(map[string]any{"checks": checks}, "", "  ")
		return append(data, '\n'), err
	}
	widest := 0
	for _, c := range checks {
		widest = max(widest, len(c.Name))
	}
	var b bytes.Buffer
	for _, c := range checks {
		fmt.Fprintf(&b, "%-4s  %-*s  %s\n", c.Status, widest, c.Name, c.Value)
		if c.Hint != "" {
			fmt.Fprintf(&b, "%*s%s\n", 4+2+widest+2, "", c.Hint)
		}
	}
	return b.Bytes(), nil
}
