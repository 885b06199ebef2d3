package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/triage"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/tui/locale"
)

// atDesk gives fn what the store holds and the caller's session at the desk: the owner's when this process answers for somebody else, else the file's, else, when another process
// holds the file, through that process.
func (in *invocation) atDesk(ctx context.Context, cfg *config.Config, fn func(*picture, *desk.Session) error) error {
	if in.owner != nil {
		return fn(in.owner.picture(), in.owner.desk)
	}
	return in.ask(ctx, cfg, func(p *picture) (err error) {
		dir, err := in.folder(cfg)
		if err != nil {
			return err
		}
		d, err := bolt.OpenDesk(dir, bolt.Options{Version: version()})
		if err != nil {
			return refused(err)
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		live := desk.NewLive(d, nil)
		if err := live.Refresh(ctx); err != nil {
			return err
		}
		return fn(p, &desk.Session{Viewer: desk.Viewer{Name: cmp.Or(userName(), "local")}, Live: live, Book: func() *analytics.Book { return p.book }, Marker: d})
	})
}

// acts are the words of triage act.
var acts = []string{"request", "snooze", "override", "assign", "accept", "reject", "note"}

func (in *invocation) triageActCommand() *cobra.Command {
	var t struct{ rule, until, to, note, amount, close, category string }
	var percent int
	c := &cobra.Command{
		Use: "act VERB DEAL...", Args: cobra.MinimumNArgs(2), ValidArgs: acts,
		Short: "Decide about flags as the triage screen does: " + strings.Join(acts, ", "),
		Long: "Decides about all flags of the deals that are named, or with --rule about one flag of each. All of it goes into the journal, or nothing; triage undo takes it back.\n" +
			"Whoever is asked for an update or given something is told through the notifiers.",
		Example: "flightdeck triage act request demo:d17 --until 2026-12-01\nflightdeck triage act override demo:d17 --percent 40 --note \"their budget is cut\"\nflightdeck triage act assign demo:d17 demo:d42 --to 王强",
		RunE: in.do(func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(acts, args[0]) {
				return usagef("triage act %q: want one of %s", store.Clip(args[0], 20), strings.Join(acts, ", "))
			}
			if t.rule != "" && !slices.Contains(triage.Rules(), triage.Rule(t.rule)) {
				return usagef("--rule %q: want one of %s", store.Clip(t.rule, 40), enumerated(triage.Rules()))
			}
			cfg, err := in.load()
			if err != nil {
				return err
			}
			return in.atDesk(cmd.Context(), cfg, func(p *picture, s *desk.Session) error {
				b, l := p.book, in.locale(cfg)
				root := store.ID("")
				if s != nil {
					root = s.Viewer.Root
				}
				a := triage.Act{Note: t.note, Percent: percent}
				switch args[0] {
				case "accept", "reject":
					a.Kind, a.Reject = store.DecisionAccept, args[0] == "reject"
				default:
					if a.Kind, err = store.ParseDecisionKind(args[0]); err != nil {
						return usageError{err}
					}
				}
				day := func(flag, text string) (d store.Day) {
					if text == "" || err != nil {
						return 0
					}
					var e error
					if d, e = store.ParseDay(text); e != nil {
						err = usagef("%s: %w", flag, e)
					}
					return d
				}
				a.Until, a.Close = day("--until", t.until), day("--close", t.close)
				if err != nil {
					return err
				}
				if t.to != "" {
					node, err := b.FindNode(root, analytics.KindPerson, t.to)
					if err != nil {
						return usageError{err}
					}
					a.Person = node
				}
				if t.amount != "" {
					if a.Amount, err = store.ParseMoney(t.amount, b.Currency()); err != nil {
						return usagef("--amount %q: want a decimal number in %s", store.Clip(t.amount, 40), b.Currency())
					}
				}
				if t.category != "" {
					if a.Category, err = store.ParseCategory(t.category); err != nil {
						return usageError{err}
					}
				}
				var flags []triage.Flag
				for _, id := range args[1:] {
					found := triage.Of(b, s.Now(), p.rules, analytics.Scope{Root: root}, triage.Filter{Rule: triage.Rule(t.rule), Deal: store.ID(id), Held: true}).Flags.List()
					if len(found) == 0 {
						return usagef("triage act: deal %q has no such flag here; see flightdeck triage", store.Clip(id, 60))
					}
					flags = append(flags, found...)
				}
				ds, ms, err := a.On(b, p.rules, flags, in.caller(s), said(in.messageLocale(cfg)))
				if err != nil {
					return usageError{err}
				}
				out, err := s.Decide(cmd.Context(), ds, ms...)
				if err != nil {
					return err
				}
				say(in.stdout, l.Pick("%d 条决定已入账 (%d-%d), %d 条通知\n", "%d decisions entered (%d to %d), %d messages\n"), len(out), out[0].Seq, out[len(out)-1].Seq, len(ms))
				return nil
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&t.rule, "rule", "", "only this flag of each deal: "+enumerated(triage.Rules()))
	f.StringVar(&t.until, "until", "", "request: the answer is due; snooze: it comes back: `DAY` as YYYY-MM-DD (default: the rules')")
	f.StringVar(&t.to, "to", "", "assign: to the `PERSON` with this name or id")
	f.StringVar(&t.note, "note", "", "why; an override wants one")
	f.StringVar(&t.amount, "amount", "", "override: this amount, in the organisation's currency")
	f.StringVar(&t.close, "close", "", "override: promised for this `DAY`")
	f.StringVar(&t.category, "category", "", "override: omitted, pipeline, best_case or commit")
	f.IntVar(&percent, "percent", 0, "override: by which the amount counts, 1 to 100")
	return c
}

// caller is under which name who decides came in.
func (in *invocation) caller(s *desk.Session) string {
	if s == nil {
		return ""
	}
	if s.Viewer.Person != "" && s.Book() != nil {
		return cmp.Or(s.Book().PersonName(s.Viewer.Person), s.Viewer.Name)
	}
	return s.Viewer.Name
}

func (in *invocation) triageUndoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "undo", Short: "Take back what you decided last, with all that was decided in the same moment", Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error {
			cfg, err := in.load()
			if err != nil {
				return err
			}
			return in.atDesk(cmd.Context(), cfg, func(_ *picture, s *desk.Session) error {
				out, err := s.Undo(cmd.Context())
				if err != nil {
					return err
				}
				say(in.stdout, in.locale(cfg).Pick("撤回 %d 条\n", "%d taken back\n"), len(out))
				return nil
			})
		}),
	}
}

func (in *invocation) triageTrailCommand() *cobra.Command {
	q := &question{in: in}
	var dealID string
	var limit int
	c := &cobra.Command{
		Use: "trail", Short: "Who decided what, the newest first: the journal that nobody can edit (审计)", Args: cobra.NoArgs,
		RunE: q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
			if limit < 1 {
				return answer{}, usagef("--limit %d: want 1 or more", limit)
			}
			viewer := desk.Viewer{Root: s.Root}
			a := triage.TrailOf(p.book, desk.Of(p.desk, p.book, s), viewer, store.ID(dealID), limit)
			out := sheet{head: []string{"#", l.T(locale.Time), l.Pick("谁", "who"), l.Pick("决定", "decided"), l.T(locale.Deal), l.Pick("红标", "flag"), l.Pick("内容", "what"), l.T(locale.Note)}, right: []bool{true, false, false, false, false, false, false, false}}
			for _, e := range a.Entries {
				kind := l.Decision(e.Kind)
				if e.Undoes != 0 {
					kind = l.Pick("撤回 ", "undoes ") + strconv.FormatUint(e.Undoes, 10)
				}
				out.rows = append(out.rows, []string{strconv.FormatUint(e.Seq, 10), e.At, e.Name, kind, e.About, l.Pick(triage.Rule(e.Topic).Name().Zh, triage.Rule(e.Topic).Name().En), l.Pick(e.What.Zh, e.What.En), e.Note})
			}
			return answer{value: a, table: a.Table(), sheet: out, stamp: a.Stamp, scope: analytics.Scope{AsOf: s.AsOf}, note: fmt.Sprintf(l.Pick("共 %s 条", "%s in all"), l.Int(a.Count))}, nil
		}),
	}
	q.format.flags(c)
	c.Flags().StringVar(&dealID, "deal", "", "only about this deal: its `ID`")
	c.Flags().IntVar(&limit, "limit", 100, "at most `N`")
	return c
}
