package stats

// A Summary is a distribution in figures. All times are seconds.
type Summary struct {
	Count  int64   `json:"count"`
	Mean   float64 `json:"mean"`
	Stddev float64 `json:"stddev"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	P50    float64 `json:"p50"`
	P75    float64 `json:"p75"`
	P90    float64 `json:"p90"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
	P999   float64 `json:"p99.9"`
	P9999  float64 `json:"p99.99"`

	// Clamped counts values outside the histogram's range of zero to one hour.
	Clamped int64 `json:"clamped"`
	// Histogram is the whole histogram in HdrHistogram's V2 compressed encoding,
	// base64; the unit is nanoseconds.
	Histogram string `json:"histogram,omitempty"`
}
