package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/credibility"
	"flightdeck/analytics/desk"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

func (in *invocation) credibilityCommand() *cobra.Command {
	q := &question{in: in}
	var id string
	var limit int
	c := &cobra.Command{
		Use: "credibility", Short: "How much of what is claimed of open deals is backed by documents, and why not all (四阶可信度)", Args: cobra.NoArgs,
		Example: "flightdeck credibility --team 北京团队\nflightdeck credibility --deal demo:d17 --as-of 2026-09-30 --json",
		RunE: q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
			if limit < 1 || limit > 100_000 {
				return answer{}, usagef("--limit %d: want 1 to 100000", limit)
			}
			v := desk.Of(p.desk, p.book, s)
			if id != "" {
				a, err := credibility.Deal(p.book, v, p.rules, s, store.ID(id))
				if errors.Is(err, store.ErrNotFound) {
					return answer{}, usageError{err}
				}
				if err != nil {
					return answer{}, err
				}
				t := a.Table()
				note := fmt.Sprintf(l.Pick("%s 可信度 %d%%", "%s: credibility %d %%"), a.Deal.Name, a.Percent)
				return answer{value: a, table: t, sheet: columns(worded(t, l, func(i int) []credibility.Loss { return a.LostBy(i) }), l), stamp: a.Stamp,
					scope: analytics.Scope{AsOf: s.AsOf}, note: note + noProofs(a.NoProofs, l)}, nil
			}
			a := credibility.Of(p.book, v, p.rules, s).Top(limit)
			t := a.Table()
			note := fmt.Sprintf(l.Pick("%s 个商机 %s, 可信 %s; 低于红线 %s 个, 过期衰减 %s 个", "%s deals over %s, believed %s; %s below the limit, %s decayed"),
				l.Int(a.Count), l.Money(a.Open.Money), l.Money(a.Believed.Money), l.Int(a.Red), l.Int(a.Decayed))
			s.Period = analytics.Period{}
			return answer{value: a, table: t, sheet: columns(worded(t, l, func(i int) []credibility.Loss { return a.Rows.At(i).Lost }), l), stamp: a.Stamp, scope: s,
				note: note + noProofs(a.NoProofs, l)}, nil
		}),
	}
	q.scopeFlags(c)
	q.complete(c)
	q.format.flags(c)
	c.Flags().StringVar(&id, "deal", "", "one deal, step by step: its `ID`")
	c.Flags().IntVar(&limit, "limit", 50, "how many deals, the most doubtful money first")
	return c
}

func noProofs(none bool, l *locale.Locale) string {
	if !none {
		return ""
	}
	return l.Pick("; 没有来源给出佐证文件, 只判断衰减", "; no source gives documents: only the decay is judged")
}

// worded is a table with its reasons, which stand in its last column, in the reader's language.
func worded(t analytics.Table, l *locale.Locale, lost func(i int) []credibility.Loss) analytics.Table {
	out := analytics.Table{Columns: t.Columns}
	for i, row := range t.Rows {
		var why []string
		for _, x := range lost(i) {
			why = append(why, fmt.Sprintf("%s (-%d)", l.Pick(x.Reason.Zh, x.Reason.En), x.Points))
		}
		out.Rows = append(out.Rows, append(append([]string{}, row[:len(row)-1]...), strings.Join(why, "; ")))
	}
	return out
}
