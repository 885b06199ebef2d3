package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/source"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

// answer is what an analysis gave, ready to be printed: the whole of it for --json, its table for --csv, and how --plain shows it.
type answer struct {
	value any
	table analytics.Table
	sheet sheet
	stamp analytics.Stamp
	scope analytics.Scope
	note  string // what a reader must know, in the reader's language
	text  string // for --plain, in place of the sheet
}

// question is a command that prints what a pane shows, from the same function.
type question struct {
	in     *invocation
	format format
	node   map[string]*string // kind → what the person typed
	text   struct{ product, stage, industry, period string }
}

// scopeFlags declares the flags that narrow a question.
func (q *question) scopeFlags(c *cobra.Command) {
	q.nodeFlags(c)
	c.Flags().StringVar(&q.text.product, "product", "", "only deals of the product with this name or id")
	c.Flags().StringVar(&q.text.stage, "stage", "", "only deals in the stage with this name or id")
	c.Flags().StringVar(&q.text.industry, "industry", "", "only accounts of this industry")
	c.Flags().StringVar(&q.text.period, "period", "", "period: 2026, 2026Q3, 2026-09, FROM..TO, week, month, quarter-1, 30d (default: the view's usual one)")
}

// nodeFlags declares those that name an org node.
func (q *question) nodeFlags(c *cobra.Command) {
	q.node = map[string]*string{}
	for _, n := range []struct{ kind, flag, help string }{
		{"region", "region", "only the region with this name or id"}, {"team", "team", "only the team with this name or id"},
		{"person", "rep", "only the person with this name or id"}, {"", "node", "only the unit or person with this name or id"},
	} {
		q.node[n.kind] = c.Flags().String(n.flag, "", n.help)
	}
}

// complete offers the names that the store holds where a flag wants one. The answer to somebody else's session offers none: completing reads the whole store.
func (q *question) complete(c *cobra.Command) {
	offer := func(flag string, names func(b *analytics.Book) []string) {
		_ = c.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			if q.in.owner != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			cfg, err := q.in.load()
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			all, err := q.in.read(cmd.Context(), cfg)
			if err != nil { // a cockpit holds it, say: a shell's line is no place to tell
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return names(all.book), cobra.ShellCompDirectiveNoFileComp
		})
	}
	for flag, kind := range map[string]string{"region": "region", "team": "team", "rep": "person", "node": ""} {
		offer(flag, func(b *analytics.Book) (names []string) {
			for _, n := range b.Nodes() {
				if n.Name != "" && (kind == "" || n.Kind == kind) {
					names = append(names, n.Name)
				}
			}
			return names
		})
	}
	offer("product", func(b *analytics.Book) (names []string) {
		for p := range analytics.Code(b.Products()) {
			names = append(names, b.Product(p).Name)
		}
		return names
	})
	offer("stage", func(b *analytics.Book) (names []string) {
		for _, s := range b.Stages() {
			names = append(names, b.Stage(s).Name)
		}
		return names
	})
	offer("industry", (*analytics.Book).Industries)
	_ = c.RegisterFlagCompletionFunc("period", cobra.FixedCompletions([]string{"week", "month", "quarter", "quarter-1", "year", "30d"}, cobra.ShellCompDirectiveNoFileComp))
}

// scope reads the flags against what the Book holds: names become IDs.
func (q *question) scope(b *analytics.Book) (s analytics.Scope, err error) {
	if s.AsOf, err = q.in.day(b.Now()); err != nil {
		return s, err
	}
	if q.in.owner != nil {
		s.Root = q.in.owner.root
	}
	inside := s.Root
	for _, kind := range []string{"region", "team", "person", ""} {
		if text := q.node[kind]; text != nil && *text != "" {
			if s.Node, err = b.FindNode(inside, kind, *text); err != nil {
				return s, usageError{err}
			}
			inside = s.Node
		}
	}
	if q.text.product != "" {
		var names []named
		for c := range analytics.Code(b.Products()) {
			p := b.Product(c)
			names = append(names, named{p.ID, []string{p.Name}})
		}
		if s.Product, err = find("product", q.text.product, names); err != nil {
			return s, err
		}
	}
	if q.text.stage != "" {
		var names []named
		for _, c := range b.Stages() {
			st := b.Stage(c)
			names = append(names, named{st.ID, []string{st.Name, st.NameEn}})
		}
		if s.Stage, err = find("stage", q.text.stage, names); err != nil {
			return s, err
		}
	}
	if q.text.industry != "" {
		var names []named
		for _, name := range b.Industries() {
			names = append(names, named{store.ID(name), []string{name}})
		}
		id, err := find("industry", q.text.industry, names)
		if err != nil {
			return s, err
		}
		s.Industry = string(id)
	}
	if q.text.period != "" {
		if s.Period, err = b.Calendar().Parse(q.text.period, b.AsOf(s)); err != nil {
			return s, usageError{err}
		}
	}
	return s, nil
}

type named struct {
	id    store.ID
	names []string
}

// find finds what a person names: by ID, by name, or by the only name that contains the text; case is ignored.
func find(what, text string, all []named) (store.ID, error) {
	fold := strings.ToLower(strings.TrimSpace(text))
	var near []named
	for _, n := range all {
		if strings.ToLower(string(n.id)) == fold {
			return n.id, nil
		}
		for _, name := range n.names {
			if strings.ToLower(name) == fold {
				return n.id, nil
			}
		}
	}
	for _, n := range all {
		for _, name := range n.names {
			if strings.Contains(strings.ToLower(name), fold) {
				near = append(near, n)
				break
			}
		}
	}
	if len(near) == 1 {
		return near[0].id, nil
	}
	if len(near) == 0 {
		return "", notThere(what, text, all)
	}
	return "", usagef("%s %q: could be %s; write more of it", what, store.Clip(text, 60), some(near))
}

func notThere(what, text string, all []named) error {
	if len(all) == 0 {
		return usagef("%s %q: the store has none at all", what, store.Clip(text, 60))
	}
	return usagef("%s %q: there is none; there are %s", what, store.Clip(text, 60), some(all))
}

// some names the first few.
func some(all []named) string {
	var words []string
	for _, n := range all[:min(len(all), 12)] {
		words = append(words, n.names[0])
	}
	if len(all) > 12 {
		words = append(words, fmt.Sprintf("and %d more", len(all)-12))
	}
	return strings.Join(words, ", ")
}

// ask makes a command that answers from the Book.
func (q *question) ask(fn func(b *analytics.Book, s analytics.Scope, l *locale.Locale) (answer, error)) func(*cobra.Command, []string) error {
	return q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) { return fn(p.book, s, l) })
}

// askAll makes a command that answers from all that the store holds: the Book, and what people decided.
func (q *question) askAll(fn func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error)) func(*cobra.Command, []string) error {
	return q.in.do(func(cmd *cobra.Command, _ []string) error {
		if err := q.format.check(); err != nil {
			return err
		}
		cfg, err := q.in.load()
		if err != nil {
			return err
		}
		return q.in.ask(cmd.Context(), cfg, func(p *picture) error {
			b := p.book
			s, err := q.scope(b)
			if err != nil {
				return err
			}
			l := q.in.locale(cfg)
			a, err := fn(p, s, l)
			if err != nil {
				return err
			}
			return q.format.print(q.in.stdout, a, b, l)
		})
	})
}

// questionCommands are the panes' answers as commands.
func (in *invocation) questionCommands() []*cobra.Command {
	make := func(use, short string, flags func(*cobra.Command), fn func(*analytics.Book, analytics.Scope, *locale.Locale) (answer, error)) *cobra.Command {
		q := &question{in: in}
		c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: q.ask(fn)}
		q.scopeFlags(c)
		q.complete(c)
		q.format.flags(c)
		if flags != nil {
			flags(c)
		}
		return c
	}
	var view, channel, area string
	return append([]*cobra.Command{
		make("funnel", "Deals per stage: count, money, conversion, days (漏斗)", nil, func(b *analytics.Book, s analytics.Scope, l *locale.Locale) (answer, error) {
			a := funnel.Of(b, s)
			t := a.Table()
			s.Period = a.Period
			note := ""
			if a.NoStage > 0 {
				note = fmt.Sprintf(l.Pick("另有 %s 个商机没有阶段, 未计入", "%s more deals have no stage and are not counted"), l.Int(a.NoStage))
			}
			return answer{value: a, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: s, note: note}, nil
		}),
		make("forecast", "Quota, closed, commit, best case, weighted and gap per org node (预测)", nil, func(b *analytics.Book, s analytics.Scope, l *locale.Locale) (answer, error) {
			a := forecast.Of(b, s)
			t := a.Table()
			s.Period = a.Period
			return answer{value: a, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: s}, nil
		}),
		make("migration", "Account grades, month against month (分级跃迁)", nil, func(b *analytics.Book, s analytics.Scope, l *locale.Locale) (answer, error) {
			a := migration.Of(b, s)
			s.Period = analytics.Period{From: a.From, To: a.To}
			note := ""
			if a.Derived {
				note = l.F(locale.MoveDerived, a.Rule)
			}
			return answer{value: a, table: a.Table(), sheet: grades(&a, l), stamp: a.Stamp, scope: s, note: note}, nil
		}),
		make("heatmap", "Customer touches by weekday and hour, by rep and week, by area (热力图)", func(c *cobra.Command) {
			c.Flags().StringVar(&view, "view", "", "view: "+words(heatmap.Views())+" (default: "+heatmap.WeekdayHour.String()+")")
			c.Flags().StringVar(&channel, "channel", "", "only touches by this channel: visit, call, wechat, email, meeting, demo or other")
			_ = c.RegisterFlagCompletionFunc("view", cobra.FixedCompletions(texts(heatmap.Views()), cobra.ShellCompDirectiveNoFileComp))
			_ = c.RegisterFlagCompletionFunc("channel", cobra.FixedCompletions([]string{"visit", "call", "wechat", "email", "meeting", "demo", "other"}, cobra.ShellCompDirectiveNoFileComp))
			c.Flags().StringVar(&area, "area", "", "only touches in this area, such as 广东省/深圳市")
		}, func(b *analytics.Book, s analytics.Scope, l *locale.Locale) (answer, error) {
			query := heatmap.Query{Channel: channel, Area: area}
			var err error
			if view != "" {
				if query.View, err = heatmap.ParseView(view); err != nil {
					return answer{}, usageError{err}
				}
			}
			if channel != "" {
				if _, err := store.ParseChannel(channel); err != nil {
					return answer{}, usageError{err}
				}
			}
			if err := knownArea(b, s, area); err != nil {
				return answer{}, err
			}
			a := heatmap.Of(b, s, query)
			s.Period = a.Period
			note := ""
			if a.Subject != "touches" && a.Total > 0 {
				note = l.Pick("没有触达记录, 以商机的创建与阶段变更代替", "no touches in the store; deals created and moved stand in for them")
			}
			return answer{value: a, table: a.Table(), sheet: heat(&a, l), stamp: a.Stamp, scope: s, note: note}, nil
		}),
	}, in.forecastCommands()...)
}

// knownArea refuses an area in which nothing ever happened that the viewer may see: a map of noughts would pass for an answer.
func knownArea(b *analytics.Book, s analytics.Scope, area string) error {
	if area == "" {
		return nil
	}
	ever := analytics.Scope{Root: s.Root, Period: analytics.Period{From: b.Now() - 3660, To: b.Now()}}
	if heatmap.Of(b, ever, heatmap.Query{View: heatmap.Area, Area: area}).Total > 0 {
		return nil
	}
	var names []named
	for _, r := range heatmap.Of(b, ever, heatmap.Query{View: heatmap.Area}).Rows {
		if r.Key != heatmap.None {
			names = append(names, named{store.ID(r.Key), []string{r.Name}})
		}
	}
	return notThere("area", area, names)
}

func texts[T fmt.Stringer](all []T) []string {
	var s []string
	for _, v := range all {
		s = append(s, v.String())
	}
	return s
}

func words[T fmt.Stringer](all []T) string { return strings.Join(texts(all), ", ") }

func (in *invocation) issuesCommand() *cobra.Command {
	q := &question{in: in}
	var src string
	c := &cobra.Command{
		Use:   "issues [SOURCE]",
		Short: "List what could not be mapped, by file, line and field",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				src = args[0]
			}
			return q.ask(func(b *analytics.Book, s analytics.Scope, l *locale.Locale) (answer, error) {
				if err := knownSource(b, src); err != nil {
					return answer{}, err
				}
				a := source.Issues(b, store.SourceID(src), "")
				t := a.Table()
				note := fmt.Sprintf(l.Pick("%s 处, 含重复", "%s in all, repetitions counted"), l.Int(a.Count))
				return answer{value: a, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: s, note: note}, nil
			})(cmd, args)
		},
	}
	q.format.flags(c)
	return c
}

func knownSource(b *analytics.Book, src string) error {
	if src == "" || src == config.ConfigSource {
		return nil
	}
	var names []string
	for _, st := range b.Status() {
		if string(st.Source) == src {
			return nil
		}
		if n := len(names); n == 0 || names[n-1] != string(st.Source) {
			names = append(names, string(st.Source))
		}
	}
	return usagef("source %q: the store has none of that name; it has %s", store.Clip(src, 40), strings.Join(names, ", "))
}

func (in *invocation) sourcesCommand() *cobra.Command {
	q := &question{in: in}
	c := &cobra.Command{
		Use: "sources", Short: "What every source is doing, how old its data is, its last error", Args: cobra.NoArgs,
		RunE: q.ask(func(b *analytics.Book, s analytics.Scope, l *locale.Locale) (answer, error) {
			a := source.Of(b)
			t := a.Table()
			return answer{value: a, table: t, sheet: columns(t, l), stamp: a.Stamp, scope: s}, nil
		}),
	}
	q.format.flags(c)
	return c
}
