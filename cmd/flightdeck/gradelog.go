package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
)

// gradeLogCommand searches what was judged: the pane's log (g j), for scripts and for whoever asks next year why a customer is a B.
func (in *invocation) gradeLogCommand() *cobra.Command {
	q := &question{in: in}
	var account string
	var moved, held bool
	var limit int
	var search []string
	run := q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
		if limit < 1 || limit > 1_000_000 {
			return answer{}, usagef("--limit %d: want 1 to 1000000", limit)
		}
		b, g := p.book, rule.GradingSection.Of(p.rules)
		var id store.ID
		if account != "" {
			var err error
			if id, err = findAccount(b, s, account); err != nil {
				return answer{}, err
			}
		}
		var keep func(*grade.Entry) bool
		if moved || held || len(search) > 0 {
			keep = func(e *grade.Entry) bool {
				if moved && !e.Moved() || held && !e.Held {
					return false
				}
				text := strings.ToLower(e.Words(g))
				for _, word := range search {
					if !strings.Contains(text, word) {
						return false
					}
				}
				return true
			}
		}
		a := grade.LogOf(b, s, id, keep)
		n := min(limit, a.Rows.Len())
		out := sheet{head: []string{l.T(locale.Date), l.T(locale.Account), l.T(locale.GradeMove), l.T(locale.LogWould), l.T(locale.WeightsScore), l.T(locale.Health), l.T(locale.LogWhy), l.T(locale.LogRule),
			l.T(locale.LogFault), l.T(locale.SandboxInput)}, right: []bool{false, false, false, false, true, true, false, false, false, false}}
		entries := make([]logged, 0, n)
		for i := range n {
			e := a.Rows.At(i)
			entries = append(entries, logOf(&e))
			health, move := "?", row.Move(l, e.From, e.Grade)
			if e.Health >= 0 {
				health = strconv.Itoa(e.Health)
			}
			if e.Held {
				move = "! " + row.Grade(l, e.Grade)
			}
			var faults, inputs []string
			for _, x := range e.Inputs {
				switch x.State {
				case store.InputUnknown:
				case store.InputFresh:
					inputs = append(inputs, row.InputName(l, x.Name, g)+" "+row.Value(l, grade.Number(x.Value)))
				default:
					faults = append(faults, row.InputName(l, x.Name, g)+" "+row.Value(l, grade.Number(x.Value))+" ("+l.InputState(x.State)+", "+l.Date(x.Day)+")")
				}
			}
			out.rows = append(out.rows, []string{l.Date(e.Day), e.AccountName, move, row.Grade(l, e.Would), l.Float(e.Score, 1), health, l.EvaluationWhy(e.Why), e.Rule, strings.Join(faults, "; "),
				strings.Join(inputs, "; ")})
		}
		note := l.F(locale.LogCount, l.Int(a.Rows.Len()))
		if waits := row.Waits(l, grade.Waits(b, g), b.Judged() > 0); waits != "" {
			note += "  " + waits
		}
		t := a.Table()
		t.Rows = t.Rows[:n]
		value := struct {
			analytics.Stamp `json:"stamp"`
			Scope           string   `json:"scope"`
			Found           int      `json:"found"`
			Rows            []logged `json:"rows"`
		}{a.Stamp, a.Scope, a.Rows.Len(), entries}
		return answer{value: value, table: t, sheet: out, stamp: a.Stamp, scope: s, note: note}, nil
	})
	c := &cobra.Command{
		Use: "log [WORD...]", Short: "Search what was judged, the newest first: step, score, rules, inputs (评级日志)", Args: cobra.ArbitraryArgs,
		Long: "Every evaluation stays, with the inputs that it rested on and the version of the rules. Words narrow it down, in either language: a customer, a step such as\n" +
			"A>B, held, moved, a version, an input that could not be relied on and why (vanished, stale, …), a day.",
		Example: "flightdeck grade log moved --period 30d\nflightdeck grade log 'A>B'\nflightdeck grade log --account demo:a17 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			search = nil
			for _, a := range args {
				search = append(search, strings.Fields(strings.ToLower(a))...)
			}
			return run(cmd, nil)
		},
	}
	q.nodeFlags(c)
	c.Flags().StringVar(&q.text.period, "period", "", "only what was judged as of these days: 2026Q3, 2026-09, FROM..TO, 30d (default: all)")
	q.complete(c)
	q.format.flags(c)
	c.Flags().StringVar(&account, "account", "", "only this customer")
	c.Flags().BoolVar(&moved, "moved", false, "only steps")
	c.Flags().BoolVar(&held, "held", false, "only what was held")
	c.Flags().IntVar(&limit, "limit", 50, "how many")
	return c
}

// logged is an evaluation as --json gives it.
type logged struct {
	Account     store.ID      `json:"account_id"`
	AccountName string        `json:"account"`
	Day         store.Day     `json:"day"`
	At          time.Time     `json:"at"`
	From        store.Grade   `json:"from"`
	Grade       store.Grade   `json:"grade"`
	Would       store.Grade   `json:"would"`
	Score       float64       `json:"score"`
	Health      int           `json:"health"` // -1: unknown
	Held        bool          `json:"held"`
	Why         string        `json:"why"`
	Rule        string        `json:"rule"`
	Inputs      []loggedInput `json:"inputs"`
}

type loggedInput struct {
	Name  string       `json:"name"`
	Value grade.Number `json:"value"`
	State string       `json:"state"`
	Day   *store.Day   `json:"day,omitempty"` // of the value
}

func logOf(e *grade.Entry) logged {
	out := logged{e.Account, e.AccountName, e.Day, e.At, e.From, e.Grade, e.Would, e.Score, e.Health, e.Held, e.Why, e.Rule, nil}
	for i := range e.Inputs {
		in := &e.Inputs[i]
		x := loggedInput{Name: in.Name, Value: grade.Number(in.Value), State: in.State.String()}
		if in.State != store.InputUnknown {
			x.Day = &in.Day
		}
		out.Inputs = append(out.Inputs, x)
	}
	return out
}
