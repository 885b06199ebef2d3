package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/fit"
	"flightdeck/analytics/rule"
	"flightdeck/tui/locale"
)

func (in *invocation) rulesFitCommand() *cobra.Command {
	q := &question{in: in}
	var o fit.Options
	proposal, draft := false, false
	c := &cobra.Command{
		Use: "fit", Short: "Fit the grading's weights to your own renewals and revenue, and propose them (分级训练)", Args: cobra.NoArgs,
		Long: "Within the bounds of the rules, on past months; measured on months that were held out, beside the static rule that ranks customers by the year's amount.\n" +
			"Nothing is applied: print the proposal as a file of rules, read it, check it, and put it in force yourself.\n" +
			"To see whom it would move, and when: --draft, and press d in the cockpit's sandbox (g x).",
		Example: "flightdeck rules fit\nflightdeck rules fit --proposal > proposal.yaml && flightdeck rules check proposal.yaml\nflightdeck rules fit --draft",
		RunE: func(cmd *cobra.Command, args []string) error {
			if draft && (proposal || q.format.json || q.format.csv || q.format.plain) {
				return usagef("--draft: want no --proposal, --json, --csv or --plain beside it")
			}
			if proposal && (q.format.json || q.format.csv || q.format.plain) {
				return usagef("--proposal: want no --json, --csv or --plain beside it")
			}
			if o.Horizon < 7 || o.Horizon > 730 {
				return usagef("--horizon %d: want 7 to 730 days", o.Horizon)
			}
			if o.Held < 1 || o.Held > 12 {
				return usagef("--held %d: want 1 to 12 months", o.Held)
			}
			print := func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
				a, err := fit.Of(cmd.Context(), p.book, p.rules, s, o)
				if err != nil {
					return answer{}, err
				}
				t := a.Table()
				return answer{value: a, table: t, sheet: fitted(a, l), stamp: a.Stamp, scope: s, note: fitNote(a, l)}, nil
			}
			if !proposal && !draft {
				return q.askAll(print)(cmd, args)
			}
			return in.do(func(*cobra.Command, []string) error {
				cfg, err := in.load()
				if err != nil {
					return err
				}
				return in.ask(cmd.Context(), cfg, func(p *picture) error {
					s, err := q.scope(p.book)
					if err != nil {
						return err
					}
					if draft { // before the fit, which takes its time
						if err := in.draftable(p); err != nil {
							return err
						}
					}
					text, err := proposeRules(cmd.Context(), p, s, o, in.locale(cfg))
					if err != nil {
						return err
					}
					if draft {
						return in.draftRules(p, text, in.locale(cfg))
					}
					_, err = io.WriteString(in.stdout, text)
					return err
				})
			})(cmd, args)
		},
	}
	q.format.flags(c)
	c.Flags().BoolVar(&proposal, "proposal", false, "print the rules in force with the proposed weights and lines, as a file of rules")
	c.Flags().IntVar(&o.Horizon, "horizon", 90, "`DAYS` in which it is seen what a customer buys")
	c.Flags().IntVar(&o.Held, "held", 3, "`MONTHS` that are held out")
	c.Flags().BoolVar(&draft, "draft", false, "write the proposal beside the rules (rules.draft.yaml), where the sandbox (g x) opens it with d")
	c.Flags().BoolVar(&o.Own, "own", false, "only the rules' own attributes: none is tried that they lack")
	c.Flags().BoolVar(&o.KeepLines, "keep-lines", false, "leave the grades' lines as they are")
	return c
}

// proposeRules is the rules in force with what the fit proposes, as a file of rules.
func proposeRules(ctx context.Context, p *picture, s analytics.Scope, o fit.Options, l *locale.Locale) (string, error) {
	a, err := fit.Of(ctx, p.book, p.rules, s, o)
	if err != nil {
		return "", err
	}
	if len(a.Lacks) > 0 {
		return "", fmt.Errorf("rules fit: %s; nothing is proposed", l.Pick(a.Lacks[0].Zh, a.Lacks[0].En))
	}
	text, path := "version: 1\n", "rules.yaml"
	if p.rules.File != "" {
		text, path = p.rules.Text, p.rules.File
	}
	next, err := rule.Amend(schema(), path, []byte(text), knownTo(p.book), rule.GradingSection, a.Apply)
	if err != nil {
		return "", fmt.Errorf("rules fit: %w", err)
	}
	var head strings.Builder
	for _, line := range append([]string{fmt.Sprintf(l.Pick("建议, 由 flightdeck rules fit 依据版本 %s 与截至 %s 的数据得出; 采用前请阅读并 flightdeck rules check", "a proposal of flightdeck rules fit, from version %s and the data as of %s; read it, and flightdeck rules check it, before you put it in force"),
		p.rules.Version(), a.Stamp.AsOf), fitNote(a, l)}, gains(a, l)...) {
		head.WriteString("# " + line + "\n")
	}
	return head.String() + next.Text, nil
}

// draftable reports why no draft can be put where the sandbox looks for one; nil: one can.
func (in *invocation) draftable(p *picture) error {
	if in.owner != nil || p.rules.File == "" {
		return usagef("--draft: want a file of rules (rules_file: rules.yaml) on this machine, beside which the draft is put; --proposal prints it")
	}
	if path := rule.DraftOf(p.rules.File); exists(path) {
		return usagef("--draft: %s is there already; move it away first", path)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// draftRules puts a proposal where the sandbox looks for a draft. One that somebody is at work on stays.
func (in *invocation) draftRules(p *picture, text string, l *locale.Locale) error {
	path := rule.DraftOf(p.rules.File)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usagef("--draft: %s is there already; move it away first", path)
	}
	if err != nil {
		return fmt.Errorf("write draft: %w", err)
	}
	_, err = io.WriteString(f, text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write draft %s: %w", path, err)
	}
	say(in.stdout, l.Pick("%s 已写入; 在沙盒 (g x) 中按 d 查看, 采用与否由人决定\n", "%s is written; press d in the sandbox (g x) to look at it. Nothing is in force before a person saves it\n"), path)
	return nil
}

// fitNote says what was learned from and what it was held against.
func fitNote(a *fit.Answer, l *locale.Locale) string {
	if len(a.Lacks) > 0 {
		var all []string
		for _, t := range a.Lacks {
			all = append(all, l.Pick(t.Zh, t.En))
		}
		return strings.Join(all, "; ")
	}
	return fmt.Sprintf(l.Pick("学习 %s 至 %s (%s 例), 留出 %s 至 %s (%s 个客户, %s 例, 其中再次购买 %s 例), 观察期 %s", "learned from %s to %s (%s cases), held out %s to %s (%s customers, %s cases, of which %s bought again), horizon %s"),
		l.Date(a.Train.From), l.Date(a.Train.To), l.Int(a.Train.Cases), l.Date(a.Test.From), l.Date(a.Test.To), l.Int(a.Test.Customers), l.Int(a.Test.Based), l.Int(a.Test.Renewed), l.Days(a.Horizon))
}

// ranged is a figure with its range.
func ranged(x fit.Interval, format func(float64) string) string {
	if math.IsNaN(x.Value) || math.IsInf(x.Value, 0) {
		return "-"
	}
	return format(x.Value) + " (" + format(x.Low) + " … " + format(x.High) + ")"
}

// methodName names a method.
func methodName(m fit.Method, l *locale.Locale) string {
	switch m {
	case fit.Static:
		return l.Pick("年采购额 (静态规则)", "the year's amount (static rule)")
	case fit.Recent:
		return l.Pick("近季采购额", "the last quarter's amount")
	case fit.Now:
		return l.Pick("现行权重", "the weights in force")
	case fit.Own:
		return l.Pick("仅调现有各项的权重", "weights of the rules' own attributes alone")
	}
	return l.Pick("建议权重", "the proposed weights")
}

// gains says how much better the proposal is than each of the others.
func gains(a *fit.Answer, l *locale.Locale) (lines []string) {
	pct := func(x float64) string {
		s := l.Percent(x, 0)
		if x > 0 {
			s = "+" + s
		}
		return s
	}
	for _, g := range a.Gains {
		lines = append(lines, fmt.Sprintf(l.Pick("相对%s: Kendall %s, Spearman %s, AUC 超出随机部分 %s", "against %s: Kendall %s, Spearman %s, AUC above chance %s"), methodName(g.Over, l), ranged(g.Tau, pct), ranged(g.Rho, pct), ranged(g.AUC, pct)))
	}
	if line, ok := origin(a, l); ok {
		lines = append(lines, line)
	}
	if a.Worse {
		lines = append(lines, l.Pick("在留出月份上不优于现行权重, 不建议采用", "on the held-out months it is no better than the weights in force: better leave them"))
	}
	return lines
}

// origin says whether the gain over the static rule is the weights' or the new attributes'.
func origin(a *fit.Answer, l *locale.Locale) (string, bool) {
	of := map[fit.Method]*fit.Measure{}
	for i := range a.Measures {
		of[a.Measures[i].Method] = &a.Measures[i]
	}
	var names []string
	for i := range a.Weights {
		if w := &a.Weights[i]; w.New && w.Is > 0 {
			names = append(names, l.Pick(w.Name, w.NameEn))
		}
	}
	static, own, all := of[fit.Static], of[fit.Own], of[fit.Fitted]
	if len(names) == 0 || static == nil || own == nil || all == nil || all.Tau.Value <= static.Tau.Value {
		return "", false
	}
	if own.Tau.Value <= static.Tau.Value {
		return fmt.Sprintf(l.Pick("仅调现有各项的权重并不优于年采购额; 提升来自新增项: %s", "the rules' own attributes alone order no better than the year's amount: the gain is that of the new ones, %s"), strings.Join(names, l.Pick("、", ", "))), true
	}
	share := (own.Tau.Value - static.Tau.Value) / (all.Tau.Value - static.Tau.Value)
	return fmt.Sprintf(l.Pick("提升 (Kendall) 的 %s 来自现有各项的权重, 其余来自新增项: %s", "%s of the gain (Kendall) is that of the rules' own attributes, the rest that of the new ones, %s"), l.Percent(min(1, share), 0), strings.Join(names, l.Pick("、", ", "))), true
}

// fitted is a fit for reading: the weights with their reasons, then how good they are, then whom they move.
func fitted(a *fit.Answer, l *locale.Locale) sheet {
	s := sheet{head: []string{l.Pick("项", "attribute"), l.Pick("现行", "was"), l.Pick("建议", "is"), l.Pick("界限", "bounds"), l.Pick("依据", "why")}, right: []bool{false, true, true, false, false}}
	two := func(x float64) string { return l.Float(x, 2) }
	for i := range a.Weights {
		w := &a.Weights[i]
		s.rows = append(s.rows, []string{l.Pick(w.Name, w.NameEn) + " (" + w.ID + ")", two(w.Was), two(w.Is), two(w.Min) + "-" + two(w.Max), l.Pick(w.Reason.Zh, w.Reason.En)})
	}
	three := func(x float64) string { return l.Float(x, 3) }
	for _, m := range a.Measures {
		s.rows = append(s.rows, []string{methodName(m.Method, l), "", "", "", "Kendall " + ranged(m.Tau, three) + ", Spearman " + ranged(m.Rho, three) + ", AUC " + ranged(m.AUC, three)})
	}
	for _, line := range gains(a, l) {
		s.rows = append(s.rows, []string{l.Pick("提升", "gain"), "", "", "", line})
	}
	for _, x := range a.Lines {
		s.rows = append(s.rows, []string{l.Pick("等级线 ", "line of ") + string(x.Grade), l.Float(x.Was, 1), l.Float(x.Is, 1), "", fmt.Sprintf(l.Pick("%s 个客户, 现为 %s 个", "%s customers, %s now"), l.Int(x.After), l.Int(x.Before))})
	}
	if len(a.Lines) > 0 {
		s.rows = append(s.rows, []string{l.Pick("将变动", "would move"), "", "", "", fmt.Sprintf(l.Pick("升 %s 个 (年采购 %s), 降 %s 个 (%s)", "%s up (%s a year), %s down (%s)"), l.Int(a.Up), l.Money(a.UpMoney), l.Int(a.Down), l.Money(a.DownMoney))})
	}
	return s
}
