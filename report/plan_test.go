package report_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTheLoadIsToldInALine(t *testing.T) {
	for plan, want := range map[string]string{
		`{"load": {"workers": 10, "duration": "10s", "warmup": "1s", "blocks": 10, "seed": 7}}`: "closed model, workers: 10, 10s measured per arm, blocks: 10, warm-up 1s, seed 7",
		`{"load": {"rate": 500, "arrivals": "poisson", "workers": 64}}`:                         "open model: 500 requests per second, poisson arrivals, up to 64 workers",
		`{"load": {"rate": 500, "workers": 8}, "mix": [{"steps": [{}]}]}`:                       "open model: 500 iterations per second, up to 8 workers",
		`{"load": {"requests": 60, "workers": 8}, "mix": [{}, {"steps": [{}]}]}`:                "closed model, workers: 8, iterations per arm: 60",
		`{"mix": [{"steps": [{}]}]}`:                                                                                 "",
		`{"load": {"rate": 500, "workers": 8, "max_workers": 64}}`:                                                   "open model: 500 requests per second, 8 workers, and up to 64 while none is free",
		`{"load": {"workers": 8, "trace": "day.csv", "arrivals": "constant"}}`:                                       "open model: the arrivals in day.csv in each block, up to 8 workers",
		`{"mix": [{"rate": 20}, {"rate": 7.5}], "load": {"workers": 8, "arrivals": "constant"}}`:                     "open model: 27.5 per second by the operations' own rates, constant arrivals, up to 8 workers",
		`{"load": {"workers": 8, "stages": [{"duration": "10s", "rate": 0}, {"duration": "20s", "rate": 1500}]}}`:    "open model: 2 stages up to 1,500 per second, 30s in each block, up to 8 workers",
		`{"load": {"workers": 50, "stages": [{"duration": "1m", "workers": 50}], "blocks": 4}}`:                      "closed model: 1 stage up to 50 workers, 1m0s in each block, blocks: 4",
		`{"load": {"workers": 50, "stages": [{"duration": "1 minute", "workers": "50"}, 7], "blocks": 4}}`:           "closed model: 2 stages up to 0 workers, blocks: 4",
		`{"load": {"stages": [{"duration": "2000000h", "rate": 1}, {"duration": "2000000h", "rate": 1}]}, "mix": 3}`: "open model: 2 stages up to 1 per second",
		`{"setup": [{}], "session": {"renew_every": 5}}`:                                                             "",
	} {
		r := single()
		r.Plan = json.RawMessage(plan)
		got := ""
		if _, after, ok := strings.Cut(render(t, r), "\nLoad    "); ok {
			got, _, _ = strings.Cut(after, "\nHost")
		}
		if got = strings.Join(strings.Fields(got), " "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", plan, got, want)
		}
	}
}

func TestHowConnectionsAreOpenedIsToldInALine(t *testing.T) {
	for plan, want := range map[string]string{
		`{"connection": {"addresses": "in-order", "fast_open": false}, "session": {"resolve": []}}`:                           "",
		`{"connection": {"unix_socket": "/run/s", "proxy_protocol": 2}}`:                                                      "over the Unix socket /run/s, version 2 of the PROXY protocol",
		`{"connection": {"source": ["10.0.0.1", "10.0.0.4-10.0.0.9"], "addresses": "turn", "dns_lifetime": "forever"}}`:       "from 10.0.0.1 and 10.0.0.4-10.0.0.9, addresses in turn, names kept for ever",
		`{"connection": {"addresses": "random", "happy_eyeballs": "250ms", "dns_lifetime": "1m0s"}}`:                          "addresses at random, Happy Eyeballs after 250ms, names kept for 1m0s",
		`{"connection": {"fast_open": true, "no_delay": false, "keep_alive": {"idle": "30s", "interval": "5s", "count": 3}}}`: "TCP Fast Open, TCP_NODELAY off, keep-alive probes after 30s, every 5s, at most 3",
		`{"connection": {"no_delay": true, "send_buffer": 65536, "receive_buffer": 4096}}`:                                    "TCP_NODELAY on, send buffer 65536 bytes, receive buffer 4096 bytes",
		`{"session": {"resolve": ["h:80:127.0.0.1"], "connect_to": ["::127.0.0.1:1"]}}`:                                       "with --resolve h:80:127.0.0.1, with --connect-to ::127.0.0.1:1",
		`{"connection": 7, "session": {"resolve": "x"}}`:                                                                      "",
	} {
		r := single()
		r.Plan = json.RawMessage(plan)
		got := ""
		if _, after, ok := strings.Cut(render(t, r), "\nConnect "); ok {
			got, _, _ = strings.Cut(after, "\nHost")
		}
		if got = strings.Join(strings.Fields(got), " "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", plan, got, want)
		}
	}
}
