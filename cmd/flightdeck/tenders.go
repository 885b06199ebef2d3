package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/tender"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

func (in *invocation) tendersCommand() *cobra.Command {
	q := &question{in: in}
	var (
		all   bool
		limit int
	)
	c := &cobra.Command{
		Use: "tenders", Short: "Tender and award notices that seem to be about open deals, with a score and its reason (采购节奏库)", Args: cobra.NoArgs,
		Example: "flightdeck tenders --team 北京团队\nflightdeck tenders accept bids:2026-117 demo:d17 --note \"their notice, our lot 2\"",
		RunE: q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
			if limit < 1 || limit > 100_000 {
				return answer{}, usagef("--limit %d: want 1 to 100000", limit)
			}
			a := tender.Of(p.book, desk.Of(p.desk, p.book, s), p.rules, s, all)
			found := len(a.Suggestions)
			a.Suggestions = a.Suggestions[:min(limit, found)]
			t := a.Table()
			told := analytics.Table{Columns: t.Columns}
			for i, row := range t.Rows {
				told.Rows = append(told.Rows, append(slices.Clone(row[:len(row)-1]), l.Pick(a.Suggestions[i].Reason.Zh, a.Suggestions[i].Reason.En)))
			}
			note := fmt.Sprintf(l.Pick("%s 条公告, 匹配 %s 条, 建议 %s 条", "%s notices, %s matched, %s suggestions"), l.Int(a.Notices), l.Int(a.Matched), l.Int(found))
			s.Period = analytics.Period{}
			return answer{value: a, table: t, sheet: columns(told, l), stamp: a.Stamp, scope: s, note: note}, nil
		}),
	}
	q.scopeFlags(c)
	q.complete(c)
	q.format.flags(c)
	c.Flags().BoolVar(&all, "all", false, "also those that were accepted or rejected")
	c.Flags().IntVar(&limit, "limit", 50, "how many, the most likely first")
	c.AddCommand(in.tenderVerdictCommand("accept", "It is about this deal: its stage is credited"), in.tenderVerdictCommand("reject", "It is not about this deal: it is not suggested again"))
	return c
}

func (in *invocation) tenderVerdictCommand(verb, short string) *cobra.Command {
	var note string
	c := &cobra.Command{
		Use: verb + " NOTICE DEAL", Short: short, Args: cobra.ExactArgs(2),
		Long: short + ". It goes into the journal; flightdeck triage undo takes it back.",
		RunE: in.do(func(cmd *cobra.Command, args []string) error {
			cfg, err := in.load()
			if err != nil {
				return err
			}
			return in.atDesk(cmd.Context(), cfg, func(p *picture, s *desk.Session) error {
				root := store.ID("")
				if s != nil {
					root = s.Viewer.Root
				}
				a := tender.Of(p.book, s.Now(), p.rules, analytics.Scope{Root: root}, true)
				i := slices.IndexFunc(a.Suggestions, func(g tender.Suggestion) bool {
					return string(g.Tender) == args[0] && string(g.Deal.ID) == args[1]
				})
				if i < 0 {
					return usagef("tenders %s: %q is not suggested for %q; see flightdeck tenders --all", verb, store.Clip(args[0], 60), store.Clip(args[1], 60))
				}
				out, err := s.Decide(cmd.Context(), []store.Decision{a.Suggestions[i].Decide(verb == "accept", note)})
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
	c.Flags().StringVar(&note, "note", "", "why")
	return c
}
