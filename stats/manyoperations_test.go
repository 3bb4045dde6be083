package stats

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
)

// manyOperations is how many operations a large plan has.
const manyOperations = 10_000

func namesOf(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("operation %d", i)
	}
	return names
}

// recordEverywhere records each samples in every operation of every shard.
func recordEverywhere(r *Recorder, samples []Sample, each int) {
	n := 0
	for operation := range r.operations {
		for worker := range r.shards {
			for range each {
				s := samples[n%len(samples)]
				s.Operation = operation
				r.Record(worker, &s)
				n++
			}
		}
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestMemoryOfManyOperationsIsBounded(t *testing.T) {
	for name, samples := range map[string][]Sample{"fresh": freshSamples(), "open": openSamples()} {
		before := heap()
		r := NewRecorder(namesOf(manyOperations), 0, 4)
		recordEverywhere(r, samples, 5)
		used := heap() - before
		if used > 200<<20 {
			t.Errorf("%s: %d operations take %d MB", name, manyOperations, used>>20)
		} else {
			t.Logf("%s: %d operations take %.1f MB", name, manyOperations, float64(used)/(1<<20))
		}
		if live := r.Live(); live.Requests != manyOperations*4*5 {
			t.Errorf("%d requests", live.Requests)
		}
	}
}

func TestOperationsWithoutASampleTakeNoMemory(t *testing.T) {
	names := namesOf(manyOperations)
	before := heap()
	r := NewRecorder(names, 0, 4)
	r.Record(0, waited(0, time.Millisecond))
	if used := heap() - before; used > 2<<20 {
		t.Errorf("%d operations, one of them used, take %d kB", manyOperations, used>>10)
	}
	runtime.KeepAlive(r)
}

// Histograms that there was no room for to be dense count as well as the others.
func TestNoMoreHistogramsAreDenseThanThereIsRoomForAndAllCount(t *testing.T) {
	random := rand.New(rand.NewPCG(30, 30))
	const operations, shards = 60, 2
	r := NewRecorder(namesOf(operations), 0, shards)
	samples := randomSamples(random, 1500)
	for _, s := range samples {
		s.Class, s.Status = "", 200
	}
	for operation := range operations {
		for worker := range shards {
			for _, s := range samples {
				s.Operation = operation
				r.Record(worker, s)
			}
		}
	}
	dense, sparse := 0, 0
	for _, sh := range r.shards {
		for _, recorder := range sh.operations {
			for _, h := range recorder.histograms() {
				if h.counts != nil {
					dense++
				} else if h.few != nil && h.few.TotalCount() > fewValues {
					sparse++
				}
			}
		}
	}
	if dense != denseMost || sparse == 0 {
		t.Errorf("%d histograms are dense and %d have no room; want %d and some", dense, sparse, denseMost)
	}
	once := tallyOf(samples, operations-1)
	want := once.Merge(once)
	for _, tally := range trialOf(r).Operations {
		checkTally(t, tally, want)
	}
}

func TestAResetIsForTheOperationsThatWereUsed(t *testing.T) {
	r := NewRecorder(namesOf(manyOperations), 0, 1)
	for trial := range 3 {
		for i := range 10 {
			s := waited(0, time.Millisecond)
			s.Operation = (trial + 1) * i
			r.Record(0, s)
			r.Record(0, s)
		}
		if used := r.shards[0].used; len(used) != 10 {
			t.Errorf("trial %d: %d operations are used", trial, len(used))
		}
		for i, tally := range trialOf(r).Operations {
			want := int64(0)
			if i%(trial+1) == 0 && i/(trial+1) < 10 {
				want = 2
			}
			if tally.Requests != want || tally.Response.Count != want {
				t.Errorf("trial %d, operation %d: %d requests, want %d", trial, i, tally.Requests, want)
			}
		}
		r.Reset()
	}
}

// A fine histogram holds what one of the library's would, whatever it keeps it in.
func TestHistogramIsThatOfTheLibraryHoweverManyValuesItHolds(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 31))
	none := 0
	for _, room := range []*int{nil, &none} {
		for _, n := range []int{1, 2, 50, fewValues - 1, fewValues, fewValues + 1, 5 * fewValues} {
			h := histogram{digits: fineDigits, room: room}
			for range 2 { // the second time with what the first one left
				want := newCounts(fineDigits)
				zeros := int64(0)
				for _, d := range durations(random, n) {
					h.record(d)
					if d == 0 {
						zeros++
						continue
					}
					if err := want.RecordValue(int64(d)); err != nil {
						t.Fatal(err)
					}
				}
				buckets := libraryBuckets(want)
				if zeros > 0 {
					buckets = mergeBuckets([]Bucket{{Count: zeros}}, buckets)
				}
				if got := h.freeze(); got.Count != int64(n) || !slices.Equal(got.Buckets, buckets) {
					t.Fatalf("%d values: got %d in %v\nwant %v", n, got.Count, got.Buckets, buckets)
				}
				h.reset()
			}
		}
	}
}

func TestTalliesOfManyOperationsMergeInATree(t *testing.T) {
	random := rand.New(rand.NewPCG(32, 32))
	for _, n := range []int{1, 2, 3, 7, 100} {
		samples := randomSamples(random, n*3)
		tallies := make([]Tally, n)
		for i := range tallies {
			part := samples[3*i : 3*i+3]
			for _, s := range part {
				s.Operation = 0
			}
			tallies[i] = tallyOf(part, 0)
		}
		checkTally(t, MergeTallies(tallies...), tallyOf(samples, 0))
	}
}

func largeRecorder() *Recorder {
	r := NewRecorder(namesOf(manyOperations), 0, 4)
	recordEverywhere(r, pooledSamples(), 5)
	return r
}

func BenchmarkLiveOfManyOperations(b *testing.B) {
	r := largeRecorder()
	b.ReportAllocs()
	for b.Loop() {
		r.Live()
	}
}

func BenchmarkRecordAmongManyOperations(b *testing.B) {
	r := largeRecorder()
	samples := pooledSamples()
	for i := range samples {
		samples[i].Operation = i * 7 % manyOperations
		r.Record(0, &samples[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Record(0, &samples[i%len(samples)])
	}
}

func BenchmarkResetAfterOneOfManyOperations(b *testing.B) {
	r := largeRecorder()
	s := waited(0, time.Millisecond)
	b.ReportAllocs()
	r.Reset()
	for b.Loop() {
		r.Record(0, s)
		r.Reset()
	}
}

func BenchmarkTrialOfManyOperations(b *testing.B) {
	r := largeRecorder()
	b.ReportAllocs()
	for b.Loop() {
		var trial Trial
		r.Trial(&trial)
	}
}

func BenchmarkTotalOfManyOperations(b *testing.B) {
	trial := trialOf(largeRecorder())
	b.ReportAllocs()
	for b.Loop() {
		trial.Total()
	}
}
