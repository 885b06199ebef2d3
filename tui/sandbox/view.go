package sandbox

import (
	"cmp"
	"math"
	"path/filepath"
	"strings"

	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
	"flightdeck/tui/theme"
)

// View implements pane.Pane.
func (m *model) View() string {
	if !m.load.Ready && m.load.Busy && !m.size.Empty() {
		lines := layout.Lines(layout.Card(m.env.Locale.T(locale.SandboxReplaying), m.env.Theme.Muted, m.size))
		if at := len(lines)/2 + 1; at < len(lines) && m.size.W > 30 {
			w := min(40, m.size.W-4)
			lines[at] = layout.Blank((m.size.W-w)/2) + chart.Progress(m.env.Theme, w, int(m.done.Load()), 1000)
		}
		return layout.Frame(lines, m.size)
	}
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	return m.memo.View(m.env, m.size, 0, m.version, m.draw)
}

// wideFigures is how many columns the figures take beside the list.
const wideFigures = 66

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	if m.load.Value.comparison == nil {
		return layout.Card(l.T(locale.SandboxNoBook), th.Muted, m.size)
	}
	lines := m.heading(th, l)
	body := layout.Size{W: m.size.W, H: max(0, m.size.H-len(lines))}
	switch {
	case m.stepped != nil:
		lines = append(lines, m.drawTrace(th, l, body)...)
	case m.size.Wide():
		w := min(wideFigures, body.W/2)
		matrix := m.matrix(th, l, layout.Size{W: w, H: body.H / 2})
		left := append(m.drawFigures(th, l, layout.Size{W: w, H: body.H - len(matrix)}), matrix...)
		right := layout.Size{W: body.W - w - 2, H: body.H}
		about := m.about(th, l, right.W)
		list := m.drawList(th, l, layout.Size{W: right.W, H: right.H - len(about)})
		lines = append(lines, layout.Beside(left, w, "  ", append(list, about...))...)
	default:
		about := m.about(th, l, body.W)
		about = about[:min(len(about), 3)]
		high := max(3, min(10, (body.H-len(about))/2))
		lines = append(lines, m.drawFigures(th, l, layout.Size{W: body.W, H: high})...)
		lines = append(lines, m.drawList(th, l, layout.Size{W: body.W, H: max(0, body.H-high-len(about))})...)
		lines = append(lines, about...)
	}
	return layout.Frame(lines, m.size)
}

// heading says what is replayed, and what the draft would have made of the chosen day.
func (m *model) heading(th *theme.Theme, l *locale.Locale) []string {
	a := &m.load.Value
	c, v := a.comparison, a.verdict
	money := func(minor int64) string { return l.Money(store.Money{Minor: minor, Currency: a.org.Currency()}) }
	head := layout.NewRow(m.size.W).Gap(1)
	figures, preset := m.draft.Changed(m.begun())
	n := len(figures)
	if preset && n == 0 {
		n = 1
	}
	if m.file != nil {
		head.Add(th.Mark, l.F(locale.SandboxFromFile, filepath.Base(m.file.File))).Gap(2)
	}
	switch {
	case n > 0:
		head.Add(th.Mark, l.F(locale.SandboxDraft, l.Int(n))).Gap(2)
	case m.file == nil:
		head.Add(th.Strong, l.T(locale.SandboxNoDraft)).Gap(2)
	}
	switch {
	case m.saving:
		head.Add(th.Accent, l.T(locale.WeightsSaving)).Gap(2)
	case m.load.Busy:
		head.Add(th.Accent, l.T(locale.SandboxReplaying)).Gap(1)
		if bar := chart.Progress(th, 20, int(m.done.Load()), 1000); bar != "" && head.Left() > 24 {
			head.Add(th.Accent, l.Percent(float64(m.done.Load())/1000, 0)).Gap(2)
		}
	case m.newer:
		head.Add(th.Warn, l.T(locale.SandboxNewer)).Gap(2)
	}
	head.Whole(th.Muted, l.F(locale.SandboxRange, l.Date(c.Days[0]), l.Date(c.Days[len(c.Days)-1]), l.Int(len(c.Days)))).Gap(2).Whole(th.Muted, l.F(locale.WeightsVersion, a.version))
	lines := []string{head.String()}
	runs := []layout.Run{{Style: th.Strong, Text: l.F(locale.SandboxAgree, l.Date(v.Day), l.Ratio(int64(v.Agree.Num), int64(v.Agree.Den)))},
		{Style: th.Good, Text: l.F(locale.WeightsUp, l.Int(v.Up), money(v.UpMoney))}, {Style: th.Bad, Text: l.F(locale.WeightsDown, l.Int(v.Down), money(v.DownMoney))},
		{Style: th.Muted, Text: l.F(locale.SandboxSteps, l.Int(c.Moved[0]), l.Int(c.Moved[1]))}}
	if v.Ungraded > 0 {
		runs = append(runs, layout.Run{Style: th.Muted, Text: l.F(locale.SandboxUngraded, l.Int(v.Ungraded))})
	}
	for _, t := range layout.Flow(m.size.W-1, runs...) {
		lines = append(lines, " "+t)
	}
	most := max(2, m.size.H/3)
	if m.guide != nil {
		for _, r := range m.told(th, l) {
			for _, t := range layout.Wrap(r.Text, m.size.W-2) {
				lines = append(lines, layout.NewRow(m.size.W).Gap(1).Add(r.Style, t).String())
			}
		}
		return lines[:min(len(lines), max(most, m.size.H/2))]
	}
	var notes []layout.Run
	k := len(c.Days) - 1 - m.day
	if old := m.holds(c.Old.Holds[k]); m.opened() && !m.load.Busy && old != "" {
		notes = append(notes, layout.Run{Style: th.Bad, Text: l.F(locale.SandboxOpened, old, l.Int(v.Up+v.Down), money(v.UpMoney+v.DownMoney), l.Int(c.Stepped(k)[0]))})
	} else if m.opened() && !m.load.Busy {
		notes = append(notes, layout.Run{Style: th.Muted, Text: l.T(locale.SandboxQuiet)})
	}
	if m.file != nil {
		if keys := a.rules.Differs(m.tried()); len(keys) > 0 {
			notes = append(notes, layout.Run{Style: th.Accent, Text: l.F(locale.SandboxDiffers, strings.Join(keys, ", "))})
		}
	}
	if held := m.holds(c.New.Holds[k]); held != "" {
		notes = append(notes, layout.Run{Style: th.Warn, Text: l.F(locale.SandboxHeld, held)})
	}
	if wrong := row.Wrong(l, m.env.Pack(), m.env.Book()); wrong != "" {
		notes = append(notes, layout.Run{Style: th.Bad, Text: wrong})
	}
	if waits := row.Waits(l, c.Waits, a.org.Judged() > 0); waits != "" {
		notes = append(notes, layout.Run{Style: th.Warn, Text: waits})
	}
	if a.few {
		notes = append(notes, layout.Run{Style: th.Warn, Text: l.T(locale.SandboxFew)})
	}
	if f := m.tried().Weightless(); f != "" {
		notes = append(notes, layout.Run{Style: th.Bad, Text: l.F(locale.WeightsNoWeight, l.GradeFactor(f))})
	}
	if err := cmp.Or(m.failed, m.load.Err, m.look.Err, m.step.Err); err != nil {
		notes = append(notes, layout.Run{Style: th.Bad, Text: layout.Plain(err.Error())})
	}
	for _, r := range notes {
		for _, t := range layout.Wrap(r.Text, m.size.W-2) {
			lines = append(lines, layout.NewRow(m.size.W).Gap(1).Add(r.Style, t).String())
		}
	}
	return lines[:min(len(lines), most)]
}

var figureNames = map[string]locale.Key{
	"hysteresis": locale.SandboxHyst, "guard.vanished": locale.SandboxVanished, "guard.shift": locale.SandboxShift, "guard.moved": locale.SandboxMoved, "guard.unknown": locale.SandboxUnknown,
}

// name is a figure's in the session's language.
func name(l *locale.Locale, f *rule.Figure) string {
	if k, ok := figureNames[f.Key]; ok {
		return l.T(k)
	}
	if f.Group == "grades" {
		return l.F(locale.SandboxFrom, strings.TrimPrefix(f.Key, "grades."))
	}
	return l.Pick(f.Name, f.NameEn)
}

// group is what stands above the first figure of each.
func group(l *locale.Locale, f *rule.Figure) string {
	switch f.Group {
	case "grades":
		return l.T(locale.SandboxGroup)
	case "guard":
		return l.T(locale.SandboxGuards)
	}
	return l.GradeFactor(f.Factor)
}

// drawFigures draws what can be tried, as much as there is room for around the chosen one.
func (m *model) drawFigures(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	all, to := m.figures(), m.tried()
	label := 10
	for i := range all {
		label = max(label, layout.Width(name(l, &all[i])))
	}
	label = min(label, max(10, s.W/3))
	lines := []string{layout.NewRow(s.W).Gap(1).Add(th.Muted, l.T(locale.WeightsPreset)).Gap(1).Add(th.Strong, l.Preset(to.Preset)).String()}
	chosen, was := 0, ""
	for i := range all {
		f := &all[i]
		if g := group(l, f); g != was {
			was = g
			lines = append(lines, layout.NewRow(s.W).Fill(th.Header, ' ', 1).Add(th.Header, g).Padded(th.Header))
		}
		if i == m.figure {
			chosen = len(lines)
		}
		lines = append(lines, m.drawFigure(th, l, f, to, i == m.figure, label, s.W))
	}
	if len(lines) <= s.H {
		for len(lines) < s.H && s.Wide() {
			lines = append(lines, "")
		}
		return lines
	}
	from := max(0, min(chosen-s.H/2, len(lines)-s.H))
	return lines[from : from+max(0, s.H)]
}

func (m *model) drawFigure(th *theme.Theme, l *locale.Locale, f *rule.Figure, to *rule.Grading, chosen bool, label, w int) string {
	v, own := f.Of(to), f.Of(m.load.Value.rules)
	on, sign := theme.Style(""), "  "
	if chosen {
		if sign = "> "; m.focus == onFigures {
			on = th.Selection
		}
	}
	changed := !(math.Abs(v-own) <= 1e-9) // nor is what the rules in force lack
	style, text := th.Strong, l.Float(v, f.Digits)
	if changed {
		style, text = th.Mark, l.Float(own, f.Digits)+" > "+text
	}
	if on != "" {
		style = on
	}
	r := layout.NewRow(w).Add(on, sign).Cell(on, name(l, f), label, layout.Left).Fill(on, ' ', 1).Cell(style, text, 14, layout.Right).Fill("", ' ', 1)
	bar := r.Left() - 1
	if bar < 6 || f.Group == "guard" {
		return r.String()
	}
	top := 1.
	if f.Group == "grades" {
		top = 100
		if f.Key == "hysteresis" {
			top = 20
		}
	}
	at := func(x float64) int { return max(0, min(bar, int(math.Round(x/top*float64(bar))))) }
	for i := range bar {
		switch {
		case changed && i == min(at(own), bar-1):
			r.Fill(th.Strong, '|', 1)
		case i < at(v):
			r.Fill(th.Fill[0], '#', 1)
		case i < at(f.Max):
			r.Fill(th.Track, '.', 1)
		}
	}
	return r.String()
}

// matrix draws the confusion of old grades with new ones.
func (m *model) matrix(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	v := m.load.Value.verdict
	n := len(v.Lines)
	if s.H < n+3 || n == 0 {
		return nil
	}
	var quiet [theme.HeatSteps]theme.Style // what agrees is not the news
	for i := range quiet {
		quiet[i] = th.Heat[1]
	}
	top := 1.
	g := chart.Grid{Corner: l.T(locale.SandboxOld) + "/" + l.T(locale.SandboxNew), Row: -1, Col: -1, MaxCell: 14, Figures: true, Tall: 1,
		Value: func(i, j int) float64 { return float64(v.Matrix[i*n+j].Count) },
		Text: func(i, j int) string {
			sq := v.Matrix[i*n+j]
			if sq.Count == 0 {
				return "."
			}
			text := l.Int(sq.Count)
			if i != j {
				text += " " + l.Money(store.Money{Minor: sq.Money, Currency: m.load.Value.org.Currency()})
			}
			return text
		},
		Ramp: func(i, j int) *[theme.HeatSteps]theme.Style {
			switch {
			case i > j:
				return &th.Rise
			case i < j:
				return &th.Fall
			}
			return &quiet
		},
	}
	for i, line := range v.Lines {
		g.Rows, g.Cols = append(g.Rows, string(line)), append(g.Cols, string(line))
		for j := range n {
			if i != j {
				top = max(top, float64(v.Matrix[i*n+j].Count))
			}
		}
	}
	g.Max = top
	return append([]string{"", layout.NewRow(s.W).Gap(1).Add(th.Muted, l.T(locale.SandboxMatrix)).String()}, g.Draw(th, layout.Size{W: s.W, H: s.H - 2})...)
}

// drawList draws the list with what it is of.
func (m *model) drawList(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	if s.H < 2 || s.W < 10 {
		return nil
	}
	v := m.load.Value.verdict
	text := l.T(locale.SandboxDays)
	switch {
	case m.view == viewAll:
		text = l.F(locale.SandboxAll, l.Int(v.Len()))
	case m.view == viewMovers && len(v.Movers) == 0:
		text = l.T(locale.SandboxNobody)
	case m.view == viewMovers:
		text = l.F(locale.SandboxMovers, l.Int(len(v.Movers)))
	}
	style := th.Muted
	if m.focus == onList {
		style = th.Strong
	}
	lines := []string{layout.NewRow(s.W).Gap(1).Add(style, text).String()}
	m.list.SetSize(layout.Size{W: s.W, H: s.H - 1})
	if m.focus == onList {
		return append(lines, layout.Lines(m.list.View(th))...)
	}
	return append(lines, layout.Lines(m.list.Still(th))...)
}

// about says why the chosen customer is graded differently.
func (m *model) about(th *theme.Theme, l *locale.Locale, w int) (lines []string) {
	i, ok := m.list.Selected()
	if !ok || m.view == viewDays {
		return nil
	}
	x := m.mover(i)
	if x.From == x.To {
		return nil
	}
	why, line := m.load.Value.comparison.Why(x.Code, len(m.load.Value.comparison.Days)-1-m.day)
	for _, t := range layout.Wrap(x.AccountName+"  "+m.because(l, why, line), w-2) {
		lines = append(lines, layout.NewRow(w).Gap(1).Add("", t).String())
	}
	return append([]string{""}, lines...)
}

// because words what of the draft makes a score another one.
func (m *model) because(l *locale.Locale, why []grade.Reason, line bool) string {
	if text := row.Because(l, why, line, m.load.Value.rules, m.begun()); text != "" {
		return l.F(locale.SandboxWhy, text)
	}
	return ""
}
