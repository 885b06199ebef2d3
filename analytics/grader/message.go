package grader

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Fault says what is wrong with an input.
func Fault(s store.InputState) analytics.Text {
	switch s {
	case store.InputStale:
		return analytics.Text{Zh: "数据已过期", En: "too old"}
	case store.InputMissing:
		return analytics.Text{Zh: "来源不再提供", En: "no longer given by the source"}
	case store.InputMistyped:
		return analytics.Text{Zh: "不是数字", En: "no number"}
	case store.InputOutside:
		return analytics.Text{Zh: "超出范围", En: "out of bounds"}
	case store.InputShifted:
		return analytics.Text{Zh: "分布突变", En: "shifted all at once"}
	case store.InputUnread:
		return analytics.Text{Zh: "首次读取中", En: "being read for the first time"}
	case store.InputUnknown:
		return analytics.Text{Zh: "未知", En: "unknown"}
	}
	return analytics.Text{Zh: "正常", En: "fresh"}
}

func title(rules *rule.Grading, input string) analytics.Text {
	in := rules.Inputs[input]
	return analytics.Text{Zh: cmp.Or(in.Name, input), En: cmp.Or(in.NameEn, input)}
}

// heldMessages are one message per cause: inputs that began to be held for one reason since one day. What is stale since its source fails has no cause of its own.
func heldMessages(began []grade.Hold, feeds []grade.Feed, out []Outage, rules *rule.Grading, word func(analytics.Text) string) (ms []store.Message) {
	type cause struct {
		why   store.InputState
		since analytics.Day
	}
	var order []cause
	inputs := map[cause][]string{}
	for _, h := range began {
		if h.Why == store.InputUnread || h.Why == store.InputStale && told(h.Input, feeds, out) {
			continue
		}
		c := cause{h.Why, h.Since}
		if inputs[c] == nil {
			order = append(order, c)
		}
		inputs[c] = append(inputs[c], h.Input)
	}
	for _, c := range order {
		var names []string
		for _, in := range inputs[c] {
			names = append(names, word(title(rules, in)))
		}
		list, fault := strings.Join(names, ", "), Fault(c.why)
		text := analytics.Text{Zh: fmt.Sprintf("自 %s 起; 沿用最后的可信值, 客户等级不变; 数据恢复后自动重评", c.since),
			En: fmt.Sprintf("since %s; the last good values stand and no grade moves; customers are judged again once the source heals", c.since)}
		if c.why == store.InputShifted {
			text = analytics.Text{Zh: fmt.Sprintf("自 %s 起; 沿用最后的可信值, 客户等级不变; 请人工确认: flightdeck grade accept|refuse %s", c.since, inputs[c][0]),
				En: fmt.Sprintf("since %s; the last good values stand and no grade moves until somebody decides: flightdeck grade accept|refuse %s", c.since, inputs[c][0])}
		}
		ms = append(ms, store.Message{
			Key: fmt.Sprintf("grade|held|%s|%s|%s", c.why, c.since, strings.Join(inputs[c], ",")), Kind: store.MessageGrade,
			Title: word(analytics.Text{Zh: "评级输入已冻结: " + list + " " + fault.Zh, En: "Grading input held: " + list + ", " + fault.En}), Text: word(text),
		})
	}
	return ms
}

// causes writes what moved a score most, in words.
func causes(m *grade.Move, rules *rule.Grading, word func(analytics.Text) string) string {
	var parts []string
	for _, r := range m.Cause[:min(3, len(m.Cause))] {
		parts = append(parts, fmt.Sprintf("%s %s > %s (%+.1f)", word(title(rules, r.Input)), r.From, r.To, r.Points))
	}
	score := fmt.Sprintf("%s > %.1f", m.Was, m.Score)
	if len(parts) == 0 { // the inputs stayed: the rules or the time are others
		return word(analytics.Text{Zh: "得分 " + score + ", 输入未变", En: "score " + score + ", the inputs as before"})
	}
	return strings.Join(parts, ", ") + "; " + word(analytics.Text{Zh: "得分 " + score, En: "score " + score})
}

// changes are the steps of grades, by account.
func changes(moves []grade.Move, version string, at time.Time, rules *rule.Grading, word func(analytics.Text) string) map[store.ID]store.GradeChange {
	steps := make(map[store.ID]store.GradeChange, len(moves))
	for i := range moves {
		m := &moves[i]
		steps[m.Account] = store.GradeChange{ID: stepID(m.Account, at), Account: m.Account, From: m.From, To: m.To, Cause: causes(m, rules, word), Rule: version, At: at, Seen: at}
	}
	return steps
}

// stepID names the step of an account at a moment.
func stepID(account store.ID, at time.Time) store.ID {
	return store.MakeID(grade.Source, account.Native()+"|"+string(account.Source())+"|"+at.UTC().Format("20060102T150405.000"))
}

// movedMessage tells of the grades that move in one evaluation: how many, and the first of them with what moved them. Steps down come first.
func movedMessage(b *analytics.Book, moves []grade.Move, version string, day analytics.Day, rules *rule.Grading, cause func(*grade.Move) string,
	word func(analytics.Text) string) store.Message {
	place := func(g store.Grade) int {
		return slices.IndexFunc(rules.Grades, func(l rule.GradeLine) bool { return l.Grade == string(g) })
	}
	var up, down, first int
	sum := sha256.New()
	sorted := slices.Clone(moves)
	slices.SortStableFunc(sorted, func(x, y grade.Move) int { return fall(y, place) - fall(x, place) })
	var lines []string
	for i := range sorted {
		m := &sorted[i]
		_, _ = fmt.Fprintln(sum, m.Account, m.From, m.To)
		switch f := fall(*m, place); {
		case m.From == "":
			first++
		case f > 0:
			down++
		default:
			up++
		}
		if len(lines) < 5 {
			lines = append(lines, fmt.Sprintf("%s %s > %s: %s", b.AccountName(m.Account), orNone(m.From), m.To, cause(m)))
		}
	}
	return store.Message{
		Key: fmt.Sprintf("grade|moved|%s|%s|%s", day, version, hex.EncodeToString(sum.Sum(nil)[:8])), Kind: store.MessageGrade, Link: "migration",
		Title: word(analytics.Text{Zh: fmt.Sprintf("客户等级变动: 升 %d, 降 %d, 首评 %d", up, down, first), En: fmt.Sprintf("Grades moved: %d up, %d down, %d graded first", up, down, first)}),
		Text:  word(analytics.Text{Zh: "规则版本 " + version, En: "rules " + version}) + "\n" + strings.Join(lines, "\n"),
	}
}

// fall is by how many grades a customer falls; one without a grade falls by none.
func fall(m grade.Move, place func(store.Grade) int) int {
	if m.From == "" || place(m.From) < 0 {
		return 0
	}
	return place(m.To) - place(m.From)
}

func orNone(g store.Grade) string {
	if g == "" {
		return "-"
	}
	return string(g)
}
