package stats

import "time"

// statusCodes is the number of status codes that are counted without a map: all
// that HTTP defines.
const statusCodes = 600

// A tallyRecorder records the samples of one operation in one shard.
//
// In the closed model every call starts when it was intended, so response time
// equals service time and the lag is zero. Such calls are recorded once, in
// punctual, and the three distributions are put together when the tally is frozen;
// only calls that started late or early take three histograms.
type tallyRecorder struct {
	requests, errors, attempts, retries, redirects, reused int64
	bytesIn, bytesOut                                      int64

	status    [statusCodes]int64
	oddStatus map[int]int64 // outside 1..599
	classes   map[string]int64

	punctual histogram // service time of calls with started == intended
	service  histogram // of the other calls
	response histogram // of the other calls
	lag      histogram // of the other calls
	failed   histogram
	phases   [NumPhases]histogram
}

func (t *tallyRecorder) init() {
	t.oddStatus = map[int]int64{}
	t.classes = map[string]int64{}
	for _, h := range t.histograms() {
		h.digits = fineDigits
	}
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
	if 0 < s.Status && s.Status < statusCodes {
		t.status[s.Status]++
	} else if s.Status != 0 {
		t.oddStatus[s.Status]++
	}
	if s.Class != "" {
		t.errors++
		t.classes[s.Class]++
		t.failed.record(response)
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
	counts := mergeCounts(t.oddStatus, nil)
	for code, n := range t.status {
		if n == 0 {
			continue
		}
		if counts == nil {
			counts = map[int]int64{}
		}
		counts[code] = n
	}
	return counts
}

func (t *tallyRecorder) reset() {
	for _, h := range t.histograms() {
		h.reset()
	}
	clear(t.oddStatus)
	clear(t.classes)
	*t = tallyRecorder{
		oddStatus: t.oddStatus,
		classes:   t.classes,
		punctual:  t.punctual,
		service:   t.service,
		response:  t.response,
		lag:       t.lag,
		failed:    t.failed,
		phases:    t.phases,
	}
}
