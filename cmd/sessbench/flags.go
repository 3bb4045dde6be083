package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sessbench/workload"
)

// flagValues are a measurement's flags as they were given.
type flagValues struct {
	planFile               string
	set                    []string
	workers, maxWorkers    int
	duration, warmup       time.Duration
	requests               int64
	rate                   float64
	arrivals               string
	blocks                 int
	seed                   uint64
	arms                   string
	method                 string
	headers                []string
	body, bodyFile         string
	user, cookie, proxy    string
	digest, trustEnv       bool
	location               bool
	maxRedirects           int
	insecure               bool
	caCert, cert, key      string
	resolve, connectTo     []string
	timeout, read, connect time.Duration
	out, format            string
	quiet                  bool
	failIf                 []string
	connectionValues
}

// A flagGroup is a headed part of a command's help.
type flagGroup struct {
	title string
	set   *pflag.FlagSet
}

// groups defines the flags of a measurement. armsHelp is what differs by command.
func (v *flagValues) groups(armsHelp string) []flagGroup {
	return []flagGroup{
		{"Plan", v.planFlags()},
		{"Load", v.loadFlags(armsHelp)},
		{"Request", v.requestFlags()},
		{"Connection", v.connectionFlags()},
		{"Sockets", v.socketFlags()},
		{"TLS", v.tlsFlags()},
		{"Emulation of a longer path", v.emulationFlags()},
		{"Output", v.outputFlags()},
	}
}

func newFlagSet() *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.SortFlags = false
	return f
}

// planFlags are about the plan that the other flags are laid over.
func (v *flagValues) planFlags() *pflag.FlagSet {
	f := newFlagSet()
	f.StringVar(&v.planFile, "plan", "", "`file` with a plan, in YAML or JSON, or with a saved result; - is standard\ninput. The URL and the other flags take the place of what it says")
	f.StringArrayVar(&v.set, "set", nil, "`key=value` of the plan in --plan to change, as load.rate=500 or\nmix.list.weight=3; repeatable")
	return f
}

func (v *flagValues) loadFlags(armsHelp string) *pflag.FlagSet {
	f := newFlagSet()
	f.StringVar(&v.arms, "arms", "", armsHelp)
	f.IntVarP(&v.workers, "workers", "c", workload.DefaultWorkers, "`number` of workers, each with a session of its own")
	f.IntVar(&v.maxWorkers, "max-workers", 0, "`number` of workers to which --rate may add while none is free\n(default none are added)")
	f.DurationVarP(&v.duration, "duration", "d", workload.DefaultDuration, "measured `time` per arm, all blocks together")
	f.Int64VarP(&v.requests, "requests", "n", 0, "`number` of requests per arm, instead of --duration")
	f.Float64VarP(&v.rate, "rate", "r", 0, "`number` of requests per second, whatever the server does (open model);\nwithout it a worker's next request follows its last response")
	f.StringVar(&v.arrivals, "arrivals", "", "`process` by which --rate's requests fall due: constant or poisson\n(default constant)")
	f.DurationVar(&v.warmup, "warmup", 0, "`time` per arm before the first block, not measured\n(default 10 % of --duration, at most 2s; none with --requests)")
	f.IntVar(&v.blocks, "blocks", workload.DefaultBlocks, "`number` of parts of a measurement; arms take turns in each")
	f.Uint64Var(&v.seed, "seed", workload.DefaultSeed, "`number` that arrivals and the order of arms are drawn from")
	return f
}

func (v *flagValues) requestFlags() *pflag.FlagSet {
	f := newFlagSet()
	f.StringVarP(&v.method, "method", "X", "", "request method (default GET, with a body POST)")
	f.StringArrayVarP(&v.headers, "header", "H", nil, "`line` to send in the head, as 'Name: value'; repeatable")
	f.StringVar(&v.body, "body", "", "`text` to send as the body")
	f.StringVar(&v.bodyFile, "body-file", "", "`file` to send as the body; - is standard input")
	f.StringVarP(&v.user, "user", "u", "", "`name:password` for basic authentication")
	f.BoolVar(&v.digest, "digest", false, "answer the server's digest challenge with --user, instead of basic")
	f.StringVarP(&v.cookie, "cookie", "b", "", "`list` of cookies to start with, as 'name=value; name2=value2'")
	f.BoolVarP(&v.location, "location", "L", false, "follow redirects; a call lasts until the last response")
	f.IntVar(&v.maxRedirects, "max-redirects", workload.DefaultMaxRedirects, "`number` of redirects that --location follows")
	return f
}

func (v *flagValues) connectionFlags() *pflag.FlagSet {
	f := newFlagSet()
	v.addProtocolFlag(f)
	f.StringVarP(&v.proxy, "proxy", "x", "", "`URL` of a proxy for everything, as\n[scheme://][user:password@]host:port; schemes: http, https,\nsocks4, socks4a, socks5, socks5h")
	f.BoolVar(&v.trustEnv, "trust-env", false, "take proxies, authorities and netrc from the environment")
	f.StringArrayVar(&v.resolve, "resolve", nil, "`rule` used instead of DNS, as host:port:address[,address];\nrepeatable")
	f.StringArrayVar(&v.connectTo, "connect-to", nil, "`rule` to connect elsewhere, as host:port:host:port; repeatable")
	f.DurationVar(&v.connect, "connect-timeout", workload.DefaultConnectTimeout, "longest `time` for DNS, connect and TLS; 0: none")
	f.DurationVar(&v.read, "read-timeout", workload.DefaultReadTimeout, "longest silence (`time`) inside a response; 0: none")
	f.DurationVar(&v.timeout, "timeout", workload.DefaultTotalTimeout, "longest `time` for a whole request; 0: none")
	v.addAddressFlags(f)
	return f
}

func (v *flagValues) tlsFlags() *pflag.FlagSet {
	f := newFlagSet()
	f.BoolVarP(&v.insecure, "insecure", "k", false, "accept any server certificate")
	f.StringVar(&v.caCert, "cacert", "", "PEM `file` of the authorities to trust instead of the system's")
	f.StringVar(&v.cert, "cert", "", "PEM `file` of the client certificate")
	f.StringVar(&v.key, "key", "", "PEM `file` of its key, where --cert does not hold it")
	v.addTLSFlags(f)
	return f
}

func (v *flagValues) outputFlags() *pflag.FlagSet {
	f := newFlagSet()
	f.StringVarP(&v.out, "out", "o", "", "`file` to save the result in, as JSON")
	addFormatFlag(f, &v.format)
	f.BoolVarP(&v.quiet, "quiet", "q", false, "no progress bar and no notes")
	addFailIfFlag(f, &v.failIf)
	return f
}

func addFormatFlag(f *pflag.FlagSet, format *string) {
	f.StringVar(format, "format", "text", "`name` of what goes to standard output: text or json")
}

func addFailIfFlag(f *pflag.FlagSet, conditions *[]string) {
	f.StringArrayVar(conditions, "fail-if", nil, "`condition` that makes the exit code 3, repeatable, such as\n'pooled.response_time.p99 > 50ms' or 'pooled.error_rate > 0.1%'")
}

// addGroups gives cmd the groups' flags, and a usage that shows them by group.
func addGroups(cmd *cobra.Command, groups []flagGroup) {
	for _, g := range groups {
		cmd.Flags().AddFlagSet(g.set)
	}
	cmd.Flags().SortFlags = false
	cmd.SetUsageFunc(func(cmd *cobra.Command) error {
		var b strings.Builder
		fmt.Fprintf(&b, "Usage:\n  %s\n\nExamples:\n%s\n", cmd.UseLine(), cmd.Example)
		for _, g := range groups {
			fmt.Fprintf(&b, "\n%s:\n%s", g.title, g.set.FlagUsages())
		}
		_, err := io.WriteString(cmd.OutOrStderr(), b.String())
		return err
	})
	completeWords(cmd, "format", "text", "json")
	completeWords(cmd, "arrivals", string(workload.Constant), string(workload.Poisson))
	completeConnections(cmd)
}

// completeWords lets the shell complete a flag's value, where cmd has the flag.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	if cmd.Flags().Lookup(flag) != nil {
		cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
}
