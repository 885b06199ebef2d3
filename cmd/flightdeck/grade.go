package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/grader"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
)

func (in *invocation) gradeCommand() *cobra.Command {
	q := &question{in: in}
	var held bool
	var limit int
	var account string
	run := q.askAll(func(p *picture, s analytics.Scope, l *locale.Locale) (answer, error) {
		if limit < 1 || limit > 1_000_000 {
			return answer{}, usagef("--limit %d: want 1 to 1000000", limit)
		}
		s.Period = analytics.Period{}
		if account != "" {
			return explained(p, s, l, account)
		}
		a := grade.ListOf(p.book, rule.GradingSection.Of(p.rules), s, p.grading.Holds)
		all := len(a.Rows)
		if held {
			a.Rows = slices.DeleteFunc(a.Rows, func(r grade.Judge) bool { return !r.Held })
		}
		a.Rows = a.Rows[:min(limit, len(a.Rows))]
		out := sheet{head: []string{l.Pick("客户", "account"), l.Pick("等级", "grade"), l.Pick("按得分", "by score"), l.Pick("得分", "score"), l.Pick("健康度", "health"), l.Pick("冻结自", "held since"),
			l.Pick("冻结的输入", "held inputs"), l.Pick("评级日", "judged"), l.Pick("规则", "rules")}, right: []bool{false, false, false, true, true, false, false, false, false}}
		for _, r := range a.Rows {
			since, health := "", "?"
			if r.Held {
				since = l.Date(r.Since)
			}
			if r.Health >= 0 {
				health = strconv.Itoa(r.Health)
			}
			out.rows = append(out.rows, []string{r.AccountName, string(r.Grade), string(r.Would), strconv.FormatFloat(r.Score, 'f', 1, 64), health, since, strings.Join(r.Inputs, " "), l.Date(r.Day), r.Rule})
		}
		note := fmt.Sprintf(l.Pick("已评 %s 个客户, 冻结 %s 个", "%s customers judged, %s held"), l.Int(all), l.Int(a.Held))
		for _, h := range a.Holds {
			note += "; " + heldNote(p, h, l)
		}
		if waits := row.Waits(l, a.Waits, a.Judged); waits != "" {
			note += "; " + waits
		}
		return answer{value: a, table: a.Table(), sheet: out, stamp: a.Stamp, scope: s, note: note}, nil
	})
	c := &cobra.Command{
		Use: "grade [ACCOUNT]", Short: "How customers are graded by the rules, what is held and since when; of one customer step by step (客户分级)", Args: cobra.MaximumNArgs(1),
		Example: "flightdeck grade --held\nflightdeck grade demo:a17 --json\nflightdeck grade accept depth --note \"the vendor counts anew\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if account = ""; len(args) > 0 {
				account = args[0]
			}
			return run(cmd, args)
		},
	}
	q.nodeFlags(c)
	q.complete(c)
	q.format.flags(c)
	c.Flags().BoolVar(&held, "held", false, "only customers whose grade is held")
	c.Flags().IntVar(&limit, "limit", 50, "how many customers")
	c.AddCommand(in.gradeLogCommand(), in.gradeDecideCommand(true), in.gradeDecideCommand(false))
	return c
}

func heldNote(p *picture, h grade.Hold, l *locale.Locale) string {
	fault := grader.Fault(h.Why)
	note := fmt.Sprintf(l.Pick("%s 自 %s 冻结 (%s)", "%s held since %s (%s)"), h.Input, l.Date(h.Since), l.Pick(fault.Zh, fault.En))
	if d, ok := grader.Verdict(p.desk.Now(), h); ok {
		note += " " + l.Pick("由 ", "decided by ") + d.Name
	} else if h.Person {
		note += l.Pick(", 待人工确认", ", somebody has to decide")
	}
	return note
}

// explained is one customer step by step: every input, attribute and factor.
func explained(p *picture, s analytics.Scope, l *locale.Locale, account string) (answer, error) {
	b := p.book
	id, err := findAccount(b, s, account)
	if err != nil {
		return answer{}, err
	}
	x, ok := grade.Explain(context.Background(), b, rule.GradingSection.Of(p.rules), s, id)
	if !ok {
		return answer{}, usagef("grade %q: there is no such customer here", store.Clip(account, 60))
	}
	for i := range x.Holds { // since when is known from the state, not from the day that is looked at
		for _, h := range p.grading.Holds {
			if h.Input == x.Holds[i].Input {
				x.Holds[i].Since = h.Since
			}
		}
	}
	out := sheet{head: []string{l.Pick("步骤", "step"), l.Pick("名称", "name"), l.Pick("值", "value"), l.Pick("折算", "scaled"), l.Pick("权重", "weight"), l.Pick("状态", "state"), l.Pick("日期", "day"), l.Pick("来源", "from")},
		right: []bool{false, false, true, true, true, false, false, false}}
	for _, v := range x.Inputs {
		day, fault := "", grader.Fault(v.State)
		if v.Day != 0 {
			day = l.Date(v.Day)
		}
		out.rows = append(out.rows, []string{l.Pick("输入", "input"), l.Pick(v.Title, v.TitleEn), v.Value.String(), "", "", l.Pick(fault.Zh, fault.En), day, v.From})
	}
	for _, a := range x.Parts {
		out.rows = append(out.rows, []string{l.Pick("属性", "attribute"), l.Pick(a.Title, a.TitleEn), "", a.Scaled.String(), strconv.FormatFloat(a.Weight, 'f', 2, 64), "", "", a.Factor})
	}
	for _, f := range x.Factors {
		out.rows = append(out.rows, []string{l.Pick("因子", "factor"), f.Name, f.Value.String(), "", "", "", "", ""})
	}
	note := fmt.Sprintf(l.Pick("%s 等级 %s, 得分 %.1f, 按得分 %s, 规则 %s", "%s grade %s, score %.1f, by score %s, rules %s"), x.AccountName, x.Grade, x.Score, x.Would, p.rules.Version())
	for _, h := range x.Holds {
		note += "; " + heldNote(p, h, l)
	}
	if waits := row.Waits(l, x.Waits, b.Judged() > 0); waits != "" {
		note += "; " + waits
	}
	t := analytics.Table{Columns: []string{"account_id", "account", "grade", "health"}, Rows: [][]string{{string(x.Account), x.AccountName, string(x.Grade), strconv.Itoa(x.Health)}}}
	return answer{value: x, table: t, sheet: out, stamp: x.Stamp, scope: s, note: note}, nil
}

// gradeDecideCommand enters what a person says of an input whose values shifted.
func (in *invocation) gradeDecideCommand(right bool) *cobra.Command {
	note := ""
	c := &cobra.Command{Args: cobra.ExactArgs(1)}
	if c.Use, c.Short = "refuse INPUT", "The shifted values of an input are wrong: it stays held"; right {
		c.Use, c.Short = "accept INPUT", "The shifted values of an input are right: customers are judged by them"
	}
	c.RunE = in.do(func(cmd *cobra.Command, args []string) error {
		cfg, err := in.load()
		if err != nil {
			return err
		}
		return in.atDesk(cmd.Context(), cfg, func(p *picture, s *desk.Session) error {
			l := in.locale(cfg)
			var waiting []string
			for _, h := range p.grading.Holds {
				if !h.Person {
					continue
				}
				if h.Input == args[0] {
					if _, err := s.Decide(cmd.Context(), []store.Decision{grader.Decide(h, right, note)}); err != nil {
						return err
					}
					say(in.stdout, l.Pick("%s 自 %s 的变化: 已入账\n", "%s, shifted since %s: entered\n"), h.Input, l.Date(h.Since))
					return nil
				}
				waiting = append(waiting, h.Input)
			}
			if len(waiting) == 0 {
				return usagef("grade %s %q: no input waits for a person; see flightdeck grade", cmd.Name(), store.Clip(args[0], 40))
			}
			return usagef("grade %s %q: want one of %s", cmd.Name(), store.Clip(args[0], 40), strings.Join(waiting, ", "))
		})
	})
	c.Flags().StringVar(&note, "note", "", "why; it goes into the journal")
	return c
}
