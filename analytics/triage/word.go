package triage

import (
	"fmt"
	"math"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/credibility"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// word puts a flag into words.
func (r *raiser) word(rule Rule, d *analytics.DealState) analytics.Text {
	text := func(zh, en string, args ...any) analytics.Text { // both take the same arguments
		return analytics.Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}
	}
	switch rule {
	case Overdue:
		for _, l := range r.judge.Of(d).Lost {
			if l.Cause == credibility.Decay {
				return l.Reason
			}
		}
		return text("承诺日 %s 已过, 未更新", "promised for %s, and not updated since", d.Close)
	case Credibility:
		return r.wordCredibility(d)
	case OffCycle:
		return r.wordCycle(d)
	case NoAmount:
		if d.Amount.Given() {
			return text("金额为 0", "the amount is 0")
		}
		return text("没有金额, 不计入任何合计", "no amount: it is in no sum")
	case NoRate:
		return text("%s 没有汇率, 不计入任何合计", "no rate for %s: it is in no sum", d.Amount.Currency)
	case OddAmount:
		if d.Value < 0 {
			return text("金额为负: %s %s", "a negative amount: %s %s", d.Amount.Amount(), d.Amount.Currency)
		}
		return text("金额 %s 是历史最大赢单的 %.0f 倍", "the amount, %s, is %.0f times the largest deal ever won", r.figure(d.Value), float64(d.Value)/float64(max(1, r.similar.Largest())))
	case NoDate:
		return text("没有预计成交日, 不在任何期间的预测中", "no promised date: it is in no period's forecast")
	case OddDate:
		if d.Created != store.NoDay && d.Close < d.Created {
			return text("承诺日 %s 早于创建日 %s", "promised for %s, before it began on %s", d.Close, d.Created)
		}
		return text("承诺日 %s 不合常理", "promised for %s, which nobody can mean", d.Close)
	case NoOwner:
		p := r.b.Person(d.Owner)
		switch {
		case p.ID == "":
			return text("没有负责人", "nobody owns it")
		case p.Inactive:
			return text("负责人%s已离职", "its owner, %s, has left", p.Name)
		}
		return text("负责人 %s 不在组织架构中", "its owner, %s, is not in the organisation", p.Name)
	case Stale:
		_, last := deal.IsStale(r.b, d, r.day)
		if last == store.NoDay {
			return text("没有任何触达或变更", "nothing ever happened to it")
		}
		return text("%d 天没有触达或变更 (自 %s)", "nothing happened for %d days (since %s)", int(r.day-last), last)
	}
	reason, _, _ := r.watch.Deal(d)
	return reason
}

// wordCredibility names what weighs most.
func (r *raiser) wordCredibility(d *analytics.DealState) analytics.Text {
	a := r.judge.Of(d)
	var zh, en []string
	for _, l := range a.Lost {
		if l.Points > 0 {
			zh, en = append(zh, l.Reason.Zh), append(en, l.Reason.En)
		}
	}
	return analytics.Text{Zh: fmt.Sprintf("可信度 %d%%: %s", a.Percent, strings.Join(zh, "; ")), En: fmt.Sprintf("credibility %d %%: %s", a.Percent, strings.Join(en, "; "))}
}

func (r *raiser) wordCycle(d *analytics.DealState) analytics.Text {
	v, days, amount := r.similar.Judge(d)
	var zh, en []string
	if v.Red && !v.Passed {
		zh = append(zh, fmt.Sprintf("承诺周期 %d 天, 同类 %d 单多为 %d 天 (%d-%d), 偏离 %.1f 个标准差", v.Days, days.N, days.Centre, days.Low, days.High, math.Abs(*v.Z)))
		en = append(en, fmt.Sprintf("promised within %d days where %d similar deals took about %d (%d-%d): %.1f sigma off", v.Days, days.N, days.Centre, days.Low, days.High, math.Abs(*v.Z)))
	}
	if v.AmountRed {
		zh = append(zh, fmt.Sprintf("金额 %s, 同类 %d 单多为 %s, 偏离 %.1f 个标准差", r.figure(d.Value), amount.N, r.figure(amount.Centre), math.Abs(*v.AmountZ)))
		en = append(en, fmt.Sprintf("%s where %d similar deals were about %s: %.1f sigma off", r.figure(d.Value), amount.N, r.figure(amount.Centre), math.Abs(*v.AmountZ)))
	}
	return analytics.Text{Zh: strings.Join(zh, "; "), En: strings.Join(en, "; ")}
}

// figure writes an amount in minor units of the organisation's currency.
func (r *raiser) figure(minor int64) string {
	return credibility.Figure(store.Money{Minor: minor, Currency: r.b.Currency()})
}
