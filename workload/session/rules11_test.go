package session

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestRule_11_1_ASecondGoroutineIsRefused(t *testing.T) {
	came, release := make(chan struct{}), make(chan struct{})
	server := record(t, func(r *received) string {
		if r.Target == "/slow" {
			came <- struct{}{}
			<-release
		}
		return reply(200, "")
	})
	s := testSession(t)
	prepared, err := s.Prepare(&Request{URL: server.url + "/slow"})
	if err != nil {
		t.Fatal(err)
	}
	for name, slow := range map[string]func() error{
		"Do":      func() error { return second(s.Get(t.Context(), server.url+"/slow")) },
		"Send":    func() error { return second(s.Send(t.Context(), prepared)) },
		"Measure": func() error { var call Call; s.Measure(t.Context(), prepared, &call); return call.Err },
	} {
		t.Run(name, func(t *testing.T) {
			sent := len(server.all())
			first := make(chan error, 1)
			go func() { first <- slow() }()
			<-came
			isKind(t, second(s.Get(t.Context(), server.url)), ErrConcurrentUse)
			isKind(t, second(s.Send(t.Context(), prepared)), ErrConcurrentUse)
			isKind(t, second(s.Prepare(&Request{URL: server.url})), ErrConcurrentUse)
			var call Call
			s.Measure(t.Context(), prepared, &call)
			if isKind(t, call.Err, ErrConcurrentUse); call.Class == "" || call.Finished != call.Started || call.Attempts != 0 {
				t.Errorf("%+v", call)
			}
			release <- struct{}{}
			if err := <-first; err != nil {
				t.Errorf("the first call: %v", err)
			}
			must(t, s, &Request{URL: server.url})
			if got := len(server.all()) - sent; got != 2 {
				t.Errorf("the server got %d requests", got)
			}
		})
	}
}

// Somebody else begins a call while a hook has the session, and goes on when it ends.
func TestRule_11_1_ASecondGoroutineDuringAHook(t *testing.T) {
	came, release := make(chan struct{}), make(chan struct{})
	server := record(t, func(r *received) string {
		if r.Target == "/slow" {
			came <- struct{}{}
			<-release
		}
		return reply(200, "")
	})
	s := testSession(t)
	other := make(chan error, 1)
	hook := func(*Hop) error {
		go func() { other <- second(s.Get(t.Context(), server.url+"/slow")) }()
		<-came
		return nil
	}
	r := &Request{URL: server.url, Hooks: Hooks{Before: []func(*Hop) error{hook}}}
	isKind(t, second(s.Do(t.Context(), r)), ErrConcurrentUse)
	isKind(t, second(s.Get(t.Context(), server.url)), ErrConcurrentUse)
	release <- struct{}{}
	if err := <-other; err != nil {
		t.Errorf("the other call: %v", err)
	}
	must(t, s, &Request{URL: server.url})
}

func TestRule_11_1_ASessionForEachGoroutine(t *testing.T) {
	server := record(t, func(r *received) string { return reply(200, r.Target, "Set-Cookie: who="+r.Target[1:]) })
	common := testSession(t)
	prepared, err := common.Prepare(&Request{Method: "POST", URL: server.url + "/shared", Body: Text("body")})
	if err != nil {
		t.Fatal(err)
	}
	var workers sync.WaitGroup
	for _, name := range []string{"/a", "/b", "/c", "/d"} {
		s := testSession(t)
		workers.Go(func() {
			for range 20 {
				resp, err := s.Get(t.Context(), server.url+name)
				if err != nil {
					t.Error(err)
					return
				}
				if text, err := resp.Text(); text != name || err != nil {
					t.Errorf("%q, %v", text, err)
				}
				var call Call
				if s.Measure(t.Context(), prepared, &call); call.Err != nil {
					t.Error(call.Err)
				}
			}
		})
	}
	workers.Wait()
}

func TestRule_11_2_ResponsesAreHandedOn(t *testing.T) {
	server := record(t, func(r *received) string { return reply(200, `["`+r.Target+`"]`) })
	s := testSession(t)
	whole := must(t, s, &Request{URL: server.url + "/whole"})
	read := make(chan error, 1)
	go func() {
		var value []string
		read <- whole.JSON(&value)
	}()
	must(t, s, &Request{URL: server.url + "/meanwhile"})
	if err := <-read; err != nil {
		t.Error(err)
	}

	streamed := must(t, s, &Request{URL: server.url + "/streamed", Stream: true})
	go func() { // while nobody else uses the session
		data, err := io.ReadAll(streamed.Body)
		if err == nil && string(data) != `["/streamed"]` {
			err = errors.New(string(data))
		}
		read <- err
	}()
	if err := <-read; err != nil {
		t.Error(err)
	}
	if resp := must(t, s, &Request{URL: server.url}); !resp.Reused() || server.connections() != 1 {
		t.Errorf("%d connections", server.connections())
	}
}

// A nester calls from within whatever it is asked.
type nester struct {
	t    *testing.T
	s    *Session
	url  string
	home string // goroutine of the call
	seen []string
}

func goroutine() string {
	var buf [64]byte
	name, _, _ := strings.Cut(string(buf[:runtime.Stack(buf[:], false)]), " [")
	return name
}

func (n *nester) nest(from string) {
	if got := goroutine(); got != n.home {
		n.t.Errorf("%s runs on %s, not %s", from, got, n.home)
	}
	n.seen = append(n.seen, from)
	inner := &Request{URL: n.url + "/inner", Auth: NoAuth{}}
	resp, err := n.s.Do(n.t.Context(), inner)
	if err != nil {
		n.t.Errorf("a call from %s: %v", from, err)
		return
	}
	if text, err := resp.Text(); text != "inner" || err != nil {
		n.t.Errorf("a call from %s: %q, %v", from, text, err)
	}
	p, err := n.s.Prepare(inner)
	if err != nil {
		n.t.Errorf("a call from %s: %v", from, err)
		return
	}
	var call Call
	if n.s.Measure(n.t.Context(), p, &call); call.Err != nil || call.Status != 200 {
		n.t.Errorf("a measured call from %s: %+v", from, call)
	}
}

func (n *nester) Authenticate(*Hop) error { n.nest("Authenticate"); return nil }

func (n *nester) Answer(*Hop, int, []string) bool { n.nest("Answer"); return true }

func TestRule_11_3_NestedCallsOnTheSameGoroutine(t *testing.T) {
	var outer int
	server := record(t, func(r *received) string {
		if r.Target == "/inner" {
			return reply(200, "inner")
		}
		outer++
		if outer%2 == 1 {
			return reply(401, "", "WWW-Authenticate: Odd", "Set-Cookie: challenged=1")
		}
		return reply(201, "outer")
	})
	s := testSession(t)
	n := &nester{t: t, s: s, url: server.url, home: goroutine()}
	r := &Request{URL: server.url, Auth: n, Hooks: Hooks{
		Before: []func(*Hop) error{func(*Hop) error { n.nest("Before"); return nil }},
		After:  []func(*Response) (*Response, error){func(*Response) (*Response, error) { n.nest("After"); return nil, nil }},
	}}
	order := []string{"Authenticate", "Before", "After", "Answer", "Authenticate", "Before", "After"}
	resp := must(t, s, r)
	if text, err := resp.Text(); text != "outer" || resp.Status != 201 || err != nil {
		t.Errorf("%d %q, %v", resp.Status, text, err)
	}
	equalLists(t, "order", n.seen, order...)
	for _, after := range []bool{true, false} {
		n.seen = nil
		want := order
		if !after {
			r.Hooks.After = nil
			want = []string{"Authenticate", "Before", "Answer", "Authenticate", "Before"}
		}
		p, err := s.Prepare(r)
		if err != nil {
			t.Fatal(err)
		}
		var call Call
		if s.Measure(t.Context(), p, &call); call.Err != nil || call.Status != 201 || call.Attempts != 2 {
			t.Errorf("%+v", call)
		}
		equalLists(t, "order when measured", n.seen, want...)
	}
}

func TestRule_11_3_UsableAfterAPanicInAHook(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	p, err := s.Prepare(&Request{URL: server.url, Hooks: Hooks{Before: []func(*Hop) error{func(*Hop) error { panic("mine") }}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []func(){
		func() { _, _ = s.Send(t.Context(), p) },
		func() { s.Measure(t.Context(), p, new(Call)) },
	} {
		func() {
			defer func() {
				if recover() != "mine" {
					t.Error("the panic was lost")
				}
			}()
			call()
		}()
		must(t, s, &Request{URL: server.url})
	}
}
