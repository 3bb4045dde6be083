package workload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"

	"sessbench/internal/nearest"
	"sessbench/result"
	"sessbench/workload/script"
	"sessbench/workload/session"
)

// A tried plan is one that is carried out once.
type tried struct {
	session *session.Session
	program *program
	plan    *Plan
	only    []string // of the mix; nil: all
	scope   *script.Scope
	rows    *notedRows
}

// newTrial compiles all operations, so that what is wrong with the last one is found before the first one
// is sent.
func (p *Plan) newTrial(s *session.Session, target *url.URL, only []string) (*tried, error) {
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
	t := &tried{session: s, program: program, plan: p, only: only, scope: names.NewScope()}
	random := rand.New(rand.NewPCG(p.Load.Seed, sessionStream))
	t.rows = &notedRows{rows: newRows(newCursors(feeds), random, 0, max(1, p.Load.Workers))}
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
		scenario := ""
		if it.scenario >= 0 {
			scenario = t.program.scenarios[it.scenario]
		}
		steps := slices.DeleteFunc(slices.Clone(it.steps), func(s step) bool { return !t.wanted(scenario, s.name) })
		if len(steps) == 0 {
			continue
		}
		t.rows.iterate()
		each("mix", scenario, steps)
		t.scope.Iteration++
	}
	each("teardown", "", t.program.teardown)
}

// wanted says whether an operation of the mix, or a step of a scenario, is to be tried.
func (t *tried) wanted(scenario, name string) bool {
	if scenario == "" {
		return t.only == nil || slices.Contains(t.only, name)
	}
	return t.only == nil || slices.Contains(t.only, scenario) || slices.Contains(t.only, scenario+"/"+name)
}

// CheckOnly says which of the names that Options.Only is to have nothing in the mix has.
func (p *Plan) CheckOnly(names []string) error {
	var known []string
	for i := range p.Mix {
		o := &p.Mix[i]
		known = append(known, o.Name)
		for j := range o.Steps {
			known = append(known, o.Name+"/"+o.Steps[j].Name)
		}
	}
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		isName := func(o Operation) bool { return o.Name == name }
		if slices.ContainsFunc(p.Setup, isName) || slices.ContainsFunc(p.Teardown, isName) {
			return fmt.Errorf("%q is not of the mix; the set-up and the teardown are carried out whatever is tried of it", maskName(name))
		}
		if near := nearest.To(name, known); near != "" {
			return fmt.Errorf("nothing in the mix is named %q; did you mean %s?", maskName(name), maskName(near))
		}
		return fmt.Errorf("nothing in the mix is named %q; name an operation, a scenario, or a step as scenario/step", maskName(name))
	}
	return nil
}

// step carries one out.
func (t *tried) step(ctx context.Context, s *step) result.TracedOperation {
	o := result.TracedOperation{Name: s.name, Expected: s.plan.Expect, Exchanges: []result.TracedExchange{}, Jar: []result.TracedCookie{}}
	t.rows.noted = nil
	if request, _, err := s.rendering.request(t.session, t.scope); err == nil {
		t.send(ctx, s, request, &o)
	} else {
		o.Error = &result.TracedError{Class: classRender, Message: t.whyNotRendered(err)}
	}
	o.Feeds = t.rows.noted
	for _, c := range t.session.Jar.All() {
		o.Jar = append(o.Jar, tracedCookie(c))
	}
	return o
}

func (t *tried) whyNotRendered(err error) string {
	if errors.Is(err, script.ErrEnded) {
		return fmt.Sprintf("the feed %s has no further row, which would end the load of a run", t.rows.ended)
	}
	return err.Error()
}

func (t *tried) send(ctx context.Context, s *step, request *session.Prepared, o *result.TracedOperation) {
	began := t.session.Clock.Now()
	resp, err := t.session.Send(ctx, request)
	o.URL, o.Elapsed = request.URL().String(), (t.session.Clock.Now() - began).Seconds()
	tracer := tracer{operation: o, http: t.plan.httpName()}
	if resp == nil {
		tracer.failure(err)
		return
	}
	tracer.responses(append(resp.History, resp))
	t.look(s, resp, o)
}
