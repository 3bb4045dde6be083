// Package result is the finished result as a value: its types (the JSON of
// schema sessbench/result/v1), its file, and the conditions that a user sets on
// its numbers. It measures and computes nothing.
//
// All durations are float64 seconds; rates are per second; shares are 0..1.
package result

import (
	"encoding/json"
	"time"

	"sessbench/stats"
)

// Schema names the format; readers refuse others.
const Schema = "sessbench/result/v1"

// A Result is everything that a run tells.
type Result struct {
	Schema      string    `json:"schema"`
	Tool        Tool      `json:"tool"`
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished"`
	Interrupted bool      `json:"interrupted"`
	Host        Host      `json:"host"`

	// Plan is the plan that was carried out, in the plan file's own words, with secrets masked.
	Plan json.RawMessage `json:"plan"`

	Target      Target             `json:"target"`
	Preflight   Preflight          `json:"preflight"`
	Arms        []Arm              `json:"arms"`
	Comparisons []stats.Comparison `json:"comparisons"`

	Valid    bool      `json:"valid"` // false: exit code 4
	Warnings []Warning `json:"warnings"`
}

// Tool says which sessbench made the result.
type Tool struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

// Host is the machine that offered the load.
type Host struct {
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	CPUs        int    `json:"cpus"` // usable by this process
	GOMAXPROCS  int    `json:"gomaxprocs"`
	Kernel      string `json:"kernel,omitempty"`
	CPUModel    string `json:"cpu_model,omitempty"`
	MemoryBytes int64  `json:"memory_bytes,omitempty"`
	ClockSource string `json:"clock_source,omitempty"`
	PortRange   [2]int `json:"port_range"` // ephemeral ports, inclusive; zeros where unknown
	FileLimit   int64  `json:"file_limit"`
}

// Target is what the load went to, as found before the first trial.
type Target struct {
	URL        string   `json:"url"`                 // userinfo and secret query values masked
	Proxy      string   `json:"proxy,omitempty"`     // "kind://host:port" that requests go through
	Addresses  []string `json:"addresses,omitempty"` // connected to: the proxy's where there is one
	TLSVersion string   `json:"tls_version,omitempty"`
	Cipher     string   `json:"cipher,omitempty"`
	Curve      string   `json:"curve,omitempty"`
	Embedded   bool     `json:"embedded"` // sessbench's own test server
}

// Preflight counts the connections opened, before any trial, to see whether the
// target answers. They are in no arm.
type Preflight struct {
	Connections int64 `json:"connections"`
	TLSFull     int64 `json:"tls_full"`
}

// Policy is how an arm uses connections.
type Policy struct {
	Name                  string `json:"name"`                    // built-in policy it was made from, e.g. "reuse-5"
	RequestsPerConnection int    `json:"requests_per_connection"` // 0: unlimited
	Pool                  string `json:"pool"`                    // "worker" or "shared"
	Close                 string `json:"close"`                   // who closes: "client"
	TLSResumption         bool   `json:"tls_resumption"`
	Resend                bool   `json:"resend"` // idempotent requests that died on a reused connection are sent again once
	HTTP                  string `json:"http"`   // "1.1"
}

// Numbers are the measurements that an arm and each of its operations have.
// Times cover successful calls; failed_response_time covers the others.
type Numbers struct {
	Requests     int64            `json:"requests"`
	Errors       int64            `json:"errors"`
	ErrorRate    float64          `json:"error_rate"`
	ErrorClasses map[string]int64 `json:"error_classes"`
	Retries      int64            `json:"retries"`       // attempts that followed a failed one
	Redirects    int64            `json:"redirects"`     // followed
	Seconds      float64          `json:"seconds"`       // measured time, all trials together
	OfferedRate  float64          `json:"offered_rate"`  // 0 in the closed model
	AchievedRate float64          `json:"achieved_rate"` // completed calls, failed ones included, per second
	BytesIn      int64            `json:"bytes_in"`
	BytesOut     int64            `json:"bytes_out"`
	Status       map[string]int64 `json:"status"`

	ResponseTime       stats.Summary           `json:"response_time"`
	ServiceTime        stats.Summary           `json:"service_time"`
	ScheduleLag        stats.Summary           `json:"schedule_lag"`
	FailedResponseTime stats.Summary           `json:"failed_response_time"`
	Phases             map[string]PhaseSummary `json:"phases"`
}

// PhaseSummary sums up one phase. Share is its part of the mean service time.
type PhaseSummary struct {
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
	Share float64 `json:"share"`
}

// Arm is what one arm did.
type Arm struct {
	Name   string `json:"name"`
	Policy Policy `json:"policy"`
	Numbers
	WarmupRequests int64       `json:"warmup_requests"` // not in Requests
	Connections    Connections `json:"connections"`
	Generator      Generator   `json:"generator"`
	Operations     []Operation `json:"operations"`
	Series         []Second    `json:"series"`
	Trials         []Trial     `json:"trials"`
}

// Connections counts sockets over the arm's whole life, warm-up included, so
// that it can be held against what a server counted.
type Connections struct {
	Opened         int64 `json:"opened"`          // TCP connections established
	Attempts       int64 `json:"attempts"`        // requests written
	ReusedRequests int64 `json:"reused_requests"` // requests written to a connection that had carried one before
	ClosedByPeer   int64 `json:"closed_by_peer"`
	Retired        int64 `json:"retired"`   // closed by us because the policy says so
	Discarded      int64 `json:"discarded"` // closed by us after an error, or with unread input
	Evicted        int64 `json:"evicted"`   // closed by us to make room for one to another server
	KeptOpen       int64 `json:"kept_open"` // still open when the last trial ended
	TLSFull        int64 `json:"tls_full"`
	TLSResumed     int64 `json:"tls_resumed"`
	OpenFailures   int64 `json:"open_failures"` // dial or handshake failed
	StaleRetries   int64 `json:"stale_retries"` // requests sent again because a reused connection had died
}

// Generator is the load generator's audit of itself during the arm's trials.
type Generator struct {
	CPUSeconds      float64 `json:"cpu_seconds"`
	CPUShare        float64 `json:"cpu_share"`         // of the CPUs it may use, 0..1
	SchedLatencyP50 float64 `json:"sched_latency_p50"` // how long a runnable goroutine waited for a CPU, seconds
	SchedLatencyP99 float64 `json:"sched_latency_p99"`
	GCPauseSeconds  float64 `json:"gc_pause_seconds"`
}

// Operation is what one operation of the mix did in one arm.
type Operation struct {
	Name string `json:"name"`
	Numbers
}

// Second is one second of an arm's series. Its percentiles have one significant digit.
type Second struct {
	Second   int64   `json:"second"` // since the start of the run
	Requests int64   `json:"requests"`
	Errors   int64   `json:"errors"`
	Mean     float64 `json:"mean"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
}

// Trial is one trial's numbers, enough to compare saved results again.
type Trial struct {
	Block        int           `json:"block"`
	Position     int           `json:"position"`
	Started      float64       `json:"started"` // since the start of the run
	Seconds      float64       `json:"seconds"`
	Requests     int64         `json:"requests"`
	Errors       int64         `json:"errors"`
	OfferedRate  float64       `json:"offered_rate"`
	AchievedRate float64       `json:"achieved_rate"`
	Opened       int64         `json:"opened"`
	ResponseTime stats.Summary `json:"response_time"`
}

// A Warning is doubt as data: what happened and what to try.
type Warning struct {
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Hint    string `json:"hint"`
	Arm     string `json:"arm,omitempty"`
	Invalid bool   `json:"invalid,omitempty"` // this one makes the result invalid
}
