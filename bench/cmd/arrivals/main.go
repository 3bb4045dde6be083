//go:build linux

// Command arrivals is a small HTTP server that notes when each request reached this
// machine's network stack, to the nanosecond. The kernel stamps the packets, so the
// figures do not depend on when the server itself got a CPU.
//
// It prints its URL, answers GET requests without a body until its standard input is
// closed, then prints what it recorded as one JSON object and ends. With -hold it answers after a time
// drawn anew for each request.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	hold := flag.Bool("hold", false, "hold every answer for a while")
	flag.Parse()
	var times *holds
	if *hold {
		times = newHolds(1)
	}
	if err := serve(os.Stdin, os.Stdout, times); err != nil {
		fmt.Fprintln(os.Stderr, "arrivals:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer, hold *holds) error {
	listener, err := listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := newServer(listener, hold)
	go s.accept()
	if _, err := fmt.Fprintf(out, "http://%s/\n", listener.Addr().(*net.TCPAddr)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	recorded, err := s.stop()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(recorded)
}
