package sources

import (
	"time"

	"flightdeck/analytics/source"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/theme"
)

// about says of one stream what the columns have no room for.
func about(env *pane.Env, r *source.Row, totals []source.Total, s layout.Size) []string {
	th := env.Theme
	head := layout.NewRow(s.W)
	head.Fill(th.Border, '-', min(2, s.W)).Gap(1).Add(th.Strong, string(r.Source)+" / "+string(r.Stream)).Gap(1).Add(th.Muted, r.Kind).Gap(1)
	lines := []string{head.String()}
	for _, f := range facts(env, r, totals) {
		if f.bar {
			lines = append(lines, "   "+chart.Progress(th, min(60, s.W-3), r.Permille, 1000))
			continue
		}
		for _, t := range layout.Wrap(f.text, s.W-3) {
			lines = append(lines, "   "+f.style.Render(t))
		}
	}
	return lines
}

// fact is one line about a stream, the most urgent first.
type fact struct {
	style theme.Style
	text  string
	bar   bool // the progress as a bar, instead of text
}

func facts(env *pane.Env, r *source.Row, totals []source.Total) (out []fact) {
	l, th, now := env.Locale, env.Theme, env.Now()
	add := func(style theme.Style, text string) { out = append(out, fact{style: style, text: text}) }
	if r.Error != "" {
		add(th.Bad, r.Error)
	}
	switch {
	case r.State == store.SyncHeld:
		add(th.Warn, l.F(locale.SourcesMissing, l.Int(r.Missing)))
	case r.Kept > 0:
		add(th.Muted, l.F(locale.SourcesKept, l.Int(r.Kept)))
	}
	seen := l.F(locale.SourcesSeen, l.Ago(now, r.Good))
	switch {
	case r.State == store.SyncRunning || r.State == store.SyncWaiting && r.Done > 0:
		if r.Total > 0 {
			out = append(out, fact{bar: true})
		}
		text := l.F(locale.SourcesRunning, l.Ago(now, r.Started))
		if left, ok := r.TimeLeft(now); ok {
			text += "  " + l.F(locale.SourcesLeftIs, l.Span(left))
		} else if r.Total == 0 && r.Done > 0 {
			text += "  " + l.T(locale.SourcesUnknown)
		}
		add(th.Muted, text)
	case r.Error == "" && !r.Good.IsZero():
		add(th.Muted, l.F(locale.SourcesFine, r.Finished.Sub(r.Started).Round(time.Millisecond).String(), l.Ago(now, r.Good)))
	}
	switch {
	case r.Retry.Sub(now) > time.Minute:
		add(th.Muted, l.F(locale.SourcesRetry, l.Ago(now, r.Retry))+"  "+seen)
	case r.Retry.After(now):
		add(th.Muted, l.T(locale.SourcesRetryNow)+"  "+seen)
	case r.Error != "":
		add(th.Muted, seen)
	}
	for _, t := range totals {
		if t.Source != r.Source {
			continue
		}
		for _, b := range t.Budgets {
			style, text := th.Muted, l.F(locale.SourcesUsed, b.Name, l.Int(int(b.Used)))
			if b.Limit > 0 {
				text = l.F(locale.SourcesBudget, b.Name, l.Int(int(b.Used)), l.Int(int(b.Limit)), l.Int(int(b.Reserve)))
				if b.Used >= b.Limit-b.Reserve {
					style = th.Warn
				}
			}
			if b.Until.After(now) {
				text += "  " + l.F(locale.SourcesUntil, l.Time(b.Until, b.Until.Location()))
			}
			add(style, text)
		}
	}
	return out
}
