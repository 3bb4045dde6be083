package main

import (
	"errors"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"sessbench/internal/importer"
)

const importCurlHelp = `import curl makes an operation of every URL of curl commands. They are one argument, as
a browser's "Copy as cURL" puts it on the clipboard; or one command is everything
behind --; or - reads commands from standard input, each on a line of its own (lines can
be continued with a backslash).

What a shell would expand, such as $NAME and $(command), is an error with its place:
nothing is carried out. Options that only say what curl prints are nothing to a plan;
others that a plan does not have are named in its first lines.`

const importCurlExamples = `  sessbench import curl 'curl https://api.example.com/items -H "Accept: application/json"'
  sessbench import curl --out plan.yaml -- curl -L https://api.example.com/ --compressed
  sessbench import curl -`

func newImportCurlCommand(p *process) *cobra.Command {
	f := &importFlags{}
	words := false // the argument is parted into words already
	cmd := &cobra.Command{
		Use:     "curl 'curl ...' [flags]",
		Short:   "Make a plan of curl commands",
		Long:    importCurlHelp,
		Example: importCurlExamples,
		Args: func(cmd *cobra.Command, args []string) error {
			words = cmd.ArgsLenAtDash() == 0 && len(args) > 0 && !strings.ContainsAny(args[0], " \n")
			if !words && len(args) != 1 {
				return usagef("import curl takes one argument, or one command behind --; put the command in quotes, or write import curl -- curl ...")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.importPlan(f, cmd.Flags().Changed, func() (*importer.Plan, error) {
				switch {
				case words:
					return importer.CurlWords(args, f.options("command line"))
				case args[0] != "-":
					return importer.Curl(args[0], f.options("command line"))
				}
				name, data, err := p.source("-")
				if err != nil {
					return nil, err
				}
				return importer.Curl(string(data), f.options(name))
			})
		},
	}
	addGroups(cmd, []flagGroup{{"Flags", f.flagSet()}})
	return cmd
}

const importHARHelp = `import har makes a scenario of a recording: its requests in their order, with the pauses
between them. Kept are requests to the host of the first document; --host names others.
WebSockets, data: and blob: URLs, responses out of the browser's cache and requests
without a response are left out, and counted in the plan's first lines.

Cookies are left out, since every session keeps what responses set; with --cookies keep
it begins with those that the browser had before.`

const importHARExamples = `  sessbench import har shop.har --out shop.yaml
  sessbench import har shop.har --host 'shop.example.com' --host '*.cdn.example.com'
  sessbench import har shop.har --no-assets --think none --mix`

func newImportHARCommand(p *process) *cobra.Command {
	f := &importFlags{}
	o := importer.HAROptions{}
	var think, cookies string
	cmd := &cobra.Command{
		Use:     "har FILE [flags]",
		Short:   "Make a plan of a recording in HAR format",
		Long:    importHARHelp,
		Example: importHARExamples,
		Args:    oneFile("one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, choice := range []struct{ flag, value, other string }{{"think", think, "none"}, {"cookies", cookies, "drop"}} {
				if choice.value != "keep" && choice.value != choice.other {
					return usagef("--%s is %q; use keep or %s", choice.flag, choice.value, choice.other)
				}
			}
			if err := checkPatterns("host", o.Hosts); err != nil {
				return err
			}
			o.NoThink, o.KeepCookies = think == "none", cookies == "keep"
			return p.importPlan(f, cmd.Flags().Changed, func() (*importer.Plan, error) {
				name, data, err := p.source(args[0])
				if err != nil {
					return nil, err
				}
				o.Options = f.options(name)
				return importer.HAR(data, o)
			})
		},
	}
	set := newFlagSet()
	set.StringArrayVar(&o.Hosts, "host", nil, "`name` of a host whose requests are kept, with or without a port;\n* stands for a part of it; repeatable (default: the first document's)")
	set.StringVar(&think, "think", "keep", "`choice` of what becomes of pauses: keep or none")
	set.StringVar(&cookies, "cookies", "drop", "`choice` of what becomes of the browser's cookies: keep or drop")
	set.BoolVar(&o.NoAssets, "no-assets", false, "leave images, styles, scripts, fonts and media out")
	set.BoolVar(&o.Mix, "mix", false, "operations with weights by how often they were made, instead of a\nscenario")
	addGroups(cmd, []flagGroup{{"Recording", set}, {"Flags", f.flagSet()}})
	completeWords(cmd, "think", "keep", "none")
	completeWords(cmd, "cookies", "keep", "drop")
	return cmd
}

// checkPatterns refuses patterns that fit nothing for want of a bracket.
func checkPatterns(flag string, patterns []string) error {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return usagef("--%s is %q, which is no pattern; close its brackets, or write \\[ for the character itself", flag, pattern)
		}
	}
	return nil
}

const importOpenAPIHelp = `import openapi makes an operation of each that a description has, OpenAPI 3 or Swagger
2.0, in YAML or JSON. Parameters and bodies get the description's examples, or its
defaults and enumerations, or values made up according to their types, which a comment
says. Optional parameters without an example are left out.

The first server is the target; where none is named, the plan takes it from ${TARGET}.
Security schemes become variables of the environment. Files that the description refers
to are read where they are below its directory; nothing is fetched.`

const importOpenAPIExamples = `  sessbench import openapi api.yaml --out plan.yaml
  sessbench import openapi api.yaml --tag pets --method GET
  sessbench import openapi api.yaml --include '/pets/**' --exclude '/pets/*/photos'`

func newImportOpenAPICommand(p *process) *cobra.Command {
	f := &importFlags{}
	o := importer.OpenAPIOptions{}
	cmd := &cobra.Command{
		Use:     "openapi FILE [flags]",
		Short:   "Make a plan of an OpenAPI description",
		Long:    importOpenAPIHelp,
		Example: importOpenAPIExamples,
		Args:    oneFile("one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(checkPatterns("include", o.Include), checkPatterns("exclude", o.Exclude)); err != nil {
				return err
			}
			return p.importPlan(f, cmd.Flags().Changed, func() (*importer.Plan, error) {
				name, data, err := p.source(args[0])
				if err != nil {
					return nil, err
				}
				o.Options = f.options(name)
				return importer.OpenAPI(data, o)
			})
		},
	}
	set := newFlagSet()
	set.StringArrayVar(&o.Tags, "tag", nil, "`name` of a tag whose operations are imported; repeatable")
	set.StringArrayVar(&o.Methods, "method", nil, "`method` whose operations are imported; repeatable")
	set.StringArrayVar(&o.Include, "include", nil, "`pattern` of paths that are imported: * is a part of a path, ** any\nnumber of parts; repeatable")
	set.StringArrayVar(&o.Exclude, "exclude", nil, "`pattern` of paths that are not; repeatable")
	addGroups(cmd, []flagGroup{{"Operations", set}, {"Flags", f.flagSet()}})
	return cmd
}

const importVegetaHelp = `import vegeta makes an operation of each target of a file in vegeta's format http or
json. A target that is repeated has a weight. A body in a file (@file) stays there.`

func newImportVegetaCommand(p *process) *cobra.Command {
	f := &importFlags{}
	cmd := &cobra.Command{
		Use:     "vegeta FILE [flags]",
		Short:   "Make a plan of vegeta's targets",
		Long:    importVegetaHelp,
		Example: "  sessbench import vegeta targets.txt --out plan.yaml",
		Args:    oneFile("one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.importPlan(f, cmd.Flags().Changed, func() (*importer.Plan, error) {
				name, data, err := p.source(args[0])
				if err != nil {
					return nil, err
				}
				return importer.Vegeta(data, f.options(name))
			})
		},
	}
	addGroups(cmd, []flagGroup{{"Flags", f.flagSet()}})
	return cmd
}
