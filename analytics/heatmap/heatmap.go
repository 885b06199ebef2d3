package heatmap

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/touch"
)

// Weeks is how many ISO weeks the usual period spans.
const Weeks = 12

var weekdays = [...]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// frame is one question under way: the axes and how an event finds its place on them.
type frame struct {
	b      *analytics.Book
	sel    *analytics.Selection
	q      Query
	period analytics.Period
	events *events
	rows   []Label
	cols   []Label
	noHour bool
	// rep or area code + 1 → row, -1 none: a slice, because touches are many
	rowOf  []int32
	monday analytics.Day // of the first week column
	counts counts
}

// open lays the axes.
func open(b *analytics.Book, s analytics.Scope, q Query) *frame {
	f := &frame{b: b, sel: b.Select(s), q: q, period: s.Period, rows: []Label{}, cols: []Label{}}
	if f.period.IsZero() {
		f.period = analytics.Period{From: b.Calendar().Week(f.sel.AsOf, 1-Weeks).From, To: f.sel.AsOf}
	}
	f.events = eventsOf(b, f.sel, q, f.period)
	f.counts = f.count()
	switch q.View {
	case RepWeek:
		f.reps()
		f.weeks()
	case Area:
		f.areas()
		f.weeks()
	default:
		for _, d := range weekdays {
			f.rows = append(f.rows, Label{Key: d, Name: d})
		}
		f.hours()
	}
	return f
}

func (f *frame) hours() {
	some, hour := false, false
	for i, n := range f.counts.n {
		some = some || n > 0
		hour = hour || n > 0 && i%hoursWide > 0
	}
	if f.noHour = some && !hour; f.noHour {
		f.cols = []Label{{Key: None, Name: None}}
		return
	}
	for h := range 24 {
		k := fmt.Sprintf("%02d", h)
		f.cols = append(f.cols, Label{Key: k, Name: k})
	}
}

// weeks lays the ISO weeks that the period touches, up to the as-of day.
func (f *frame) weeks() {
	f.monday = f.b.Calendar().Week(f.period.From, 0).From
	for d := f.monday; d <= min(f.period.To, f.sel.AsOf); d += 7 {
		y, w := d.Time(f.b.Location()).ISOWeek()
		k := fmt.Sprintf("%04d-W%02d", y, w)
		f.cols = append(f.cols, Label{Key: k, Name: k, From: d})
	}
}

// reps lays one row per person in the order of the org tree; people whom no source described, but who have touches, come last.
func (f *frame) reps() {
	active := make([]bool, f.b.People())
	f.rowOf = slices.Repeat([]int32{-1}, len(active)+1)
	if f.sel.Empty() {
		return
	}
	for c := range min(len(active), max(0, f.counts.keys()-1)) {
		active[c] = f.counts.sum(c+1) > 0
	}
	leads := f.b.Leads()
	add := func(c analytics.Code) {
		p := f.b.Person(c)
		f.rowOf[c+1] = int32(len(f.rows))
		f.rows = append(f.rows, Label{Key: string(p.ID), Name: p.Name})
	}
	for _, n := range f.b.Nodes()[f.sel.Lo:f.sel.Hi] {
		if n.Person == analytics.None {
			continue
		}
		if active[n.Person] || !f.b.Person(n.Person).Inactive && !leads[n.ID] {
			add(n.Person)
			active[n.Person] = false
		}
	}
	var rest []analytics.Code
	for c, ok := range active {
		if ok {
			rest = append(rest, analytics.Code(c))
		}
	}
	slices.SortFunc(rest, func(x, y analytics.Code) int {
		return strings.Compare(string(f.b.Person(x).ID), string(f.b.Person(y).ID))
	})
	for _, c := range rest {
		add(c)
	}
}

// below returns the key of the row that an area belongs to under prefix: one level deeper, or prefix itself when the area goes no deeper. ok is false when
// the area lies elsewhere.
func below(area, prefix string) (key string, ok bool) {
	rest := area
	if prefix != "" {
		if area == prefix {
			return prefix, true
		}
		if rest, ok = strings.CutPrefix(area, prefix+"/"); !ok {
			return "", false
		}
	}
	next, _, _ := strings.Cut(rest, "/")
	if prefix != "" {
		next = prefix + "/" + next
	}
	return next, true
}

func (f *frame) areas() {
	count := make([]int, f.counts.keys()) // area code + 1 → events
	for k := range count {
		count[k] = f.counts.sum(k)
	}
	keys, total := make([]string, len(count)), map[string]int{}
	for i, n := range count {
		if key, ok := below(f.events.area(analytics.Code(i-1)), f.q.Area); ok && key != "" && n > 0 {
			keys[i] = key
			total[key] += n
		}
	}
	for key := range total {
		f.rows = append(f.rows, Label{Key: key, Name: key[strings.LastIndexByte(key, '/')+1:]})
	}
	slices.SortFunc(f.rows, func(x, y Label) int {
		return cmp.Or(cmp.Compare(total[y.Key], total[x.Key]), strings.Compare(x.Key, y.Key))
	})
	row := map[string]int32{"": -1}
	for i, l := range f.rows {
		row[l.Key] = int32(i)
	}
	f.rowOf = make([]int32, len(count))
	for i, key := range keys {
		f.rowOf[i] = row[key]
	}
}

// place finds an event's square; -1 on an axis where it has none.
func (f *frame) place(e *event) (row, col int32) {
	switch f.q.View {
	case RepWeek:
		return f.rowOf[e.rep+1], int32(e.day-f.monday) / 7
	case Area:
		return f.rowOf[e.area+1], int32(e.day-f.monday) / 7
	}
	row = int32(weekday(e.day))
	switch {
	case f.noHour:
		return row, 0
	case e.minute < 0:
		return row, -1
	}
	return row, int32(e.minute) / 60
}

// square finds the place of a key and a column of counts; see place.
func (f *frame) square(key, col int) (row, to int32) {
	if f.q.View == WeekdayHour {
		if f.noHour {
			return int32(key), 0
		}
		return int32(key), int32(col) - 1
	}
	return f.rowOf[key], int32(col) + int32(f.counts.monday-f.monday)/7
}

// Of draws the map. A Query whose channel is no channel's name holds nothing.
func Of(b *analytics.Book, s analytics.Scope, q Query) Answer {
	f := open(b, s, q)
	a := Answer{Stamp: b.Stamp(s), Scope: b.Named(s), Period: f.period, PeriodName: b.Calendar().Name(f.period), Query: q, Subject: f.events.subject, NoHour: f.noHour, ByAccount: f.events.byAccount, Rows: f.rows, Cols: f.cols,
		Counts: make([]int, len(f.rows)*len(f.cols)), RowTotals: make([]int, len(f.rows)), ColTotals: make([]int, len(f.cols))}
	for key := range f.counts.keys() {
		for col := range f.counts.width {
			n := f.counts.at(key, col)
			if n == 0 {
				continue
			}
			r, c := f.square(key, col)
			if r < 0 || c < 0 {
				a.Unplaced += n
				continue
			}
			a.Counts[int(r)*len(f.cols)+int(c)] += n
			a.RowTotals[r] += n
			a.ColTotals[c] += n
			a.Total += n
		}
	}
	for _, n := range a.Counts {
		a.Max = max(a.Max, n)
	}
	return a
}

// Touches opens a square of the map that Of draws for the same scope: as many rows as its count, newest first.
func Touches(b *analytics.Book, s analytics.Scope, c Cell) touch.List {
	f := open(b, s, c.Query)
	row, col := pick(f.rows, c.Row), pick(f.cols, c.Col)
	return touch.List{Stamp: b.Stamp(s), Subject: f.events.subject, Rows: f.events.sorted(func(e *event) bool {
		r, k := f.place(e)
		return row(r) && col(k)
	})}
}

// listed is a list's place among a Book's answers.
type listed struct {
	scope analytics.Scope
	cell  Cell
}

// Look is [Touches] with rows that are made when they are looked at.
func Look(b *analytics.Book, s analytics.Scope, c Cell) *touch.View {
	return analytics.MemoList(b, listed{s, c}, func() *touch.View {
		f := analytics.MemoList(b, drawn{s, c.Query}, func() *frame { return open(b, s, c.Query) }) // who goes from square to square stays on the map
		if f.events.blocks == nil {
			return touch.ViewOf(Touches(b, s, c))
		}
		row, col := pick(f.rows, c.Row), pick(f.cols, c.Col)
		rows := make([][]int32, analytics.Parts())
		t := b.Touches()
		f.near(c).events.blocks(func(part, _ int, in []int32) {
			var e event
			for _, r := range in {
				i := int(r)
				e.day, e.minute, e.rep = t.Day().At(i), t.Minute.At(i), t.Rep.At(i)
				if f.q.View == Area {
					e.area = f.events.place(i)
				}
				if at, to := f.place(&e); row(at) && col(to) {
					rows[part] = append(rows[part], r)
				}
			}
		})
		return touch.Newest(b, s, rows)
	})
}

// drawn is a map's place among a Book's answers.
type drawn struct {
	scope analytics.Scope
	query Query
}

// near returns f with events that hold those of a square and few others: only the days of its column, only its rep's.
func (f *frame) near(c Cell) *frame {
	n := *f
	at := func(labels []Label, key string) int {
		return slices.IndexFunc(labels, func(l Label) bool { return l.Key == key && key != None })
	}
	i, j := at(f.rows, c.Row), at(f.cols, c.Col)
	sel := *f.sel
	n.sel = &sel
	switch {
	case f.q.View == WeekdayHour && i >= 0:
		sel.On(func(day analytics.Day) bool { return weekday(day) == i })
	case f.q.View == RepWeek && i >= 0:
		rep := analytics.Code(slices.Index(f.rowOf, int32(i))) - 1
		if node := f.b.PersonNode(rep); f.b.Nodes()[node].Person != analytics.None && sel.Inside(node) {
			sel.Node, sel.Lo, sel.Hi = node, node, f.b.Nodes()[node].End
		}
	}
	if f.q.View != WeekdayHour && j >= 0 {
		n.period = analytics.Period{From: max(f.period.From, f.cols[j].From), To: min(f.period.To, f.cols[j].From+6)}
	}
	n.events = eventsOf(f.b, n.sel, f.q, n.period)
	return &n
}

// pick reads one key of a cell: which places on the axis it takes.
func pick(labels []Label, key string) func(int32) bool {
	at := int32(slices.IndexFunc(labels, func(l Label) bool { return l.Key == key }))
	switch {
	case key == "":
		return func(i int32) bool { return i >= 0 }
	case at >= 0:
		return func(i int32) bool { return i == at }
	case key == None:
		return func(i int32) bool { return i < 0 }
	}
	return func(int32) bool { return false }
}

// UnplacedCell names the cell that opens what has no place on the map.
func (a *Answer) UnplacedCell() Cell {
	if a.Query.View == WeekdayHour && !a.NoHour {
		return Cell{Query: a.Query, Col: None}
	}
	return Cell{Query: a.Query, Row: None}
}

// Table gives the map as one line per square, empty ones included: who did nothing is the point.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"row", "row_name", "col", "touches"}}
	for i, r := range a.Rows {
		for j, c := range a.Cols {
			t.Rows = append(t.Rows, []string{r.Key, r.Name, c.Key, strconv.Itoa(a.At(i, j))})
		}
	}
	return t
}
