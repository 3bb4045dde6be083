package planfile

// inLoad is about how much load is offered.
func inLoad(word string) string {
	switch word {
	case "vus", "users", "threads", "concurrency", "connections", "clients", "virtual_users":
		return "write workers: 10"
	case "max_vus", "max_users", "max_concurrency", "max":
		return "write max_workers: 200"
	case "rps", "qps", "tps", "throughput", "arrival_rate":
		return "write rate: 500"
	case "iterations", "count", "total":
		return "write requests: 10000"
	case "ramp_up", "ramp", "rampup", "phases", "steps", "profile":
		return "write stages: [{rate: 500, duration: 30s}]"
	case "time", "length", "run_time":
		return "write duration: 30s"
	case "arrival", "distribution", "process":
		return "write arrivals: poisson"
	case "replay", "timestamps", "offsets":
		return "write trace: arrivals.txt"
	case "think", "think_time", "weight", "pacing":
		return "write it in the operations of mix"
	case "renew_every":
		return "write it under session"
	}
	return ""
}

// inStage is about a stretch of a load that changes.
func inStage(word string) string {
	switch word {
	case "target", "to", "level":
		return "write rate: 500, or workers: 50"
	case "vus", "users", "concurrency":
		return "write workers: 50"
	case "rps", "qps", "arrival_rate":
		return "write rate: 500"
	case "time", "for", "length":
		return "write duration: 30s"
	case "type", "kind":
		return "write shape: ramp, step or spike"
	}
	return ""
}

// inThreshold is about a condition on the result.
func inThreshold(word string) string {
	switch word {
	case "if", "threshold", "expression", "assert":
		return "write condition: pooled.response_time.p99 < 50ms"
	case "abort", "abortonfail", "abort_on_fail":
		return "write abort_early: true"
	case "delay", "after", "delayaborteval", "delay_abort_eval":
		return "write grace: 10s"
	}
	return ""
}

// inExtraction is about what is taken from a response.
func inExtraction(word string) string {
	switch word {
	case "jsonpath", "json_path", "jmespath", "path", "body":
		return "write json: items.0.id"
	case "regex", "pattern", "match", "re":
		return "write regexp: 'id=(\\d+)'"
	case "headers":
		return "write header: ETag"
	case "cookies":
		return "write cookie: session"
	case "xpath", "css", "selector", "html", "field", "csrf":
		return "write form: csrf_token, for a field of an HTML form, or regexp"
	case "fallback", "else", "otherwise":
		return "write default: text"
	}
	return ""
}

// inThink is about a pause.
func inThink(word string) string {
	switch word {
	case "fixed", "time", "duration", "value":
		return "write constant: 200ms"
	case "min", "between", "from", "range", "random":
		return "write uniform: [1s, 3s]"
	case "gaussian", "gauss":
		return "write normal: {mean: 2s, deviation: 500ms}"
	case "poisson", "negative_exponential":
		return "write exponential: 2s"
	case "log_normal", "log-normal":
		return "write lognormal: {median: 2s, sigma: 0.5}"
	case "std", "stddev", "sd", "variance", "dev":
		return "write deviation: 500ms"
	case "mu":
		return "write median: 2s"
	case "limit", "cap":
		return "write max: 10s"
	}
	return ""
}
