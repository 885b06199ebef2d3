package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/migration"
	"flightdeck/store"
	"flightdeck/store/company"
)

// ours is flightdeck: a Book, and the public analyses as panes ask them.
type ours struct {
	b *analytics.Book
	d *dims
}

// stream is a snapshot that makes its records as they are read, so that nothing but the Book holds them.
type stream struct {
	store.Snapshot
	size company.Size
	tee  func(*store.Records) error
}

func (s stream) Rev() store.Rev { return 1 }

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
func build(size company.Size) (*ours, *checksum, error) {
	sum := &checksum{}
	d := newDeriver(sum)
	b, err := analytics.Build(stream{size: size, tee: d.block}, analytics.Options{Now: func() time.Time { return now }})
	if err != nil {
		return nil, nil, err
	}
	return &ours{b, d.dims}, sum, nil
}

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

// margin is no analysis of flightdeck's yet: it walks every account's lines through the Book's public accessor.
func (o *ours) margin(p *params) any {
	b, sel := o.b, o.b.Select(p.scope)
	quarter := quarterOf(p.from)
	first, _ := quarterDays(quarter - 4)
	a := marginAnswer{by: map[[2]int64]sold{}}
	outlets := map[string]sold{}
	sales := b.Sold()
	for i := range sales.Len() {
		day := sales.Day().At(i)
		if day < first || day > p.to || sales.Dead(i) {
			continue
		}
		q := quarterOf(day)
		if q != quarter && q != quarter-1 && q != quarter-4 || !sel.Inside(b.PersonNode(sales.Rep.At(i))) {
			continue
		}
		amount, cost := sales.Value.At(i), sales.CostValue.At(i)
		k := [2]int64{q, o.d.class[b.Product(sales.Product.At(i)).ID]}
		x := a.by[k]
		a.by[k] = sold{x.lines + 1, x.amount + amount, x.cost + cost}
		if q == quarter {
			name := b.Outlet(sales.Outlet.At(i))
			x := outlets[name]
			outlets[name] = sold{x.lines + 1, x.amount + amount, x.cost + cost}
		}
	}
	for name, x := range outlets {
		if x.amount > 0 {
			a.worst = append(a.worst, outlet{o.d.outlets.of[name], x})
		}
	}
	slices.SortFunc(a.worst, func(x, y outlet) int {
		return cmp.Or(cmp.Compare(float64(y.cost)/float64(y.amount), float64(x.cost)/float64(x.amount)), cmp.Compare(x.code, y.code))
	})
	a.worst = a.worst[:min(3, len(a.worst))]
	return a
}

func (o *ours) marginRows(_ *params, answer any) (out [][]int64) {
	a := answer.(marginAnswer)
	for k, s := range a.by {
		out = append(out, []int64{k[0], k[1], s.lines, s.amount, s.cost})
	}
	for _, w := range a.worst {
		out = append(out, []int64{0, w.code, w.lines, w.amount, w.cost})
	}
	return out
}

// adHocAnswer is dense: cell (i, j) is i × width + j, with the Book's codes + 1.
type adHocAnswer struct {
	width          int
	count, minutes []int64
}

// adHoc groups all touches by two of their columns, as whoever asks a question that nobody foresaw would write it over the Book's blocks.
func (o *ours) adHoc(p *params) any {
	b, t := o.b, o.b.Touches()
	var a adHocAnswer
	x := func(i int) int32 { return t.Area.At(i) + 1 } // by whole area: told adds up to provinces, of which there are fewer
	y := func(i int) int32 { return int32(t.Channel.At(i)) }
	switch p.by {
	case [2]int{0, 1}:
		x = func(i int) int32 { return b.AccountIndustry(t.Account.At(i)) + 1 }
	case [2]int{2, 3}:
		x = func(i int) int32 { return t.Topic.At(i) + 1 }
		y = func(i int) int32 { return int32(t.Sentiment.At(i)) }
	case [2]int{1, 3}:
		x = func(i int) int32 { return int32(t.Channel.At(i)) }
		y = func(i int) int32 { return int32(t.Sentiment.At(i)) }
	}
	for i := range t.Len() {
		if !t.Dead(i) {
			a.add(x(i), y(i), 16, t.Length.At(i))
		}
	}
	return a
}

func (a *adHocAnswer) add(x, y int32, width int, minutes int32) {
	i := int(x)*width + int(y)
	if i >= len(a.count) {
		a.width = width
		grow := max(4096, 2*i+1)
		a.count, a.minutes = append(a.count, make([]int64, grow-len(a.count))...), append(a.minutes, make([]int64, grow-len(a.minutes))...)
	}
	a.count[i]++
	a.minutes[i] += int64(minutes)
}

func (o *ours) adHocRows(p *params, answer any) (out [][]int64) {
	a := answer.(adHocAnswer)
	key := func(column, v int) int64 {
		switch adHoc[column] {
		case "industry":
			return o.d.industries.of[o.b.Industry(analytics.Code(v-1))]
		case "topic":
			return o.d.topics.of[o.b.Topic(analytics.Code(v-1))]
		case "province":
			province, _, _ := strings.Cut(o.b.Area(analytics.Code(v-1)), "/")
			return o.d.provinces.of[province]
		}
		return int64(v)
	}
	by := map[[2]int64][2]int64{}
	for i, n := range a.count {
		if n > 0 {
			k := [2]int64{key(p.by[0], i/a.width), key(p.by[1], i%a.width)}
			by[k] = [2]int64{by[k][0] + n, by[k][1] + a.minutes[i]}
		}
	}
	for k, v := range by {
		out = append(out, []int64{k[0], k[1], v[0], v[1]})
	}
	return out
}

func (o *ours) String() string { return fmt.Sprint(o.b) }
