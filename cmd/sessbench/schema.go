package main

import (
	"strings"

	"github.com/spf13/cobra"

	"sessbench/result"
	"sessbench/workload/planfile"
)

const schemaHelp = `schema prints the JSON Schema (draft 2020-12) of a plan or of a result, for editors and
for programs that read results. It knows keys and types; sessbench try finds what else
may be wrong with a plan.`

const schemaExamples = `  sessbench schema plan
  sessbench schema result`

func newSchemaCommand(p *process) *cobra.Command {
	return &cobra.Command{
		Use:       "schema plan|result",
		Short:     "Print the JSON Schema of a plan or a result",
		Long:      schemaHelp,
		Example:   schemaExamples,
		ValidArgs: []string{"plan", "result"},
		Args:      oneSchema,
		RunE: func(_ *cobra.Command, args []string) error {
			write := planfile.Schema
			if args[0] == "result" {
				write = result.JSONSchema
			}
			data, err := write()
			if err != nil {
				return err
			}
			return p.print(data)
		},
	}
}

func oneSchema(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 1 && (args[0] == "plan" || args[0] == "result"):
		return nil
	case len(args) == 1 && !strings.ContainsAny(args[0], ":/.@"):
		return usagef("there is no schema of %q; write sessbench schema plan, or result", args[0])
	}
	return usagef("schema takes one argument, plan or result; see %s --help", cmd.CommandPath())
}
