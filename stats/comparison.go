package stats

// A Verdict says what the comparison of two arms showed.
type Verdict string

const (
	Better            Verdict = "better" // the arm is better than the baseline
	Worse             Verdict = "worse"
	Indistinguishable Verdict = "indistinguishable"
	TooFewTrials      Verdict = "too_few_trials"
)

// An Estimate is a value with its confidence interval. Where there were too few
// blocks for an interval, Confidence is 0 and Lo and Hi equal Value.
type Estimate struct {
	Value      float64 `json:"value"`
	Lo         float64 `json:"lo"`
	Hi         float64 `json:"hi"`
	Confidence float64 `json:"confidence"` // 0..1, e.g. 0.95
}

// A Comparison sets one arm against the baseline in one metric.
type Comparison struct {
	Metric        string  `json:"metric"` // e.g. "response_time.p50", "achieved_rate", "error_rate"
	Baseline      string  `json:"baseline"`
	Arm           string  `json:"arm"`
	BaselineValue float64 `json:"baseline_value"` // seconds, per second, or a share 0..1
	ArmValue      float64 `json:"arm_value"`

	// Ratio is arm / baseline; nil where the baseline is zero, or zero in so many of the
	// resamples that the ratio has no upper limit, or where nothing was measured.
	Ratio *Estimate `json:"ratio"`
	// Difference is arm - baseline in the metric's unit; nil where nothing was measured.
	Difference *Estimate `json:"difference"`
	// PValue is that of the rank test over blocks; nil where it could not be done.
	PValue  *float64 `json:"p_value"`
	Verdict Verdict  `json:"verdict"`

	// Attribution splits the difference of the mean response time into its parts, in
	// seconds: schedule_lag and the phases. Only metric response_time.mean has it, and
	// its values add up to Difference.Value. It is nil where the parts are not known.
	Attribution map[string]float64 `json:"attribution,omitempty"`

	// Blocks is the number of pairs of trials compared; when unpaired, the number of
	// trials of the arm that has fewer.
	Blocks int `json:"blocks"`
}
