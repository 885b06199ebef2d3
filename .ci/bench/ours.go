package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/margin"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/tally"
	"flightdeck/store"
	"flightdeck/store/company"
)

// ours is flightdeck: a Book, and the public analyses as panes ask them.
type ours struct {
	b       *analytics.Book
	d       *dims
	sliders *rule.Grading // in force, while weights are tried
}

// stream is a snapshot that makes its records as they are read, so that nothing but the Book holds them.
type stream struct {
	store.Snapshot
	size company.Size
	tee  func(*store.Records) error
}

func (s stream) Rev() store.Rev { return 1 }

func (s stream) Since(store.Rev, func(*store.Delta) error) error { return nil }

func (s stream) All(fn func(*store.Records) error) error {
	org := company.Org()
	if err := fn(&store.Records{Org: &org}); err != nil {
		return err
	}
	return generate(s.size, func(r *store.Records) error {
		if err := s.tee(r); err != nil {
			return err
		}
		return fn(r)
	})
}

// build makes the Book, the words behind the codes, and the checksum of the rows that a database must hold.
func build(dir string, size company.Size) (*ours, *checksum, error) {
	sum := &checksum{}
	d := newDeriver(sum)
	m := &folder{dir: dir, from: stream{size: size, tee: d.block}}
	live := analytics.NewLive(m, nil, analytics.Options{Now: func() time.Time { return now }})
	if err := live.Refresh(context.Background()); err != nil {
		return nil, nil, err
	}
	if err := live.Fold(context.Background()); err != nil { // clustered, as the databases' tables are
		return nil, nil, err
	}
	return &ours{live.Book(), d.dims, gradingOf(nil)}, sum, nil
}

// folder is a store that holds nothing but the chunks of a Book, in files that are mapped, as the product's own are: a Book of sixty million records and its chunks do not
// both fit into the memory of the machine that measures.
type folder struct {
	dir  string
	from stream
	data map[string][]byte
}

func (m *folder) View(_ context.Context, fn func(store.Snapshot) error) error { return fn(m.from) }

func (m *folder) Chunks(context.Context, string) (store.Chunks, error) {
	if m.data == nil {
		return nil, store.ErrNotFound
	}
	return m, nil
}

func (m *folder) Fold(_ context.Context, f store.Fold) error {
	m.data = map[string][]byte{}
	for _, c := range f.Chunks {
		if c.Make != nil {
			c.Data = c.Make()
		}
		data, err := m.mapped(c.Data)
		if err != nil {
			return fmt.Errorf("fold %s: %w", c.Name, err)
		}
		m.data[c.Name] = data
	}
	return nil
}

// mapped writes the parts into a file without a name and maps it.
func (m *folder) mapped(parts [][]byte) (data []byte, err error) {
	f, err := os.CreateTemp(m.dir, "chunk")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := os.Remove(f.Name()); err != nil {
		return nil, err
	}
	n := 0
	for _, p := range parts {
		if _, err := f.Write(p); err != nil {
			return nil, err
		}
		n += len(p)
	}
	if n == 0 {
		return []byte{}, nil
	}
	return syscall.Mmap(int(f.Fd()), 0, n, syscall.PROT_READ, syscall.MAP_SHARED)
}

func (m *folder) Rev() store.Rev                    { return 1 }
func (m *folder) Names() []string                   { return nil }
func (m *folder) Bytes(name string) ([]byte, error) { return m.data[name], nil }
func (m *folder) Check(string) error                { return nil }

func (o *ours) ask(q *question, p *params) (any, error) {
	return q.ask(o, p), nil
}

func (o *ours) rows(q *question, p *params, answer any) [][]int64 {
	return q.told(o, p, answer)
}

func (o *ours) name() string { return "flightdeck" }
func (o *ours) close() error { return nil }

func (o *ours) funnel(p *params) any    { return funnel.Of(o.b, p.scope) }
func (o *ours) heatmap(p *params) any   { return heatmap.Of(o.b, p.scope, p.q) }
func (o *ours) migration(p *params) any { return migration.Of(o.b, p.scope) }
func (o *ours) forecast(p *params) any  { return forecast.Of(o.b, p.scope) }

// whole adds only rows that count something: SQL has no row for nothing.
func whole(out [][]int64, n int, row ...int64) [][]int64 {
	if n == 0 {
		return out
	}
	return append(out, row)
}

func (o *ours) funnelRows(_ *params, answer any) (out [][]int64) {
	a := answer.(funnel.Answer)
	won := 0
	for i := range a.Stages {
		s := &a.Stages[i]
		code := o.d.stages.of[s.ID]
		out = whole(out, s.Count, 0, code, int64(s.Count), s.Amount.Money.Minor, int64(len(s.Amount.Missing)+s.NoAmount))
		out = whole(out, s.Entered, 1, code, int64(s.Entered), int64(s.Advanced), int64(s.Lost))
		out = whole(out, s.Stays, 2, code, int64(s.Stays), int64(2*s.MedianDays), 0)
		if s.Kind == store.StageWon {
			won += s.Count
		}
	}
	return whole(out, won, 3, 0, int64(won), int64(2*a.MedianCycle), 0)
}

func (o *ours) hourRows(_ *params, answer any) (out [][]int64) {
	a := answer.(heatmap.Answer)
	for i := range a.Rows {
		for j := range a.Cols {
			out = whole(out, a.At(i, j), int64(i*24+j), int64(a.At(i, j)))
		}
	}
	return whole(out, a.Unplaced, -1, int64(a.Unplaced))
}

func (o *ours) areaRows(p *params, answer any) (out [][]int64) {
	a := answer.(heatmap.Answer)
	for i, r := range a.Rows {
		var code int64
		switch strings.Count(r.Key, "/") {
		case 0:
			code = o.d.provinces.of[r.Key]
		case 1:
			code = o.d.cities.of[r.Key]
		default:
			code = o.d.districts.of[r.Key]
		}
		for j, c := range a.Cols {
			out = whole(out, a.At(i, j), code, int64(c.From+3)/7, int64(a.At(i, j)))
		}
	}
	return append(out, []int64{0, 0, int64(a.Unplaced)})
}

func (o *ours) migrationRows(_ *params, answer any) (out [][]int64) {
	a := answer.(migration.Answer)
	n := len(a.Grades) + 1
	for i := range n {
		for j := range n {
			s, c := a.At(i, j), a.Cell(i, j)
			out = whole(out, s.Count, 0, gradeCode(c.From), gradeCode(c.To), int64(s.Count), s.Money.Money.Minor, 0, 0)
		}
	}
	for i := range a.Flow {
		m := &a.Flow[i]
		out = append(out, []int64{1, monthOf(m.Period.From), int64(m.Up), int64(m.Down), int64(m.Entered), m.UpMoney.Money.Minor, m.DownMoney.Money.Minor})
	}
	return out
}

func (o *ours) forecastRows(_ *params, answer any) (out [][]int64) {
	a := answer.(forecast.Answer)
	for i := range a.Rows {
		r := &a.Rows[i]
		level, code, _ := o.d.node(r.Node)
		quota := int64(-1)
		if r.HasQuota {
			quota = r.Quota.Money.Minor
		}
		out = append(out, []int64{level, code, quota, r.Closed.Money.Minor, r.Commit.Money.Minor, r.BestCase.Money.Minor, r.Pipeline.Money.Minor, r.Omitted.Money.Minor,
			r.Weighted.Money.Minor, int64(r.Deals), int64(r.Won), int64(r.Overdue), int64(r.Stale)})
	}
	return out
}

// sold is one row of the margin question.
type sold struct{ lines, amount, cost int64 }

type marginAnswer struct {
	by    map[[2]int64]sold
	worst []outlet
}

type outlet struct {
	code int64
	sold
}

func (o *ours) margin(p *params) any { return margin.Of(o.b, p.scope, "") }

func (o *ours) marginRows(p *params, answer any) (out [][]int64) {
	a := answer.(*margin.Answer)
	quarter := quarterOf(p.from)
	for _, c := range a.Categories {
		for span, q := range [...]int64{margin.Now: quarter, margin.Before: quarter - 1, margin.YearAgo: quarter - 4} {
			f := c.In[span]
			out = whole(out, f.Lines, q, o.d.classes.of[c.Name], int64(f.Lines), f.Amount, f.Cost)
		}
	}
	for _, w := range a.Outlets {
		out = append(out, []int64{0, o.d.outlets.of[w.Name], int64(w.Lines), w.Amount, w.Cost})
	}
	return out
}

// columns of touches as the analysis names them, in the order of adHoc.
var columns = [...]tally.By{tally.Industry, tally.Channel, tally.Topic, tally.Sentiment, tally.Province}

func (o *ours) adHoc(p *params) any {
	return tally.Of(o.b, analytics.Scope{}, [2]tally.By{columns[p.by[0]], columns[p.by[1]]})
}

func (o *ours) adHocRows(p *params, answer any) (out [][]int64) {
	code := func(column int, key string) int64 {
		switch columns[column] {
		case tally.Industry:
			return o.d.industries.of[key]
		case tally.Topic:
			return o.d.topics.of[key]
		case tally.Province:
			return o.d.provinces.of[key]
		case tally.Channel:
			c, _ := store.ParseChannel(key)
			return int64(c)
		}
		c, _ := store.ParseSentiment(key)
		return int64(c)
	}
	for _, r := range answer.(*tally.Answer).Rows {
		out = append(out, []int64{code(p.by[0], r.Keys[0]), code(p.by[1], r.Keys[1]), int64(r.Touches), r.Minutes})
	}
	return out
}

func (o *ours) String() string { return fmt.Sprint(o.b) }
