package workload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"sessbench/result"
	"sessbench/workload/script"
	"sessbench/workload/session"
)

// A tried plan is one that is carried out once.
type tried struct {
	session *session.Session
	program *program
	plan    *Plan
	scope   *script.Scope
	rows    *rows
}

// newTrial compiles all operations, so that what is wrong with the last one is found before the first one
// is sent.
func (p *Plan) newTrial(s *session.Session, target *url.URL) (*tried, error) {
	names, err := p.language()
	if err != nil {
		return nil, err
	}
	feeds, err := readFeeds(p.Feeds)
	if err != nil {
		return nil, err
	}
	program, err := compile(p, names, s, target, false)
	if err != nil {
		return nil, err
	}
	t := &tried{session: s, program: program, plan: p, scope: names.NewScope()}
	random := rand.New(rand.NewPCG(p.Load.Seed, valuesStream))
	t.rows = newRows(newCursors(feeds), random, 0, max(1, p.Load.Workers))
	var serial int64
	t.scope.Random, t.scope.Feeds = random, t.rows
	t.scope.Sequence = func() int64 { serial++; return serial }
	return t, nil
}

// all carries everything out, until ctx ends, and tells of each step.
func (t *tried) all(ctx context.Context, tell func(result.TracedOperation)) {
	each := func(part, scenario string, steps []step) {
		for i := range steps {
			if ctx.Err() != nil {
				return
			}
			o := t.step(ctx, &steps[i])
			o.Part, o.Scenario = part, scenario
			tell(o)
		}
	}
	each("setup", "", t.program.setup)
	for i := range t.program.items {
		it := &t.program.items[i]
		t.rows.iterate()
		scenario := ""
		if it.scenario >= 0 {
			scenario = t.program.scenarios[it.scenario]
		}
		each("mix", scenario, it.steps)
		t.scope.Iteration++
	}
	each("teardown", "", t.program.teardown)
}

// step carries one out.
func (t *tried) step(ctx context.Context, s *step) result.TracedOperation {
	o := result.TracedOperation{Name: s.name}
	request, _, err := s.rendering.request(t.session, t.scope)
	if err != nil {
		o.Error = &result.TracedError{Class: classRender, Message: err.Error()}
		return o
	}
	began := t.session.Clock.Now()
	resp, err := t.session.Send(ctx, request)
	o.URL, o.Elapsed = request.URL().String(), (t.session.Clock.Now() - began).Seconds()
	tracer := tracer{operation: &o, http: t.plan.httpName()}
	if resp != nil {
		tracer.responses(append(resp.History, resp))
		t.look(s, resp, &o)
	} else {
		tracer.failure(err)
	}
	for _, c := range t.session.Jar.All() {
		o.Jar = append(o.Jar, tracedCookie(c))
	}
	return o
}

// look checks a response and takes values from it.
func (t *tried) look(s *step, resp *session.Response, o *result.TracedOperation) {
	o.Unexpected = !s.expect.met(resp.Status)
	t.scope.Response = &whole{resp, time.Duration(o.Elapsed * float64(time.Second))}
	defer func() { t.scope.Response = nil }()
	for _, c := range s.checks {
		passed, err := c.Holds(t.scope)
		check := result.TracedCheck{Name: c.name, Passed: passed && err == nil}
		if err != nil {
			check.Problem = err.Error()
		}
		o.Checks = append(o.Checks, check)
	}
	for i, x := range s.extractors {
		value := result.TracedValue{Name: s.extracted[i]}
		if err := x.Take(t.scope); err != nil {
			value.Problem = err.Error()
		} else {
			t.scope.Each(func(name string, v any) {
				if name == value.Name {
					value.Value = fmt.Sprint(v)
				}
			})
		}
		o.Extracted = append(o.Extracted, value)
	}
}

// A whole response is one that was kept, as checks and extractions see it.
type whole struct {
	*session.Response
	duration time.Duration
}

func (w *whole) Status() int             { return w.Response.Status }
func (w *whole) Duration() time.Duration { return w.duration }
func (w *whole) Size() int64             { return w.CodedSize() }
func (w *whole) Body() ([]byte, error)   { return w.Bytes() }

func (w *whole) Header(name string) (value string, ok bool) {
	for _, line := range w.Response.Header {
		if strings.EqualFold(line.Name, name) {
			return line.Value, true
		}
	}
	return "", false
}

func (w *whole) EachHeader(each func(name, value string)) {
	for _, line := range w.Response.Header {
		each(line.Name, line.Value)
	}
}

func (w *whole) Cookie(name string) (value string, ok bool) {
	for _, c := range w.Cookies {
		if c.Name == name {
			return c.Value, true
		}
	}
	return "", false
}
