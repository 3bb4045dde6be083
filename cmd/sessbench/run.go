package main

import (
	"github.com/spf13/cobra"

	"sessbench/workload"
)

const runHelp = `run offers load by one arm (way of using connections) and reports it: rates,
response times and their phases, and the sockets and TLS handshakes that it took.
sessbench compare --help describes the arms.

Without a URL, sessbench starts its own HTTPS test server on loopback, as a process
of its own. A URL without a scheme is taken as http. Redirects are
not followed without --location.`

const runExamples = `  sessbench run https://api.example.com/items -c 50 -d 1m
  sessbench run http://localhost:8080/orders --body '{"id":1}' --rate 200
  sessbench run https://localhost:8443/ -k --arms fresh -n 1000 --fail-if 'fresh.error_rate > 0.1%'`

func newRunCommand(p *process) *cobra.Command {
	m := &measurement{process: p, arms: armToRun}
	return m.command(&cobra.Command{
		Use:     "run [URL] [flags]",
		Short:   "Offer load by one way of using connections",
		Long:    runHelp,
		Example: runExamples,
	}, "the one `arm` to run (default pooled)")
}

func armToRun(list string, _ target) ([]workload.Arm, error) {
	if list == "" {
		list = "pooled"
	}
	arms, err := workload.ParseArms(list)
	if err == nil && len(arms) > 1 {
		return nil, usagef("--arms names %d arms; run takes one, and sessbench compare takes several", len(arms))
	}
	return arms, err
}
