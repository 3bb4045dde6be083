package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sessbench/internal/importer"
	"sessbench/workload"
)

const importHelp = `import makes a plan of what another tool has: curl's commands, a browser's recording
(HAR), a description of an API (OpenAPI 3, Swagger 2.0), or vegeta's targets. The plan
is YAML for people to read and go on with; comments in it say what was left out and
what could not be known. Nothing is executed, and nothing is requested.

The plan goes to standard output, or with --out to a file that does not exist yet.
Authorization, cookies, tokens and passwords do not go into it: ${NAME} stands in their
places, and the plan's first lines say which variables of the environment to set.

The exit code is 2 where the source is wrong, with its place where that is known.`

const importExamples = `  sessbench import curl 'curl https://api.example.com/items' --out plan.yaml
  sessbench import har shop.har --no-assets
  sessbench import openapi api.yaml --tag items
  sessbench import vegeta targets.txt`

// importFlags are those that all importers have.
type importFlags struct {
	out         string
	force       bool
	showSecrets bool
}

func newImportCommand(p *process) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "import FORMAT SOURCE [flags]",
		Short:   "Make a plan of curl commands, a HAR file, OpenAPI or vegeta's targets",
		Long:    importHelp,
		Example: importExamples,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("import has no format of that name; use curl, har, openapi or vegeta%s", didYouMean("import ", cmd.SuggestionsFor(args[0])))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(newImportCurlCommand(p), newImportHARCommand(p), newImportOpenAPICommand(p), newImportVegetaCommand(p))
	return cmd
}

// flagSet has the importers' common flags.
func (f *importFlags) flagSet() *pflag.FlagSet {
	set := newFlagSet()
	set.StringVarP(&f.out, "out", "o", "", "`file` to write the plan to; absent: standard output")
	set.BoolVar(&f.force, "force", false, "write over the file that --out names")
	set.BoolVar(&f.showSecrets, "show-secrets", false, "write passwords, tokens and cookies into the plan")
	return set
}

// options are what all importers are told.
func (f *importFlags) options(name string) importer.Options {
	o := importer.Options{Name: name, Secret: workload.SecretName, ShowSecrets: f.showSecrets}
	if f.out != "" {
		o.PlanDir = filepath.Dir(f.out)
	}
	return o
}

// check looks at --out before anything is read.
func (f *importFlags) check(given func(string) bool) error {
	switch {
	case given("out") && f.out == "":
		return usagef("--out is empty; name a file")
	case f.out == "-":
		return usagef("--out is -; leave it out to write to standard output")
	case f.force && f.out == "":
		return usagef("--force has no meaning without --out; name the file to write over")
	case f.out == "":
		return nil
	}
	return checkPlanFile(f.out, f.force)
}

// importPlan imports, prints or writes the plan, and says what has to be known beside it.
func (p *process) importPlan(f *importFlags, given func(string) bool, read func() (*importer.Plan, error)) error {
	if err := f.check(given); err != nil {
		return err
	}
	plan, err := read()
	if err != nil {
		if e, ok := errors.AsType[*importer.Error](err); ok {
			return usagef("%v", e)
		}
		return err
	}
	if f.out == "" {
		err = p.print(plan.YAML)
	} else {
		err = writePlanFile(f.out, plan.YAML, f.force, f.showSecrets)
	}
	if err != nil {
		return err
	}
	for _, note := range plan.Notes {
		p.note("%s", note)
	}
	p.noteVariables(plan.Variables)
	return nil
}

// noteVariables names what has to be set; the plan's first lines have all of them.
func (p *process) noteVariables(names []string) {
	const most = 10
	if len(names) == 0 {
		return
	}
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more, which the plan lists", len(names)-most)
		names = names[:most]
	}
	p.note("before the plan is used, set in the environment: %s%s", strings.Join(names, ", "), more)
}

// source reads a file that is imported; - is standard input.
func (p *process) source(path string) (name string, data []byte, err error) {
	name = path
	reader := p.stdin
	if path == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(path)
		if err != nil {
			return "", nil, usagef("%s cannot be read: %v; check its name and permissions", path, reason(err))
		}
		defer f.Close()
		reader = f
	}
	data, err = io.ReadAll(io.LimitReader(reader, largestSource+1))
	if err != nil {
		return "", nil, usagef("%s cannot be read: %v", name, reason(err))
	}
	if len(data) > largestSource {
		return "", nil, usagef("%s is larger than %d MB; make it smaller", name, largestSource>>20)
	}
	return name, data, nil
}

// largestSource bounds what is imported, which is held in memory.
const largestSource = 512 << 20

// oneFile is the argument of importers that read a file.
func oneFile(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("import %s takes %s, or - for standard input; see %s --help", cmd.Name(), what, cmd.CommandPath())
		}
		return nil
	}
}
