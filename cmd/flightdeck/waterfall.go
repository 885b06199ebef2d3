package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/waterfall"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

// movement is a waterfall with the deals behind its steps.
type movement struct {
	waterfall.Answer
	Moves []deal.Row `json:"moves"`
}

func (in *invocation) waterfallCommand() *cobra.Command {
	q := &question{in: in}
	var since, step string
	var deals bool
	c := &cobra.Command{
		Use: "waterfall", Short: "What is open for the period against an earlier day: created, won, lost, slipped, pulled in, grown, shrunk (瀑布图)", Args: cobra.NoArgs,
		Example: "flightdeck waterfall --since 2026-09-01\nflightdeck waterfall --since 7d --team 北京团队 --deals --step slipped",
		RunE: q.ask(func(b *analytics.Book, s analytics.Scope, l *locale.Locale) (answer, error) {
			day, err := sinceDay(since, b.AsOf(s))
			if err != nil {
				return answer{}, err
			}
			kind, err := stepKind(step)
			if err != nil {
				return answer{}, err
			}
			a := waterfall.Of(b, s, day)
			t, value := a.Table(), any(a)
			out := steps(&a, l)
			if deals || kind != "" {
				list := waterfall.Look(b, s, day, kind).List()
				t, value = list.Table(), movement{a, list.Rows}
				out = columns(t, l)
			}
			s.Period = a.Period
			return answer{value: value, table: t, sheet: out, stamp: a.Stamp, scope: s}, nil
		}),
	}
	q.scopeFlags(c)
	q.complete(c)
	q.format.flags(c)
	c.Flags().StringVar(&since, "since", "7d", "the day to compare with: `DAY` as YYYY-MM-DD, or days before the as-of day as in 7d")
	c.Flags().BoolVar(&deals, "deals", false, "the deals behind the steps")
	c.Flags().StringVar(&step, "step", "", "only the deals of this step: "+strings.Join(stepWords(), ", "))
	_ = c.RegisterFlagCompletionFunc("step", cobra.FixedCompletions(stepWords(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

// sinceDay reads the day that is compared with.
func sinceDay(text string, asOf store.Day) (store.Day, error) {
	if n, err := strconv.Atoi(strings.TrimSuffix(text, "d")); err == nil && strings.HasSuffix(text, "d") && n >= 1 && n <= 3660 {
		return asOf - store.Day(n), nil
	}
	d, err := store.ParseDay(text)
	if err != nil {
		return 0, usagef("--since %q: want a day as YYYY-MM-DD, or 1d to 3660d", store.Clip(text, 40))
	}
	if d >= asOf {
		return 0, usagef("--since %s: want a day before %s, as of which is asked", d, asOf)
	}
	return d, nil
}

func stepWords() (words []string) {
	for _, k := range waterfall.Kinds() {
		words = append(words, string(k))
	}
	return words
}

func stepKind(text string) (waterfall.Kind, error) {
	for _, k := range waterfall.Kinds() {
		if text == "" || text == string(k) {
			return waterfall.Kind(text), nil
		}
	}
	return "", usagef("--step %q: want one of %s", store.Clip(text, 40), strings.Join(stepWords(), ", "))
}

// steps lays a waterfall out for reading.
func steps(a *waterfall.Answer, l *locale.Locale) sheet {
	s := sheet{head: []string{"", l.T(locale.Deals), l.T(locale.Amount), l.T(locale.WithoutRate)}, right: []bool{false, true, true, false}}
	row := func(name string, n int, sum analytics.Sum) {
		s.rows = append(s.rows, []string{name, l.Int(n), separated(sum.Cell()), sum.MissingCell()})
	}
	row(l.Date(a.From.Day), a.From.Deals, a.From.Sum)
	for _, x := range a.Steps {
		row("  "+l.Step(string(x.Kind)), x.Deals, x.Sum)
	}
	row(l.Date(a.To.Day), a.To.Deals, a.To.Sum)
	return s
}
