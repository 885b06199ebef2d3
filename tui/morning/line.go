package morning

import (
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/morning"
	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
)

// Mark says how a line's figure is meant.
type Mark uint8

// The marks.
const (
	Plain Mark = iota
	Good
	Warn
	Bad
)

// Line is one thing to know: a figure, whom it concerns, and what happened. Place is where its evidence is.
type Line struct {
	Key    string
	Mark   Mark
	Figure string
	Title  string
	Text   string
	Owner  string
	Place  pane.Place
}

// Part is one of the six things that are told, with its count in its name. Said stands where it has no lines. Place is the list behind it; its zero is none.
type Part struct {
	Name  string
	Said  string
	Mark  Mark
	Lines []Line
	Count int // how many lines there would be if none were left out
	Place pane.Place
}

// Parts words an answer. scope is what it was asked about.
func Parts(l *locale.Locale, a *morning.Answer, scope analytics.Scope, now time.Time) []Part {
	w := words{l, a, scope, now}
	return []Part{w.customers(), w.flags(), w.deals(), w.owed(), w.logging(), w.sources()}
}

type words struct {
	l     *locale.Locale
	a     *morning.Answer
	scope analytics.Scope
	now   time.Time
}

// at is a place with the scope.
func (w *words) at(k pane.Kind) pane.Place { return pane.Place{Kind: k, Scope: w.scope} }

func (w *words) customers() Part {
	l, a := w.l, w.a
	p := Part{Name: l.T(locale.MorningNoMoves), Said: l.T(locale.MorningCalm), Count: a.GradeDown + a.GradeUp + a.Sicker + a.Healthier + a.Signal + len(a.Held) + min(1, len(a.Waits))}
	switch down, up := a.GradeDown+a.Sicker, a.GradeUp+a.Healthier; {
	case down+up > 0:
		p.Name = l.F(locale.MorningCustomers, l.Int(down), l.Int(up))
	case a.Signal > 0:
		p.Name = l.F(locale.MorningSignals, l.Int(a.Signal))
	}
	p.Place = w.at(pane.Moves)
	p.Place.Scope.Period = analytics.Period{From: a.From + 1, To: a.Day}
	grade := func(i int) Line {
		m := &a.Grades[i]
		x := Line{Key: "g" + string(m.Account), Mark: Good, Figure: row.Move(l, m.From, m.To), Title: m.AccountName, Text: row.Cause(l, m.Cause), Owner: m.OwnerName,
			Place: pane.AccountPlace(w.scope, m.Account)}
		if m.To > m.From {
			x.Mark = Bad
		}
		return x
	}
	health := func(i int) Line {
		h := &a.Health[i]
		x := Line{Key: "h" + string(h.Account), Mark: Good, Figure: l.Int(h.Was) + " > " + l.Int(h.Is), Title: h.AccountName, Owner: h.OwnerName, Place: pane.AccountPlace(w.scope, h.Account)}
		turned := l.F(locale.MorningHealth, l.Colour(string(h.To)))
		if h.From != h.To {
			turned = l.F(locale.MorningHealth, l.F(locale.MorningTurned, l.Colour(string(h.From)), l.Colour(string(h.To))))
		}
		why := l.Pick(h.Why.Zh, h.Why.En)
		if why == "" {
			why = l.T(locale.MorningUnsaid)
		}
		x.Text = turned + ": " + why
		if h.Is < h.Was {
			x.Mark = Warn
			if h.To == morning.Red {
				x.Mark = Bad
			}
		}
		return x
	}
	// falls before rises, grades before health, signals between them
	falls := min(a.GradeDown, len(a.Grades))
	sick := min(a.Sicker, len(a.Health))
	if a.RulesWrong != "" {
		where, what := row.Fault(l, a.RulesWrong)
		p.Lines = append(p.Lines, Line{Key: "rules", Mark: Bad, Figure: l.T(locale.RulesWrongTitle), Title: where,
			Text: row.WrongSince(l, what, a.Rules, a.RulesWrongSince), Place: w.at(pane.Weights)}) // which has room for all of it
		p.Count++
	}
	if waits := row.Waits(l, a.Waits, a.Judged); waits != "" {
		p.Lines = append(p.Lines, Line{Key: "waits", Mark: Warn, Figure: l.T(locale.MorningReading), Text: waits, Place: w.at(pane.Sources)})
	}
	for i := range a.Held { // what keeps grades from following goes before what moved
		h := &a.Held[i]
		p.Lines = append(p.Lines, Line{Key: "x" + h.Input, Mark: Bad, Figure: l.T(locale.MorningHeld), Title: l.Pick(h.Name.Zh, h.Name.En),
			Text: l.F(locale.MorningHeldSince, l.Date(h.Since), l.Int(h.Customers)), Place: w.at(pane.Held)})
	}
	for i := range falls {
		p.Lines = append(p.Lines, grade(i))
	}
	for i := range sick {
		p.Lines = append(p.Lines, health(i))
	}
	for i := range a.Signals {
		g := &a.Signals[i]
		x := Line{Key: "s" + string(g.Account) + g.Title, Figure: l.T(locale.MorningSignal), Title: g.AccountName, Text: l.Signal(g.Kind) + ": " + g.Title, Owner: g.OwnerName}
		if g.Account != "" {
			x.Place = pane.AccountPlace(w.scope, g.Account)
		} else {
			x.Title, x.Place = g.URL, p.Place
		}
		p.Lines = append(p.Lines, x)
	}
	for i := falls; i < len(a.Grades); i++ {
		p.Lines = append(p.Lines, grade(i))
	}
	for i := sick; i < len(a.Health); i++ {
		p.Lines = append(p.Lines, health(i))
	}
	return p
}

func (w *words) flags() Part {
	l, a := w.l, w.a
	p := Part{Name: l.F(locale.MorningFlags, l.Int(a.Flag.Flags)), Said: l.F(locale.MorningNoFlags, l.Int(a.Open.Flags)), Count: a.Flag.Flags, Place: w.at(pane.Triage)}
	if a.Judging {
		p.Name, p.Said, p.Mark = l.T(locale.MorningNewFlags), l.T(locale.MorningJudging), Plain
	}
	for i := range a.Flags {
		f := &a.Flags[i]
		n := f.Rule.Name()
		x := Line{Key: f.Key(), Mark: Warn, Figure: l.Money(f.AtRisk), Title: f.Deal.Name, Text: l.Pick(n.Zh, n.En) + ": " + l.Pick(f.Reason.Zh, f.Reason.En), Owner: f.Deal.Owner.Name,
			Place: pane.DealPlace(w.scope, f.Deal.ID)}
		if f.Estimated {
			x.Figure = "~" + x.Figure
		}
		if f.Escalated {
			x.Mark, x.Text = Bad, l.T(locale.MorningEscalated)+"  "+x.Text
		}
		p.Lines = append(p.Lines, x)
	}
	return p
}

func (w *words) deals() Part {
	l, a := w.l, w.a
	p := Part{Said: l.T(locale.MorningNoDeals), Count: a.Won.Deals + a.Lost.Deals + a.Slips.Deals, Place: w.at(pane.Forecast)}
	p.Name = l.F(locale.MorningDeals, l.Int(p.Count))
	for i := range a.Deals {
		m := &a.Deals[i]
		x := Line{Key: string(m.Kind) + string(m.Deal.ID), Figure: l.Money(m.Deal.Value), Title: m.Deal.Name, Owner: m.Deal.Owner.Name, Place: pane.DealPlace(w.scope, m.Deal.ID)}
		switch m.Kind {
		case morning.Won:
			x.Mark, x.Text = Good, l.T(locale.MorningWon)
		case morning.Lost:
			x.Mark, x.Text = Bad, l.T(locale.MorningLost)
		case morning.Slipped:
			x.Text = l.F(locale.MorningSlipped, l.Days(m.Days), l.Date(m.Deal.Close))
			if m.Out {
				x.Mark = Warn
				x.Text += ", " + l.F(locale.MorningOutOf, a.Period)
			}
		}
		p.Lines = append(p.Lines, x)
	}
	return p
}

func (w *words) owed() Part {
	l, a := w.l, w.a
	p := Part{Name: l.F(locale.MorningOwed, l.Int(a.Owing)), Said: l.T(locale.MorningNoOwed), Count: a.Owing, Place: w.at(pane.Owed)}
	if a.NoTouch {
		p.Said, p.Mark = l.T(locale.MorningNoTouch), Warn
	}
	for i := range a.Owed {
		o := &a.Owed[i]
		last := l.T(locale.MorningNeverMet)
		if o.Last != store.NoDay {
			last = l.DateNear(o.Last, a.Day)
		}
		late := l.T(locale.MorningDue)
		if o.Late != 0 {
			late = l.F(locale.MorningLate, l.Days(max(0, o.Late)))
		}
		x := Line{Key: string(o.Account) + "|" + l.Int(o.Number), Figure: string(o.Grade), Title: o.AccountName, Text: late + ": " + l.Pick(o.Play.Zh, o.Play.En) + ", " + l.F(locale.MorningLast, last),
			Owner: o.OwnerName, Place: pane.AccountPlace(w.scope, o.Account)}
		if o.Late != 0 {
			x.Mark = Warn
		}
		if o.Late > o.Every {
			x.Mark = Bad
		}
		p.Lines = append(p.Lines, x)
	}
	return p
}

func (w *words) logging() Part {
	l, a := w.l, w.a
	p := Part{Name: l.F(locale.MorningLogging, l.Int(a.Silent), l.Int(a.Logging)), Said: l.F(locale.MorningAllLogged, l.DateNear(a.Workday, a.Day)), Count: a.Silent}
	p.Place = w.at(pane.Touches)
	p.Place.Scope.Period = analytics.Period{From: a.Workday, To: a.Day}
	if a.NoTouch {
		p.Said, p.Mark = l.T(locale.MorningNoTouch), Warn
	}
	for i := range a.Unlogged {
		u := &a.Unlogged[i]
		x := Line{Key: string(u.Person), Figure: l.Days(u.Days), Title: u.Name, Place: pane.PersonPlace(w.scope, u.Person), Mark: Warn}
		x.Text = l.F(locale.MorningSilent, l.Int(u.Days)) + ", " + l.F(locale.MorningLast, l.DateNear(u.Last, a.Day))
		if u.Last == store.NoDay {
			x.Text, x.Mark = l.F(locale.MorningNeverLog, l.Int(u.Days)), Bad
		}
		x.Owner = u.Unit
		p.Lines = append(p.Lines, x)
	}
	return p
}

func (w *words) sources() Part {
	l, a := w.l, w.a
	p := Part{Name: l.F(locale.MorningSources, l.Int(len(a.Sources))), Said: l.T(locale.MorningNoSource), Count: len(a.Sources), Place: pane.Place{Kind: pane.Sources, Scope: w.scope}}
	for i := range a.Sources {
		s := &a.Sources[i]
		x := Line{Key: string(s.Source), Mark: Good, Figure: l.Ago(w.now, s.Good), Title: string(s.Source), Place: pane.Place{Kind: pane.Sources, Scope: w.scope}}
		about := []string{l.SyncState(s.State)}
		if s.Paused {
			about = append(about, l.T(locale.MorningPaused))
		}
		if s.Error != "" {
			about = append(about, s.Error)
		}
		if s.Issues > 0 {
			about = append(about, l.F(locale.MorningSourceBad, l.Int(s.Issues)))
		}
		x.Text = strings.Join(append(about, l.F(locale.MorningSourceOK, l.Count(s.Records))), "  ")
		if a.StaleSource(s) {
			x.Mark = Bad
		}
		p.Lines = append(p.Lines, x)
	}
	return p
}

// Landing words where the period lands, as runs: what it comes to, and what it rests on.
func Landing(l *locale.Locale, a *morning.Answer) (comes, rests []Run) {
	x := &a.Landing
	if x.Learned {
		comes = append(comes, Run{Plain, l.F(locale.MorningLand, x.Period, l.Money(x.P50))})
	} else {
		comes = append(comes, Run{Plain, l.F(locale.MorningLearning, x.Period)})
	}
	if x.HasQuota {
		comes = append(comes, Run{Plain, l.F(locale.MorningQuota, l.Money(x.Quota.Money))})
	} else {
		comes = append(comes, Run{Plain, l.T(locale.MorningNoQuota)})
	}
	if x.Learned && x.Reach.Den > 0 {
		m := Good
		switch r := x.Reach.Value(); {
		case r < .25:
			m = Bad
		case r < .6:
			m = Warn
		}
		comes = append(comes, Run{m, l.F(locale.MorningReach, l.Percent(x.Reach.Value(), 0))})
	}
	if x.Learned { // last: it is what a phone has no room for
		comes = append(comes, Run{Plain, l.F(locale.MorningRange, l.Money(x.P10), l.Money(x.P90))})
	}
	closed := l.F(locale.MorningClosed, l.Money(x.Closed.Money))
	if x.Attainment.Den > 0 {
		closed += " " + l.Percent(x.Attainment.Value(), 0)
	}
	rests = append(rests, Run{Plain, closed}, Run{Plain, l.F(locale.MorningCommit, l.Money(x.Commit.Money))})
	switch {
	case !x.Gap.Given():
	case x.Gap.Minor > 0:
		rests = append(rests, Run{Warn, l.F(locale.MorningGap, l.Money(x.Gap))})
	default:
		rests = append(rests, Run{Good, l.F(locale.MorningOver, l.Money(store.Money{Minor: -x.Gap.Minor, Currency: x.Gap.Currency}))})
	}
	if e := x.Elapsed; e.Den > 0 && e.Num >= 0 && e.Num <= e.Den {
		rests = append(rests, Run{Plain, l.F(locale.MorningElapsed, l.Percent(e.Value(), 0))})
	}
	return comes, rests
}

// Run is a piece of a line with its mark.
type Run struct {
	Mark Mark
	Text string
}

// Table gives the lines as raw cells, with the place of each one's evidence.
func Table(parts []Part) analytics.Table {
	t := analytics.Table{Columns: []string{"part", "figure", "name", "text", "owner", "place"}}
	for i := range parts {
		p := &parts[i]
		if len(p.Lines) == 0 {
			t.Rows = append(t.Rows, []string{p.Name, "", "", p.Said, "", ""})
		}
		for k := range p.Lines {
			x := &p.Lines[k]
			t.Rows = append(t.Rows, []string{p.Name, x.Figure, x.Title, x.Text, x.Owner, x.Place.String()})
		}
	}
	return t
}
