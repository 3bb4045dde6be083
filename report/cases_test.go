package report_test

import (
	"encoding/json"
	"fmt"
	"time"

	"sessbench/result"
	"sessbench/stats"
)

// The results that the golden files are made of. Their numbers are made up, but
// as a run would tell them: counts balance and parts add up.

const ms = 1e-3

func goldenCases() map[string]*result.Result {
	return map[string]*result.Result{
		"https-three-arms":  httpsThreeArms(),
		"open-model-errors": openModelErrors(),
		"single":            single(),
		"a-a":               sameTwice(),
		"too-few-blocks":    tooFewBlocks(),
		"interrupted":       interrupted(),
		"invalid":           invalid(),
		"nothing-measured":  nothingMeasured(),
		"all-failed":        allFailed(),
		"many-arms":         manyArms(),
		"slower-reuse":      slowerReuse(),
		"operations":        operations(),
		"protocols":         protocols(),
		"emulated":          emulated(),
		"shop":              shop(),
		"more-workers":      moreWorkers(),
	}
}

func base(plan string, arms ...result.Arm) *result.Result {
	started := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	return &result.Result{
		Schema:   result.Schema,
		Tool:     result.Tool{Version: "0.1.0", Commit: "0123abc", Go: "go1.26.8"},
		Started:  started,
		Finished: started.Add(31400 * time.Millisecond),
		Host: result.Host{OS: "linux", Arch: "amd64", CPUs: 4, GOMAXPROCS: 4, Kernel: "6.12.9",
			CPUModel: "AMD EPYC 7B13", PortRange: [2]int{32768, 60999}, FileLimit: 1048576},
		Plan: json.RawMessage(plan),
		Target: result.Target{URL: "https://127.0.0.1:38443/", Embedded: true, TLSVersion: "TLS 1.3",
			Cipher: "TLS_AES_128_GCM_SHA256", Curve: "X25519MLKEM768"},
		Preflight: result.Preflight{Connections: 1, TLSFull: 1},
		Arms:      arms,
		Valid:     true,
	}
}

const closedPlan = `{"target": "https://127.0.0.1:38443/", "load": {"workers": 10, "duration": "10s", "warmup": "1s", "blocks": 10, "seed": 18446744073709551615}}`

func summary(n int64, mean, p50, p90, p99, p999, max float64) stats.Summary {
	return stats.Summary{Count: n, Mean: mean * ms, P50: p50 * ms, P90: p90 * ms, P99: p99 * ms, P999: p999 * ms, Max: max * ms, Min: p50 * ms / 2}
}

// arm makes an arm of n successful requests in 10 s, in blocks trials.
func arm(name string, p result.Policy, n int64, response stats.Summary, phases map[string]float64, blocks int) result.Arm {
	a := result.Arm{Name: name, Policy: p}
	a.Requests, a.Seconds, a.AchievedRate = n, 10, float64(n)/10
	a.ErrorClasses, a.Status = map[string]int64{}, map[string]int64{"200": n}
	a.ResponseTime, a.ServiceTime = response, response
	a.ScheduleLag = stats.Summary{Count: response.Count}
	a.Phases = map[string]result.PhaseSummary{"acquire": {}, "dns": {}, "connect": {}, "tls": {}}
	for phase, mean := range phases {
		a.Phases[phase] = result.PhaseSummary{Mean: mean * ms, Share: mean * ms / response.Mean}
	}
	a.Generator = result.Generator{CPUSeconds: 17, CPUShare: 0.425, SchedLatencyP50: 0.0021 * ms, SchedLatencyP99: 0.131 * ms}
	for b := range blocks {
		a.Trials = append(a.Trials, result.Trial{Block: b, Seconds: 1, Requests: n / int64(blocks)})
	}
	return a
}

func pooledPolicy() result.Policy {
	return result.Policy{Name: "pooled", Pool: "worker", Close: "client", Resend: true, HTTP: "1.1"}
}

func freshPolicy(resume bool) result.Policy {
	return result.Policy{Name: "fresh", RequestsPerConnection: 1, Pool: "worker", Close: "client", TLSResumption: resume, HTTP: "1.1"}
}

func pooledArm() result.Arm {
	a := arm("pooled", pooledPolicy(), 432811, summary(432811, 0.2309, 0.2177, 0.3012, 0.5121, 1.213, 9.82),
		map[string]float64{"acquire": 0.0006, "send": 0.0151, "wait": 0.1932, "receive": 0.022}, 10)
	a.WarmupRequests = 39214
	a.Connections = result.Connections{Opened: 10, Attempts: 472025, ReusedRequests: 472015, KeptOpen: 10, TLSFull: 10}
	return a
}

func resumedArm() result.Arm {
	a := arm("fresh-resumed", freshPolicy(true), 41239, summary(41239, 2.4243, 2.3016, 3.3125, 5.2511, 8.912, 14.31),
		map[string]float64{"acquire": 0.0005, "connect": 0.3911, "tls": 1.6209, "send": 0.0321, "wait": 0.3477, "receive": 0.032}, 10)
	a.WarmupRequests = 3962
	a.Connections = result.Connections{Opened: 45201, Attempts: 45201, Retired: 45201, TLSFull: 10, TLSResumed: 45191}
	return a
}

func freshArm() result.Arm {
	a := arm("fresh", freshPolicy(false), 23301, summary(23301, 4.2912, 4.1798, 5.9214, 8.1176, 12.12, 21.95),
		map[string]float64{"acquire": 0.0005, "connect": 0.4123, "tls": 3.1307, "send": 0.0412, "wait": 0.6632, "receive": 0.0433}, 10)
	a.WarmupRequests = 2210
	a.Connections = result.Connections{Opened: 25511, Attempts: 25511, Retired: 25511, TLSFull: 25511}
	return a
}

// compared adds the comparisons of the arm at index i with the baseline. The
// interval is as wide as spread says: 0.03 is 3 % to either side.
func compared(r *result.Result, i int, spread float64, verdict stats.Verdict) {
	b, a := &r.Arms[0], &r.Arms[i]
	blocks := len(a.Trials)
	add := func(metric string, x, y float64, v stats.Verdict) {
		c := stats.Comparison{Metric: metric, Baseline: b.Name, Arm: a.Name, BaselineValue: x, ArmValue: y, Verdict: v, Blocks: blocks,
			Difference: &stats.Estimate{Value: y - x, Lo: y - x - spread*y, Hi: y - x + spread*y, Confidence: 0.95}}
		if x != 0 {
			c.Ratio = &stats.Estimate{Value: y / x, Lo: y / x * (1 - spread), Hi: y / x * (1 + spread), Confidence: 0.95}
		}
		if metric == "response_time.mean" {
			c.Attribution = map[string]float64{"schedule_lag": a.ScheduleLag.Mean - b.ScheduleLag.Mean}
			for phase := range a.Phases {
				c.Attribution[phase] = a.Phases[phase].Mean - b.Phases[phase].Mean
			}
		}
		r.Comparisons = append(r.Comparisons, c)
	}
	add("response_time.mean", b.ResponseTime.Mean, a.ResponseTime.Mean, verdict)
	add("response_time.p50", b.ResponseTime.P50, a.ResponseTime.P50, verdict)
	add("response_time.p90", b.ResponseTime.P90, a.ResponseTime.P90, verdict)
	add("response_time.p99", b.ResponseTime.P99, a.ResponseTime.P99, verdict)
	add("achieved_rate", b.AchievedRate, a.AchievedRate, verdict)
	add("error_rate", b.ErrorRate, a.ErrorRate, stats.Indistinguishable)
}

func httpsThreeArms() *result.Result {
	r := base(closedPlan, pooledArm(), resumedArm(), freshArm())
	compared(r, 1, 0.025, stats.Worse)
	compared(r, 2, 0.03, stats.Worse)
	return r
}

func openModelErrors() *result.Result {
	pooled := arm("pooled", pooledPolicy(), 5000, summary(4998, 1.312, 1.102, 2.1, 4.9, 9.7, 12.2),
		map[string]float64{"acquire": 0.002, "send": 0.02, "wait": 1.13, "receive": 0.1}, 10)
	pooled.Connections = result.Connections{Opened: 17, Attempts: 5501, ReusedRequests: 5484, ClosedByPeer: 3, Discarded: 2, KeptOpen: 12, StaleRetries: 1}
	pooled.Errors, pooled.ErrorRate = 2, 0.0004
	pooled.ErrorClasses, pooled.Status = map[string]int64{"reset": 2}, map[string]int64{"200": 4998}
	pooled.FailedResponseTime = summary(2, 0.9, 0.8, 1, 1, 1, 1)
	fresh := arm("fresh", freshPolicy(false), 4870, summary(4413, 3.912, 3.31, 7.1, 19.9, 60.7, 81.2),
		map[string]float64{"connect": 1.4, "send": 0.031, "wait": 1.3, "receive": 0.12}, 10)
	fresh.Connections = result.Connections{Opened: 4920, Attempts: 4920, Retired: 4863, Discarded: 57, OpenFailures: 437}
	fresh.Errors, fresh.ErrorRate, fresh.Retries = 457, 457.0/4870, 12
	fresh.ErrorClasses = map[string]int64{"address_exhausted": 400, "read_timeout": 50, "status": 7}
	fresh.Status = map[string]int64{"200": 4413, "503": 7}
	fresh.FailedResponseTime = summary(457, 540, 0.12, 5001, 5003, 5004, 5004)
	r := base(`{"target": "http://api.example.test/v1/items?page=1", "load": {"rate": 500, "arrivals": "poisson", "workers": 64, "duration": "10s", "warmup": "1s", "blocks": 10, "seed": 42}}`, pooled, fresh)
	r.Target = result.Target{URL: "http://api.example.test/v1/items?page=1", Addresses: []string{"192.0.2.17"}}
	r.Preflight.TLSFull = 0
	for i, lag := range []float64{0.06, 1.061} {
		a := &r.Arms[i]
		a.OfferedRate = 500
		a.ScheduleLag = summary(a.ResponseTime.Count, lag, lag/2, 3*lag, 6*lag, 20*lag, 30*lag)
		a.ServiceTime.Mean -= lag * ms
	}
	compared(r, 1, 0.06, stats.Worse)
	r.Comparisons[len(r.Comparisons)-1].Verdict = stats.Worse
	r.Warnings = []result.Warning{
		{Code: "ports_low", Arm: "fresh", Detail: "400 connections found no local port: closed ones stay in TIME_WAIT for 60 s and 28,232 ports are all there are for one target address",
			Hint: "a lower --rate, or net.ipv4.ip_local_port_range=\"1024 65535\" on this machine"},
		{Code: "retries", Arm: "fresh", Detail: "12 requests were sent more than once; their response times include the attempts that failed", Hint: "a session without retries, to see each failure as one"},
	}
	return r
}

func single() *result.Result {
	a := arm("pooled", pooledPolicy(), 12345, summary(12345, 0.2412, 0.2309, 0.412, 1.021, 2.1, 7.7),
		map[string]float64{"acquire": 0.0006, "send": 0.0154, "wait": 0.203, "receive": 0.0222}, 1)
	a.Seconds, a.AchievedRate = 3, 4115
	a.Connections = result.Connections{Opened: 4, Attempts: 12345, ReusedRequests: 12341, KeptOpen: 4, TLSFull: 4}
	return base(`{"load": {"workers": 4, "requests": 12345}}`, a)
}

func sameTwice() *result.Result {
	a, b := pooledArm(), pooledArm()
	a.Name, b.Name = "a", "b"
	b.ResponseTime.P50 *= 1.003
	b.ResponseTime.Mean *= 1.001
	b.Phases["wait"] = result.PhaseSummary{Mean: b.Phases["wait"].Mean + b.ResponseTime.Mean*0.001/1.001}
	r := base(closedPlan, a, b)
	compared(r, 1, 0.011, stats.Indistinguishable)
	return r
}

func tooFewBlocks() *result.Result {
	r := base(`{"load": {"workers": 10, "duration": "2s", "blocks": 2}}`, pooledArm(), freshArm())
	for i := range r.Arms {
		r.Arms[i].Trials = r.Arms[i].Trials[:2]
	}
	compared(r, 1, 0.03, stats.TooFewTrials)
	for i := range r.Comparisons {
		r.Comparisons[i].Verdict = stats.TooFewTrials
	}
	return r
}

func interrupted() *result.Result {
	r := base(closedPlan, pooledArm(), freshArm())
	for i := range r.Arms {
		r.Arms[i].Trials = r.Arms[i].Trials[:5-i]
	}
	compared(r, 1, 0.03, stats.Worse)
	r.Interrupted = true
	return r
}

func invalid() *result.Result {
	r := httpsThreeArms()
	r.Arms[1].Connections.TLSFull, r.Arms[1].Connections.TLSResumed = 45201, 0
	r.Valid = false
	r.Warnings = []result.Warning{
		{Code: "generator_busy", Detail: "the load generator used 97 % of its 4 CPUs", Hint: "fewer workers (-c), or a second machine for the server"},
		{Code: "not_resumed", Arm: "fresh-resumed", Invalid: true, Detail: "45,191 handshakes should have been resumed and none was.",
			Hint: "a server that gives session tickets, or leave the arm out (--arms pooled,fresh)"},
	}
	return r
}

func nothingMeasured() *result.Result {
	r := base(`{}`, result.Arm{Name: "pooled"}, result.Arm{Name: "fresh", Policy: freshPolicy(false)})
	r.Interrupted = true
	r.Target, r.Preflight = result.Target{URL: "http://127.0.0.1:9/"}, result.Preflight{}
	return r
}

func allFailed() *result.Result {
	r := base(closedPlan, pooledArm(), freshArm())
	f := &r.Arms[1]
	f.Errors, f.ErrorRate = f.Requests, 1
	f.ErrorClasses, f.Status = map[string]int64{"refused": 23300, "timeout": 1}, map[string]int64{}
	f.FailedResponseTime, f.ResponseTime, f.ServiceTime, f.Phases = f.ResponseTime, stats.Summary{}, stats.Summary{}, nil
	f.Connections = result.Connections{OpenFailures: 25511}
	r.Comparisons = []stats.Comparison{{Metric: "response_time.p50", Baseline: "pooled", Arm: "fresh", Verdict: stats.TooFewTrials}}
	return r
}

// manyArms is a sweep: one in n requests is like a fresh one, the others are
// like pooled ones.
func manyArms() *result.Result {
	pooled, fresh := pooledArm(), freshArm()
	r := base(closedPlan, pooled)
	for i, n := range []float64{100, 50, 20, 10, 5, 2} {
		mix := func(p, f float64) float64 { return p + (f-p)/n }
		phases := map[string]float64{}
		for phase := range fresh.Phases {
			phases[phase] = mix(pooled.Phases[phase].Mean, fresh.Phases[phase].Mean) / ms
		}
		mean := mix(pooled.ResponseTime.Mean, fresh.ResponseTime.Mean) / ms
		requests := int64(100 * 1000 / mean)
		a := arm(fmt.Sprintf("reuse-%.0f", n), freshPolicy(false), requests,
			summary(requests, mean, 0.218+0.1/n, 0.31+6/n, 8.2, 12.2, 22.5), phases, 10)
		a.Policy.RequestsPerConnection = int(n)
		sockets := (requests + int64(n) - 1) / int64(n)
		a.Connections = result.Connections{Opened: sockets, Attempts: requests, ReusedRequests: requests - sockets, Retired: sockets - 7, KeptOpen: 7, TLSFull: sockets}
		r.Arms = append(r.Arms, a)
		compared(r, i+1, 0.03, stats.Worse)
	}
	return r
}

func slowerReuse() *result.Result {
	slow, quick := freshArm(), pooledArm()
	slow.Name, quick.Name = "old", "new"
	r := base(closedPlan, slow, quick)
	compared(r, 1, 0.03, stats.Better)
	return r
}

func operations() *result.Result {
	r := base(closedPlan, pooledArm(), freshArm())
	for i := range r.Arms {
		a := &r.Arms[i]
		a.Redirects = a.Requests / 9
		list, item := a.Numbers, a.Numbers
		list.Requests, item.Requests = a.Requests*7/9, a.Requests-a.Requests*7/9
		item.ResponseTime.P50 *= 0.8
		item.ResponseTime.P99 *= 0.9
		a.Operations = []result.Operation{{Name: "list", Numbers: list}, {Name: "item", Numbers: item}}
	}
	compared(r, 1, 0.03, stats.Worse)
	return r
}

// protocols compares versions of HTTP, each with what was negotiated and what the kernel knew.
func protocols() *result.Result {
	handshake := func(count int64, alpn string, resumed bool) result.Handshake {
		return result.Handshake{Count: count, Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", Curve: "X25519MLKEM768", ALPN: alpn,
			Certificate: "ECDSA P-256", ChainBytes: 1204, Resumed: resumed}
	}
	h1, h2, h3 := pooledArm(), pooledArm(), resumedArm()
	h1.Handshakes = []result.Handshake{handshake(10, "http/1.1", false)}
	h1.Kernel = &result.Kernel{Connections: 10, RTTMean: 0.121 * ms, RTTMin: 0.04 * ms, RTTMax: 0.4 * ms, WindowMean: 10, WindowMin: 10, SegmentsOut: 472100, SegmentsIn: 472100}
	h2.Name, h2.Policy.HTTP, h2.Policy.Pool, h2.Policy.PoolSize, h2.Policy.Streams = "h2", "2", "shared", 2, 5
	h2.Connections = result.Connections{Opened: 2, Attempts: 472025, ReusedRequests: 472023, KeptOpen: 2, TLSFull: 2, Streams: 472025, StreamsPeak: 5}
	h2.Handshakes = []result.Handshake{handshake(2, "h2", false)}
	h2.Kernel = &result.Kernel{Connections: 2, RTTMean: 0.151 * ms, RTTMin: 0.05 * ms, RTTMax: 0.3 * ms, Retransmits: 312, WindowMean: 44.5, WindowMin: 12, SegmentsOut: 151200, SegmentsIn: 160100}
	h3.Name, h3.Policy.HTTP, h3.Policy.EarlyData = "h3-early", "3", true
	h3.Connections.EarlyData, h3.Connections.Streams, h3.Connections.StreamsPeak = 45170, 45201, 1
	h3.Handshakes = []result.Handshake{handshake(45191, "h3", true), handshake(10, "h3", false)}
	r := base(closedPlan, h1, h2, h3)
	compared(r, 1, 0.025, stats.Indistinguishable)
	compared(r, 2, 0.025, stats.Worse)
	r.Warnings = []result.Warning{{Code: "retransmits", Arm: "h2", Detail: "312 of 151200 segments (0.206 %) were sent again: some were lost on the way, or came late",
		Hint: "hold the slowest response times against it; use a path without loss, or a lower rate, to measure the server"}}
	return r
}

// emulated has ways of closing on a path that was emulated.
func emulated() *result.Result {
	kept, fresh, reset := pooledArm(), freshArm(), freshArm()
	fresh.Policy.TLSMax, fresh.Connections.TimeWait, fresh.Connections.Lookups = "1.2", 25511, 25511
	fresh.Handshakes = []result.Handshake{
		{Count: 25501, Version: "TLS 1.2", Cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Curve: "X25519", Certificate: "ECDSA P-256"},
		{Count: 10, Version: "TLS 1.2", Cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Curve: "P-256", Certificate: "ECDSA P-256"},
	}
	kept.Handshakes = []result.Handshake{{Count: 10, Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", Curve: "X25519", Certificate: "ECDSA P-256"}}
	reset.Name, reset.Policy.Close, reset.Connections.Reset, reset.Connections.EyeballsLost = "reset", "reset", 25511, 7
	r := base(closedPlan, kept, fresh, reset)
	r.Emulation = &result.Emulation{RTT: 0.04, Down: 20e6, Up: 5e6, InitialWindow: 10}
	compared(r, 1, 0.03, stats.Worse)
	compared(r, 2, 0.03, stats.Worse)
	r.Warnings = []result.Warning{{Code: "emulated", Detail: "40 ms of round-trip time were emulated on our side of every connection; there was neither loss nor jitter, and no time is that of the real path",
		Hint: "leave --emulate-rtt out to measure the path that there is"}}
	return r
}
