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
	Emulation   *Emulation         `json:"emulation,omitempty"` // nil: the path is the real one
	Ports       *Ports             `json:"ports,omitempty"`     // nil where the system does not tell
	Arms        []Arm              `json:"arms"`
	Comparisons []stats.Comparison `json:"comparisons"`
	Thresholds  []Threshold        `json:"thresholds,omitempty"` // of the plan, in its order

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

// Emulation is the path that was emulated on our side of every connection. All times of the result have it in them.
type Emulation struct {
	RTT           float64 `json:"rtt"`            // added to that of the real path
	Down          float64 `json:"down"`           // bits per second towards us; 0: no limit
	Up            float64 `json:"up"`             // bits per second from us; 0: no limit
	InitialWindow int     `json:"initial_window"` // segments of 1460 bytes
}

// Ports is the budget of local ports: what fresh connections need and what there is.
type Ports struct {
	Range         [2]int     `json:"range"`           // inclusive
	Available     int        `json:"available"`       // for one source and destination: the range less what is reserved
	Sources       int        `json:"sources"`         // local addresses that connections are opened from; 1 where none was named
	Destinations  int        `json:"destinations"`    // addresses that they are opened to
	TimeWait      float64    `json:"time_wait"`       // how long a closed connection keeps its port
	Reuse         float64    `json:"reuse"`           // after how long the system lets a new connection have it; equals time_wait without reuse
	Sustainable   float64    `json:"sustainable"`     // fresh connections per second, for ever
	TimeWaitStart int        `json:"time_wait_start"` // sockets in TIME_WAIT on this machine before the run; -1: unknown
	TimeWaitEnd   int        `json:"time_wait_end"`   // and after it
	Arms          []ArmPorts `json:"arms"`
}

// ArmPorts is the forecast for one arm.
type ArmPorts struct {
	Arm       string  `json:"arm"`
	Rate      float64 `json:"rate"`       // connections per second that keep a port; 0: none, or as many as it can (closed model)
	Needed    float64 `json:"needed"`     // ports at the same time at that rate; 0: unknown
	FailAfter float64 `json:"fail_after"` // seconds of its trials; 0: not to be expected, or unknown
	Verdict   string  `json:"verdict"`    // "none" (no ports needed), "sustained", "fails", or "unknown" (closed model)
}

// Preflight counts the connections opened, before any trial, to see whether the
// target answers. They are in no arm.
type Preflight struct {
	Connections int64 `json:"connections"`
	TLSFull     int64 `json:"tls_full"`
}

// Policy is how an arm uses connections.
type Policy struct {
	Name                  string   `json:"name"`                    // built-in policy it was made from, e.g. "reuse-5"
	RequestsPerConnection int      `json:"requests_per_connection"` // 0: unlimited
	Pool                  string   `json:"pool"`                    // "worker" or "shared"
	PoolSize              int      `json:"pool_size"`               // connections in a shared pool; 0: a worker's own
	PoolOverflow          bool     `json:"pool_overflow"`           // beyond its size more are opened, and closed when they are returned
	PoolOrder             string   `json:"pool_order"`              // "lifo" or "fifo"
	IdleTimeout           float64  `json:"idle_timeout"`            // 0: none
	MaxAge                float64  `json:"max_age"`                 // 0: none
	Streams               int      `json:"streams"`                 // exchanges at a time on a connection; 1 but for HTTP/2 and 3
	Close                 string   `json:"close"`                   // who closes: "client", "server" or "reset"
	CloseNotify           bool     `json:"close_notify"`            // TLS connections are closed with the closing alert
	TLSResumption         bool     `json:"tls_resumption"`
	TicketLifetime        float64  `json:"ticket_lifetime"`   // 0: as long as the server allows
	EarlyData             bool     `json:"early_data"`        // requests in 0-RTT
	TLSMin                string   `json:"tls_min,omitempty"` // "1.2", ...; where the arm sets it
	TLSMax                string   `json:"tls_max,omitempty"`
	Curves                []string `json:"curves,omitempty"` // where the arm sets them
	DNSLifetime           float64  `json:"dns_lifetime"`     // how long addresses are used again; 0: looked up for each connection, -1: for ever
	Resend                bool     `json:"resend"`           // idempotent requests that died on a reused connection are sent again once
	HTTP                  string   `json:"http"`             // "1.1", "2", "h2c" or "3"
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
	OfferedRate  float64          `json:"offered_rate"`  // iterations; 0 in the closed model
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
	Target string `json:"target,omitempty"` // URL that its load went to, where that is not the result's target
	Policy Policy `json:"policy"`
	Numbers
	WarmupRequests int64       `json:"warmup_requests"` // not in Requests
	Connections    Connections `json:"connections"`
	Handshakes     []Handshake `json:"handshakes"`       // TLS, what was negotiated how often; most frequent first
	Kernel         *Kernel     `json:"kernel,omitempty"` // nil where the system tells nothing
	Generator      Generator   `json:"generator"`
	Operations     []Operation `json:"operations"`
	Scenarios      []Scenario  `json:"scenarios,omitempty"`
	Stages         []Stage     `json:"stages,omitempty"` // of a load that changes
	Sessions       Sessions    `json:"sessions"`
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
	OpenFailures   int64 `json:"open_failures"`  // dial or handshake failed
	StaleRetries   int64 `json:"stale_retries"`  // requests sent again because a reused connection had died
	Streams        int64 `json:"streams"`        // of the attempts, those on a connection that can carry several at a time
	StreamsPeak    int64 `json:"streams_peak"`   // most of them open at the same time on one connection
	EarlyData      int64 `json:"early_data"`     // requests that the server took in 0-RTT
	EyeballsLost   int64 `json:"eyeballs_lost"`  // connections begun beside the one that was used, and given up
	Lookups        int64 `json:"lookups"`        // names looked up
	Reset          int64 `json:"reset"`          // of those that we ended, by RST
	KeptByServer   int64 `json:"kept_by_server"` // told to be closed by the server, which did not in time
	TimeWait       int64 `json:"time_wait"`      // ended by our FIN first, which keeps a local port in TIME_WAIT unless the server answers it with a TLS alert
}

// Handshake is what a number of TLS handshakes came to.
type Handshake struct {
	Count       int64  `json:"count"`
	Version     string `json:"version"`
	Cipher      string `json:"cipher"`
	Curve       string `json:"curve,omitempty"` // X25519MLKEM768 is the post-quantum hybrid
	ALPN        string `json:"alpn,omitempty"`
	Certificate string `json:"certificate,omitempty"` // the server's key, such as "ECDSA P-256"
	ChainBytes  int    `json:"chain_bytes"`           // of the server's certificates together
	Resumed     bool   `json:"resumed"`
}

// Kernel is what the system (for HTTP/3: QUIC) knew about an arm's connections.
type Kernel struct {
	Connections   int64   `json:"connections"` // that were asked
	RTTMean       float64 `json:"rtt_mean"`    // of the smoothed round-trip times
	RTTMin        float64 `json:"rtt_min"`
	RTTMax        float64 `json:"rtt_max"`
	RTTVarMean    float64 `json:"rtt_var_mean"`
	Retransmits   int64   `json:"retransmits"`
	WindowMean    float64 `json:"window_mean"` // congestion window, in segments
	WindowMin     int64   `json:"window_min"`
	SegmentsOut   int64   `json:"segments_out"`
	SegmentsIn    int64   `json:"segments_in"`
	BytesAcked    int64   `json:"bytes_acked"`
	BytesReceived int64   `json:"bytes_received"`
}

// Generator is the load generator's audit of itself during the arm's trials.
type Generator struct {
	CPUSeconds      float64 `json:"cpu_seconds"`
	CPUShare        float64 `json:"cpu_share"`         // of the CPUs it may use, 0..1
	SchedLatencyP50 float64 `json:"sched_latency_p50"` // how long a runnable goroutine waited for a CPU, seconds
	SchedLatencyP99 float64 `json:"sched_latency_p99"`
	GCPauseSeconds  float64 `json:"gc_pause_seconds"`
	GCCPUSeconds    float64 `json:"gc_cpu_seconds"` // of CPUSeconds, spent on garbage collection; an estimate of the Go runtime
}

// Operation is what one operation of the mix did in one arm.
type Operation struct {
	Name string `json:"name"` // of a scenario's step: "scenario/step"
	Numbers
	Checks []Check `json:"checks,omitempty"`
}

// Check is how often a check was passed by responses of its operation.
type Check struct {
	Name   string `json:"name"`
	Passed int64  `json:"passed"`
	Failed int64  `json:"failed"`
}

// Scenario is what the iterations of one scenario came to.
type Scenario struct {
	Name      string        `json:"name"`
	Begun     int64         `json:"begun"`
	Completed int64         `json:"completed"` // all steps succeeded
	Time      stats.Summary `json:"time"`      // of completed ones, from the first step's intended start to the last one's end, pauses included
}

// Stage is one stretch of a load that changes, all blocks together.
type Stage struct {
	Stage        int           `json:"stage"`   // of the plan, from 0. Ramps are cut into several stretches
	From         float64       `json:"from"`    // level at its beginning: iterations per second, or workers
	To           float64       `json:"to"`      // and at its end
	Start        float64       `json:"start"`   // seconds since the beginning of the trial
	Seconds      float64       `json:"seconds"` // of each trial
	Requests     int64         `json:"requests"`
	Errors       int64         `json:"errors"`
	OfferedRate  float64       `json:"offered_rate"` // iterations; 0 in the closed model
	AchievedRate float64       `json:"achieved_rate"`
	ResponseTime stats.Summary `json:"response_time"` // without histogram
}

// Sessions is what became of the arm's sessions, over its whole life.
type Sessions struct {
	Begun            int64 `json:"begun"`
	Workers          int64 `json:"workers"`           // most at the same time
	Missed           int64 `json:"missed"`            // iterations that fell due while no worker was free; they were made late
	SetupRequests    int64 `json:"setup_requests"`    // calls of set-ups, not measured
	SetupFailures    int64 `json:"setup_failures"`    // set-ups that failed
	TeardownRequests int64 `json:"teardown_requests"` // likewise of teardowns
	TeardownFailures int64 `json:"teardown_failures"`
}

// Threshold is a condition that the plan asks the result to meet.
type Threshold struct {
	Condition string  `json:"condition"`
	Met       bool    `json:"met"`
	Value     float64 `json:"value"`             // that was compared, in the result's units
	Problem   string  `json:"problem,omitempty"` // why it could not be told; it is not met then
	Aborted   bool    `json:"aborted,omitempty"` // it ended the run
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
