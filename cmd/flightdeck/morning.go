package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/morning"
	"flightdeck/store"
	"flightdeck/tui/locale"
	brief "flightdeck/tui/morning"
)

func (in *invocation) morningCommand() *cobra.Command {
	q := &question{in: in}
	var whom, since string
	c := &cobra.Command{
		Use: "morning", Short: "What moved, turned red, closed, slipped and is owed today, who has not logged, where the period lands (晨会)", Args: cobra.NoArgs,
		Long: "What a team lead must know before the stand-up, since whoever asks looked at the screen (g c) last, else since the last working day began.\n" +
			"What is worth a line stands in the rules, section morning.",
		Example: "flightdeck morning --for 王强\nflightdeck morning --team 北京团队 --since 2026-09-11 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
				b := p.book
				if whom != "" {
					node, err := b.FindNode(s.Root, "person", whom)
					if err != nil {
						return answer{}, usageError{err}
					}
					if s.Node != "" {
						return answer{}, usagef("--for %s: want no --node, --team, --region or --rep beside it", store.Clip(whom, 40))
					}
					if s.Node = b.RootOf(node); !inScope(b, s) {
						s.Node = node // they lead more than whoever asks may see
					}
				}
				mq := morning.Question{Scope: s}
				if since != "" {
					day, err := store.ParseDay(since)
					if err != nil || day >= b.AsOf(s) {
						return answer{}, usagef("--since %q: want a day before %s, as YYYY-MM-DD", store.Clip(since, 20), b.AsOf(s))
					}
					mq.Looked = day.Time(b.Location())
				}
				if since == "" && whom == "" && s.AsOf == 0 { // somebody else's look, and a past day, are another's and another time's
					var err error
					if mq.Looked, err = in.looked(cmd.Context(), p); err != nil {
						return answer{}, err
					}
				}
				o, err := p.landing.At(cmd.Context(), b, b.AsOf(s))
				if err != nil {
					return answer{}, err
				}
				mq.Landing = o.Look(s)
				now := time.Now()
				a := morning.Of(b, desk.Of(p.desk, b, s), p.rules, mq).At(now)
				parts := brief.Parts(l, a, s, now)
				return answer{value: a, table: brief.Table(parts), sheet: briefing(l, a, parts), stamp: a.Stamp, scope: s, note: l.F(locale.MorningSinceDay, l.Date(a.Since)+" "+l.Weekday(a.Since.Weekday()))}, nil
			})(cmd, args)
		},
	}
	q.nodeFlags(c)
	q.complete(c)
	q.format.flags(c)
	c.Flags().StringVar(&q.text.period, "period", "", "period whose landing is told: 2026Q3, 2026-09, … (default: the quarter)")
	c.Flags().StringVar(&whom, "for", "", "as this `PERSON` sees it: the unit that they lead, else they alone")
	c.Flags().StringVar(&since, "since", "", "tell what happened since this day (default: your last look, else the last working day)")
	return c
}

// looked is when whoever asks looked at the morning last, before today. To print it is no look.
func (in *invocation) looked(ctx context.Context, p *picture) (time.Time, error) {
	if in.owner != nil {
		return morning.Peek(ctx, in.owner.desk, time.Now(), p.book.Location())
	}
	return morning.Last(morning.Among(p.marks), time.Now(), p.book.Location()), nil
}

// inScope reports whether a scope's node lies inside its root.
func inScope(b *analytics.Book, s analytics.Scope) bool { return !b.Select(s).Empty() }

// briefing is where the period lands, and the parts, as a sheet.
func briefing(l *locale.Locale, a *morning.Answer, parts []brief.Part) sheet {
	s := sheet{head: []string{"", "", l.Pick("对象", "whom"), l.Pick("情况", "what"), l.T(locale.Owner)}, right: []bool{false, true, false, false, false}}
	name := l.T(locale.PaneLanding)
	for _, runs := range landed(l, a) {
		s.rows = append(s.rows, []string{name, "", "", runs, ""})
		name = ""
	}
	for i := range parts {
		p := &parts[i]
		name := p.Name
		if len(p.Lines) == 0 {
			s.rows = append(s.rows, []string{name, "", "", p.Said, ""})
		}
		for k := range p.Lines {
			x := &p.Lines[k]
			s.rows = append(s.rows, []string{name, x.Figure, x.Title, x.Text, x.Owner})
			name = ""
		}
		if n := p.Count - len(p.Lines); n > 0 && len(p.Lines) > 0 {
			s.rows = append(s.rows, []string{"", "", "", l.F(locale.MorningMore, l.Int(n)), ""})
		}
	}
	return s
}

// landed words where the period lands, and what that rests on.
func landed(l *locale.Locale, a *morning.Answer) (lines [2]string) {
	comes, rests := brief.Landing(l, a)
	for i, runs := range [2][]brief.Run{comes, rests} {
		for k, r := range runs {
			if k > 0 {
				lines[i] += "  "
			}
			lines[i] += r.Text
		}
	}
	return lines
}
