package script

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/touch"
	"flightdeck/store"
)

// questions are what eval can ask: the analysis' Table for a scope and the analysis' own words.
var questions map[string]func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error)

func init() { // the error of Parse names them, so a literal would be a circle
	questions = map[string]func(*analytics.Book, analytics.Scope, *args) (analytics.Table, error){
		"heatmap": func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error) {
			c, err := cell(a)
			return heatmap.Of(b, s, c.Query).Table(), err
		},
		"touches": func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error) {
			if a.str("view") == "" {
				return touch.Of(b, s, a.num("limit")).Table(), nil
			}
			c, err := cell(a)
			return heatmap.Touches(b, s, c).Table(), err
		},
		"migration": func(b *analytics.Book, s analytics.Scope, _ *args) (analytics.Table, error) {
			return migration.Of(b, s).Table(), nil
		},
		"moves": func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error) {
			c, err := migration.ParseCell(a.str("cell"))
			return migration.Accounts(b, s, c).Table(), err
		},
		"accounts": func(b *analytics.Book, s analytics.Scope, _ *args) (analytics.Table, error) {
			return account.All(b, s).Table(), nil
		},
		"account": func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error) {
			x, err := account.Of(b, s, a.id("id"))
			if err != nil {
				return analytics.Table{}, err
			}
			return x.Table(), nil
		},
	}
	addDealQuestions()
}

func questionNames() []string { return slices.Sorted(maps.Keys(questions)) }

func cell(a *args) (c heatmap.Cell, err error) {
	c = heatmap.Cell{Query: heatmap.Query{Channel: a.str("channel"), Area: a.str("area")}, Row: a.str("row"), Col: a.str("col")}
	c.Query.View, err = heatmap.ParseView(a.str("view"))
	return c, err
}

// Run does what the script says. today is the day on the clock; evals without as-of are asked as of then. The first thing that is wrong is the
// error, an [*Error].
func (s *Script) Run(today store.Day) error {
	l := newLoader()
	for _, c := range s.Commands {
		if c.Verb == "load" {
			for _, line := range c.Body {
				if err := l.line(line.Words); err != nil {
					return &Error{s.Name, line.Line, err}
				}
			}
			continue
		}
		rec := l.rec
		b := analytics.FromRecords(&rec, analytics.Options{Now: func() time.Time { return today.Time(l.zone) }})
		if err := c.eval(b, today); err != nil {
			var e *Error
			if errors.As(err, &e) {
				e.Name = s.Name
				return e
			}
			return &Error{s.Name, c.Line, err}
		}
	}
	return nil
}

// eval asks and compares.
func (c *Command) eval(b *analytics.Book, today store.Day) error {
	ask, ok := questions[c.What]
	if !ok {
		return fmt.Errorf("eval %q: want one of %s", c.What, strings.Join(questionNames(), ", "))
	}
	a := parseArgs(c.Args)
	if len(a.plain) > 0 {
		return fmt.Errorf("eval %s %q: want key=value", c.What, a.plain[0])
	}
	scope := analytics.Scope{Root: a.id("root"), Node: a.id("node"), Product: a.id("product"), Stage: a.id("stage"), Industry: a.str("industry")}
	if p := a.str("period"); p != "" {
		var err error
		if scope.Period, err = b.Calendar().Parse(p, today); err != nil {
			return err
		}
	}
	if d := a.day("as-of"); d != store.NoDay {
		scope.AsOf = d
	}
	t, err := ask(b, scope, a)
	if a.err != nil {
		return fmt.Errorf("eval %s: %w", c.What, a.err)
	}
	for k := range a.kv {
		if !a.used[k] {
			return fmt.Errorf("eval %s: unknown key %q; want %s", c.What, k, strings.Join(slices.Sorted(maps.Keys(a.used)), ", "))
		}
	}
	if c.Mode == "fail" {
		return c.refused(err)
	}
	if err != nil {
		return err
	}
	return c.compare(t)
}

func (c *Command) refused(err error) error {
	if err == nil {
		return fmt.Errorf("eval fail %s: it was answered", c.What)
	}
	for _, l := range c.Body {
		if want := strings.Join(l.Words, " "); !strings.Contains(err.Error(), want) {
			return &Error{Line: l.Line, Err: fmt.Errorf("the error is %w, want it to contain %q", err, want)}
		}
	}
	return nil
}

func (c *Command) compare(t analytics.Table) error {
	if len(c.Body) == 0 {
		return fmt.Errorf("eval %s: no columns named below; it has %s", c.What, strings.Join(t.Columns, " "))
	}
	head := c.Body[0]
	cols := make([]int, len(head.Words))
	for i, w := range head.Words {
		if cols[i] = slices.Index(t.Columns, w); cols[i] < 0 {
			return &Error{Line: head.Line, Err: fmt.Errorf("eval %s has no column %q; want %s", c.What, w, strings.Join(t.Columns, " "))}
		}
	}
	got := make([][]string, len(t.Rows))
	for i, row := range t.Rows {
		for _, k := range cols {
			v := row[k]
			if v == "" {
				v = "-"
			}
			got[i] = append(got[i], v)
		}
	}
	for i, want := range c.Body[1:] {
		if len(want.Words) != len(cols) {
			return &Error{Line: want.Line, Err: fmt.Errorf("%d words, want %d: %s", len(want.Words), len(cols), strings.Join(head.Words, " "))}
		}
		switch c.Mode {
		case "some":
			if !slices.ContainsFunc(got, func(row []string) bool { return slices.Equal(row, want.Words) }) {
				return &Error{Line: want.Line, Err: fmt.Errorf("no such row; got\n%s", show(got))}
			}
		default:
			if i >= len(got) || !slices.Equal(got[i], want.Words) {
				return &Error{Line: want.Line, Err: fmt.Errorf("want this row here; got\n%s", show(got))}
			}
		}
	}
	if c.Mode == "" && len(got) != len(c.Body)-1 {
		return fmt.Errorf("eval %s: %d rows, want %d; got\n%s", c.What, len(got), len(c.Body)-1, show(got))
	}
	return nil
}

func show(rows [][]string) string {
	var b strings.Builder
	for i, r := range rows {
		if i == 40 {
			fmt.Fprintf(&b, "  … %d more", len(rows)-i)
			break
		}
		b.WriteString("  " + strings.Join(r, " | ") + "\n")
	}
	return b.String()
}
