package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/cycle"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

func (in *invocation) cycleCommand() *cobra.Command {
	q := &question{in: in}
	var limit int
	c := &cobra.Command{
		Use: "cycle [DEAL]", Short: "What reps promise beside what became of similar deals; beyond two sigma is red (双轨制)", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
				if len(args) == 0 {
					if limit < 1 || limit > 100_000 {
						return answer{}, usagef("--limit %d: want 1 to 100000", limit)
					}
					a := cycle.Red(p.book, p.rules, s)
					red := len(a.Rows)
					a.Rows = a.Rows[:min(limit, red)]
					t := a.Table()
					note := fmt.Sprintf(l.Pick("%s 个商机有标红版本, 共对比 %s 个, %s 个同类太少未判断", "%s deals with a red version of %s judged, %s have too few similar ones"),
						l.Int(red), l.Int(a.Judged), l.Int(a.TooFew))
					s.Period = analytics.Period{}
					return answer{value: a, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: s, note: note}, nil
				}
				a, err := cycle.Of(p.book, p.rules, s, store.ID(args[0]))
				if errors.Is(err, store.ErrNotFound) {
					return answer{}, usageError{err}
				}
				if err != nil {
					return answer{}, err
				}
				t := a.Table()
				return answer{value: a, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: analytics.Scope{AsOf: s.AsOf}, note: l.Pick("赢单周期分布 ", "days to win ") + spread(&a)}, nil
			})(cmd, args)
		},
	}
	q.nodeFlags(c)
	q.format.flags(c)
	c.Flags().IntVar(&limit, "limit", 50, "how many deals, the largest first")
	return c
}

// spread writes a histogram in one line: days and deals.
func spread(a *cycle.Answer) string {
	text := ""
	for _, b := range a.Bins {
		if b.N == 0 {
			continue
		}
		if text != "" {
			text += " "
		}
		if b.To == 0 {
			text += fmt.Sprintf("%d+:%d", b.From, b.N)
		} else {
			text += fmt.Sprintf("%d-%d:%d", b.From, b.To, b.N)
		}
	}
	return text
}
