package planfile

import (
	"time"

	"sessbench/workload"
)

// sections are all mappings whose keys are known, with everything that is said of the keys: the schema and the documentation are
// made of it, and a test holds the parser against it.
func sections() []section {
	var all []section
	for _, part := range [][]section{planSections(), loadSections(), armSections(), sessionSections(), connectionSections(), operationSections(), answerSections()} {
		all = append(all, part...)
	}
	return all
}

// Keys returns all keys of a plan, each where it is found first, by its path: "load.stages.rate". Lists have no part of their own in it, and
// NAME stands for a name of the user's.
func Keys() []Key {
	var all []Key
	for _, s := range sections() {
		if s.title == "" { // a part of another
			continue
		}
		for _, k := range s.keys {
			if s.at != "" {
				k.Name = s.at + "." + k.Name
			}
			all = append(all, k)
		}
	}
	return all
}

// quoted puts a default in the quotes that documentation has for values.
func quoted(text string) string { return "`" + text + "`" }

func quotedTime(d time.Duration) string { return quoted(time.Duration(d).String()) }

func planSections() []section {
	item := Type{"operation or scenario", either(ref("operation"), ref("scenario"))}
	once := Type{"operation", ref("once")}
	return []section{
		{name: "plan", title: "The plan", needs: either(schema{"required": []any{"mix"}}, schema{"required": []any{"include"}}), keys: []Key{
			{"include", some(fileName()), "", "", "", "[plans](#include) that this one builds on", "[base.yaml, checkout.yaml]"},
			{"target", text(), "the embedded test server", "", "URL", "scheme, host and port that relative URLs are requested from", "https://api.example.com"},
			{"arms", some(or(text(), object("arm"))), "`pooled` and `fresh`; with TLS `fresh-resumed` too", "", "--arms", "ways of using connections that are compared: names of policies, perhaps with [modifiers](plan.md#arms), or mappings. The first is the baseline", "[pooled, {name: five, requests_per_connection: 5}]"},
			{"http", httpVersion(), "`1.1`", "", "--http", "version of HTTP of arms that do not say", `"2"`},
			{"session", object("session"), "", "", "", "what every worker's session starts with", "{headers: {Accept: application/json}}"},
			{"connection", object("connection"), "", "", "", "how connections are opened", "{keep_alive: 30s}"},
			{"emulate", or(object("emulate"), duration()), "the real path", "", "", "a path that is emulated; a time alone is its `rtt`", "{rtt: 40ms, down: 20M, up: 5M}"},
			{"feeds", named("names", object("feed")), "", "", "", "tables of values for [templates](#templates)", "{users: {csv: users.csv}}"},
			{"setup", list(once), "", "", "", "what every session does first, in order, not measured", "[{post: /login, form: {user: me}}]"},
			{"mix", described("list of operations and scenarios", list(item)), "", "", "", "what is measured: operations, and scenarios of several", "[{get: /items}, {post: /items, json: {name: thing}}]"},
			{"teardown", list(once), "", "", "", "what every session does last, in order, not measured", "[{post: /logout}]"},
			{"load", object("load"), "", "", "", "how much is offered, and for how long", "{rate: 500, duration: 30s}"},
			{"thresholds", some(or(described("condition", text()), object("threshold"))), "", "", "", "what the result has to meet, or the exit code is 3", `["pooled.response_time.p99 < 50ms"]`},
			{"fail_if", some(described("condition", text())), "", "", "--fail-if", "what the result must not meet, or the exit code is 3", `["pooled.error_rate > 1%"]`},
			{"output", object("output"), "", "", "", "where the result goes", "{file: result.json}"},
			{"$schema", text(), "", "", "", "for editors; it has no effect", "./plan.schema.json"},
		}},
		{name: "output", at: "output", title: "Output", keys: []Key{
			{"file", text(), "none", "", "--out", "file that the result is saved in", "result.json"},
			{"format", text(), "`text`", "", "--format", "what goes to standard output", "json"},
			{"quiet", boolean(), "`false`", "", "--quiet", "no progress bar and no notes", "true"},
		}},
	}
}

// httpVersion is a version of HTTP. YAML takes some of them for numbers.
func httpVersion() Type { return version([]string{"1.1", "2", "h2c", "3"}, 1.1, 2, 3) }

// tlsVersion is a version of TLS.
func tlsVersion() Type {
	return version([]string{"1.0", "1.1", "1.2", "1.3"}, 1, 1.1, 1.2, 1.3)
}

func loadSections() []section {
	return []section{
		{name: "load", at: "load", title: "Load",
			about: "The closed model has so many workers, each of which begins its next iteration after the last one. In the open model iterations fall due by the clock, whatever the server does: by `rate`, by stages with rates, by a trace or by the rates of operations. See [shapes of load](#shapes-of-load).",
			keys: []Key{
				{"workers", whole(1), quoted(itoa(workload.DefaultWorkers)), "", "--workers", "workers at the start, each with a session of its own; of stages with workers, the most there are", "64"},
				{"max_workers", whole(1), "no more than `workers`", "", "--max-workers", "open model: as many as that are added while none is free", "500"},
				{"duration", duration(), quotedTime(workload.DefaultDuration), withUnit, "--duration", "measured time of each arm, all blocks together", "30s"},
				{"requests", whole(1), "", "iterations", "--requests", "iterations of each arm, all blocks together, in the place of `duration`", "10000"},
				{"rate", number(), "the closed model", "iterations/s", "--rate", "iterations that fall due", "500"},
				{"arrivals", oneOf(string(workload.Constant), string(workload.Poisson)), quoted(string(workload.Constant)), "", "--arrivals", "process by which they fall due", "poisson"},
				{"stages", filled(object("stage")), "", "", "", "a load that changes; every block goes through all of them. In the place of `duration`, `requests` and `rate`", "[{rate: 500, duration: 10s}, {rate: 500, duration: 20s}]"},
				{"trace", fileName(), "", "", "", "file of recorded arrivals, which every block replays; likewise", "arrivals.txt"},
				{"warmup", duration(), "a tenth of the measured time, at most `2s`", withUnit, "--warmup", "time of each arm before the first block, not measured", "1s"},
				{"blocks", whole(1), quoted(itoa(workload.DefaultBlocks)) + ", or as many as `requests`", "", "--blocks", "trials of each arm; in each block all arms take their turn, in an order drawn anew", "20"},
				{"seed", whole(0), quoted(itoa(workload.DefaultSeed)), "", "--seed", "what arrivals, rows, pauses and the order of arms are drawn from", "7"},
			}},
		{name: "stage", at: "load.stages", title: "Stages", keys: []Key{
			{"duration", duration(), "", withUnit, "", "how long it takes", "30s"},
			{"rate", number(), "", "iterations/s", "", "rate that it leads to", "500"},
			{"workers", whole(0), "", "", "", "number of workers that it leads to, in the closed model; all stages have one or the other", "50"},
			{"shape", oneOf(string(workload.Ramp), string(workload.Step), string(workload.Spike)), quoted(string(workload.Ramp)), "", "", "`ramp` leads there evenly from the level before, at first from 0; `step` at once; `spike` at once, and back at its end", "step"},
		}},
		{name: "threshold", at: "thresholds", title: "Thresholds", about: "A condition is written as `--fail-if` has it, but is true where all is well. A text alone is the condition.",
			needs: schema{"required": []any{"condition"}}, keys: []Key{
				{"condition", text(), "", "", "", "an arm, a number of its result, and a bound", "pooled.response_time.p99 < 50ms"},
				{"abort_early", boolean(), "`false`", "", "", "the run ends as soon as it is not met", "true"},
				{"grace", duration(), "`0s`", withUnit, "", "measured time of each arm before that", "10s"},
			}},
		{name: "feed", at: "feeds.NAME", title: "Feeds", about: "A table of texts, of which templates take one row at a time: `{{users.name}}` is the column `name` of the feed `users`. Files are UTF-8, though values in a CSV may be in any encoding and are taken as they are; every row has all columns. A column's name can have hyphens, points and blanks in it: `{{users[\"first name\"]}}`. What is no text in JSON, such as a number or a list, is taken as it is written; null is an error. Only `per-worker` keeps a row for a whole session: with the others the set-up takes one as an iteration does, and the next iteration another one. Every arm gets the same rows.", keys: []Key{
			{"csv", fileName(), "", "", "", "file with comma-separated values, whose first row names the columns; or", "users.csv"},
			{"jsonl", fileName(), "", "", "", "file with a JSON object in each line, whose members are the columns", "users.jsonl"},
			{"pick", oneOf(string(workload.PerWorker), string(workload.RoundRobin), string(workload.AtRandom), string(workload.Unique)), quoted(string(workload.PerWorker)), "", "", "`per-worker`: a row for each session; `round-robin`: the next row for each iteration, whoever makes it; `random`: any row for each iteration; `unique`: the next row, none twice", "unique"},
			{"end", oneOf(string(workload.Wrap), string(workload.Stop)), "`stop` for `unique`, otherwise `wrap`", "", "", "when all rows were taken: `wrap` begins again, `stop` ends the arm's load", "stop"},
		}},
	}
}
