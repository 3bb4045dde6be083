package stats

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

func TestTalliesMergeInAnyOrderToThatOfAllCalls(t *testing.T) {
	random := rand.New(rand.NewPCG(20, 20))
	samples := randomSamples(random, 600)
	for _, s := range samples {
		s.Operation = 0
	}
	a, b, c := tallyOf(samples[:100], 0), tallyOf(samples[100:350], 0), tallyOf(samples[350:], 0)
	want := tallyOf(samples, 0)
	checkTally(t, a.Merge(b).Merge(c), want)
	checkTally(t, c.Merge(b.Merge(a)), want)
	checkTally(t, MergeTallies(b, c, a), want)
	if got := MergeTallies(); !reflect.DeepEqual(got, Tally{}) {
		t.Errorf("of none: %+v", got)
	}
}

func TestMergeDoesNotTouchTheMapsOfItsOperands(t *testing.T) {
	a := Tally{Classes: map[string]int64{"timeout": 1}, Status: map[int]int64{200: 1}}
	b := Tally{Classes: map[string]int64{"timeout": 2, "reset": 1}, Status: map[int]int64{200: 5}}
	merged := a.Merge(b)
	if !maps.Equal(merged.Classes, map[string]int64{"timeout": 3, "reset": 1}) || merged.Status[200] != 6 {
		t.Errorf("%v %v", merged.Classes, merged.Status)
	}
	if len(a.Classes) != 1 || a.Classes["timeout"] != 1 || a.Status[200] != 1 || b.Classes["timeout"] != 2 {
		t.Error("an operand changed")
	}
}

func TestMergedTallyKeepsANameThatAllHave(t *testing.T) {
	list, item := Tally{Name: "list"}, Tally{Name: "item"}
	if got := MergeTallies(list, list).Name; got != "list" {
		t.Errorf("got %q", got)
	}
	if got := MergeTallies(list, item, list).Name; got != "" {
		t.Errorf("got %q", got)
	}
	if got := (Trial{Operations: []Tally{list}}).Total().Name; got != "" {
		t.Errorf("total is called %q", got)
	}
}

func TestTrialsOfOneBlockMergeToOneFromTheFirstStartToTheLastFinish(t *testing.T) {
	a := Trial{
		Arm: "fresh", Block: 2, Position: 1, Started: 10 * time.Second, Window: time.Second, Elapsed: 1100 * time.Millisecond,
		Offered: 30, Operations: []Tally{{Name: "list", Requests: 3}, {Name: "item", Requests: 4}},
		Series: []Second{{At: 10, Requests: 5}, {At: 11, Requests: 2}},
	}
	b := Trial{
		Arm: "fresh", Block: 2, Position: 1, Started: 9900 * time.Millisecond, Window: time.Second, Elapsed: time.Second,
		Offered: 20, Operations: []Tally{{Name: "item", Requests: 5}, {Name: "pay", Requests: 6}},
		Series: []Second{{At: 9, Requests: 1}, {At: 11, Requests: 10}},
	}
	got, err := MergeTrials(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if got.Started != b.Started || got.Elapsed != 1200*time.Millisecond || got.Window != time.Second || got.Offered != 50 {
		t.Errorf("%+v", got)
	}
	want := map[string]int64{"list": 3, "item": 9, "pay": 6}
	for _, tally := range got.Operations {
		if tally.Requests != want[tally.Name] {
			t.Errorf("%s: %d requests, want %d", tally.Name, tally.Requests, want[tally.Name])
		}
		delete(want, tally.Name)
	}
	if len(want) != 0 {
		t.Errorf("missing %v", want)
	}
	if !reflect.DeepEqual(got.Series, []Second{{At: 9, Requests: 1}, {At: 10, Requests: 5}, {At: 11, Requests: 12}}) {
		t.Errorf("%+v", got.Series)
	}
	if a.Operations[1].Requests != 4 || len(a.Series) != 2 || a.Series[1].Requests != 2 {
		t.Error("an operand changed")
	}
}

func TestTrialsOfDifferentArmsOrBlocksDoNotMerge(t *testing.T) {
	for _, other := range []Trial{{Arm: "pooled"}, {Arm: "fresh", Block: 1}} {
		if _, err := MergeTrials(Trial{Arm: "fresh"}, other); err == nil {
			t.Errorf("merged with %+v", other)
		}
	}
	if _, err := MergeTrials(); err == nil {
		t.Error("merged nothing")
	}
}
