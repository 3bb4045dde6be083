package main

import (
	"github.com/spf13/cobra"

	"sessbench/workload"
	"sessbench/workload/planfile"
)

const runHelp = `run offers load by one arm (way of using connections) and reports it: rates,
response times and their phases, and the sockets and TLS handshakes that it took.
sessbench compare --help describes the arms.

Without a URL, sessbench starts its own HTTPS test server on loopback, as a process
of its own. A URL without a scheme is taken as http. Redirects are
not followed without --location.
` + planHelp

const runExamples = `  sessbench run https://api.example.com/items -c 50 -d 1m
  sessbench run http://localhost:8080/orders --body '{"id":1}' --rate 200
  sessbench run --plan shop.yaml --arms pooled --set load.rate=200
  sessbench run https://localhost:8443/ -k --arms fresh -n 1000 --fail-if 'fresh.error_rate > 0.1%'`

func newRunCommand(p *process) *cobra.Command {
	m := &measurement{process: p, arms: armRules{armToRun, armInPlan}}
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

// armInPlan is the one arm to run. A plan that names none has the arms of a comparison, of which the first is run.
func armInPlan(file *planfile.File, list string) ([]workload.Arm, error) {
	arms, err := armsIn(file, list)
	switch {
	case err != nil || len(arms) == 1:
		return arms, err
	case list != "":
		return nil, usagef("--arms names %d arms; run takes one, and sessbench compare takes several", len(arms))
	case !file.Given("arms"):
		return arms[:1], nil
	}
	return nil, usagef("the plan has %d arms, %s; run takes one: name it, as in --arms %s", len(arms), listed(arms), arms[0].Name)
}
