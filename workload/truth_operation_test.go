package workload_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sessbench/workload"
)

// operation draws one.
func (sc *truthScene) operation(part string, item, step int, uses *truthOp) workload.Operation {
	r := sc.random
	op := &truthOp{key: fmt.Sprintf("%s%d-%d", part, item, step), part: part, item: item, step: step, okCheck: -1, nth: 2 + r.Int64N(9)}
	op.name = "op " + op.key
	op.method = pick(r, "GET", "GET", "PUT", "POST")
	sc.ops[op.key] = op
	o := workload.Operation{Name: op.name, Method: op.method, URL: "/op/" + op.key, Think: sc.think()}
	if sc.numbered {
		sc.values(op, &o, uses)
	}
	op.redirects = sc.numbered && op.method == "GET" && sc.one(4)
	op.extract = pick(r, "", "", "text", "number", "bool", "list", "object", "header", "cookie", "regexp", "form")
	sc.addChecks(op, &o)
	sc.addExtraction(op, &o)
	if sc.flawed {
		op.flaw = pick(r, "", "", "500", "slow", "404", "notok", "lacks")
		if sc.numbered && part == "mix" {
			op.flaw = pick(r, op.flaw, "drop", "cut", "drop", "cut", "hang")
			bounded := func(a workload.Arm) bool { return a.PoolSize > 0 } // others would wait for the connection that hangs
			if op.flaw == "hang" && slices.ContainsFunc(sc.plan.Arms, bounded) {
				op.flaw = "drop"
			}
		}
		if sc.retried && sc.numbered && op.method != "POST" && sc.one(2) {
			op.flaw = "503"
		}
		if op.flaw == "hang" { // once, for which a load takes that long; the others have that much time
			o.Timeout = &workload.Timeout{Total: workload.Duration(time.Second)}
		}
		if op.flaw == "404" {
			op.expects404 = true
			o.Expect = []string{"2xx", "404"}
		}
	}
	return o
}

// values puts values into a request.
func (sc *truthScene) values(op *truthOp, o *workload.Operation, uses *truthOp) {
	r := sc.random
	op.place = pick(r, "", "header")
	if op.method != "GET" {
		op.place = pick(r, "header", "form", "json", "body")
	}
	query := [][2]string{{"q", "{{seq()}}"}, {"w", "{{worker}}"}, {"s", "{{session}}"}, {"i", "{{iteration}}"}, {"r", "{{randint(0, 1000000)}}"}}
	if sc.one(2) {
		for _, v := range query {
			o.Params = o.Params.Add(v[0], v[1])
		}
	} else {
		for i, v := range query {
			o.URL += string("?&&&&"[i]) + v[0] + "=" + v[1]
		}
	}
	var list [][2]string
	for _, f := range sc.feeds {
		if sc.one(2) && (op.part == "mix" || f.pick == workload.PerWorker || op.part == "setup" && f.pick == workload.Unique) {
			op.feeds = append(op.feeds, f)
			list = append(list, [2]string{f.name + "_id", f.name + ".id"}, [2]string{f.name + "_val", f.name + ".val"})
		}
	}
	if uses != nil && sc.one(2) {
		op.uses = uses
		list = append(list, [2]string{"x", "v_" + strings.ReplaceAll(uses.key, "-", "_")})
	}
	if len(list) == 0 && op.place != "json" {
		op.place = ""
	}
	sc.write(op, o, list)
}

func (sc *truthScene) write(op *truthOp, o *workload.Operation, list [][2]string) {
	switch op.place {
	case "":
		for _, v := range list {
			o.Params = o.Params.Add(v[0], "{{"+v[1]+"}}")
		}
	case "header":
		for _, v := range list {
			o.Headers = o.Headers.Add("X-T-"+v[0], "{{urlquery("+v[1]+")}}")
		}
	case "form":
		for _, v := range list {
			o.Form = o.Form.Add(v[0], "{{"+v[1]+"}}")
		}
	case "json":
		object := map[string]string{"n_w": "{{worker}}", "n_b": "{{worker == 0}}", "t": "w{{worker}}"}
		for _, v := range list {
			object[v[0]] = "{{" + v[1] + "}}"
		}
		o.JSON, _ = json.Marshal(object)
	case "body":
		var lines []string
		for _, v := range list {
			lines = append(lines, v[0]+"={{urlquery("+v[1]+")}}")
		}
		o.Body = []byte(strings.Join(lines, "\n"))
	}
}

func (sc *truthScene) addChecks(op *truthOp, o *workload.Operation) {
	if sc.one(2) {
		op.okCheck = 0
		c := workload.Check{Expr: `header("X-Ok") == "true"`}
		if op.extract != "form" && op.extract != "regexp" && sc.one(2) {
			c = workload.Check{Name: "is ok", Expr: "json.ok"}
		}
		o.Check = append(o.Check, c)
	}
	if sc.one(4) {
		op.statusToo = true
		o.Check = append(o.Check, workload.Check{Name: "status", Expr: "status < 500"})
	}
	if sc.one(4) {
		o.Check = append(o.Check, workload.Check{Expr: "size > 0 && duration < 1h"})
	}
	op.checks = len(o.Check)
}

func (sc *truthScene) addExtraction(op *truthOp, o *workload.Operation) {
	if op.extract == "" {
		return
	}
	x := workload.Extraction{Name: "v_" + strings.ReplaceAll(op.key, "-", "_")}
	switch op.extract {
	case "header":
		x.Header = "X-Value"
	case "cookie":
		x.Cookie = "c_" + op.key
	case "regexp":
		x.Regexp = "is <([^>]*)>"
	case "form":
		x.Form = "x"
	default:
		x.JSON = "v.0.x"
	}
	o.Extract = append(o.Extract, x)
}

// value is what an operation gives.
func (o *truthOp) value(n int64) any {
	switch o.extract {
	case "number":
		return float64(n*1_000_003) + 0.5*float64(n%2)
	case "bool":
		return n%2 == 0
	case "list":
		return []any{float64(n), "a<b", nil, true}
	case "object":
		return map[string]any{"id": strconv.FormatInt(n, 10), "of": []any{"é", 1.5}}
	case "header", "cookie":
		return "n" + strconv.FormatInt(n*7919, 36)
	case "regexp":
		return fmt.Sprintf("%d & %%41 \"x\" é", n)
	}
	return fmt.Sprintf("%d <&> %%41 \"x\"\té", n)
}

// givesText says whether the value is one.
func (o *truthOp) givesText() bool {
	return o == nil || !slices.Contains([]string{"number", "bool", "list", "object"}, o.extract)
}

// decide says what becomes of a request.
func (o *truthOp) decide(c *truthCall, n int64, first, hangs bool) {
	c.dropped, c.status, c.ok, c.lacks, c.slow = false, 200, true, false, false
	if o.flaw == "" || first || (n*2654435761>>7)%o.nth != 0 {
		return
	}
	if o.part == "setup" && (c.which < 1 || o.flaw == "slow" || o.flaw == "404") {
		return // without the first sessions there is no run
	}
	switch o.flaw {
	case "500", "503":
		c.status, c.ok = atoi(o.flaw), false
	case "404":
		c.status = 404
	case "slow":
		c.slow = true
	case "notok":
		c.ok = false
	case "lacks":
		c.lacks = true
	case "drop", "cut":
		c.dropped = true
	case "hang":
		c.dropped = hangs
	}
}
