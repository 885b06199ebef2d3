package triage

import (
	"fmt"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Act is what somebody does about flags. Kind is one of [Acts]; each uses the fields named beside it. What is not given takes the rules' default.
type Act struct {
	Kind     store.DecisionKind
	Until    analytics.Day  // request: the answer is due; snooze: it comes back
	Person   store.PersonID // assign
	Reject   bool           // accept: the forecast is not taken as it is
	Amount   store.Money    // override, with those below, one of them at least
	Close    analytics.Day
	Category store.Category
	Percent  int
	Note     string // wanted for an override and a note
}

// Acts are the kinds of decision that a flag can be met with.
func Acts() []store.DecisionKind {
	return []store.DecisionKind{store.DecisionRequest, store.DecisionSnooze, store.DecisionOverride, store.DecisionAssign, store.DecisionAccept, store.DecisionNote}
}

// On returns what goes into the journal for these flags as of b's present day, and the messages that it causes: who is asked, and who is given something, is told. by is
// under which name the viewer came in; word picks the language of messages. Several flags of one deal are one decision where it is about the deal. Its errors say
// what is wanted; nothing is decided then.
func (a Act) On(b *analytics.Book, p *rule.Pack, flags []Flag, by string, word func(analytics.Text) string) (ds []store.Decision, ms []store.Message, err error) {
	rules, today := &rule.ForecastSection.Of(p).Triage, b.Now()
	if len(flags) == 0 {
		return nil, nil, fmt.Errorf("triage: no flag is chosen: %w", store.ErrInvalid)
	}
	once := map[store.ID]bool{}
	for i := range flags {
		f := &flags[i]
		fail := func(format string, args ...any) error {
			return fmt.Errorf("triage %s, %s: %s: %w", store.Clip(f.Deal.Name, 60), f.Rule, fmt.Sprintf(format, args...), store.ErrInvalid)
		}
		d := store.Decision{Slot: store.Slot{Kind: a.Kind, Subject: store.Ref{Entity: store.EntityDeal, ID: f.Deal.ID}, Topic: string(f.Rule)}, Note: a.Note}
		switch a.Kind {
		case store.DecisionRequest:
			who := f.Assigned
			if who.ID == "" {
				who = f.Deal.Owner
			}
			if c, ok := b.PersonCode(who.ID); !ok || who.ID == "" || b.Person(c).Inactive {
				return nil, nil, fail("nobody can be asked: it has no owner who works here; assign it first")
			}
			if d.After = (store.Ruling{Person: who.ID, Until: due(a.Until, today, rules.Answer)}); d.After.Until < today {
				return nil, nil, fail("the answer would be due on %s; want today or later", d.After.Until)
			}
			m := a.ask(f, who, by, d.After.Until, word)
			m.Decision = len(ds) + 1
			ms = append(ms, m)
		case store.DecisionSnooze:
			if d.After = (store.Ruling{Until: due(a.Until, today, rules.Snooze)}); d.After.Until <= today {
				return nil, nil, fail("it would come back on %s; want a later day than today", d.After.Until)
			}
		case store.DecisionOverride:
			if d.Topic = ""; once[f.Deal.ID] {
				continue
			}
			d.After = store.Ruling{Amount: a.Amount, Close: a.Close, Category: a.Category, Percent: a.Percent}
			switch {
			case d.After.IsZero():
				return nil, nil, fail("an override wants an amount, a day, a category or a percentage")
			case a.Note == "":
				return nil, nil, fail("an override wants a note that says why")
			}
		case store.DecisionAssign:
			if a.Person == "" {
				return nil, nil, fail("assigning wants a person")
			}
			d.After = store.Ruling{Person: a.Person}
			if a.Person != f.Assigned.ID {
				m := a.give(f, by, today, word)
				m.Decision = len(ds) + 1
				ms = append(ms, m)
			}
		case store.DecisionAccept:
			d.After = store.Ruling{Verdict: store.VerdictAccepted}
			if a.Reject {
				d.After.Verdict = store.VerdictRejected
			}
		case store.DecisionNote:
			if d.Topic = ""; once[f.Deal.ID] {
				continue
			}
			if d.After = (store.Ruling{Text: a.Note}); a.Note == "" {
				return nil, nil, fail("a note wants a text")
			}
			d.Note = ""
		default:
			return nil, nil, fail("want one of %v", Acts())
		}
		once[f.Deal.ID] = true
		ds = append(ds, d)
	}
	return ds, ms, nil
}

func due(day, today analytics.Day, days int) analytics.Day {
	if day != 0 {
		return day
	}
	return today + analytics.Day(days)
}

// ask is the message that asks for an update. Asked again for the same day it is the same message.
func (a Act) ask(f *Flag, who deal.Name, by string, until analytics.Day, word func(analytics.Text) string) store.Message {
	return store.Message{
		Key: fmt.Sprintf("request|%s|%s", f.Key(), until), Kind: store.MessageRequest, Node: who.ID, Link: "deal/" + string(f.Deal.ID),
		Title: word(analytics.Text{Zh: fmt.Sprintf("请%s更新: %s", who.Name, f.Deal.Name), En: fmt.Sprintf("%s, please update: %s", who.Name, f.Deal.Name)}),
		Text:  lines(word(f.Reason), word(analytics.Text{Zh: fmt.Sprintf("%s 请在 %s 前答复", by, until), En: fmt.Sprintf("%s asks for an answer by %s", by, until)}), a.Note),
	}
}

// give tells somebody that a flag is theirs now.
func (a Act) give(f *Flag, by string, today analytics.Day, word func(analytics.Text) string) store.Message {
	return store.Message{
		Key: fmt.Sprintf("assign|%s|%s|%s", f.Key(), a.Person, today), Kind: store.MessageRequest, Node: a.Person, Link: "deal/" + string(f.Deal.ID),
		Title: word(analytics.Text{Zh: fmt.Sprintf("%s 交给您处理: %s", by, f.Deal.Name), En: fmt.Sprintf("%s hands over to you: %s", by, f.Deal.Name)}),
		Text:  lines(word(f.Reason), a.Note),
	}
}

// lines joins those that say something.
func lines(all ...string) (text string) {
	for _, s := range all {
		if s == "" {
			continue
		}
		if text != "" {
			text += "\n"
		}
		text += s
	}
	return text
}
