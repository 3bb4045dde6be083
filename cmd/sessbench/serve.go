package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"sessbench/internal/host"
	"sessbench/testserver"
)

const serveHelp = `serve runs sessbench's test server on its own: an HTTP server with known behaviour
that counts connections, TLS handshakes and requests. It runs until it is interrupted
and then prints the counts; GET /stats tells them while it runs. Port 0 is any free one.

Routes, among others: / (a small body), /bytes/{n}, /chunked/{n}, /delay/{duration},
/status/{code}, /echo, /login and /private, /flaky, /stall-once, /reset, /close-early,
/malformed, /silent-close, those of httpbin under /httpbin/, and a shop under /shop/ with
logins, a catalogue, carts and payments. docs/test-server.md has them all with their
parameters.

With TLS it makes a certificate authority of its own at the start. --ca-out saves that
authority's certificate for clients' --cacert.`

const serveExamples = `  sessbench serve --ca-out ca.pem
  sessbench serve --http --listen 127.0.0.1:8080 --idle-timeout 5s
  sessbench serve --http2 --http3
  sessbench serve --no-session-tickets --max-requests-per-connection 100`

type serveFlags struct {
	listen          string
	tls, plain      bool
	caOut           string
	idle            time.Duration
	maxRequests     int
	http2, http3    bool
	noTickets       bool
	ignoreConnClose bool
	announce        bool
}

func newServeCommand(p *process) *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use:     "serve [flags]",
		Short:   "Run the test server on its own",
		Long:    serveHelp,
		Example: serveExamples,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.serve(cmd.Context(), p, cmd.Flags().Changed)
		},
	}
	set := newFlagSet()
	set.StringVar(&f.listen, "listen", "127.0.0.1:8443", "`address` to listen on")
	set.BoolVar(&f.tls, "tls", true, "serve HTTPS")
	set.BoolVar(&f.plain, "http", false, "serve HTTP without TLS")
	set.StringVar(&f.caOut, "ca-out", "", "PEM `file` to save the authority's certificate in")
	set.DurationVar(&f.idle, "idle-timeout", 0, "`time` after which an idle connection is closed; 0: never")
	set.IntVar(&f.maxRequests, "max-requests-per-connection", 0, "`number` after which a connection is closed; 0: never")
	set.BoolVar(&f.http2, "http2", false, "offer HTTP/2 as well")
	set.BoolVar(&f.http3, "http3", false, "offer HTTP/3 as well, on UDP and the same port number")
	set.BoolVar(&f.noTickets, "no-session-tickets", false, "let no TLS session be resumed")
	set.BoolVar(&f.ignoreConnClose, "ignore-connection-close", false, "keep connections open in spite of Connection: close")
	set.BoolVar(&f.announce, "announce", false, "")
	set.MarkHidden("announce")
	addGroups(cmd, []flagGroup{{"Flags", set}})
	return cmd
}

func (f *serveFlags) config(given func(string) bool) (testserver.Config, error) {
	tls := f.tls && !f.plain
	switch {
	case given("tls") && f.tls && f.plain:
		return testserver.Config{}, usagef("--tls and --http are both given; keep one of them")
	case !tls && f.caOut != "":
		return testserver.Config{}, usagef("--ca-out is given, but without TLS there is no certificate; leave it out")
	case given("ca-out") && f.caOut == "":
		return testserver.Config{}, usagef("--ca-out is empty; name a file")
	case !tls && f.http3:
		return testserver.Config{}, usagef("--http3 is given, but HTTP/3 needs TLS; leave one of them out")
	case f.idle < 0:
		return testserver.Config{}, usagef("--idle-timeout is %v; use a positive time, or 0 for none", f.idle)
	case f.maxRequests < 0:
		return testserver.Config{}, usagef("--max-requests-per-connection is %d; use a positive number, or 0 for none", f.maxRequests)
	}
	if _, _, err := net.SplitHostPort(f.listen); err != nil {
		return testserver.Config{}, usagef("--listen is %q; write host:port, as in 127.0.0.1:8443", f.listen)
	}
	return testserver.Config{
		Addr:                  f.listen,
		TLS:                   tls,
		IdleTimeout:           f.idle,
		MaxRequestsPerConn:    f.maxRequests,
		HTTP2:                 f.http2,
		HTTP3:                 f.http3,
		DisableSessionTickets: f.noTickets,
		IgnoreConnectionClose: f.ignoreConnClose,
	}, nil
}

func (f *serveFlags) serve(ctx context.Context, p *process, given func(string) bool) error {
	config, err := f.config(given)
	if err != nil {
		return err
	}
	host.ReserveFiles(servedFiles)
	server, err := testserver.Start(config)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", f.listen, cause(err))
	}
	defer server.Close()
	if f.announce {
		return announce(server, p)
	}
	if f.caOut != "" {
		if err := server.WriteCA(f.caOut); err != nil {
			return usagef("--ca-out %s cannot be written: %v; choose another file", f.caOut, reason(err))
		}
	}
	f.introduce(server.URL(), config.TLS, p)
	<-ctx.Done()
	s := server.Stats()
	p.note("%d connections, %d full and %d resumed TLS handshakes, %d requests",
		s.Connections.Accepted, s.Handshakes.Full, s.Handshakes.Resumed, s.Requests)
	return nil
}

// servedFiles is how many files the server can open without a pause in which the table of them grows.
const servedFiles = 8192

// cause is the error that a socket operation was given by the system.
func cause(err error) error {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok || inner.Unwrap() == nil {
			return err
		}
		err = inner.Unwrap()
	}
}

func (f *serveFlags) introduce(url string, tls bool, p *process) {
	trust := ""
	switch {
	case f.caOut != "":
		trust = "--cacert " + f.caOut + " "
	case tls:
		trust = "--insecure "
	}
	p.note("serving %s until interrupted", url)
	p.note("try: sessbench compare %s%s/", trust, url)
}

// announce tells the process that started this one where the server is, and returns
// when that process closes our standard input or is gone. A signal is not heeded: a
// terminal sends it to both, and the other still has requests to finish.
func announce(server *testserver.Server, p *process) error {
	line, err := json.Marshal(announcement{URL: server.URL(), CAPEM: string(server.CAPEM())})
	if err != nil {
		return err
	}
	if err := p.print(append(line, '\n')); err != nil {
		return err
	}
	io.Copy(io.Discard, p.stdin)
	return nil
}
