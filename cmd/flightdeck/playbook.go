package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/playbook"
	"flightdeck/tui/locale"
)

// owedCommand says who did not get what the playbook of their grade owes them.
func (in *invocation) owedCommand() *cobra.Command {
	q := &question{in: in}
	c := &cobra.Command{
		Use: "owed", Short: "Customers who did not get the visit, call or content that their grade owes them (该做未做)", Args: cobra.NoArgs,
		Example: "flightdeck owed --team 北京团队\nflightdeck owed --json",
		RunE: q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
			a := playbook.Of(p.book, p.rules, s)
			t := a.Table()
			told := analytics.Table{Columns: slices.Clone(t.Columns)}
			name, other := slices.Index(t.Columns, "play"), slices.Index(t.Columns, "play_en")
			told.Columns = slices.Delete(told.Columns, other, other+1)
			for _, row := range t.Rows {
				row = slices.Clone(row)
				row[name] = l.Pick(row[name], row[other])
				told.Rows = append(told.Rows, slices.Delete(row, other, other+1))
			}
			note := l.F(locale.OwedHead, l.Int(a.Owed.Len()), l.Int(a.Today))
			if a.Silent {
				note = l.T(locale.OwedSilent)
			}
			return answer{value: a, table: t, sheet: columns(told, l), stamp: a.Stamp, scope: s, note: note}, nil
		}),
	}
	q.nodeFlags(c)
	q.complete(c)
	q.format.flags(c)
	return c
}

// potentialCommand says whom the rules promote as high potential.
func (in *invocation) potentialCommand() *cobra.Command {
	q := &question{in: in}
	account := ""
	c := &cobra.Command{
		Use: "potential", Short: "Customers who were healthy for months in a row and want something new (高潜)", Args: cobra.NoArgs,
		Long: "With --proposal the facts on record for a proposal to one of them, as Markdown to go on writing in: what it bought and wants, deals and documents, people, signals.\n" +
			"Nothing is invented: what no source said is missing.",
		Example: "flightdeck potential --region 华东\nflightdeck potential --json\nflightdeck potential --proposal demo:a17 > proposal.md",
	}
	c.RunE = q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
		if account != "" {
			return proposed(c.Context(), p, s, l, account)
		}
		a, err := grade.PotentialsOf(c.Context(), p.book, p.rules, s)
		if err != nil {
			return answer{}, err
		}
		t := a.Table(p.book.Currency())
		days := make([]string, len(a.Days))
		for i, d := range a.Days {
			days[i] = d.String()
		}
		note := fmt.Sprintf(l.T(locale.PotentialHead), l.Int(len(a.Rows)), l.Int(a.Healthy), l.Int(a.Above), strings.Join(days, ", "))
		return answer{value: a, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: s, note: note}, nil
	})
	q.nodeFlags(c)
	q.complete(c)
	q.format.flags(c)
	c.Flags().StringVar(&account, "proposal", "", "the facts for a proposal to this `ACCOUNT` (name or id)")
	return c
}
