// Command sessbench says what connection reuse buys, for one workload, on one
// machine: it offers the same requests over connections that are kept and over
// connections that are not, and compares.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup means that the run goes on without its terminal
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that left is an error of the write, not our end
	os.Exit(run(context.Background(), os.Args[1:], osProcess(signals)))
}
