package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sessbench/workload"
	"sessbench/workload/planfile"
)

const compareHelp = `compare offers the same requests by two or more arms (ways of using connections),
interleaved in blocks, and says how they differ from the first arm, the baseline.

Arms: pooled (one connection per worker, kept), fresh (a new connection and a full
TLS handshake for every request), fresh-resumed (a new connection, TLS resumed),
reuse-N (a new connection every N requests), shared-pool (one pool for all
workers). name=policy renames: --arms a=pooled,b=pooled compares an arm with itself.

Without a URL, sessbench starts its own HTTPS test server on loopback, as a process
of its own. A URL without a scheme is taken as http. Redirects are
not followed without --location.
` + planHelp + `

Behind a policy can stand any number of modifiers, as in
--arms h1=pooled,h2=shared-pool+http2+pool-8+streams-32:
`

const compareExamples = `  sessbench compare
  sessbench compare https://api.example.com/items -c 20 -d 30s -H 'Accept: application/json'
  sessbench compare http://localhost:8080/ --rate 500 --arms pooled,reuse-10,fresh
  sessbench compare --plan shop.yaml https://staging.example.com -d 1m
  sessbench compare https://localhost:8443/ -k -n 5000 --fail-if 'gain.response_time.p50 < 1.5'`

func newCompareCommand(p *process) *cobra.Command {
	m := &measurement{process: p, arms: armRules{armsToCompare, armsToCompareInPlan}}
	return m.command(&cobra.Command{
		Use:     "compare [URL] [flags]",
		Short:   "Compare ways of using connections in one run",
		Long:    compareHelp + modifierTable(),
		Example: compareExamples,
	}, "`list` of arms; the first is the baseline\n(default pooled,fresh; with TLS pooled,fresh-resumed,fresh)")
}

// modifierTable lists what can stand behind a policy.
func modifierTable() string {
	modifiers, widest := workload.Modifiers(), 0
	for _, m := range modifiers {
		widest = max(widest, len(m.Word+m.Value))
	}
	var b strings.Builder
	for _, m := range modifiers {
		fmt.Fprintf(&b, "\n  %-*s  %s", widest, m.Word+m.Value, m.Meaning)
	}
	return b.String()
}

func armsToCompare(list string, t target) ([]workload.Arm, error) {
	if list == "" {
		return workload.DefaultArms(t.https()), nil
	}
	arms, err := workload.ParseArms(list)
	if err == nil && len(arms) == 1 {
		return nil, usagef("--arms names one arm, %s; name another to compare it with, or use sessbench run", arms[0].Name)
	}
	return arms, err
}

func armsToCompareInPlan(file *planfile.File, list string) ([]workload.Arm, error) {
	arms, err := armsIn(file, list)
	switch {
	case err != nil || len(arms) != 1:
		return arms, err
	case list != "":
		return nil, usagef("--arms names one arm, %s; name another to compare it with, or use sessbench run", arms[0].Name)
	}
	return nil, usagef("the plan has one arm, %s; name others with --arms, as in --arms %s,fresh, or use sessbench run", arms[0].Name, arms[0].Name)
}
