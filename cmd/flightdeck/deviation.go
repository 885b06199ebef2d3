package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/deviation"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

func (in *invocation) deviationCommand() *cobra.Command {
	q := &question{in: in}
	c := &cobra.Command{
		Use: "deviation", Short: "The largest misses of a month's forecast, with the causes that their evidence names (预测归因报告)", Args: cobra.NoArgs,
		Example: "flightdeck deviation --period 2026-10 --team 北京团队\nflightdeck deviation tag demo:d17 price,legal --period 2026-10 --note \"see the minutes\"",
		RunE: q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
			a := deviation.Of(p.book, desk.Of(p.desk, p.book, s), p.rules, s)
			s.Period = a.Period
			t := a.Table()
			return answer{value: a, table: t, sheet: columns(causes(&a, t, l), l), stamp: a.Stamp, scope: s, note: deviationNote(&a, l)}, nil
		}),
	}
	q.scopeFlags(c)
	q.complete(c)
	q.format.flags(c)
	c.AddCommand(in.deviationTagCommand())
	return c
}

// causes is a table with the tags and their sentences in the reader's language.
func causes(a *deviation.Answer, t analytics.Table, l *locale.Locale) analytics.Table {
	names := map[string]string{}
	for _, s := range a.Causes {
		names[s.ID] = l.Pick(s.Name, s.NameEn)
	}
	for i := range a.Misses {
		for _, x := range a.Misses[i].Tags {
			names[x.ID] = l.Pick(x.Name, x.NameEn)
		}
	}
	out := analytics.Table{Columns: t.Columns}
	at := func(name string) int { return slices.Index(t.Columns, name) }
	for i, row := range t.Rows {
		row = slices.Clone(row)
		for _, k := range []int{at("causes"), at("corrected_causes")} {
			var words []string
			for _, id := range strings.Fields(row[k]) {
				if n := names[id]; n != "" {
					id = n
				}
				words = append(words, id)
			}
			row[k] = strings.Join(words, ", ")
		}
		var said []string
		for _, x := range a.Misses[i].Tags {
			if len(x.Evidence) > 0 {
				e := &x.Evidence[0]
				said = append(said, fmt.Sprintf("%s: %s %s", l.Pick(x.Name, x.NameEn), e.Day, e.Text))
			}
		}
		row[at("cause_evidence")] = strings.Join(said, "; ")
		out.Rows = append(out.Rows, row)
	}
	return out
}

// deviationNote says what the misses add up to, and what explains them.
func deviationNote(a *deviation.Answer, l *locale.Locale) string {
	note := fmt.Sprintf(l.Pick("%s 承诺 %s, 实际 %s, 少 %s, 多 %s, %s 个商机有偏差", "%s: promised %s, came %s, short by %s, over by %s, on %s deals"), a.Name, l.Money(a.Promised), l.Money(a.Actual),
		l.Money(store.Money{Minor: -a.Shortfall.Minor, Currency: a.Shortfall.Currency}), l.Money(a.Surplus), l.Int(a.Missed))
	for _, s := range a.Causes {
		note += fmt.Sprintf("; %s %s", l.Pick(s.Name, s.NameEn), l.Percent(s.Part, 0))
	}
	if a.Corrected > 0 {
		note += fmt.Sprintf(l.Pick("; 人工更正 %s 个, 首因保留 %s 个", "; %s corrected, the first cause kept in %s"), l.Int(a.Corrected), l.Int(a.Kept))
	}
	if a.NoValue > 0 {
		note += fmt.Sprintf(l.Pick("; %s 个没有金额或汇率", "; %s without an amount or a rate"), l.Int(a.NoValue))
	}
	return note
}

func (in *invocation) deviationTagCommand() *cobra.Command {
	var period, note string
	c := &cobra.Command{
		Use: "tag DEAL TAG[,TAG]", Short: "Put other causes in place of the derived ones; - takes the correction back", Args: cobra.ExactArgs(2),
		RunE: in.do(func(cmd *cobra.Command, args []string) error {
			cfg, err := in.load()
			if err != nil {
				return err
			}
			return in.atDesk(cmd.Context(), cfg, func(p *picture, s *desk.Session) error {
				d, err := tagging(p, args[0], args[1], period, note)
				if err != nil {
					return err
				}
				out, err := s.Decide(cmd.Context(), []store.Decision{d})
				if errors.Is(err, store.ErrNotFound) {
					return usageError{err}
				}
				if err != nil {
					return err
				}
				say(in.stdout, in.locale(cfg).Pick("决定 %d 已入账\n", "decision %d entered\n"), out[0].Seq)
				return nil
			})
		}),
	}
	c.Flags().StringVar(&period, "period", "", "the period of the report: 2026-09, month-1")
	c.Flags().StringVar(&note, "note", "", "why")
	_ = c.MarkFlagRequired("period")
	return c
}

// tagging is the decision that puts tags in place of the derived ones.
func tagging(p *picture, id, text, period, note string) (d store.Decision, err error) {
	b := p.book
	span, err := b.Calendar().Parse(period, b.Today())
	if err != nil {
		return d, usageError{err}
	}
	tags, err := deviation.Parse(p.rules, text)
	if err != nil {
		return d, usageError{err}
	}
	return deviation.Correct(store.ID(id), b.Calendar().Name(span), tags, note), nil
}
