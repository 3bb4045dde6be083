package main

import (
	"bytes"
	"io"

	"github.com/spf13/cobra"

	"sessbench/result"
)

const reportHelp = `report reads results that --out or --format json wrote and renders them again, in
the order given; - is standard input. As text, each of several results has its file's
name above it; as JSON they follow each other.

The exit code is 0 whatever the runs' were, unless a --fail-if condition holds (3), a
condition asks for what was not measured (1), or a file is not a result (2).`

const reportExamples = `  sessbench report result.json
  sessbench report monday.json tuesday.json
  sessbench report result.json --format json --fail-if 'pooled.error_rate > 0.1%'`

func newReportCommand(p *process) *cobra.Command {
	var format string
	var failIf []string
	cmd := &cobra.Command{
		Use:     "report FILE... [flags]",
		Short:   "Render saved results again",
		Long:    reportHelp,
		Example: reportExamples,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("report needs a file that --out wrote, or - for standard input; see %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, files []string) error {
			return p.reportFiles(files, format, failIf)
		},
	}
	set := newFlagSet()
	addFormatFlag(set, &format)
	addFailIfFlag(set, &failIf)
	addGroups(cmd, []flagGroup{{"Flags", set}})
	return cmd
}

// reportFiles reads all files before it writes anything.
func (p *process) reportFiles(files []string, format string, failIf []string) error {
	render, err := rendererOf(format)
	if err != nil {
		return err
	}
	conditions, err := parseConditions(failIf)
	if err != nil {
		return err
	}
	results, err := p.readResults(files)
	if err != nil {
		return err
	}
	for _, res := range results {
		if err := checkConditions(conditions, res.ArmNames()); err != nil {
			return err
		}
	}
	if err := p.renderResults(files, results, format, render); err != nil {
		return err
	}
	return p.judge(conditions, results)
}

func (p *process) readResults(files []string) ([]*result.Result, error) {
	var results []*result.Result
	stdinRead := false
	for _, file := range files {
		if file != "-" {
			res, err := result.ReadFile(file)
			if err != nil {
				return nil, usagef("%v", err)
			}
			results = append(results, res)
			continue
		}
		if stdinRead {
			return nil, usagef("- is given twice; standard input can be read once")
		}
		stdinRead = true
		res, err := result.Read(p.stdin)
		if err != nil {
			return nil, usagef("standard input: %v", err)
		}
		results = append(results, res)
	}
	return results, nil
}

func (p *process) renderResults(files []string, results []*result.Result, format string, render func(io.Writer, *result.Result) error) error {
	var b bytes.Buffer
	for i, res := range results {
		if len(results) > 1 && format == "text" {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString("== " + files[i] + " ==\n\n")
		}
		if err := render(&b, res); err != nil {
			return err
		}
	}
	return p.print(b.Bytes())
}

// judge turns the conditions' answers over all results into an exit code.
func (p *process) judge(conditions []result.Condition, results []*result.Result) error {
	failed, held := false, false
	for _, res := range results {
		yes, err := p.noteHeld(conditions, res)
		held = held || yes
		failed = failed || err != nil
	}
	switch {
	case failed:
		return exit(exitFailed)
	case held:
		return exit(exitHeld)
	}
	return nil
}
