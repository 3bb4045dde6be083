// Package deps holds the module list while the rooms are being furnished.
package deps

import (
	_ "github.com/HdrHistogram/hdrhistogram-go"
	_ "github.com/mccutchen/go-httpbin/v2/httpbin"
	_ "github.com/olekukonko/tablewriter"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/spf13/cobra"
	_ "github.com/spf13/cobra/doc"
	_ "github.com/valyala/fasthttp"
	_ "golang.org/x/net/http2"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/term"
)
