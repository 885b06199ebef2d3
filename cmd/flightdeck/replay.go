package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/grader"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
)

// replay is the command that tries rules on the past: what the sandbox shows, as a report.
type replay struct {
	in *invocation
	q  question

	file      string // "": the draft beside the rules, where nothing else is tried
	set       []string
	preset    string
	unguarded bool
	old       int
	every     string
	day       string
	account   string
	limit     int
}

func (in *invocation) rulesReplayCommand() *cobra.Command {
	r := &replay{in: in, q: question{in: in}}
	c := &cobra.Command{
		Use: "replay [FILE]", Short: "Try a draft of the rules on the past: who would be graded otherwise, with what money, and why (规则回放)", Args: cobra.MaximumNArgs(1),
		Long: "Both the rules in force and the draft judge every customer on each day of a range, from the readings alone. Nothing is stored and nothing comes into force.\n" +
			"FILE is a file of rules; without one the draft beside the rules is taken (rules.draft.yaml), unless --set, --preset or --unguarded say what to try.\n" +
			"Figures for --set are named as in the file, below grading: weights.renewal, grades.A, hysteresis, guard.shift.",
		Example: "flightdeck rules replay rules.draft.yaml --period 2025-01-01..2026-06-30\nflightdeck rules replay --set grades.A=75 --every week\n" +
			"flightdeck rules replay --unguarded --every day --period 60d\nflightdeck rules replay --account demo:a17 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if err := r.names(args[0]); err != nil {
					return err
				}
			}
			return r.q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
				return r.answer(cmd.Context(), p, s, l)
			})(cmd, nil)
		},
	}
	r.q.nodeFlags(c)
	c.Flags().StringVar(&r.q.text.period, "period", "", "period to replay: 2026, 2026Q3, FROM..TO, 90d (default: the last twelve months)")
	r.q.complete(c)
	r.q.format.flags(c)
	c.Flags().StringArrayVar(&r.set, "set", nil, "try a figure at another value: `KEY=VALUE`, as often as wanted")
	c.Flags().StringVar(&r.preset, "preset", "", "try the weights of another industry's preset")
	c.Flags().BoolVar(&r.unguarded, "unguarded", false, "open the guards: whom a fault in the data would have moved without a word")
	c.Flags().IntVar(&r.old, "old", 0, "compare with version `N` of the rules instead of those in force; see flightdeck rules log")
	c.Flags().StringVar(&r.every, "every", string(grade.Monthly), "replay the last day of every month, every week back from the end, or every day: month, week, day")
	c.Flags().StringVar(&r.day, "day", "", "the day whose customers are told of: the last replayed one up to it (default: the last; with --unguarded the newest on which something was held)")
	c.Flags().StringVar(&r.account, "account", "", "only this customer, step by step on every day")
	c.Flags().IntVar(&r.limit, "limit", 50, "how many customers")
	_ = c.RegisterFlagCompletionFunc("every", cobra.FixedCompletions([]string{"month", "week", "day"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// names takes the draft's file. Where another process has to be asked it is that one which reads it, so that its path must not depend on where we are.
func (r *replay) names(path string) error {
	if r.in.owner != nil && (r.in.owner.app == nil || !filepath.IsAbs(path)) {
		return usagef("rules replay %s: a file can only be named by who runs flightdeck on its own machine; leave it out to try the draft beside the rules", store.Clip(path, 60))
	}
	r.file = path
	if r.in.owner != nil {
		return nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return usagef("rules replay %s: %w", path, err)
	}
	r.in.args = slices.Clone(r.in.args)
	for i, a := range r.in.args { // --config may name the same file
		if a == path {
			r.in.args[i] = abs
		}
	}
	return nil
}

// tried are the rules that are tried and those that they are compared with.
type tried struct {
	old, with *rule.Grading
	was, is   string // what they are called
}

func (r *replay) rules(p *picture, l *locale.Locale) (t tried, err error) {
	t.old, t.was = rule.GradingSection.Of(p.rules), fmt.Sprintf(l.Pick("版本 %s", "version %s"), p.rules.Version())
	if r.old != 0 {
		i := slices.IndexFunc(p.versions, func(v store.RuleVersion) bool { return v.Number == r.old })
		if i < 0 {
			return t, usagef("--old %d: there is no such version; there are %d, see flightdeck rules log", r.old, len(p.versions))
		}
		name := fmt.Sprintf(l.Pick("版本 %d", "version %d"), r.old)
		v, err := schema().Parse(name, []byte(p.versions[i].Text), nil) // what it names may be gone
		if err != nil {
			return t, fmt.Errorf("rules replay --old %d: %w", r.old, err)
		}
		t.old, t.was = rule.GradingSection.Of(v), name
	}
	base, err := r.base(p, l)
	if err != nil {
		return t, err
	}
	if t.with, t.is = rule.GradingSection.Of(base.pack), base.name; !r.figures() {
		return t, nil
	}
	d, words, err := r.draft(t.with)
	if err != nil {
		return t, err
	}
	next, err := rule.Amend(schema(), cmp.Or(base.pack.File, "rules.yaml"), []byte(cmp.Or(base.pack.Text, "version: 1\n")), knownTo(p.book), rule.GradingSection, d.Apply)
	if err != nil {
		return t, usagef("rules replay %s: %w", words, err)
	}
	if t.with = rule.GradingSection.Of(next); t.with.Weightless() != "" {
		return t, usagef("rules replay %s: no attribute of %s would have a weight, so that nobody could be graded", words, t.with.Weightless())
	}
	t.is += " + " + words
	return t, nil
}

// figures reports whether the flags change figures.
func (r *replay) figures() bool { return len(r.set) > 0 || r.preset != "" || r.unguarded }

// base is what the figures are changed in.
type base struct {
	pack *rule.Pack
	name string
}

// base finds it: the file that is named, else the rules in force where figures are changed, else the draft beside them.
func (r *replay) base(p *picture, l *locale.Locale) (base, error) {
	path := r.file
	switch {
	case path != "":
	case r.figures():
		return base{p.rules, l.Pick("在用规则", "the rules in force")}, nil
	case p.rules.File == "":
		return base{}, usagef("rules replay: want FILE, --set, --preset or --unguarded: the defaults are in force, and beside them there is no draft")
	case r.in.owner != nil && r.in.owner.root != "": // as in the sandbox: the draft is for who may change the rules
		return base{}, usagef("rules replay: want --set, --preset or --unguarded")
	default:
		path = rule.DraftOf(p.rules.File)
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && r.file == "":
		return base{}, usagef("rules replay: want FILE, --set, --preset or --unguarded; or begin a draft: cp %s %s", p.rules.File, path)
	case err != nil:
		return base{}, usagef("rules replay: %w", err)
	}
	pack, err := schema().Parse(path, text, knownTo(p.book))
	if err != nil {
		return base{}, usageError{err}
	}
	return base{pack, filepath.Base(path)}, nil
}

// draft is what the flags change of g, and in words.
func (r *replay) draft(g *rule.Grading) (d rule.Draft, words string, err error) {
	var said []string
	if r.preset != "" {
		if g.Presets[r.preset] == nil {
			var all []string
			for name := range g.Presets {
				all = append(all, name)
			}
			slices.Sort(all)
			return d, "", usagef("--preset %q: want one of %s", store.Clip(r.preset, 40), strings.Join(all, ", "))
		}
		d.Preset = r.preset
		said = append(said, "preset "+r.preset)
	}
	if r.unguarded {
		for key, v := range rule.Unguarded() {
			d = d.With(key, v)
		}
		said = append(said, "unguarded")
	}
	figures := g.Figures()
	for _, text := range r.set {
		key, value, ok := strings.Cut(text, "=")
		i := slices.IndexFunc(figures, func(f rule.Figure) bool { return f.Key == strings.TrimSpace(key) })
		if !ok || i < 0 {
			var all []string
			for i := range figures {
				all = append(all, figures[i].Key)
			}
			return d, "", usagef("--set %q: want KEY=VALUE with one of %s", store.Clip(text, 60), strings.Join(all, ", "))
		}
		f := &figures[i]
		v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || math.IsNaN(v) || v < f.Min || v > f.Max {
			return d, "", usagef("--set %s=%s: want a number from %v to %v", f.Key, store.Clip(value, 20), f.Min, f.Max)
		}
		d = d.With(f.Key, f.Clamp(v))
		said = append(said, text)
	}
	return d, strings.Join(said, " "), nil
}

// mostReplayed is how many grades a replay may hold in memory: five bytes each, for two sets of rules.
const mostReplayed = 60_000_000

func (r *replay) answer(ctx context.Context, p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
	if r.limit < 1 || r.limit > 100_000 {
		return answer{}, usagef("--limit %d: want 1 to 100000", r.limit)
	}
	pace := grade.Pace(r.every)
	if !slices.Contains(grade.Paces(), pace) {
		return answer{}, usagef("--every %q: want month, week or day", store.Clip(r.every, 20))
	}
	t, err := r.rules(p, l)
	if err != nil {
		return answer{}, err
	}
	b := p.book
	asOf := b.AsOf(s)
	if s.Period.IsZero() {
		s.Period = analytics.Period{From: b.Calendar().Month(asOf, -11).From, To: asOf}
	}
	if s.Period.From > asOf {
		return answer{}, usagef("--period %s: begins after %s, which nobody has seen yet", r.q.text.period, asOf)
	}
	s.Period.To = min(s.Period.To, asOf)
	days := pace.Days(s.Period.From, s.Period.To)
	if n := len(days) * b.Accounts(); n > mostReplayed {
		return answer{}, usagef("rules replay: %d days of %d customers are more than fit into memory; take a shorter --period or another --every", len(days), b.Accounts())
	}
	at := len(days) - 1
	if r.day != "" {
		day, err := store.ParseDay(r.day)
		if err != nil {
			return answer{}, usagef("--day %q: want a day such as %s", store.Clip(r.day, 20), asOf)
		}
		k, found := slices.BinarySearch(days, day)
		if !found {
			k--
		}
		if at = k; at < 0 {
			return answer{}, usagef("--day %s: lies before the first replayed day, %s", day, days[0])
		}
	}
	told := r.told()
	c, err := grade.Compare(ctx, b, s, t.old, t.with, days, grader.AcceptedOn(desk.Of(p.desk, b, s), days), told.part)
	told.stop()
	if err != nil {
		return answer{}, fmt.Errorf("rules replay: %w", err)
	}
	if r.account != "" {
		return r.stepped(c, p, s, t, l)
	}
	if r.unguarded && r.day == "" {
		for k := len(days) - 1; k >= 0; k-- {
			if len(c.Old.Holds[k]) > 0 {
				at = k
				break
			}
		}
	}
	type report struct {
		*grade.Report
		Old     string   `json:"old"`
		New     string   `json:"new"`
		Differs []string `json:"differs"`
	}
	a := c.Report(at, r.limit)
	out := answer{value: report{a, t.was, t.is, t.old.Differs(t.with)}, table: a.Verdict.Table(b.Currency()), stamp: a.Stamp, scope: s, note: t.between(l)}
	out.text = stampLine(out, b, l) + r.words(a, b, t, l)
	return out, nil
}

func (t *tried) between(l *locale.Locale) string {
	return fmt.Sprintf(l.Pick("%s 对 %s", "%s against %s"), t.is, t.was)
}

// words is the report for reading.
func (r *replay) words(a *grade.Report, b *analytics.Book, t tried, l *locale.Locale) string {
	var out strings.Builder
	line := func(text string) {
		if text != "" {
			out.WriteString(layout.Plain(text) + "\n")
		}
	}
	section := func(title string, s sheet) {
		out.WriteString("\n" + title + "\n")
		_ = s.print(&out) // into memory
	}
	money := func(minor int64) string { return l.Money(store.Money{Minor: minor, Currency: b.Currency()}) }
	v, at := a.Verdict, slices.IndexFunc(a.Days, func(d grade.Agreement) bool { return d.Day == a.Verdict.Day })
	line(l.F(locale.SandboxRange, l.Date(a.Days[0].Day), l.Date(a.Days[len(a.Days)-1].Day), l.Int(len(a.Days))) + "  " + l.F(locale.SandboxAll, l.Int(a.Accounts)))
	if keys := t.old.Differs(t.with); len(keys) > 0 {
		line(fmt.Sprintf(l.Pick("与%s不同: %s", "other than %s: %s"), t.was, strings.Join(keys, ", ")))
	} else {
		line(fmt.Sprintf(l.Pick("与%s没有不同", "no different from %s"), t.was))
	}
	line(l.F(locale.SandboxAgree, l.Date(v.Day), l.Ratio(int64(v.Agree.Num), int64(v.Agree.Den))) + "  " + l.F(locale.WeightsUp, l.Int(v.Up), money(v.UpMoney)) + "  " + l.F(locale.WeightsDown, l.Int(v.Down), money(v.DownMoney)))
	if v.Ungraded > 0 {
		line(l.F(locale.SandboxUngraded, l.Int(v.Ungraded)))
	}
	line(l.F(locale.SandboxSteps, l.Int(a.Steps[0]), l.Int(a.Steps[1])))
	old := row.Holds(l, a.Days[at].Old, t.old)
	switch {
	case r.unguarded && old != "":
		line(l.F(locale.SandboxOpened, old, l.Int(v.Up+v.Down), money(v.UpMoney+v.DownMoney), l.Int(a.Days[at].Steps[0])))
	case r.unguarded:
		line(l.T(locale.SandboxQuiet))
	case old != "":
		line(l.F(locale.SandboxHeld, old))
	}
	line(row.Waits(l, a.Waits, b.Judged() > 0))
	if !b.HasReadings() {
		line(l.T(locale.SandboxFew))
	}

	m := sheet{head: []string{""}, right: []bool{false}}
	for _, g := range v.Lines {
		m.head, m.right = append(m.head, row.Grade(l, g)), append(m.right, true)
	}
	for i, g := range v.Lines {
		cells := []string{row.Grade(l, g)}
		for j := range v.Lines {
			cell := "."
			if sq := v.Matrix[i*len(v.Lines)+j]; sq.Count > 0 {
				cell = l.Int(sq.Count)
				if i != j && sq.Money != 0 {
					cell += " (" + money(sq.Money) + ")"
				}
			}
			cells = append(cells, cell)
		}
		m.rows = append(m.rows, cells)
	}
	section(l.T(locale.SandboxMatrix), m)

	if len(a.Days) > 1 {
		d := sheet{head: []string{l.T(locale.Date), l.T(locale.SandboxAgreed), l.T(locale.SandboxUp), l.T(locale.SandboxDown), l.Pick("原变级", "Old steps"), l.Pick("新变级", "New steps"), l.T(locale.SandboxFrozen)},
			right: []bool{false, true, true, true, true, true, false}}
		for _, x := range slices.Backward(a.Days) {
			d.rows = append(d.rows, []string{l.Date(x.Day), l.Ratio(int64(x.Same), int64(x.Same+x.Up+x.Down)), l.Int(x.Up), l.Int(x.Down), l.Int(x.Steps[0]), l.Int(x.Steps[1]), row.BothHolds(l, x.Old, x.New, t.old, t.with)})
		}
		section(l.T(locale.SandboxDays), d)
	}

	if len(v.Movers) == 0 {
		out.WriteString("\n" + l.T(locale.SandboxNobody) + "\n")
		return out.String()
	}
	who := sheet{head: []string{l.T(locale.Account), l.T(locale.GradeMove), l.T(locale.SandboxWas), l.T(locale.SandboxIs), l.T(locale.Won12), l.T(locale.Owner), l.Pick("原因", "Because")},
		right: []bool{false, false, true, true, true, false, false}}
	for i := range a.Chosen.Movers {
		x := &a.Chosen.Movers[i]
		why := row.Because(l, x.Why[:min(4, len(x.Why))], x.Line, t.old, t.with) // the largest; --json has all
		who.rows = append(who.rows, []string{x.AccountName, row.Move(l, x.From, x.To), l.Float(x.Was, 1), l.Float(x.Score, 1), l.Money(x.Money), x.Owner, why})
	}
	title := l.F(locale.SandboxMovers, l.Int(len(v.Movers)))
	if n := len(v.Movers) - len(who.rows); n > 0 {
		title += fmt.Sprintf(l.Pick(", 另有 %s 个: --limit", ", %s more: --limit"), l.Int(n))
	}
	section(title, who)
	return out.String()
}

// stepped is one customer by both, day by day, and every value of the last day.
func (r *replay) stepped(c *grade.Comparison, p *picture, s analytics.Scope, t tried, l *locale.Locale) (answer, error) {
	b := p.book
	id, err := findAccount(b, s, r.account)
	if err != nil {
		return answer{}, err
	}
	code, _ := b.AccountCode(id)
	x := c.Trace(code, len(c.Days)-1)
	out := answer{value: x, table: x.Table(), stamp: x.Stamp, scope: s, note: t.between(l)}
	var text strings.Builder
	text.WriteString(stampLine(out, b, l) + layout.Plain(l.F(locale.SandboxStep, x.AccountName)) + "\n")
	d := sheet{head: []string{l.T(locale.Date), l.T(locale.SandboxWas), l.T(locale.SandboxOld), l.T(locale.SandboxIs), l.T(locale.SandboxNew), l.Pick("变化", "Moved by")}, right: []bool{false, true, false, true, false, false}}
	step := func(e *grade.Explanation) string {
		switch {
		case e.Held:
			return "! " + row.Grade(l, e.Next)
		case e.Grade == "" || e.Grade == e.Next:
			return row.Grade(l, e.Next)
		}
		return row.Move(l, e.Grade, e.Next)
	}
	for k := range x.New {
		old, is := &x.Old[k], &x.New[k]
		cause := ""
		if k > 0 {
			cause = row.Moved(l, is.Cause, t.with)
		}
		d.rows = append(d.rows, []string{l.Date(is.Stamp.AsOf), l.Float(old.Score, 1), step(old), l.Float(is.Score, 1), step(is), cause})
	}
	slices.Reverse(d.rows)
	_ = d.print(&text) // into memory
	if why := row.Because(l, x.Why, x.Line, t.old, t.with); why != "" {
		text.WriteString("\n" + layout.Plain(l.F(locale.SandboxWhy, why)) + "\n")
	}
	last, was := &x.New[len(x.New)-1], &x.Old[len(x.Old)-1]
	v := sheet{head: []string{l.T(locale.SandboxPart), l.T(locale.SandboxScaled), l.T(locale.SandboxWeights)}, right: []bool{false, true, false}}
	for i := range last.Parts {
		part := &last.Parts[i]
		before := 0.
		if j := slices.IndexFunc(was.Parts, func(o grade.Part) bool { return o.ID == part.ID }); j >= 0 {
			before = was.Parts[j].Weight
		}
		scaled, weight := "-", l.Float(part.Weight, 2)
		if part.Scaled.Known() {
			scaled = l.Float(100*float64(part.Scaled), 0)
		}
		if before != part.Weight {
			weight = l.Float(before, 2) + " > " + weight
		}
		v.rows = append(v.rows, []string{l.GradeFactor(part.Factor) + " / " + l.Pick(part.Title, part.TitleEn), scaled, weight})
	}
	text.WriteString("\n" + l.Date(last.Stamp.AsOf) + "\n")
	_ = v.print(&text)
	in := sheet{head: []string{l.T(locale.SandboxInput), l.T(locale.SandboxValue), l.T(locale.SandboxState), l.T(locale.SandboxOfDay), l.T(locale.SandboxBounds)}, right: []bool{false, true, false, false, false}}
	for i := range last.Inputs {
		n := &last.Inputs[i]
		day, bounds, value := "", "", row.Value(l, n.Value)
		if n.State != store.InputUnknown {
			day = l.Date(n.Day)
		}
		if n.Min != nil && n.Max != nil {
			bounds = row.Value(l, grade.Number(*n.Min)) + " - " + row.Value(l, grade.Number(*n.Max))
		}
		if n.Value.Known() && n.Unit != "" {
			value += " " + n.Unit
		}
		in.rows = append(in.rows, []string{l.Pick(n.Title, n.TitleEn), value, l.InputState(n.State), day, bounds})
	}
	text.WriteString("\n")
	_ = in.print(&text)
	out.text = text.String()
	return out, nil
}

// told says on a terminal how far the replay is; one that is soon over says nothing.
func (r *replay) told() *teller {
	return &teller{progress: r.in.progress(), began: time.Now()}
}

type teller struct {
	*progress
	began time.Time
}

// part is told how much of how much is done.
func (t *teller) part(done, all int) {
	now := t.now()
	if t.width == nil || all == 0 || now.Sub(t.began) < 300*time.Millisecond || now.Sub(t.last) < 100*time.Millisecond {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.shown = now, true
	say(t.out, "\rrules replay %d%%\x1b[K", 100*done/all)
}
