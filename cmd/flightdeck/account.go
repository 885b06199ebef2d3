package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

// accountCommand prints what the screen of a customer shows.
func (in *invocation) accountCommand() *cobra.Command {
	q := &question{in: in}
	return q.about(&cobra.Command{
		Use: "account ACCOUNT", Short: "One customer: grade and health with their causes, open deals, touches, people, signals (客户)", Args: cobra.ExactArgs(1),
		Example: "flightdeck account 恒诺\nflightdeck account demo:a17 --json",
	}, func(p *picture, s analytics.Scope, l *locale.Locale, text string) (answer, error) {
		id, err := findAccount(p.book, s, text)
		if err != nil {
			return answer{}, err
		}
		a, err := account.Of(p.book, s, id)
		if err != nil {
			return answer{}, err
		}
		return answer{value: a, table: a.Table(), sheet: customer(&a, l), stamp: a.Stamp, scope: analytics.Scope{AsOf: s.AsOf}}, nil
	})
}

// about makes a question about the one thing that its argument names.
func (q *question) about(c *cobra.Command, fn func(p *picture, s analytics.Scope, l *locale.Locale, text string) (answer, error)) *cobra.Command {
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) { return fn(p, s, l, args[0]) })(cmd, args)
	}
	q.nodeFlags(c)
	q.complete(c)
	q.format.flags(c)
	return c
}

// shown is how many rows of a part of a customer are printed; --json has all that the screen has.
const shown = 10

// customer is a customer for reading: a line for each thing, the newest first.
func customer(a *account.Answer, l *locale.Locale) sheet {
	s := sheet{head: []string{"", l.Pick("日期", "day"), l.Pick("内容", "what"), l.Pick("说明", "about")}, right: []bool{false, false, false, false}}
	add := func(part, day, what, about string) { s.rows = append(s.rows, []string{part, day, what, about}) }
	day := func(d analytics.Day) string {
		if d == store.NoDay {
			return ""
		}
		return l.Date(d)
	}
	f, r := &a.Facts, &a.Row
	add(l.T(locale.Account), "", f.Name+" ("+string(f.ID)+")", strings.TrimSpace(f.Industry+" "+f.Region+" "+f.City))
	add(l.T(locale.Owner), "", f.OwnerName, "")
	health := "?"
	if r.Health >= 0 {
		health = l.Int(r.Health)
	}
	add(l.T(locale.Grade), "", string(r.Grade), fmt.Sprintf(l.Pick("健康度 %s, 近12月 %s", "health %s, last 12 months %s"), health, l.Money(r.Won.Money)))
	for i, g := range a.Grades {
		if i < shown {
			add(l.T(locale.AccountGrades), l.Date(store.DayOf(g.At, g.At.Location())), string(g.From)+" > "+string(g.To), g.Cause)
		}
	}
	for i, g := range a.Signals {
		if i < shown {
			add(l.T(locale.AccountSignals), l.Date(g.Day), l.Signal(g.Kind)+": "+g.Title, g.URL)
		}
	}
	for i := range a.Deals {
		if d := &a.Deals[i]; i < shown {
			add(l.T(locale.Deals), day(d.Close), d.Name+" ("+string(d.ID)+")", l.Pick(d.Stage.Name, d.Stage.NameEn)+" "+l.MoneyExact(d.Amount))
		}
	}
	for i := range a.Touches {
		if t := &a.Touches[i]; i < shown {
			add(l.T(locale.Touches), l.Date(store.DayOf(t.At, t.At.Location())), l.Channel(t.Channel)+" "+t.Topic, t.RepName)
		}
	}
	for i := range a.Contacts {
		if p := &a.Contacts[i]; i < shown {
			add(l.T(locale.AccountContacts), day(p.Last), p.Name, p.Role)
		}
	}
	for i := 1; i < len(s.rows); i++ { // a part is named once
		for k := i - 1; k >= 0; k-- {
			if s.rows[k][0] != "" {
				if s.rows[k][0] == s.rows[i][0] {
					s.rows[i][0] = ""
				}
				break
			}
		}
	}
	return s
}
