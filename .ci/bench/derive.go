package main

import (
	"fmt"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/store"
)

// deriver turns the stream of records into rows. It relies on what the generator promises: an account stands in one block with all that belongs to it.
type deriver struct {
	*dims
	out   sink
	rules analytics.Rules

	// scratch of a block
	deals   map[store.ID]int
	facts   []dealFacts
	loose   map[store.ID]store.Day // account → last touch that names no deal
	touched map[store.ID]*store.Account
}

type dealFacts struct {
	changes []*store.Change // of the stage
	began   store.Day
	sign    store.Day
}

func newDeriver(out sink) *deriver {
	return &deriver{dims: newDims(), out: out, rules: analytics.DefaultRules(), deals: map[store.ID]int{}, loose: map[store.ID]store.Day{}, touched: map[store.ID]*store.Account{}}
}

// block takes the next block of the stream.
func (d *deriver) block(r *store.Records) error {
	d.frame(r)
	for _, q := range r.Quotas {
		level, code, region := d.node(q.Node)
		if err := d.out.add(tableQuota, region, level, code, int64(q.From), q.Amount.Minor); err != nil {
			return err
		}
	}
	clear(d.deals)
	clear(d.loose)
	clear(d.touched)
	d.facts = d.facts[:0]
	for i := range r.Accounts {
		d.touched[r.Accounts[i].ID] = &r.Accounts[i]
	}
	for i := range r.Deals {
		d.deals[r.Deals[i].ID] = i
		d.facts = append(d.facts, dealFacts{began: r.Deals[i].Created, sign: r.Deals[i].Created})
	}
	for i := range r.Changes {
		c := &r.Changes[i]
		n, ok := d.deals[c.Deal]
		if !ok {
			return fmt.Errorf("derive rows: change %s names deal %s of another block", c.ID, c.Deal)
		}
		f, day := &d.facts[n], store.DayOf(c.At, zone)
		f.began, f.sign = min(f.began, day), max(f.sign, day)
		if c.Field == store.FieldStage {
			f.changes = append(f.changes, c)
		}
	}
	for i := range r.Touches {
		if err := d.touch(&r.Touches[i]); err != nil {
			return err
		}
	}
	for i := range r.Deals {
		if err := d.deal(&r.Deals[i], &d.facts[i]); err != nil {
			return err
		}
	}
	return d.accounts(r)
}

func (d *deriver) touch(t *store.Touch) error {
	day := store.DayOf(t.At, zone)
	if t.Deal == "" {
		d.loose[t.Account] = max(d.loose[t.Account], day)
	} else if n, ok := d.deals[t.Deal]; ok {
		d.facts[n].sign = max(d.facts[n].sign, day)
	} else {
		return fmt.Errorf("derive rows: touch %s names deal %s of another block", t.ID, t.Deal)
	}
	slot := int64(-1)
	if !t.DayOnly {
		slot = (int64(day.Weekday())+6)%7*24 + int64(t.At.In(zone).Hour())
	}
	var province, city, district int64
	team := d.person[t.Rep].team
	if t.Area != "" {
		p := strings.SplitN(t.Area, "/", 3)
		if len(p) != 3 {
			return fmt.Errorf("derive rows: touch %s has the area %q; the benchmark wants province/city/district", t.ID, t.Area)
		}
		province, city, district = d.provinces.code(p[0]), d.cities.code(p[0]+"/"+p[1]), d.districts.code(t.Area)
		if d.home[team] == "" {
			d.home[team] = t.Area
		}
	}
	a, ok := d.touched[t.Account]
	if !ok {
		return fmt.Errorf("derive rows: touch %s names account %s of another block", t.ID, t.Account)
	}
	return d.out.add(tableTouch, team, int64(day), int64(day+3)/7, slot, province, city, district, int64(t.Channel), int64(t.Sentiment),
		d.topics.code(t.Topic), d.industries.code(a.Industry), int64(t.Minutes))
}

// deal writes a deal, the stages that it reached and its completed stays, by the words of analytics/funnel's and analytics/forecast's package comments.
func (d *deriver) deal(r *store.Deal, f *dealFacts) error {
	sortByAt(f.changes)
	code := d.stages.of[r.Stage]
	if code == 0 || len(f.changes) == 0 || store.ID(f.changes[len(f.changes)-1].To) != r.Stage || f.changes[0].From != "" || !r.Close.Valid() {
		return fmt.Errorf("derive rows: deal %s: the benchmark wants a declared stage, a whole history and a close", r.ID)
	}
	at, st := d.person[r.Owner], d.stage[code-1]
	value, err := yuan(r.Amount)
	if err != nil {
		return err
	}
	part := int64(0)
	if st.Kind == store.StageOpen {
		switch {
		case r.Category == store.CategoryCommit, r.Category == store.CategoryNone && st.Probability >= d.rules.CommitAt:
			part = 1
		case r.Category == store.CategoryBestCase, r.Category == store.CategoryNone && st.Probability >= d.rules.BestCaseAt:
			part = 2
		case r.Category == store.CategoryOmitted:
			part = 4
		default:
			part = 3
		}
	}
	sign := max(f.sign, d.loose[r.Account])
	if err := d.out.add(tableDeal, at.region, at.person, code, int64(st.Kind), part, int64(st.Probability), int64(r.Close), value,
		int64(r.Close-f.began), int64(sign)); err != nil {
		return err
	}
	reached := make([]store.Day, len(d.stage)) // 0: not
	top, won := -1, false
	for i, c := range f.changes {
		n, day := int(d.stages.of[store.ID(c.To)])-1, store.DayOf(c.At, zone)
		up := -1
		switch d.stage[n].Kind {
		case store.StageOpen:
			up = n
		case store.StageWon:
			won, up = true, n // winning means having passed every open stage
		}
		for k := range d.stage {
			if reached[k] == 0 && (k == n || k <= up && d.stage[k].Kind == store.StageOpen) {
				reached[k] = day
			}
		}
		if d.stage[n].Kind == store.StageOpen {
			top = max(top, n)
		}
		if i == 0 {
			continue
		}
		from := d.stages.of[store.ID(f.changes[i-1].To)]
		if d.stage[from-1].Kind == store.StageOpen && int(from-1) != n {
			began := store.DayOf(f.changes[i-1].At, zone)
			if err := d.out.add(tableStay, at.region, from, int64(day), int64(day-began)); err != nil {
				return err
			}
		}
	}
	for k, day := range reached {
		if day == 0 {
			continue
		}
		var advanced, lost int64
		if d.stage[k].Kind == store.StageOpen {
			if won || top > k {
				advanced = 1
			} else if st.Kind == store.StageLost {
				lost = 1
			}
		}
		if err := d.out.add(tableReach, at.region, int64(k+1), int64(day), advanced, lost); err != nil {
			return err
		}
	}
	return nil
}

// accounts writes sales lines and month-end standings.
func (d *deriver) accounts(r *store.Records) error {
	type line struct {
		day    store.Day
		amount int64
	}
	sales := map[store.ID][]line{}
	for i := range r.Sales {
		s := &r.Sales[i]
		amount, err := yuan(s.Amount)
		if err != nil {
			return err
		}
		cost, err := yuan(s.Cost)
		if err != nil {
			return err
		}
		sales[s.Account] = append(sales[s.Account], line{s.Day, amount})
		if err := d.out.add(tableSale, d.person[s.Rep].region, quarterOf(s.Day), d.class[s.Product], d.outlets.code(s.Outlet), amount, cost); err != nil {
			return err
		}
	}
	known := map[store.ID]store.Day{} // since when there was anything of an account
	first := func(a store.ID, day store.Day) {
		if was, ok := known[a]; day.Valid() && (!ok || day < was) {
			known[a] = day
		}
	}
	for i := range r.Accounts {
		first(r.Accounts[i].ID, r.Accounts[i].Created)
	}
	for i := range r.Deals {
		first(r.Deals[i].Account, d.facts[i].began)
	}
	for i := range r.Sales {
		first(r.Sales[i].Account, r.Sales[i].Day)
	}
	for i := range r.Touches {
		first(r.Touches[i].Account, store.DayOf(r.Touches[i].At, zone))
	}
	readings := map[store.ID][]*store.Reading{}
	for i := range r.Readings {
		readings[r.Readings[i].Account] = append(readings[r.Readings[i].Account], &r.Readings[i])
	}
	grades := map[store.ID][]*store.GradeChange{}
	for i := range r.Grades {
		g := &r.Grades[i]
		grades[g.Account] = append(grades[g.Account], g)
	}
	for i := range r.Accounts {
		a := &r.Accounts[i]
		steps := grades[a.ID]
		slices.SortStableFunc(steps, func(x, y *store.GradeChange) int { return x.At.Compare(y.At) })
		year := func(end store.Day) (value int64) {
			for _, s := range sales[a.ID] {
				if s.day > end-store.Day(d.rules.GradeDays) && s.day <= end {
					value += s.amount
				}
			}
			return value
		}
		_, account, _ := strings.Cut(a.ID.Native(), "a")
		var number int64
		if _, err := fmt.Sscan(account, &number); err != nil {
			return fmt.Errorf("derive rows: account %s: %w", a.ID, err)
		}
		prior := int64(-1)
		if len(steps) > 0 {
			prior = gradeCode(steps[len(steps)-1].To) - 1
		}
		if err := d.inputs(a, number, readings[a.ID], known[a.ID], year, prior); err != nil {
			return err
		}
		if len(steps) == 0 {
			continue
		}
		region, before := d.person[a.Owner].region, gradeCode(steps[0].From)
		if before != 0 {
			return fmt.Errorf("derive rows: account %s has a grade before its history; the benchmark wants none", a.ID)
		}
		for m, n := monthOf(store.DayOf(steps[0].At, zone)), 0; monthEnd(m) < today; m++ {
			end, grade := monthEnd(m), before
			for n < len(steps) && store.DayOf(steps[n].At, zone) <= end {
				grade = gradeCode(steps[n].To)
				n++
			}
			if err := d.out.add(tableStanding, region, m, number, grade, before, year(end)); err != nil {
				return err
			}
			before = grade
		}
	}
	return nil
}
