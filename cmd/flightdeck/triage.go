package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/triage"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

func (in *invocation) triageCommand() *cobra.Command {
	q := &question{in: in}
	var f struct {
		rule, state, deal string
		held, board       bool
		limit             int
	}
	c := &cobra.Command{
		Use: "triage", Short: "The red flags of open deals, the most money in doubt first, with reason, age and what was decided (红标分诊)", Args: cobra.NoArgs,
		Example: "flightdeck triage --team 北京团队 --json\nflightdeck triage --board\nflightdeck triage --rule credibility --held",
		RunE: q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
			filter := triage.Filter{Rule: triage.Rule(f.rule), State: triage.State(f.state), Held: f.held, Deal: store.ID(f.deal)}
			switch {
			case f.limit < 1 || f.limit > 100_000:
				return answer{}, usagef("--limit %d: want 1 to 100000", f.limit)
			case f.rule != "" && !slices.Contains(triage.Rules(), filter.Rule):
				return answer{}, usagef("--rule %q: want one of %s", store.Clip(f.rule, 40), enumerated(triage.Rules()))
			case f.state != "" && !slices.Contains(triage.States(), filter.State):
				return answer{}, usagef("--state %q: want one of %s", store.Clip(f.state, 40), enumerated(triage.States()))
			}
			v := desk.Of(p.desk, p.book, s)
			s.Period = analytics.Period{}
			if f.board {
				a := triage.BoardOf(p.book, v, p.rules, s)
				t := a.Table()
				return answer{value: a, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: s}, nil
			}
			a := triage.Of(p.book, v, p.rules, s, filter).Top(f.limit)
			t := a.Table()
			told := analytics.Table{Columns: t.Columns}
			for i, row := range t.Rows {
				x := a.Flags.At(i)
				told.Rows = append(told.Rows, append(slices.Clone(row[:len(row)-1]), l.Pick(x.Reason.Zh, x.Reason.En)))
			}
			note := fmt.Sprintf(l.Pick("未处理 %s 条, 涉及 %s 个商机 %s, 升级 %s 条", "%s open on %s deals over %s, %s escalated"),
				l.Int(a.Open.Flags), l.Int(a.Open.Deals), l.Money(a.Open.AtRisk.Money), l.Int(a.Escalated))
			return answer{value: a, table: t, sheet: columns(told, l), stamp: a.Stamp, scope: s, note: note}, nil
		}),
	}
	q.scopeFlags(c)
	q.complete(c)
	q.format.flags(c)
	c.Flags().StringVar(&f.rule, "rule", "", "only flags of this rule: "+enumerated(triage.Rules()))
	c.Flags().StringVar(&f.state, "state", "", "only flags in this state: "+enumerated(triage.States()))
	c.Flags().StringVar(&f.deal, "deal", "", "only flags of this deal: its `ID`")
	c.Flags().BoolVar(&f.held, "held", false, "also what is snoozed, overridden or accepted")
	c.Flags().BoolVar(&f.board, "board", false, "the director's board: per org node how many are open, over how much, and for how long")
	c.Flags().IntVar(&f.limit, "limit", 50, "how many flags")
	_ = c.RegisterFlagCompletionFunc("rule", cobra.FixedCompletions(strings.Split(enumerated(triage.Rules()), ", "), cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(strings.Split(enumerated(triage.States()), ", "), cobra.ShellCompDirectiveNoFileComp))
	c.AddCommand(in.triageActCommand(), in.triageUndoCommand(), in.triageTrailCommand())
	return c
}

// enumerated lists words.
func enumerated[T ~string](all []T) string {
	var s []string
	for _, v := range all {
		s = append(s, string(v))
	}
	return strings.Join(s, ", ")
}
