//go:build linux

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// closedLoop runs j.conns workers. newSend is called once by each worker's goroutine
// and gives the function that sends one request and reads its answer.
func closedLoop(j job, newSend func() func() error) report {
	var requests, errs atomic.Int64
	var workers sync.WaitGroup
	end := time.Now().Add(j.length)
	for range j.conns {
		workers.Go(func() {
			send := newSend()
			for time.Now().Before(end) {
				requests.Add(1)
				if err := send(); err != nil {
					errs.Add(1)
				}
			}
		})
	}
	workers.Wait()
	return report{Requests: requests.Load(), Errors: errs.Load()}
}

func fasthttpWorker(j job) func() func() error {
	client := &fasthttp.Client{
		MaxConnsPerHost:          j.conns,
		NoDefaultUserAgentHeader: true,
		TLSConfig:                &tls.Config{InsecureSkipVerify: true},
	}
	return func() func() error {
		req, resp := &fasthttp.Request{}, &fasthttp.Response{}
		return func() error {
			req.Reset()
			req.SetRequestURI(j.url)
			if !j.pooled {
				req.SetConnectionClose()
			}
			if err := client.Do(req, resp); err != nil {
				return err
			}
			return wantOK(resp.StatusCode())
		}
	}
}

func stdWorker(j job) func() func() error {
	client := &http.Client{Transport: &http.Transport{
		MaxConnsPerHost:     j.conns,
		MaxIdleConnsPerHost: j.conns,
		DisableKeepAlives:   !j.pooled,
		DisableCompression:  true,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
	}}
	return func() func() error {
		return func() error {
			resp, err := client.Get(j.url)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				return err
			}
			return wantOK(resp.StatusCode)
		}
	}
}

func wantOK(status int) error {
	if status != http.StatusOK {
		return fmt.Errorf("status %d", status)
	}
	return nil
}
