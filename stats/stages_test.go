package stats

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

func TestRecorderTalliesStagesBesideOperations(t *testing.T) {
	random := rand.New(rand.NewPCG(40, 40))
	samples := randomSamples(random, 3000)
	for _, s := range samples {
		s.Stage = random.IntN(3)
	}
	r := NewRecorder([]string{"list", "item"}, 4, 3)
	for round := range 2 { // the second one after a reset
		for i, s := range samples {
			r.Record(i, s)
		}
		trial := trialOf(r)
		if len(trial.Stages) != 4 {
			t.Fatalf("%d stages", len(trial.Stages))
		}
		for i, got := range trial.Stages {
			want := stageOf(samples, i)
			if got.Offered != 0 || got.Requests != want.Requests || got.Errors != want.Errors || !equal(got.Response, want.Response) {
				t.Errorf("round %d, stage %d: got %+v\nwant %+v", round, i, got, want)
			}
		}
		for i, tally := range trial.Operations {
			checkTally(t, tally, tallyOf(samples, i))
		}
		r.Reset()
	}
}

// stageOf works a stage's tally out the slow way.
func stageOf(samples []*Sample, stage int) StageTally {
	var tally StageTally
	var response []time.Duration
	for _, s := range samples {
		switch {
		case s.Stage != stage:
			continue
		case s.Class != "":
			tally.Errors++
		default:
			response = append(response, s.Finished-s.Intended)
		}
		tally.Requests++
	}
	tally.Response = frozen(response...)
	return tally
}

func TestALoadWithoutStagesHasNoneWhateverItsSamplesSay(t *testing.T) {
	r := NewRecorder([]string{"get"}, 0, 2)
	s := waited(0, time.Millisecond)
	s.Stage = 7
	r.Record(0, s)
	if got := trialOf(r).Stages; got != nil {
		t.Errorf("%+v", got)
	}
}

func TestASampleOfAStageThatIsNotThereIsAFaultThatLeavesTheRecorderUsable(t *testing.T) {
	r := NewRecorder([]string{"get"}, 2, 1)
	for _, stage := range []int{-1, 2} {
		s := waited(0, time.Millisecond)
		s.Stage = stage
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("stage %d of 2 was recorded", stage)
				}
			}()
			r.Record(0, s)
		}()
	}
	r.Record(0, waited(0, time.Millisecond))
	if trial := trialOf(r); trial.Stages[0].Requests != 1 || trial.Operations[0].Requests != 1 {
		t.Errorf("%+v", trial)
	}
}

func TestRecordingStagesAllocatesNothing(t *testing.T) {
	samples := openSamples()
	r := NewRecorder([]string{"get"}, 3, 4)
	for i := range samples {
		samples[i].Stage = i % 3
		r.Record(0, &samples[i])
	}
	i := 0
	if n := testing.AllocsPerRun(3000, func() { r.Record(0, &samples[i]); i++ }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestStagesOfTrialsMergeByPlace(t *testing.T) {
	one := frozen(time.Millisecond)
	a := Trial{Stages: []StageTally{{Offered: 3, Requests: 2, Errors: 1, Response: one}, {Offered: 5, Requests: 5}}}
	b := Trial{Stages: []StageTally{{Offered: 30, Requests: 20, Errors: 10, Response: one}, {Requests: 7}, {Offered: 9, Errors: 1}}}
	want := []StageTally{{33, 22, 11, frozen(time.Millisecond, time.Millisecond)}, {5, 12, 0, Distribution{}}, {9, 0, 1, Distribution{}}}
	for _, pair := range [][]Trial{{a, b}, {b, a}} {
		got, err := MergeTrials(pair...)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Stages, want) {
			t.Errorf("got %+v\nwant %+v", got.Stages, want)
		}
	}
	if a.Stages[0].Offered != 3 || b.Stages[0].Offered != 30 {
		t.Error("an operand changed")
	}
	if got, _ := MergeTrials(Trial{}, Trial{}); got.Stages != nil {
		t.Errorf("of none: %+v", got.Stages)
	}
}

func TestOperationsMergeByNameWhereverTheyStand(t *testing.T) {
	a := Trial{Operations: []Tally{{Name: "a", Requests: 1}, {Name: "b", Requests: 2}, {Name: "c", Requests: 3}}}
	b := Trial{Operations: []Tally{{Name: "c", Requests: 30}, {Name: "d", Requests: 40}, {Name: "a", Requests: 10}, {Name: "b", Requests: 20}}}
	got, err := MergeTrials(a, b)
	if err != nil {
		t.Fatal(err)
	}
	want := []Tally{{Name: "a", Requests: 11}, {Name: "b", Requests: 22}, {Name: "c", Requests: 33}, {Name: "d", Requests: 40}}
	if !reflect.DeepEqual(got.Operations, want) {
		t.Errorf("%+v", got.Operations)
	}
}

func BenchmarkRecordWithStages(b *testing.B) {
	samples := openSamples()
	r := NewRecorder([]string{"get"}, 3, 4)
	for i := range samples {
		samples[i].Stage = i % 3
		r.Record(0, &samples[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Record(0, &samples[i%len(samples)])
	}
}
