package stats

import "time"

// A tallyRecorder records the samples of one operation in one shard.
//
// In the closed model every call starts when it was intended, so response time
// equals service time and the lag is zero. Such calls are recorded once, in
// punctual, and the three distributions are put together when the tally is frozen;
// only calls that started late or early take three histograms.
type tallyRecorder struct {
	requests, errors, attempts, retries, redirects, reused int64
	bytesIn, bytesOut                                      int64

	status  []statusCount    // in the order in which they came: an operation has one or two
	classes map[string]int64 // nil until needed

	punctual histogram // service time of calls with started == intended
	service  histogram // of the other calls
	response histogram // of the other calls
	lag      histogram // of the other calls
	failed   histogram
	phases   [NumPhases]histogram
}

type statusCount struct {
	code  int
	count int64
}

// newTallyRecorder returns one whose histograms share room.
func newTallyRecorder(room *int) *tallyRecorder {
	t := new(tallyRecorder)
	for _, h := range t.histograms() {
		h.digits, h.room = fineDigits, room
	}
	return t
}

func (t *tallyRecorder) histograms() []*histogram {
	all := []*histogram{&t.punctual, &t.service, &t.response, &t.lag, &t.failed}
	for p := range t.phases {
		all = append(all, &t.phases[p])
	}
	return all
}

func (t *tallyRecorder) record(s *Sample, response time.Duration) {
	t.requests++
	t.attempts += int64(s.Attempts)
	t.retries += int64(s.Retries)
	t.redirects += int64(s.Redirects)
	t.bytesIn += s.BytesIn
	t.bytesOut += s.BytesOut
	if s.Reused {
		t.reused++
	}
	if s.Status != 0 {
		t.countStatus(s.Status)
	}
	if s.Class != "" {
		t.fail(s.Class, response)
		return
	}
	if s.Started == s.Intended {
		t.punctual.record(response)
	} else {
		t.service.record(s.Finished - s.Started)
		t.response.record(response)
		t.lag.record(s.Started - s.Intended)
	}
	for p := range t.phases {
		t.phases[p].record(s.Phases[p])
	}
}

func (t *tallyRecorder) fail(class string, response time.Duration) {
	if t.classes == nil {
		t.classes = map[string]int64{}
	}
	t.errors++
	t.classes[class]++
	t.failed.record(response)
}

func (t *tallyRecorder) countStatus(code int) {
	for i := range t.status {
		if t.status[i].code == code {
			t.status[i].count++
			return
		}
	}
	t.status = append(t.status, statusCount{code, 1})
}

func (t *tallyRecorder) freeze(name string) Tally {
	punctual := t.punctual.freeze()
	onTime := histogram{zeros: punctual.Count}
	tally := Tally{
		Name:      name,
		Requests:  t.requests,
		Errors:    t.errors,
		Attempts:  t.attempts,
		Retries:   t.retries,
		Redirects: t.redirects,
		Reused:    t.reused,
		BytesIn:   t.bytesIn,
		BytesOut:  t.bytesOut,
		Classes:   mergeCounts(t.classes, nil),
		Status:    t.statusCounts(),
		Response:  punctual.Merge(t.response.freeze()),
		Service:   punctual.Merge(t.service.freeze()),
		Lag:       onTime.freeze().Merge(t.lag.freeze()),
		Failed:    t.failed.freeze(),
	}
	for p := range t.phases {
		tally.Phases[p] = t.phases[p].freeze()
	}
	return tally
}

func (t *tallyRecorder) statusCounts() map[int]int64 {
	if len(t.status) == 0 {
		return nil
	}
	counts := make(map[int]int64, len(t.status))
	for _, s := range t.status {
		counts[s.code] = s.count
	}
	return counts
}

func (t *tallyRecorder) reset() {
	for _, h := range t.histograms() {
		h.reset()
	}
	clear(t.classes)
	*t = tallyRecorder{
		status:   t.status[:0],
		classes:  t.classes,
		punctual: t.punctual,
		service:  t.service,
		response: t.response,
		lag:      t.lag,
		failed:   t.failed,
		phases:   t.phases,
	}
}
