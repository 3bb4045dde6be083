package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// planFacts are the few facts about a run that only its plan tells, as they
// stand there: "" where it does not tell them.
type planFacts struct {
	target, rate, arrivals, workers, maxWorkers, duration, requests, warmup, blocks, seed, trace string

	connect  string // how connections are opened
	stages   stageFacts
	ownRates float64 // of the mix's items together; 0: they have none
	renews   bool    // sessions are renewed
	hasSetup bool    // or a teardown
	scenario bool    // there is one in the mix, so that iterations and requests are not the same
}

// stageFacts are what a load that changes comes to.
type stageFacts struct {
	count       int
	rate        bool    // it is the rate that changes
	most        float64 // highest level that is led to
	length      time.Duration
	lengthKnown bool
}

// readPlan takes what it can from a plan and never fails: a report without one
// of these facts is better than no report.
func readPlan(raw json.RawMessage) planFacts {
	plan := object(raw)
	load, session := object(plan["load"]), object(plan["session"])
	p := planFacts{
		target:     scalar(plan["target"]),
		rate:       scalar(load["rate"]),
		arrivals:   scalar(load["arrivals"]),
		workers:    scalar(load["workers"]),
		maxWorkers: scalar(load["max_workers"]),
		duration:   scalar(load["duration"]),
		requests:   scalar(load["requests"]),
		warmup:     scalar(load["warmup"]),
		blocks:     scalar(load["blocks"]),
		seed:       scalar(load["seed"]),
		trace:      scalar(load["trace"]),
		connect:    connectFacts(object(plan["connection"]), session),
		stages:     readStages(load["stages"]),
		renews:     scalar(session["renew_every"]) != "",
		hasSetup:   len(list(plan["setup"])) > 0 || len(list(plan["teardown"])) > 0,
	}
	for _, item := range list(plan["mix"]) {
		p.ownRates += number(object(item)["rate"])
		p.scenario = p.scenario || len(list(object(item)["steps"])) > 0
	}
	return p
}

func readStages(raw json.RawMessage) stageFacts {
	s := stageFacts{lengthKnown: true}
	for _, each := range list(raw) {
		stage := object(each)
		s.count++
		s.rate = s.rate || stage["rate"] != nil
		s.most = max(s.most, number(stage["rate"]), number(stage["workers"]))
		length, err := time.ParseDuration(scalar(stage["duration"]))
		s.length += length
		s.lengthKnown = s.lengthKnown && err == nil && length > 0 && s.length > 0
	}
	return s
}

func object(raw json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

func list(raw json.RawMessage) []json.RawMessage {
	var l []json.RawMessage
	if json.Unmarshal(raw, &l) != nil {
		return nil
	}
	return l
}

// number is 0 for what is none.
func number(raw json.RawMessage) float64 {
	var v float64
	if json.Unmarshal(raw, &v) != nil || !finite(v) {
		return 0
	}
	return v
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
	if p == (planFacts{target: p.target, connect: p.connect, stages: stageFacts{lengthKnown: true}, hasSetup: p.hasSetup, renews: p.renews, scenario: p.scenario}) {
		return ""
	}
	model, open := p.model()
	parts := []string{model}
	add := func(format, value string) {
		if value != "" {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	switch {
	case !open && p.stages.count == 0:
		add("workers: %s", p.workers)
	case open:
		if p.trace == "" {
			add("%s arrivals", p.arrivals)
		}
		if p.maxWorkers == "" {
			add("up to %s workers", p.workers)
		} else {
			add("%s workers", p.workers)
			add("and up to %s while none is free", p.maxWorkers)
		}
	}
	add("%s measured per arm", p.duration)
	add(p.unit()+" per arm: %s", p.requests)
	add("blocks: %s", p.blocks)
	add("warm-up %s", p.warmup)
	add("seed %s", p.seed)
	return strings.Join(parts, ", ")
}

// unit is what rates and numbers of a plan count.
func (p planFacts) unit() string {
	if p.scenario {
		return "iterations"
	}
	return "requests"
}

// model tells what is offered, and whether that is so whatever the server does.
func (p planFacts) model() (text string, open bool) {
	switch {
	case p.stages.count > 0 && p.stages.rate:
		return "open model: " + p.stages.text("per second"), true
	case p.stages.count > 0:
		return "closed model: " + p.stages.text("workers"), false
	case p.trace != "":
		return "open model: the arrivals in " + p.trace + " in each block", true
	case p.rate != "":
		return "open model: " + p.rate + " " + p.unit() + " per second", true
	case p.ownRates > 0:
		return "open model: " + level(p.ownRates) + " per second by the operations' own rates", true
	}
	return "closed model", false
}

func (s stageFacts) text(of string) string {
	text := plural(int64(s.count), "stage", "stages") + " up to " + level(s.most) + " " + of
	if s.lengthKnown {
		text += ", " + s.length.String() + " in each block"
	}
	return text
}
