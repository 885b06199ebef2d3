// Package deal is the screen of one deal: what it is worth and promised, why it is flagged, and how it came there: changes, touches, documents, people. enter
// opens whom or what the chosen row is about. Of an open one there is also what is judged by all others: its chance, with what raises and lowers it, and the rep's versions
// beside what became of similar deals. These come after the rest, which does not wait for them.
//
// The amount is shown to the last cent in its own currency, since here it is checked and not compared.
package deal

import (
	"maps"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/sheet"
	"flightdeck/tui/table"
)

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane { return sheet.New(env, p, kind) }

var kind = sheet.Kind[answer]{
	Word:    locale.Deal,
	Load:    load,
	More:    judge,
	Carry:   carry,
	Page:    page,
	Table:   func(a *answer) analytics.Table { return a.Answer.Table() },
	Metrics: []string{"age", "days_in_stage", "probability", "overdue", "stale", "chance", "held", "cycle_z", "amount_z"},
}

func page(env *pane.Env, at pane.Place, org store.Currency, x *answer) sheet.Page {
	a := &x.Answer
	l, th, r := env.Locale, env.Theme, &a.Row
	p := sheet.Page{Name: r.Name, URL: a.URL, Copy: string(r.ID) + "\t" + r.Name + "\t" + r.Amount.String(), Facts: facts(env, at, org, a)}
	if r.Stage.Kind != store.StageOpen {
		p.Tail = l.StageKind(r.Stage.Kind)
	}
	for _, f := range r.Flags {
		p.Notes = append(p.Notes, sheet.Note{Text: row.Reason(l, f), Style: row.FlagStyle(th, []deal.Flag{f})})
	}
	p.Sections = []sheet.Section{history(env, at, a), evidence(env, at, a), details(env, a), touches(env, at, a), people(env, at, a)}
	if x.open {
		p.Sections = append(p.Sections, backed(env, at, x), chance(env, x), dual(env, org, x))
	}
	return p
}

func facts(env *pane.Env, at pane.Place, org store.Currency, a *deal.Answer) []sheet.Fact {
	l, th, r := env.Locale, env.Theme, &a.Row
	stage := row.Stage(l, r.Stage)
	if r.Stage.Kind == store.StageOpen && stage != "" {
		stage = l.F(locale.DealStage, stage, l.Percent(float64(r.Probability)/100, 0))
	}
	value := "" // says nothing that the amount does not
	switch {
	case !r.Amount.Given() || r.Amount.Currency == org:
	case r.Value.Given():
		value = l.MoneyExact(r.Value)
	default:
		value = l.T(locale.DealNoRate)
	}
	closing, in := locale.Close, l.Days(r.DaysInStage)
	switch r.Stage.Kind {
	case store.StageWon:
		closing, in = locale.DealClosed, ""
	case store.StageLost:
		closing, in = locale.DealLost, ""
	}
	category := ""
	if r.Category != store.CategoryNone {
		category = l.Category(r.Category)
	}
	touch := sheet.Fact{Key: "touch", Label: l.T(locale.LastTouch), Text: l.Date(r.LastTouch)}
	if r.LastTouch == store.NoDay {
		touch.Text, touch.Style = l.T(locale.SheetNever), th.Warn
	}
	owner := sheet.Fact{Key: "owner", Label: l.T(locale.Owner), Text: r.Owner.Name, Open: pane.PersonPlace(at.Scope, r.Owner.ID)}
	if r.Owner.ID == "" {
		owner.Text, owner.Style = l.T(locale.Unassigned), th.Warn
	}
	return []sheet.Fact{
		{Key: "account", Label: l.T(locale.Account), Text: r.Account.Name, Open: pane.AccountPlace(at.Scope, r.Account.ID)},
		owner,
		{Key: "amount", Label: l.T(locale.Amount), Text: l.MoneyExact(r.Amount), Style: th.Strong},
		{Key: "stage", Label: l.T(locale.Stage), Text: stage},
		{Key: "value", Label: l.T(locale.DealValue), Text: value},
		{Key: "close", Label: l.T(closing), Text: l.Date(r.Close)},
		{Key: "in", Label: l.T(locale.InStage), Text: in},
		{Key: "next", Label: l.T(locale.DealNext), Text: a.NextStep},
		{Key: "category", Label: l.T(locale.DealCategory), Text: category},
		{Key: "age", Label: l.T(locale.Age), Text: l.Days(r.Age)},
		touch,
		{Key: "product", Label: l.T(locale.Product), Text: r.Product.Name},
		{Key: "lead", Label: l.T(locale.DealLead), Text: a.Lead},
	}
}

// step words a change: from what to what, and by how much a promise moved.
func step(l *locale.Locale, e *deal.Event) string {
	from, to, by := value(l, e.Field, e.Old, e.OldEn), value(l, e.Field, e.New, e.NewEn), ""
	if e.Field == store.FieldClose || e.Field == store.FieldOptimisticClose || e.Field == store.FieldPessimisticClose {
		a, err1 := store.ParseDay(e.Old)
		b, err2 := store.ParseDay(e.New)
		switch {
		case err1 != nil || err2 != nil:
		case b > a:
			by = " (" + l.F(locale.DealLater, l.Days(int(b-a))) + ")"
		case b < a:
			by = " (" + l.F(locale.DealEarlier, l.Days(int(a-b))) + ")"
		}
	}
	if e.Old == "" && e.Field == store.FieldStage {
		from = l.T(locale.DealFirst)
	}
	return from + " > " + to + by
}

// value words one side of a change; Event gives names already, the rest in the store's notation.
func value(l *locale.Locale, f store.Field, s, en string) string {
	switch f {
	case store.FieldStage:
		s = l.Pick(s, en)
	case store.FieldAmount, store.FieldOptimisticAmount, store.FieldPessimisticAmount:
		if n, cur, ok := strings.Cut(s, " "); ok {
			if m, err := store.ParseMoney(n, store.Currency(cur)); err == nil {
				return l.MoneyExact(m)
			}
		}
	case store.FieldCategory:
		if c, err := store.ParseCategory(s); err == nil {
			return l.Category(c)
		}
	}
	if s == "" {
		return "-"
	}
	return s
}

func history(env *pane.Env, at pane.Place, a *deal.Answer) sheet.Section {
	l := env.Locale
	of := func(i int) *deal.Event { return &a.History[len(a.History)-1-i] } // the newest first, as touches are
	return sheet.Section{
		ID: "history", Title: l.T(locale.DealHistory), Empty: l.T(locale.DealNoHistory),
		Columns: []table.Column{
			{Title: l.T(locale.Date), Width: 10},
			{Title: l.T(locale.DealField), Width: 10},
			{Title: l.T(locale.DealChange), Width: 36, Grow: 3},
			{Title: l.T(locale.DealBy), Width: 10, Min: 6, Drop: 1},
		},
		Rows: table.Rows{
			Len: len(a.History),
			Key: func(i int) string { e := of(i); return e.At + "|" + e.Field.String() + "|" + e.New },
			Match: func(i int) string {
				e := of(i)
				return e.At + " " + l.Field(e.Field) + " " + step(l, e) + " " + e.By.Name
			},
			Cells: func(i int, c []table.Cell) {
				e, th := of(i), env.Theme
				c[0] = table.Cell{Text: l.Date(e.Day), Style: th.Muted}
				c[1].Text = l.Field(e.Field)
				c[2].Text = step(l, e)
				if e.Field == store.FieldClose && e.Old != "" && e.New > e.Old {
					c[2].Style = th.Warn
				}
				c[3] = table.Cell{Text: e.By.Name, Style: th.Muted}
			},
		},
		Open: func(i int) pane.Place { return pane.PersonPlace(at.Scope, of(i).By.ID) },
		Copy: func(i int) string {
			e := of(i)
			return e.At + "\t" + l.Field(e.Field) + "\t" + step(l, e) + "\t" + e.By.Name
		},
		About: func(i int) []string {
			e := of(i)
			t := strings.Replace(strings.TrimSuffix(e.At, "Z"), "T", " ", 1)
			if len(t) > 16 {
				t = t[:16]
			}
			t += "  " + step(l, e)
			if e.By.Name != "" {
				t += "  " + e.By.Name
			}
			if e.SeenDay > e.Day {
				t += "  " + l.F(locale.DealSeen, l.Date(e.SeenDay))
			}
			return []string{t}
		},
	}
}

func evidence(env *pane.Env, at pane.Place, a *deal.Answer) sheet.Section {
	l := env.Locale
	return sheet.Section{
		ID: "evidence", Title: l.T(locale.DealEvidence), Empty: l.T(locale.DealNoEvidence),
		Columns: []table.Column{
			{Title: l.T(locale.Date), Width: 10},
			{Title: l.T(locale.DealTitle), Width: 30, Min: 16, Grow: 3},
			{Title: l.T(locale.DealKind), Width: 10, Drop: 2},
			{Title: l.T(locale.DealBy), Width: 10, Min: 6, Drop: 1},
		},
		Rows: table.Rows{
			Len: len(a.Evidence),
			Key: func(i int) string { return string(a.Evidence[i].ID) },
			Match: func(i int) string {
				e := &a.Evidence[i]
				return e.Title + " " + l.EvidenceKind(e.Kind) + " " + e.By.Name
			},
			Cells: func(i int, c []table.Cell) {
				e, th := &a.Evidence[i], env.Theme
				c[0] = table.Cell{Text: l.Date(e.Day), Style: th.Muted}
				c[1].Text = e.Title
				c[2] = table.Cell{Text: l.EvidenceKind(e.Kind), Style: th.Muted}
				c[3] = table.Cell{Text: e.By.Name, Style: th.Muted}
			},
		},
		Open:  func(i int) pane.Place { return pane.PersonPlace(at.Scope, a.Evidence[i].By.ID) },
		Link:  func(i int) string { return a.Evidence[i].URL },
		Copy:  func(i int) string { return a.Evidence[i].Title + "\t" + a.Evidence[i].URL },
		About: func(i int) []string { return []string{a.Evidence[i].Title, a.Evidence[i].URL} },
	}
}

// details is what the source knows beside the facts, its own extra fields included.
func details(env *pane.Env, a *deal.Answer) sheet.Section {
	l, items := env.Locale, [][2]string{
		{env.Locale.T(locale.SheetID), string(a.Row.ID)}, {env.Locale.T(locale.Created), env.Locale.Date(a.Row.Created)},
	}
	if a.URL != "" {
		items = append(items, [2]string{l.T(locale.SheetLinkTo), a.URL})
	}
	for _, k := range slices.Sorted(maps.Keys(a.Extra)) {
		items = append(items, [2]string{k, a.Extra[k]})
	}
	return sheet.Items(env, items)
}

func touches(env *pane.Env, at pane.Place, a *deal.Answer) sheet.Section {
	l := env.Locale
	count := l.Int(a.TouchCount)
	if a.TouchCount > len(a.Touches) {
		count = l.F(locale.DealTouchesAll, count, l.Int(len(a.Touches)))
	}
	return sheet.Section{
		ID: "touches", Title: l.T(locale.Touches), Count: count, Empty: l.T(locale.SheetNoTouch), Right: true,
		Columns: []table.Column{
			{Title: l.T(locale.Time), Width: 16, Min: 16},
			{Title: l.T(locale.Rep), Width: 10, Min: 6},
			{Title: l.T(locale.Channel), Width: 8, Min: 7},
			{Title: l.T(locale.Sentiment), Width: 8, Min: 8, Drop: 3},
			{Title: l.T(locale.Topic), Width: 18, Min: 8, Grow: 2},
			{Title: l.T(locale.Minutes), Width: 5, Min: 4, Align: layout.Right, Drop: 4},
			{Title: l.T(locale.Note), Width: 24, Min: 14, Grow: 3, Drop: 5},
		},
		Rows: table.Rows{
			Len: len(a.Touches),
			Key: func(i int) string { return string(a.Touches[i].ID) },
			Match: func(i int) string {
				t := &a.Touches[i]
				return t.Rep.Name + " " + l.Channel(t.Channel) + " " + t.Topic + " " + t.Note + " " + t.Area
			},
			Cells: func(i int, c []table.Cell) {
				t, th := &a.Touches[i], env.Theme
				c[0] = table.Cell{Text: when(l, t), Style: th.Muted}
				c[1].Text = t.Rep.Name
				c[2].Text = l.Channel(t.Channel)
				c[3] = row.Sentiment(l, th, t.Sentiment)
				c[4].Text = t.Topic
				if t.Minutes > 0 {
					c[5].Text = l.Int(t.Minutes)
				}
				c[6] = table.Cell{Text: t.Note, Style: th.Muted}
			},
		},
		Open: func(i int) pane.Place { return pane.PersonPlace(at.Scope, a.Touches[i].Rep.ID) },
		Copy: func(i int) string {
			t := &a.Touches[i]
			return when(l, t) + "\t" + t.Rep.Name + "\t" + l.Channel(t.Channel) + "\t" + t.Topic + "\t" + t.Note
		},
		About: func(i int) []string {
			t := &a.Touches[i]
			head := strings.TrimSpace(t.Topic + "  " + t.Area)
			if t.Account {
				head = strings.TrimSpace(head + "  " + l.T(locale.DealAccountOnly))
			}
			return sheet.Said(head, t.Note)
		},
	}
}

func when(l *locale.Locale, t *deal.Touch) string {
	if t.Minute < 0 {
		return l.Date(t.Day)
	}
	return l.Date(t.Day) + " " + clock(t.Minute)
}

func clock(minute int) string {
	two := func(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
	return two(minute/60%24) + ":" + two(minute%60)
}

// people are the customer's contacts, the most influential first, then our own.
func people(env *pane.Env, at pane.Place, a *deal.Answer) sheet.Section {
	l, n := env.Locale, len(a.Contacts)
	name := func(i int) string {
		if i < n {
			return a.Contacts[i].Name
		}
		return a.Colleagues[i-n].Name.Name
	}
	role := func(i int) string {
		switch {
		case i < n && a.Contacts[i].Role != "":
			return a.Contacts[i].Role
		case i < n:
			return l.T(locale.DealTheirs)
		case a.Colleagues[i-n].Owner:
			return l.T(locale.DealOwner)
		}
		return l.T(locale.DealOurs)
	}
	return sheet.Section{
		ID: "people", Title: l.T(locale.DealPeople), Empty: l.T(locale.DealNoPeople), Right: true,
		Columns: []table.Column{
			{Title: l.T(locale.DealName), Width: 16, Min: 8, Grow: 2},
			{Title: l.T(locale.DealRole), Width: 16, Min: 11, Grow: 1},
			{Title: l.T(locale.DealInfluence), Width: 9, Min: 9, Align: layout.Right, Drop: 1},
			{Title: l.T(locale.DealTouches), Width: 7, Min: 7, Align: layout.Right},
			{Title: l.T(locale.LastTouch), Width: 10},
		},
		Rows: table.Rows{
			Len: n + len(a.Colleagues),
			Key: func(i int) string {
				if i < n {
					return "c|" + string(a.Contacts[i].ID)
				}
				return "p|" + string(a.Colleagues[i-n].ID)
			},
			Match: func(i int) string { return name(i) + " " + role(i) },
			Cells: func(i int, c []table.Cell) {
				th := env.Theme
				c[0].Text, c[1] = name(i), table.Cell{Text: role(i), Style: th.Muted}
				if i < n {
					x := &a.Contacts[i]
					sheet.Contact(l, th, c, x.Influence, x.Touches, x.LastTouch)
					return
				}
				x := &a.Colleagues[i-n]
				c[1].Style = th.Accent
				sheet.Contact(l, th, c, -1, x.Touches, x.LastTouch)
			},
		},
		Open: func(i int) pane.Place {
			if i < n {
				return pane.AccountPlace(at.Scope, a.Row.Account.ID)
			}
			return pane.PersonPlace(at.Scope, a.Colleagues[i-n].ID)
		},
		Copy: func(i int) string {
			if i < n {
				x := &a.Contacts[i]
				return x.Name + "\t" + x.Role + "\t" + x.Email + "\t" + x.Phone
			}
			return string(a.Colleagues[i-n].ID) + "\t" + name(i)
		},
		About: func(i int) []string {
			if i < n {
				return sheet.Said(name(i)+"  "+role(i), strings.TrimSpace(a.Contacts[i].Email+"  "+a.Contacts[i].Phone))
			}
			return []string{name(i) + "  " + role(i)}
		},
	}
}
