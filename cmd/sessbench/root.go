package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sessbench/workload"
)

const rootHelp = `sessbench compares ways of using connections in one run: the same requests over
connections that are kept and over connections that are not, interleaved, with a
confidence interval for the difference and a count of the sockets and TLS
handshakes that each way really took.

Exit codes: 0 done, 1 the run failed, 2 usage, 3 a --fail-if condition held or a
threshold of the plan was not met, 4 the result is invalid (an arm did not do what
it says, ports ran out, or the generator was the bottleneck), 130 interrupted. Where several apply, the first
of 130, 1, 4, 3 is taken. Results are reported and saved before any of them.`

const rootExamples = `  # what reuse buys, against a test server on loopback
  sessbench compare
  # the same against your own server
  sessbench compare https://api.example.com/`

func newRootCommand(p *process) *cobra.Command {
	root := &cobra.Command{
		Use:               "sessbench",
		Short:             "Measure what connection reuse buys",
		Long:              rootHelp,
		Example:           rootExamples,
		Args:              refuseUnknownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Version:           tool().Version,
	}
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetFlagErrorFunc(explainFlagError)
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate(versionLine())
	root.Flags().Bool("version", false, "print the version")
	root.AddCommand(
		newCompareCommand(p), newRunCommand(p), newTryCommand(p), newImportCommand(p), newReportCommand(p), newServeCommand(p),
		newDoctorCommand(p), newManCommand(p), newVersionCommand(p), newSchemaCommand(p))
	return root
}

// refuseUnknownCommand does not repeat what looks like a URL: it may hold a password.
func refuseUnknownCommand(root *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case strings.ContainsAny(args[0], ":/.@"):
		return usagef("a command comes before the URL, as in sessbench compare URL; see sessbench --help")
	}
	return usagef("unknown command %q%s; see sessbench --help", args[0], didYouMean("", root.SuggestionsFor(args[0])))
}

// atMostOneURL refuses further arguments without repeating them.
func atMostOneURL(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%d arguments where one URL can stand; put flags' values right behind their flags, in quotes where they have spaces; see %s --help", len(args), cmd.CommandPath())
	}
	return nil
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments; see %s --help", cmd.Name(), cmd.CommandPath())
	}
	return nil
}

// explainFlagError says in the tool's own words what pflag found wrong. pflag's own
// messages repeat a whole group of shorthands, which may end in a password.
func explainFlagError(cmd *cobra.Command, err error) error {
	see := "; see " + cmd.CommandPath() + " --help"
	if !cmd.HasParent() {
		see = "; a command comes first, as in sessbench compare URL --workers 10" + see
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := e.GetSpecifiedName()
		if e.GetSpecifiedShortnames() != "" {
			return usagef("unknown flag -%s%s", name, see)
		}
		return usagef("unknown flag --%s%s%s", name, didYouMean("--", similarFlags(cmd, name)), see)
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usagef("--%s needs a value%s", e.GetFlag().Name, see)
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usagef("--%s is %q; %s", e.GetFlag().Name, e.GetValue(), expected(e.GetFlag(), e.GetValue()))
	}
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	return usagef("a flag is malformed; write --name value or --name=value%s", see)
}

// tooLarge says whether a value that was not taken is of the flag's type but for its size.
func tooLarge(f *pflag.Flag, value string) bool {
	switch f.Value.Type() {
	case "duration":
		_, err := workload.ParseTime(value)
		return err == nil && value[0] != '-'
	case "int", "int64", "uint64":
		return value != "" && strings.Trim(value, "0123456789") == ""
	case "float64":
		_, err := strconv.ParseFloat(value, 64)
		return errors.Is(err, strconv.ErrRange)
	}
	return false
}

// expected says what a flag's value looks like.
func expected(f *pflag.Flag, value string) string {
	if tooLarge(f, value) {
		return "that is far too large; write less"
	}
	switch f.Value.Type() {
	case "duration":
		return "write a number with its unit, such as 500ms, 10s or 2m"
	case "int", "int64":
		return "write a whole number"
	case "uint64":
		return "write a whole number of at least 0"
	case "float64":
		return "write a number"
	case "bool":
		return "write true or false, or leave the value out"
	}
	return "see --help"
}

func didYouMean(prefix string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %s%s?", prefix, strings.Join(names, " or "+prefix))
}

// similarFlags finds flags as cobra finds commands, by their names' distance.
func similarFlags(cmd *cobra.Command, name string) []string {
	index := &cobra.Command{SuggestionsMinimumDistance: 2}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			index.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
		}
	})
	return index.SuggestionsFor(name)
}
