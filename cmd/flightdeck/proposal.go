package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/proposal"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

// proposed is what is known for a proposal to a customer.
func proposed(ctx context.Context, p *picture, s analytics.Scope, l *locale.Locale, text string) (answer, error) {
	id, err := findAccount(p.book, s, text)
	if err != nil {
		return answer{}, err
	}
	a, err := proposal.Of(ctx, p.book, p.rules, s, id)
	if err != nil {
		return answer{}, err
	}
	return answer{value: a, table: a.Table(), stamp: a.Stamp, scope: analytics.Scope{AsOf: s.AsOf}, text: markdown(a, l)}, nil
}

// findAccount finds a customer of a scope by what a person types.
func findAccount(b *analytics.Book, s analytics.Scope, text string) (store.ID, error) {
	var names []named
	for c := range b.Select(s).Accounts() {
		id, name := b.AccountLabel(c)
		names = append(names, named{id, []string{name}})
	}
	return find("account", text, names)
}

// markdown writes the facts as a sheet that a person goes on writing in.
func markdown(a *proposal.Answer, l *locale.Locale) string {
	b := &strings.Builder{}
	line := func(zh, en string, args ...any) { fmt.Fprintf(b, l.Pick(zh, en)+"\n", args...) }
	none := func(zh, en string) { line("\n%s", "\n%s", l.Pick(zh, en)) }
	table := func(head []string, rows [][]string) {
		fmt.Fprintf(b, "\n| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat(" --- |", len(head)))
		for _, r := range rows {
			for i := range r {
				r[i] = strings.ReplaceAll(r[i], "|", `\|`)
			}
			fmt.Fprintf(b, "| %s |\n", strings.Join(r, " | "))
		}
	}
	day := func(d analytics.Day) string {
		if d == store.NoDay {
			return "-"
		}
		return d.String()
	}
	sum := func(s analytics.Sum) string {
		text := l.MoneyExact(s.Money)
		if m := s.MissingCell(); m != "" {
			text += " + " + m
		}
		return text
	}
	line("# 方案资料: %s", "# Proposal sheet: %s", a.Facts.Name)
	line("\n截至 %s, 规则 %s. 仅列出各来源已有的事实; 空缺处来源未提供.\n", "\nAs of %s, rules %s. Facts that the sources gave and nothing else; where something is missing, no source said it.\n", a.AsOf, a.Rules)
	f := &a.Facts
	line("- 客户: %s (%s), 行业 %s, 地区 %s", "- Customer: %s (%s), industry %s, place %s", f.Name, f.ID, cmp.Or(f.Industry, "-"), cmp.Or(strings.TrimSpace(f.Region+" "+f.City), "-"))
	line("- 负责人: %s", "- Owner: %s", cmp.Or(f.OwnerName, string(f.Owner), "-"))
	line("- 等级 %s, 近12月 %s", "- Grade %s, last 12 months %s", cmp.Or(string(a.Summary.Grade), "-"), sum(a.Summary.Won))
	var course []string
	for i, d := range a.Days {
		h := "?"
		if i < len(a.Health) && a.Health[i] >= 0 {
			h = l.Int(a.Health[i])
		}
		course = append(course, d.String()+" "+h)
	}
	line("- 月末健康度: %s (高潜需高于 %d)", "- Health at month ends: %s (high potential: above %d)", strings.Join(course, ", "), a.Above)
	if a.Promoted {
		line("- 高潜: 是", "- High potential: yes")
	} else {
		var why []string
		for _, t := range a.Lacks {
			why = append(why, l.Pick(t.Zh, t.En))
		}
		line("- 高潜: 否; %s", "- High potential: no; %s", strings.Join(why, "; "))
	}
	line("\n## 想要的新产品", "\n## What it wants that it never bought")
	if len(a.Wants) == 0 {
		none("未结商机中没有未购产品.", "No open deal is about a product that it never bought.")
	} else {
		var rows [][]string
		for _, p := range a.Wants {
			price := "-"
			if p.Price.Given() {
				price = l.MoneyExact(p.Price)
			}
			rows = append(rows, []string{p.Name, p.Category, price, sum(p.Amount), l.Int(p.Lines), day(p.Last)})
		}
		table([]string{l.Pick("产品", "product"), l.Pick("类别", "category"), l.Pick("目录价", "list price"), l.Pick("商机金额", "in open deals"), l.Pick("商机数", "deals"), l.Pick("最早承诺", "earliest promise")}, rows)
	}
	line("\n## 已购产品", "\n## What it bought")
	if len(a.Bought) == 0 {
		none("没有购买记录.", "Nothing is on record.")
	} else {
		var rows [][]string
		for _, p := range a.Bought {
			rows = append(rows, []string{p.Name, p.Category, sum(p.Amount), l.Int(p.Lines), day(p.Last)})
		}
		table([]string{l.Pick("产品", "product"), l.Pick("类别", "category"), l.Pick("金额", "amount"), l.Pick("笔数", "lines"), l.Pick("最近", "last")}, rows)
	}
	line("\n## 未结商机与佐证", "\n## Open deals and their evidence")
	if len(a.Deals) == 0 {
		none("没有未结商机.", "There is no open deal.")
	}
	for i := range a.Deals {
		d := &a.Deals[i]
		line("\n- %s (%s): %s, %s, 承诺 %s, %s", "\n- %s (%s): %s, %s, promised %s, %s", d.Name, d.ID, l.Pick(d.Stage.Name, cmp.Or(d.Stage.NameEn, d.Stage.Name)), l.MoneyExact(d.Amount), day(d.Close), d.Owner.Name)
		for _, x := range d.Documents {
			fmt.Fprintf(b, "  - %s %s: %s %s\n", x.Day, l.EvidenceKind(x.Kind), x.Title, x.URL)
		}
		if len(d.Documents) == 0 {
			line("  - 没有佐证文件", "  - no document")
		}
	}
	line("\n## 客户方人员", "\n## Their people")
	if len(a.People) == 0 {
		none("来源没有给出联系人.", "The sources give no contacts.")
	} else {
		var rows [][]string
		for i := range a.People {
			p := &a.People[i]
			influence := "-"
			if p.Influence > 0 {
				influence = l.Int(p.Influence)
			}
			rows = append(rows, []string{p.Name, p.Role, influence, l.Int(p.Touches), day(p.Last)})
		}
		table([]string{l.Pick("姓名", "name"), l.Pick("角色", "role"), l.Pick("影响力", "influence"), l.Pick("触达", "touches"), l.Pick("最近触达", "last touch")}, rows)
	}
	line("\n## 外部信号", "\n## Signals from outside")
	if len(a.Signals) == 0 {
		none("没有.", "None.")
	}
	for _, g := range a.Signals {
		fmt.Fprintf(b, "\n- %s %s: %s %s\n", g.Day, l.Signal(g.Kind), g.Title, g.URL)
	}
	return b.String()
}
