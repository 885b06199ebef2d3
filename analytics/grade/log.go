package grade

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Log is the stored evaluations of a scope, newest first: what was judged, from which inputs, by which rules, and what became of it.
type Log struct {
	Stamp analytics.Stamp
	Scope string
	Rows  analytics.Rows[Entry]
}

// Entry is one evaluation.
type Entry struct {
	*store.Evaluation
	AccountName string
	From        store.Grade // that held before it, as far as evaluations tell; "" none
}

// Moved reports whether the evaluation changed the grade.
func (e *Entry) Moved() bool { return e.Grade != e.From }

// Faulty returns the inputs that could not be relied on.
func (e *Entry) Faulty() (out []store.Input) {
	for _, in := range e.Inputs {
		if in.State != store.InputFresh && in.State != store.InputUnknown {
			out = append(out, in)
		}
	}
	return out
}

// Words is what an evaluation can be found by, in both languages, whatever the reader's: the customer, the step, the day, the rules, and each input that could not be relied on, as g names it.
func (e *Entry) Words(g *rule.Grading) string {
	words := []string{e.AccountName, string(e.Account), string(e.From) + ">" + string(e.Grade), e.Rule, e.Why, e.Day.String()}
	if e.Held {
		words = append(words, "held 冻结")
	}
	if e.Moved() {
		words = append(words, "moved 变动")
	}
	for _, in := range e.Faulty() {
		words = append(words, in.Name, g.Inputs[in.Name].Name, g.Inputs[in.Name].NameEn, in.State.String())
	}
	return strings.Join(words, " ")
}

// LogOf finds the evaluations of a scope's customers, or of one of them, up to the as-of day and within the period if there is one. keep says of an entry whether it is wanted; nil: all
// are, and only those that are looked at are made. With keep it makes every entry of the scope once.
func LogOf(b *analytics.Book, s analytics.Scope, account store.ID, keep func(*Entry) bool) *Log {
	sel := b.Select(s)
	only := analytics.None
	if account != "" {
		c, ok := b.AccountCode(account)
		if !ok || !sel.Account(c) {
			return &Log{Stamp: b.Stamp(s), Scope: b.Named(s), Rows: analytics.NewRows(0, func(int) Entry { return Entry{} }, func(int) string { return "" })}
		}
		only = c
	}
	type ref struct {
		row int32
		at  int64
	}
	of := func(row int32) Entry {
		v := b.JudgedRow(int(row))
		e := Entry{Evaluation: v}
		c := b.AccountRef(v.Account)
		_, e.AccountName = b.AccountLabel(c)
		if was := b.JudgedBefore(c, v.ID); was != nil {
			e.From = was.Grade
		}
		return e
	}
	var refs []ref
	for i := range b.Judged() {
		c, day, at, ok := b.JudgedHead(i)
		if !ok || c == analytics.None || only != analytics.None && c != only || day > sel.AsOf || !s.Period.IsZero() && !s.Period.Contains(day) || only == analytics.None && !sel.Account(c) {
			continue
		}
		if keep != nil {
			if e := of(int32(i)); !keep(&e) {
				continue
			}
		}
		refs = append(refs, ref{int32(i), at})
	}
	slices.SortFunc(refs, func(x, y ref) int { return cmp.Or(cmp.Compare(y.at, x.at), cmp.Compare(x.row, y.row)) })
	return &Log{Stamp: b.Stamp(s), Scope: b.Named(s), Rows: analytics.NewRows(len(refs), func(i int) Entry { return of(refs[i].row) }, func(i int) string {
		return string(b.JudgedRow(int(refs[i].row)).ID)
	})}
}

// Table gives the entries as raw cells, with each input as NAME=VALUE, followed by its state where it is not fresh.
func (l *Log) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"account_id", "account", "as_of_day", "from_grade", "to_grade", "would_grade", "grade_score", "health", "held_grade", "why", "rule", "inputs"}}
	for i := range l.Rows.Len() {
		e := l.Rows.At(i)
		var inputs []string
		for _, in := range e.Inputs {
			if in.State != store.InputUnknown {
				inputs = append(inputs, said(in.Name, Number(in.Value), in.State))
			}
		}
		t.Rows = append(t.Rows, []string{string(e.Account), e.AccountName, e.Day.String(), string(e.From), string(e.Grade), string(e.Would), strconv.FormatFloat(e.Score, 'f', 2, 64),
			strconv.Itoa(e.Health), strconv.FormatBool(e.Held), e.Why, e.Rule, strings.Join(inputs, "; ")})
	}
	return t
}

// said is an input in a cell: NAME=VALUE, and its state where it is not fresh.
func said(name string, v Number, state store.InputState) string {
	if state == store.InputFresh {
		return name + "=" + v.String()
	}
	return name + "=" + v.String() + " (" + state.String() + ")"
}
