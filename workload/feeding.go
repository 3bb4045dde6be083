package workload

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"sessbench/workload/feed"
	"sessbench/workload/script"
)

// A feeding is a feed that was read. It is the same for every arm.
type feeding struct {
	name  string
	table *feed.Table
	pick  Pick
	wrap  bool
}

// readFeeds reads the feeds. The error is a *KeyError.
func readFeeds(feeds Feeds) ([]feeding, error) {
	var list []feeding
	for _, f := range feeds {
		key := "feeds." + f.Name
		read, path := feed.ReadCSV, f.CSV
		if f.JSONL != "" {
			read, path = feed.ReadJSONL, f.JSONL
		}
		table, err := read(path)
		if err != nil {
			return nil, &KeyError{key, fmt.Sprintf("cannot be read: %v", err)}
		}
		pick := cmp.Or(f.Pick, PerWorker)
		list = append(list, feeding{f.Name, table, pick, f.End == Wrap || f.End == "" && pick != Unique})
	}
	return list, nil
}

// A cursor is where an arm is in a feed. Every arm begins at the first row, so that all get the same values.
type cursor struct {
	*feeding
	*feed.Cursor
	ended atomic.Bool
}

func newCursors(feeds []feeding) []*cursor {
	list := make([]*cursor, len(feeds))
	for i := range feeds {
		list[i] = &cursor{feeding: &feeds[i], Cursor: feed.NewCursor(feeds[i].table, feeds[i].wrap)}
	}
	return list
}

// rows are the rows that a worker has now, drawn when a template first asks. They belong to the worker.
type rows struct {
	cursors []*cursor
	random  *rand.Rand
	worker  int64
	stride  int64 // workers that there may be
	session int64
	current []int // by feed; -1: not drawn yet
}

func newRows(cursors []*cursor, random *rand.Rand, worker, stride int) *rows {
	r := &rows{cursors: cursors, random: random, worker: int64(worker), stride: int64(stride), current: make([]int, len(cursors))}
	r.begin(0)
	return r
}

// begin is called for each session: all rows are new.
func (r *rows) begin(session int64) {
	r.session = session
	for i := range r.current {
		r.current[i] = -1
	}
}

// iterate is called for each iteration: those rows are new that do not stay for a session.
func (r *rows) iterate() {
	for i, c := range r.cursors {
		if c.pick != PerWorker {
			r.current[i] = -1
		}
	}
}

// Value is script.FeedReader's.
func (r *rows) Value(feed, column int) (string, error) {
	c := r.cursors[feed]
	if r.current[feed] < 0 {
		row, ok := r.draw(c)
		if !ok {
			c.ended.Store(true)
			return "", script.ErrEnded
		}
		r.current[feed] = row
	}
	return c.table.Text(r.current[feed], column), nil
}

func (r *rows) draw(c *cursor) (row int, ok bool) {
	switch c.pick {
	case PerWorker:
		return c.At(r.worker + r.session*r.stride)
	case AtRandom:
		return r.random.IntN(c.table.Rows()), true
	}
	return c.Next()
}
