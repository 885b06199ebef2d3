package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/sandbag"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

func (in *invocation) sandbagCommand() *cobra.Command {
	q := &question{in: in}
	var by string
	var deals bool
	c := &cobra.Command{
		Use: "sandbag", Short: "Promises that follow the calendar and not the customer, per rep and unit, tested against chance (压单与灌水)", Args: cobra.NoArgs,
		Example: "flightdeck sandbag --by team\nflightdeck sandbag --rep 李雷 --deals --json",
		RunE: q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
			kinds := map[string][]string{"": {"rep", "team", "region", "company"}, "rep": {analytics.KindPerson}, "team": {"team"}, "region": {"region"}, "company": {"company"}}
			if _, ok := kinds[by]; !ok {
				return answer{}, usagef("--by %q: want rep, team, region or company", store.Clip(by, 20))
			}
			if deals {
				a, err := sandbag.Cases(p.book, p.rules, s)
				if errors.Is(err, store.ErrNotFound) {
					return answer{}, usageError{err}
				}
				if err != nil {
					return answer{}, err
				}
				t := a.Table()
				told := analytics.Table{Columns: t.Columns}
				for i, row := range t.Rows {
					told.Rows = append(told.Rows, append(slices.Clone(row[:len(row)-1]), l.Pick(a.Cases[i].Reason.Zh, a.Cases[i].Reason.En)))
				}
				return answer{value: a, table: t, sheet: columns(told, l), stamp: a.Stamp, scope: s}, nil
			}
			a := sandbag.Of(p.book, p.rules, s)
			if by != "" {
				a.Rows = slices.DeleteFunc(a.Rows, func(r sandbag.Row) bool { return !slices.Contains(kinds[by], r.Kind) })
			}
			t := a.Table()
			note := fmt.Sprintf(l.Pick("%s 起, %s 人有样本, %s 人发现习惯, %s 人样本太少 (不足 %s 个)", "since %s: of %s people %s have a habit, and %s too few deals to tell (under %s)"),
				a.Window.From, l.Int(a.People), l.Int(a.Red), l.Int(a.TooFew), l.Int(a.Least))
			return answer{value: a, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: s, note: note}, nil
		}),
	}
	q.nodeFlags(c)
	q.complete(c)
	q.format.flags(c)
	c.Flags().StringVar(&by, "by", "", "only rep, team, region or company (default: all of them)")
	c.Flags().BoolVar(&deals, "deals", false, "the deals behind the figures of the node asked about")
	_ = c.RegisterFlagCompletionFunc("by", cobra.FixedCompletions([]string{"rep", "team", "region", "company"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}
