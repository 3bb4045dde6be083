package main

import (
	"github.com/spf13/cobra"

	"sessbench/workload"
)

const compareHelp = `compare offers the same requests by two or more arms (ways of using connections),
interleaved in blocks, and says how they differ from the first arm, the baseline.

Arms: pooled (one connection per worker, kept), fresh (a new connection and a full
TLS handshake for every request), fresh-resumed (a new connection, TLS resumed),
reuse-N (a new connection every N requests), shared-pool (one pool for all
workers). name=policy renames: --arms a=pooled,b=pooled compares an arm with itself.
Behind a policy, +no-resend counts a request that died on a kept connection as failed,
where it is sent again otherwise: --arms pooled,pooled+no-resend.

Without a URL, sessbench starts its own HTTPS test server on loopback, as a process
of its own. A URL without a scheme is taken as http. Redirects are
not followed without --location.`

const compareExamples = `  sessbench compare
  sessbench compare https://api.example.com/items -c 20 -d 30s -H 'Accept: application/json'
  sessbench compare http://localhost:8080/ --rate 500 --arms pooled,reuse-10,fresh
  sessbench compare https://localhost:8443/ -k -n 5000 --fail-if 'gain.response_time.p50 < 1.5'`

func newCompareCommand(p *process) *cobra.Command {
	m := &measurement{process: p, arms: armsToCompare}
	return m.command(&cobra.Command{
		Use:     "compare [URL] [flags]",
		Short:   "Compare ways of using connections in one run",
		Long:    compareHelp,
		Example: compareExamples,
	}, "`list` of arms; the first is the baseline\n(default pooled,fresh; with TLS pooled,fresh-resumed,fresh)")
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
