package stats

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// sample returns a call that started late after it was intended and then went
// through the phases given.
func sample(intended, late time.Duration, phases map[Phase]time.Duration) *Sample {
	s := &Sample{Intended: intended, Started: intended + late, Attempts: 1, Status: 200}
	s.Finished = s.Started
	for p, d := range phases {
		s.Phases[p] = d
		s.Finished += d
	}
	return s
}

func waited(intended, wait time.Duration) *Sample {
	return sample(intended, 0, map[Phase]time.Duration{Wait: wait})
}

func failedAfter(intended, wait time.Duration, class string) *Sample {
	s := waited(intended, wait)
	s.Class, s.Status = class, 0
	return s
}

func trialOf(r *Recorder) Trial {
	var trial Trial
	r.Trial(&trial)
	return trial
}

// randomSamples are calls of two operations over a few seconds: some late, some
// early, some failed.
func randomSamples(random *rand.Rand, n int) []*Sample {
	samples := make([]*Sample, n)
	for i := range samples {
		phases := map[Phase]time.Duration{}
		for p := range NumPhases {
			if random.IntN(3) > 0 {
				phases[p] = time.Duration(random.ExpFloat64() * float64(time.Millisecond))
			}
		}
		s := sample(time.Duration(random.Int64N(int64(5*time.Second))), 0, phases)
		if random.IntN(2) == 0 {
			late := time.Duration(random.Int64N(int64(time.Millisecond)))
			s.Started += late
			s.Finished += late
		}
		s.Operation = random.IntN(2)
		s.Reused = random.IntN(2) == 0
		s.BytesIn, s.BytesOut = random.Int64N(1000), random.Int64N(1000)
		s.Retries, s.Redirects = random.IntN(3), random.IntN(3)
		switch random.IntN(10) {
		case 0:
			s.Class, s.Status = "timeout", 0
		case 1:
			s.Class, s.Status = "status", 503
		case 2:
			s.Status = 999
		}
		samples[i] = s
	}
	return samples
}

// tallyOf works a tally out the slow way.
func tallyOf(samples []*Sample, operation int) Tally {
	t := Tally{Classes: map[string]int64{}, Status: map[int]int64{}}
	var response, service, lag, failed []time.Duration
	var phases [NumPhases][]time.Duration
	for _, s := range samples {
		if s.Operation != operation {
			continue
		}
		t.Requests++
		t.Attempts += int64(s.Attempts)
		t.Retries += int64(s.Retries)
		t.Redirects += int64(s.Redirects)
		t.BytesIn += s.BytesIn
		t.BytesOut += s.BytesOut
		if s.Reused {
			t.Reused++
		}
		if s.Status != 0 {
			t.Status[s.Status]++
		}
		if s.Class != "" {
			t.Errors++
			t.Classes[s.Class]++
			failed = append(failed, s.Finished-s.Intended)
			continue
		}
		response = append(response, s.Finished-s.Intended)
		service = append(service, s.Finished-s.Started)
		lag = append(lag, s.Started-s.Intended)
		for p := range phases {
			phases[p] = append(phases[p], s.Phases[p])
		}
	}
	t.Response, t.Service, t.Lag, t.Failed = frozen(response...), frozen(service...), frozen(lag...), frozen(failed...)
	for p := range phases {
		t.Phases[p] = frozen(phases[p]...)
	}
	return t
}

func checkTally(t *testing.T, got, want Tally) {
	t.Helper()
	if got.Requests != want.Requests || got.Errors != want.Errors || got.Attempts != want.Attempts ||
		got.Retries != want.Retries || got.Redirects != want.Redirects ||
		got.Reused != want.Reused || got.BytesIn != want.BytesIn || got.BytesOut != want.BytesOut {
		t.Errorf("counts: got %+v\nwant %+v", got, want)
	}
	if !maps.Equal(got.Classes, want.Classes) || !maps.Equal(got.Status, want.Status) {
		t.Errorf("classes %v, status %v; want %v and %v", got.Classes, got.Status, want.Classes, want.Status)
	}
	for name, of := range map[string]func(Tally) Distribution{
		"response": func(t Tally) Distribution { return t.Response },
		"service":  func(t Tally) Distribution { return t.Service },
		"lag":      func(t Tally) Distribution { return t.Lag },
		"failed":   func(t Tally) Distribution { return t.Failed },
	} {
		if !equal(of(got), of(want)) {
			t.Errorf("%s: got %+v\nwant %+v", name, of(got), of(want))
		}
	}
	for p := range NumPhases {
		if !equal(got.Phases[p], want.Phases[p]) {
			t.Errorf("phase %v: got %+v\nwant %+v", p, got.Phases[p], want.Phases[p])
		}
	}
}

func TestRecorderTalliesWhatWasRecordedWhicheverShardTookIt(t *testing.T) {
	samples := randomSamples(rand.New(rand.NewPCG(11, 11)), 2000)
	for _, shards := range []int{-1, 1, 3} {
		r := NewRecorder([]string{"list", "item"}, 0, shards)
		for i, s := range samples {
			r.Record(i-7, s)
		}
		trial := trialOf(r)
		if trial.Operations[0].Name != "list" || trial.Operations[1].Name != "item" {
			t.Errorf("names %q, %q", trial.Operations[0].Name, trial.Operations[1].Name)
		}
		for i, tally := range trial.Operations {
			checkTally(t, tally, tallyOf(samples, i))
		}
	}
}

func TestRecorderLosesNothingUnderConcurrentWorkers(t *testing.T) {
	samples := randomSamples(rand.New(rand.NewPCG(12, 12)), 3000)
	r := NewRecorder([]string{"list", "item"}, 0, 2)
	const workers = 8
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < len(samples); i += workers {
				r.Record(worker, samples[i])
				if i%100 == 0 {
					r.Live()
				}
			}
		})
	}
	group.Wait()
	for i, tally := range trialOf(r).Operations {
		checkTally(t, tally, tallyOf(samples, i))
	}
	if live := r.Live(); live.Requests != int64(len(samples)) {
		t.Errorf("live requests %d of %d", live.Requests, len(samples))
	}
}

func TestRecorderKeepsFailedCallsOutOfTheTimesOfSuccessfulOnes(t *testing.T) {
	r := NewRecorder([]string{"get"}, 0, 1)
	r.Record(0, waited(0, 20*time.Millisecond))
	r.Record(0, failedAfter(0, time.Millisecond, "refused"))
	tally := trialOf(r).Operations[0]
	if tally.Response.Count != 1 || tally.Response.Min != 20*time.Millisecond {
		t.Errorf("response %+v", tally.Response)
	}
	if tally.Failed.Count != 1 || tally.Failed.Sum != time.Millisecond || tally.Phases[Wait].Count != 1 {
		t.Errorf("failed %+v, wait %+v", tally.Failed, tally.Phases[Wait])
	}
}

func TestRecorderSumsOfPhasesAndLagAddUpToResponseTime(t *testing.T) {
	r := NewRecorder([]string{"a", "b"}, 0, 2)
	for i, s := range randomSamples(rand.New(rand.NewPCG(13, 13)), 500) {
		r.Record(i, s)
	}
	total := trialOf(r).Total()
	sum := total.Lag.Sum
	for _, p := range total.Phases {
		sum += p.Sum
	}
	if sum != total.Response.Sum || total.Lag.Sum+total.Service.Sum != total.Response.Sum {
		t.Errorf("parts %v, lag and service %v, response %v", sum, total.Lag.Sum+total.Service.Sum, total.Response.Sum)
	}
}

func TestRecorderIsReusedWithoutATraceOfTheTrialBefore(t *testing.T) {
	samples := randomSamples(rand.New(rand.NewPCG(14, 14)), 600)
	first, second := samples[:300], samples[300:]
	r := NewRecorder([]string{"list", "item"}, 0, 2)
	for i, s := range first {
		r.Record(i, s)
	}
	before := trialOf(r)
	r.Reset()
	if live := r.Live(); live != (Live{}) {
		t.Errorf("live after reset: %+v", live)
	}
	for i, s := range second {
		r.Record(i, s)
	}
	after := trialOf(r)
	for i := range before.Operations {
		checkTally(t, before.Operations[i], tallyOf(first, i))
		checkTally(t, after.Operations[i], tallyOf(second, i))
	}
	if got := requestsOf(after.Series); got != int64(len(second)) {
		t.Errorf("series of %d requests, want %d", got, len(second))
	}
}

func requestsOf(series []Second) (n int64) {
	for _, s := range series {
		n += s.Requests
	}
	return n
}

func TestSeriesCountsEveryCallInTheSecondInWhichItFinishedInWhateverOrderTheyCome(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 15))
	for _, shards := range []int{1, 3} {
		r := NewRecorder([]string{"list", "item"}, 0, shards)
		want := map[int64]*Second{}
		for i, s := range randomSamples(random, 1500) {
			r.Record(i, s)
			at := int64(s.Finished / time.Second)
			if want[at] == nil {
				want[at] = &Second{At: at}
			}
			want[at].Requests++
			if s.Class != "" {
				want[at].Errors++
				continue
			}
			one := histogram{digits: coarseDigits}
			one.record(s.Finished - s.Intended)
			want[at].Response = want[at].Response.Merge(one.freeze())
		}
		series := trialOf(r).Series
		if !slices.IsSortedFunc(series, func(a, b Second) int { return int(a.At - b.At) }) || len(series) != len(want) {
			t.Fatalf("%d seconds, want %d in order", len(series), len(want))
		}
		for _, got := range series {
			w := want[got.At]
			if got.Requests != w.Requests || got.Errors != w.Errors || !equal(got.Response, w.Response) {
				t.Errorf("second %d: got %+v\nwant %+v", got.At, got, *w)
			}
		}
	}
}

func TestLiveTellsOfTheMostRecentSecondOnly(t *testing.T) {
	r := NewRecorder([]string{"get"}, 0, 2)
	if live := r.Live(); live != (Live{}) {
		t.Errorf("before the first call: %+v", live)
	}
	for i := range 100 {
		r.Record(0, waited(time.Second, time.Second/10))
		r.Record(1, waited(time.Duration(30+i%2)*time.Second, 10*time.Millisecond))
	}
	r.Record(1, failedAfter(31*time.Second, 900*time.Millisecond, "timeout"))
	live := r.Live()
	if live.Requests != 201 || live.Errors != 1 {
		t.Errorf("%d requests, %d errors", live.Requests, live.Errors)
	}
	if live.P50 != 10*time.Millisecond || live.P99 != 10*time.Millisecond {
		t.Errorf("p50 %v, p99 %v; want 10ms, without the second long past", live.P50, live.P99)
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	for name, samples := range map[string][]Sample{
		"pooled": pooledSamples(), "fresh": freshSamples(), "open": openSamples(),
	} {
		r := NewRecorder([]string{"get"}, 0, 4)
		for i := range samples {
			r.Record(0, &samples[i])
		}
		i := 0
		// The series turns to another second about once in 4000 samples.
		if n := testing.AllocsPerRun(3000, func() { r.Record(0, &samples[i]); i++ }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestMemoryOfARunIsBounded(t *testing.T) {
	samples := freshSamples()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := NewRecorder([]string{"get"}, 0, 4)
	var trials []Trial
	for range 3 * 10 {
		for i := range samples {
			r.Record(i, &samples[i])
		}
		trials = append(trials, trialOf(r))
		r.Reset()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 30<<20 {
		t.Errorf("%d trials and their recorder take %d MB", len(trials), used>>20)
	} else {
		t.Logf("%d trials and their recorder take %.1f MB", len(trials), float64(used)/(1<<20))
	}
	runtime.KeepAlive(r)
	runtime.KeepAlive(trials)
}

func TestMemoryOfAnHourlongTrialIsBounded(t *testing.T) {
	random := rand.New(rand.NewPCG(16, 16))
	r := NewRecorder([]string{"get"}, 0, 4)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for second := range 3600 {
		for i := range 100 {
			wait := time.Duration(random.ExpFloat64() * float64(5*time.Millisecond))
			r.Record(i, waited(time.Duration(second)*time.Second, wait))
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 40<<20 {
		t.Errorf("an hour takes %d MB", used>>20)
	} else {
		t.Logf("an hour takes %.1f MB", float64(used)/(1<<20))
	}
	runtime.KeepAlive(r)
}
