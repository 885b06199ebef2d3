package triage

import (
	"errors"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/triage"
	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

// decide obeys one of the keys: at once where the rules say all, else after a line in the footer.
func (m *model) decide(k string) tea.Cmd {
	l, flags := m.env.Locale, m.chosen()
	switch {
	case len(flags) == 0 || m.busy:
		return nil
	case m.env.Desk == nil:
		return pane.Say(l.T(locale.TriageNoDesk))
	case m.past():
		return pane.Say(l.T(locale.TriagePast))
	}
	b, today := m.env.Book(), m.load.Value.now
	rules := &rule.ForecastSection.Of(m.env.Pack()).Triage
	about := flags[0].Deal.Name
	if len(flags) > 1 {
		about = l.F(locale.TriageMany, l.Int(len(flags)))
	}
	ask := func(what locale.Key, value string, check func(string) (string, triage.Act, error)) tea.Cmd {
		return func() tea.Msg {
			return pane.Ask{
				Place: m.at, Prompt: l.T(what) + " " + about + ": ", Value: value,
				Check:  func(text string) (string, error) { says, _, err := check(text); return says, err },
				Answer: func(text string) tea.Msg { _, a, _ := check(text); return m.run(a, flags) },
			}
		}
	}
	switch k {
	case "r":
		return m.run(triage.Act{Kind: store.DecisionRequest}, flags)
	case "c":
		return m.run(triage.Act{Kind: store.DecisionAccept}, flags)
	case "z":
		return ask(locale.TriageSnooze, (today + analytics.Day(rules.Snooze)).String(), func(text string) (string, triage.Act, error) {
			d, err := until(text, today)
			if err != nil {
				return "", triage.Act{}, errors.New(l.T(locale.TriageWantDay))
			}
			return l.F(locale.TriageBack, l.Date(d)), triage.Act{Kind: store.DecisionSnooze, Until: d}, nil
		})
	case "a":
		root := m.at.Scope.Root
		return ask(locale.TriageAssign, "", func(text string) (string, triage.Act, error) {
			if b == nil || strings.TrimSpace(text) == "" {
				return "", triage.Act{}, errors.New(l.T(locale.TriageWantPerson))
			}
			id, err := b.FindNode(root, analytics.KindPerson, text)
			if err != nil {
				return "", triage.Act{}, err
			}
			return "= " + b.PersonName(id), triage.Act{Kind: store.DecisionAssign, Person: id}, nil
		})
	case "o":
		org := m.load.Value.org
		return ask(locale.TriageOverride, "", func(text string) (string, triage.Act, error) { return override(l, text, org) })
	case "R":
		return ask(locale.TriageReject, "", func(text string) (string, triage.Act, error) {
			return "", triage.Act{Kind: store.DecisionAccept, Reject: true, Note: strings.TrimSpace(text)}, nil
		})
	}
	return ask(locale.TriageNote, "", func(text string) (string, triage.Act, error) {
		if text = strings.TrimSpace(text); text == "" {
			return "", triage.Act{}, errors.New(l.T(locale.TriageWantNote))
		}
		return "", triage.Act{Kind: store.DecisionNote, Note: text}, nil
	})
}

// until reads a day to come: YYYY-MM-DD, or so many days from today as in 7d.
func until(text string, today analytics.Day) (analytics.Day, error) {
	text = strings.TrimSpace(text)
	d, err := store.ParseDay(text)
	if n, e := strconv.Atoi(strings.TrimSuffix(text, "d")); e == nil && strings.HasSuffix(text, "d") && n < 3660 {
		d, err = today+analytics.Day(n), nil
	}
	if err == nil && d <= today {
		err = store.ErrInvalid
	}
	return d, err
}

// override reads what is put in place of the forecast, then why: 40% budget cut; 2026-12-20 board meets then; 120000 one site less; pipeline no contact yet.
func override(l *locale.Locale, text string, org store.Currency) (says string, a triage.Act, err error) {
	first, note, _ := strings.Cut(strings.TrimSpace(text), " ")
	a = triage.Act{Kind: store.DecisionOverride, Note: strings.TrimSpace(note)}
	switch {
	case first == "":
		return "", a, errors.New(l.T(locale.TriageWantOverride))
	case strings.HasSuffix(first, "%"):
		n, e := strconv.Atoi(strings.TrimSuffix(first, "%"))
		if e != nil || n < 1 || n > 100 {
			return "", a, errors.New(l.T(locale.TriageWantPercent))
		}
		a.Percent, says = n, l.F(locale.TriageCounts, strconv.Itoa(n))
	default:
		if d, e := store.ParseDay(first); e == nil {
			a.Close, says = d, l.Date(d)
		} else if c, e := store.ParseCategory(first); e == nil && c != store.CategoryNone {
			a.Category, says = c, l.Category(c)
		} else if money, e := store.ParseMoney(first, org); e == nil {
			a.Amount, says = money, l.MoneyExact(money)
		} else {
			return "", a, errors.New(l.T(locale.TriageWantOverride))
		}
	}
	if a.Note == "" {
		return says, a, errors.New(says + "; " + l.T(locale.TriageWantWhy))
	}
	return says, a, nil
}
