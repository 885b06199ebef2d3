package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/backtest"
	"flightdeck/analytics/landing"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

// forecastCommands are the questions about what is to come, and how well such answers have held.
func (in *invocation) forecastCommands() []*cobra.Command {
	return []*cobra.Command{in.morningCommand(), in.landingCommand(), in.backtestCommand(), in.cycleCommand(), in.waterfallCommand(),
		in.credibilityCommand(), in.triageCommand(), in.sandbagCommand(), in.deviationCommand(), in.tendersCommand(), in.gradeCommand(), in.owedCommand(), in.potentialCommand(), in.accountCommand()}
}

func (in *invocation) landingCommand() *cobra.Command {
	q := &question{in: in}
	var deals bool
	var limit int
	var try attempt
	c := &cobra.Command{
		Use: "landing", Short: "Where the period lands per org node: P10, P50, P90, learned from your own history (落点)", Args: cobra.NoArgs,
		Example: "flightdeck landing --team 北京团队 --deals\nflightdeck landing --move demo:d17=2026-12-20 --drop demo:d42",
		RunE: func(cmd *cobra.Command, args []string) error {
			return q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
				b := p.book
				if limit < 1 || limit > 10_000 {
					return answer{}, usagef("--limit %d: want 1 to 10000", limit)
				}
				changes, err := try.changes(b)
				if err != nil {
					return answer{}, err
				}
				o, err := p.landing.At(cmd.Context(), b, b.AsOf(s))
				if err != nil {
					return answer{}, err
				}
				x := o.Of(s)
				if len(changes) > 0 {
					if x, err = x.With(changes...); err != nil {
						return answer{}, err
					}
				}
				a := x.Answer
				s.Period = a.Period
				t, value := a.Table(), any(a)
				if deals {
					d := landing.DealList{Answer: a}
					d.Deals, d.Count = x.Deals("", limit)
					t, value = d.Table(), d
				}
				return answer{value: value, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: s, note: basisNote(&a, l)}, nil
			})(cmd, args)
		},
	}
	q.scopeFlags(c)
	q.format.flags(c)
	f := c.Flags()
	f.BoolVar(&deals, "deals", false, "the open deals behind it: chance, how such chances held, what raises and lowers it")
	f.IntVar(&limit, "limit", 50, "with --deals, how many, the largest expectation first")
	f.StringArrayVar(&try.drop, "drop", nil, "what if this deal were not there: `DEAL`'s id")
	f.StringArrayVar(&try.move, "move", nil, "what if it were promised for another day: `DEAL=YYYY-MM-DD`")
	f.StringArrayVar(&try.amount, "amount", nil, "what if it were about another amount: `DEAL=120000`, in the organisation's currency, or DEAL=9000 USD")
	return c
}

// attempt is what a person wants to try on open deals.
type attempt struct{ drop, move, amount []string }

// changes reads it.
func (t *attempt) changes(b *analytics.Book) (out []landing.Change, err error) {
	for _, id := range t.drop {
		out = append(out, landing.Change{Deal: store.ID(id), Drop: true})
	}
	for _, text := range t.move {
		id, day, ok := cut(text)
		c := landing.Change{Deal: id}
		if c.Close, err = store.ParseDay(day); err != nil || !ok {
			return nil, usagef("--move %q: want DEAL=YYYY-MM-DD", store.Clip(text, 60))
		}
		out = append(out, c)
	}
	for _, text := range t.amount {
		id, money, ok := cut(text)
		cur := b.Currency()
		if n, c, two := strings.Cut(strings.TrimSpace(money), " "); two {
			money, cur = n, store.Currency(strings.ToUpper(strings.TrimSpace(c)))
		}
		c := landing.Change{Deal: id}
		if c.Amount, err = store.ParseMoney(money, cur); err != nil || !ok {
			return nil, usagef("--amount %q: want DEAL=120000 or DEAL=9000 USD", store.Clip(text, 60))
		}
		out = append(out, c)
	}
	return out, nil
}

// cut splits DEAL=VALUE at the last equals sign: a deal's identifier may hold one.
func cut(text string) (store.ID, string, bool) {
	i := strings.LastIndexByte(text, '=')
	if i <= 0 {
		return "", "", false
	}
	return store.ID(text[:i]), text[i+1:], true
}

// basisNote says on what a landing rests.
func basisNote(a *landing.Answer, l *locale.Locale) string {
	h := a.History
	if a.Basis == landing.Simple {
		return fmt.Sprintf(l.Pick("历史太少: 已关闭 %s 个商机, 其中赢单 %s 个 (至少需要 %s 和 %s 个), 只给出已成交与加权",
			"too little history: %s closed deals, %s of them won (at least %s and %s are needed); only closed and weighted are given"),
			l.Int(h.Won+h.Lost), l.Int(h.Won), l.Int(h.NeedClose), l.Int(h.NeedWon))
	}
	return fmt.Sprintf(l.Pick("依据 %s 个已关闭商机与 %s 次历史预测", "learned from %s closed deals and %s past forecasts"), l.Int(h.Won+h.Lost), l.Int(h.Origins))
}

func (in *invocation) backtestCommand() *cobra.Command {
	q := &question{in: in}
	var length, by string
	var every bool
	c := &cobra.Command{
		Use: "backtest", Short: "How well past periods would have been forecast, as they were known then (回测)", Args: cobra.NoArgs,
		Example: "flightdeck backtest --period quarter --by team --json",
		RunE: q.ask(func(b *analytics.Book, s analytics.Scope, l *locale.Locale) (answer, error) {
			query, err := backtest.Parse(length, by)
			if err != nil {
				return answer{}, usageError{err}
			}
			a := backtest.Of(b, s, query)
			t := a.Table()
			sheet := columns(t, l)
			if !every {
				sheet = scores(&a, l)
			}
			return answer{value: a, table: t, sheet: sheet, stamp: a.Stamp, scope: s, note: backtestNote(&a, l)}, nil
		}),
	}
	q.nodeFlags(c)
	c.Flags().StringVar(&length, "period", "", "length of the forecast periods: month or quarter (default quarter)")
	c.Flags().StringVar(&by, "by", "", "org nodes that are judged: company, region, team or rep (default team)")
	c.Flags().BoolVar(&every, "all", false, "with --plain, every forecast and not only the scores")
	_ = c.RegisterFlagCompletionFunc("period", cobra.FixedCompletions([]string{"month", "quarter"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("by", cobra.FixedCompletions([]string{"company", "region", "team", "rep"}, cobra.ShellCompDirectiveNoFileComp))
	q.format.flags(c)
	return c
}

func backtestNote(a *backtest.Answer, l *locale.Locale) string {
	s := &a.Summary
	if s.N == 0 {
		return l.Pick("没有可以回测的期间: 历史太少", "no period can be tested: there is too little history")
	}
	note := fmt.Sprintf(l.Pick("%s 个期间, %s 次预测", "%s periods, %s forecasts"), l.Int(s.Periods), l.Int(s.N))
	if len(s.Skipped) > 0 {
		note += fmt.Sprintf(l.Pick(", 因历史太少跳过 %s", ", skipped for want of history: %s"), strings.Join(s.Skipped, " "))
	}
	if s.NoData > 0 {
		note += fmt.Sprintf(l.Pick(", %s 次没有实际值", ", %s without an actual"), l.Int(s.NoData))
	}
	if s.Brier != nil {
		note += fmt.Sprintf(l.Pick(", 单个商机 Brier %.4f", ", Brier score of single deals %.4f"), *s.Brier)
	}
	return note
}

// scores lays out how the forecasts held: by how much of the period had passed, then by node at its start.
func scores(a *backtest.Answer, l *locale.Locale) sheet {
	s := sheet{head: []string{"", l.Pick("预测数", "Forecasts"), l.Pick("准确率中位", "Median accuracy"), l.Pick("区间命中", "In P10–P90")}, right: []bool{false, true, true, true}}
	var used []landing.Baseline
	for _, w := range landing.Baselines() {
		if slices.ContainsFunc(a.Horizons, func(p backtest.Part) bool { _, ok := p.Baselines[string(w)]; return ok }) {
			used = append(used, w)
			s.head, s.right = append(s.head, l.Baseline(string(w))), append(s.right, true)
		}
	}
	percent := func(v *float64) string {
		if v == nil {
			return ""
		}
		return l.Percent(*v, 1)
	}
	row := func(name string, p *backtest.Part) {
		r := []string{name, l.Int(p.N), percent(p.Median), percent(p.Coverage)}
		for _, w := range used {
			cell := ""
			if v, ok := p.Baselines[string(w)]; ok {
				cell = l.Percent(v, 1)
			}
			r = append(r, cell)
		}
		s.rows = append(s.rows, r)
	}
	for i := range a.Horizons {
		p := &a.Horizons[i]
		name := l.Pick("期初", "at the start")
		if p.Elapsed > 0 {
			name = fmt.Sprintf(l.Pick("过去 %d%%", "%d%% passed"), p.Elapsed)
		}
		row(name, p)
	}
	for i := range a.Nodes {
		row("  "+a.Nodes[i].Name, &a.Nodes[i])
	}
	return s
}
