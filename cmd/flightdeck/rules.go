package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/tui/locale"
)

// schema lists every section of the rules: the one place that knows them all. A new section is an entry here.
func schema() *rule.Schema {
	return rule.NewSchema(rule.ForecastSection, rule.GradingSection, rule.MorningSection)
}

// knownTo lists what rules may name of an organisation.
func knownTo(b *analytics.Book) map[string][]string {
	var stages []string
	for _, c := range b.Stages() {
		if b.StageDeclared(c) {
			stages = append(stages, string(b.Stage(c).ID))
		}
	}
	return map[string][]string{"stage": stages, "measure": b.Measures()}
}

// followRules makes what keeps the rules in force.
func (a *app) followRules(l *locale.Locale, report func(error)) {
	var log store.RuleLog = a.desk
	if a.readOnly {
		log = shownRules{log}
	}
	a.rules = rule.NewLive(rule.Options{
		Schema: schema(), Path: a.cfg.RulesFile, Log: log, Report: report, Name: userName(),
		Known: func() map[string][]string { return knownTo(a.live.Book()) },
		Alert: func(ctx context.Context, p *rule.Pack) {
			if _, err := a.desk.Post(ctx, wrongRules(p, l)); err != nil {
				report(err)
			}
		},
	})
}

// shownRules is a log into which nothing can be written: a text that stands in it has its number, another has none.
type shownRules struct{ store.RuleLog }

// KeepRules implements [store.RuleLog].
func (s shownRules) KeepRules(ctx context.Context, v store.RuleVersion) (store.RuleVersion, error) {
	all, err := s.RuleVersions(ctx)
	for i := len(all) - 1; err == nil && i >= 0; i-- {
		if all[i].Text == v.Text {
			return all[i], nil
		}
	}
	return v, err
}

// wrongRules tells that the file of the rules cannot be used: once for each wrong text after each good one.
func wrongRules(p *rule.Pack, l *locale.Locale) store.Message {
	return store.Message{
		Key: fmt.Sprintf("rules|%.16s|%s", p.Wrong, p.Version()), Kind: store.MessageRules,
		Title: fmt.Sprintf(l.Pick("规则文件有误, 仍按版本 %s 执行", "the rule file is wrong; version %s stays in force"), p.Version()),
		Text:  p.Problem.Error(),
	}
}

func (in *invocation) rulesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "rules",
		Short: "The rules by which forecasts and grades are judged: check a file, show what is in force (规则)",
		Long: "The configuration names their file (rules_file: rules.yaml). It is read again whenever it changes; a file that is wrong changes nothing and is told of.\n" +
			"To begin one: flightdeck rules show > rules.yaml",
		Args: cobra.NoArgs,
		RunE: in.do(func(*cobra.Command, []string) error {
			return usagef("rules: want show, log, fit, replay or check FILE")
		}),
	}
	c.AddCommand(in.rulesShowCommand(), in.rulesLogCommand(), in.rulesFitCommand(), in.rulesReplayCommand())
	if in.owner == nil {
		c.AddCommand(&cobra.Command{
			Use: "check FILE", Short: "Check a file of rules: line, field and what is accepted", Args: cobra.ExactArgs(1),
			RunE: in.do(func(cmd *cobra.Command, args []string) error { return in.checkRules(cmd.Context(), args[0]) }),
		})
	}
	return c
}

func (in *invocation) checkRules(ctx context.Context, path string) error {
	cfg, err := in.load()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return usagef("rules check: %w", err)
	}
	var known map[string][]string
	note := ""
	all, err := in.read(ctx, cfg)
	var locked *store.LockedError
	switch {
	case err == nil:
		known = knownTo(all.book)
	case errors.As(err, &locked):
		note = "; stages are not checked while a cockpit holds the store"
	default:
		note = "; stages are not checked without a store"
	}
	p, err := schema().Parse(path, text, known)
	if err != nil {
		return usageError{err}
	}
	say(in.stdout, "ok  %s, hash %.8s%s\n", path, p.Hash, note)
	return nil
}

func (in *invocation) rulesShowCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "show", Short: "Print the rules in force, defaults included, as a file of rules", Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error {
			return in.withRules(cmd.Context(), func(p *picture, l *locale.Locale) error {
				if asJSON {
					return printIndented(in.stdout, p.rules)
				}
				return showRules(in.stdout, p.rules, l)
			})
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "version, origin, what is wrong with the file, and the rules, as JSON")
	return c
}

// showRules prints rules with what is to be known of them as comments, so that the output is a file of rules.
func showRules(w io.Writer, p *rule.Pack, l *locale.Locale) error {
	var b strings.Builder
	comment := func(format string, args ...any) {
		for line := range strings.Lines(fmt.Sprintf(format, args...)) {
			b.WriteString("# " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	from := p.File
	if from == "" {
		from = l.Pick("默认值", "the defaults")
	}
	comment(l.Pick("版本 %s, 来自 %s", "version %s, from %s"), p.Version(), from)
	if !p.Since.IsZero() {
		comment(l.Pick("自 %s 起生效", "in force since %s"), p.Since.Local().Format("2006-01-02 15:04"))
	}
	if p.Problem != nil {
		comment(l.Pick("现在的文件有误, 未采用:\n%s", "the file as it is now is wrong and not in force:\n%s"), p.Problem)
	}
	for _, part := range schema().Parts() {
		comment("%s: %s", part.Name(), part.About())
	}
	_, err := io.WriteString(w, b.String()+p.YAML())
	return err
}

func (in *invocation) rulesLogCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "log [NUMBER]", Short: "List the versions that were in force; with a number, print that one's text", Args: cobra.MaximumNArgs(1),
		RunE: in.do(func(cmd *cobra.Command, args []string) error {
			return in.withRules(cmd.Context(), func(p *picture, l *locale.Locale) error {
				if len(args) == 1 {
					n, err := strconv.Atoi(args[0])
					i := slices.IndexFunc(p.versions, func(v store.RuleVersion) bool { return v.Number == n })
					if err != nil || i < 0 {
						return usagef("rules log %q: there is no such version; there are %d", store.Clip(args[0], 20), len(p.versions))
					}
					_, err = io.WriteString(in.stdout, p.versions[i].Text)
					return err
				}
				if asJSON {
					return printVersions(in.stdout, p.versions)
				}
				s := sheet{head: []string{l.Pick("版本", "version"), l.Pick("自", "since"), l.Pick("何人", "by"), "hash", l.Pick("备注", "note")}, right: []bool{true, false, false, false, false}}
				for _, v := range slices.Backward(p.versions) {
					s.rows = append(s.rows, []string{strconv.Itoa(v.Number), v.At.Local().Format("2006-01-02 15:04"), v.Name, v.Hash[:8], v.Note})
				}
				return s.print(in.stdout)
			})
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON, newest last, without the texts")
	return c
}

func printVersions(w io.Writer, all []store.RuleVersion) error {
	type version struct {
		Number int    `json:"number"`
		Hash   string `json:"hash"`
		File   string `json:"file"`
		Since  string `json:"since"`
		By     string `json:"by"`
		Note   string `json:"note,omitempty"`
	}
	out := make([]version, 0, len(all))
	for _, v := range all {
		out = append(out, version{v.Number, v.Hash, v.File, v.At.Format("2006-01-02T15:04:05Z07:00"), v.Name, v.Note})
	}
	return printIndented(w, out)
}

func printIndented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// withRules answers from the rules in force: they are the whole company's, so that everybody may see them.
func (in *invocation) withRules(ctx context.Context, fn func(*picture, *locale.Locale) error) error {
	cfg, err := in.load()
	if err != nil {
		return err
	}
	if in.owner == nil {
		if _, err := os.Stat(filepath.Join(in.dir(cfg), bolt.File)); errors.Is(err, fs.ErrNotExist) { // rules can be written before there is a store
			p, err := rule.Look(ctx, schema(), cfg.RulesFile, nil, nil)
			if err != nil {
				return err
			}
			return fn(&picture{rules: p}, in.locale(cfg))
		}
	}
	return in.ask(ctx, cfg, func(p *picture) error { return fn(p, in.locale(cfg)) })
}

// checkRulesFile is doctor's line on the rules.
func (in *invocation) checkRulesFile(ctx context.Context, cfg *config.Config) finding {
	f := finding{what: "rules", note: "the defaults; to change them: flightdeck rules show > rules.yaml, and rules_file: rules.yaml in the configuration"}
	if cfg.RulesFile == "" {
		return f
	}
	p, err := rule.Look(ctx, schema(), cfg.RulesFile, nil, nil)
	if err != nil || p.Problem != nil {
		f.err = errors.Join(err, p.Problem)
		return f
	}
	f.note = fmt.Sprintf("%s, hash %.8s", cfg.RulesFile, p.Hash)
	return f
}
