package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// planFacts are the few facts about a run that only its plan tells, as they
// stand there: "" where it does not tell them.
type planFacts struct {
	target, rate, arrivals, workers, duration, requests, warmup, blocks, seed string
}

// readPlan takes what it can from a plan and never fails: a report without one
// of these facts is better than no report.
func readPlan(raw json.RawMessage) planFacts {
	plan := object(raw)
	load := object(plan["load"])
	return planFacts{
		target:   scalar(plan["target"]),
		rate:     scalar(load["rate"]),
		arrivals: scalar(load["arrivals"]),
		workers:  scalar(load["workers"]),
		duration: scalar(load["duration"]),
		requests: scalar(load["requests"]),
		warmup:   scalar(load["warmup"]),
		blocks:   scalar(load["blocks"]),
		seed:     scalar(load["seed"]),
	}
}

func object(raw json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// scalar writes a string or a number as it stands; anything else, and a zero,
// which stands for "not set", as "". Seeds have more digits than a float64.
func scalar(raw json.RawMessage) string {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return ""
	}
	switch v := v.(type) {
	case string:
		return clean(v)
	case json.Number:
		if v.String() != "0" {
			return v.String()
		}
	}
	return ""
}

// load tells the load model in a line, or "" where the plan does not.
func (p planFacts) load() string {
	if p == (planFacts{target: p.target}) {
		return ""
	}
	var parts []string
	add := func(format, value string) {
		if value != "" {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	if p.rate != "" {
		add("open model: %s requests per second", p.rate)
		add("%s arrivals", p.arrivals)
		add("up to %s workers", p.workers)
	} else {
		parts = append(parts, "closed model")
		add("workers: %s", p.workers)
	}
	add("%s measured per arm", p.duration)
	add("requests per arm: %s", p.requests)
	add("blocks: %s", p.blocks)
	add("warm-up %s", p.warmup)
	add("seed %s", p.seed)
	return strings.Join(parts, ", ")
}
