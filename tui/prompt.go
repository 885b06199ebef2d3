package tui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

func newFilter(s *Shell, to pane.Filterer) *filter {
	return &filter{input: newInput(to.Filter()), to: to, before: to.Filter()}
}

func (f *filter) key(s *Shell, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter":
		s.overlay = nil
	case "esc":
		s.overlay = nil
		return f.to.SetFilter(f.before)
	case "up", "down", "pgup", "pgdown": // walk what is left without leaving the line
		return s.current().pane.Update(k)
	default:
		if f.edit(k) {
			return f.to.SetFilter(f.value())
		}
	}
	return nil
}

func (f *filter) paste(s *Shell, text string) tea.Cmd {
	f.insert(text)
	return f.to.SetFilter(f.value())
}

func (f *filter) take(*Shell, tea.Msg) tea.Cmd { return nil }
func (f *filter) refresh(*Shell)               {}

func (f *filter) body(*Shell, layout.Size) (string, bool) { return "", false }

func (f *filter) footer(s *Shell, w int) (string, int) {
	return f.line(s, s.env.Locale.T(locale.FilterPrompt), w)
}

func newAsOf(s *Shell) *asOf {
	v := ""
	if d := s.Place().Scope.AsOf; d != 0 {
		v = d.String()
	}
	return &asOf{input: newInput(v)}
}

func (a *asOf) key(s *Shell, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc":
		s.overlay = nil
	case "enter":
		b := s.env.Book()
		if b == nil {
			s.overlay = nil
			return nil
		}
		d, err := ParseAsOf(a.value(), b.Now())
		switch {
		case err != nil:
			a.wrong = s.env.Locale.T(locale.AsOfBad)
		case d > b.Now():
			a.wrong = s.env.Locale.T(locale.AsOfFuture)
		default:
			s.overlay = nil
			p := s.Place()
			p.Scope.AsOf = d
			return s.replace(p)
		}
	default:
		if a.edit(k) {
			a.wrong = ""
		}
	}
	return nil
}

func (a *asOf) paste(_ *Shell, text string) tea.Cmd {
	a.insert(text)
	return nil
}

func (a *asOf) take(*Shell, tea.Msg) tea.Cmd { return nil }
func (a *asOf) refresh(*Shell)               {}

func (a *asOf) body(*Shell, layout.Size) (string, bool) { return "", false }

func (a *asOf) footer(s *Shell, w int) (string, int) {
	if a.wrong == "" {
		return a.line(s, s.env.Locale.T(locale.AsOfPrompt), w)
	}
	note := " " + a.wrong
	line, x := a.line(s, s.env.Locale.T(locale.AsOfPrompt), max(1, w-layout.Width(note)))
	return line + s.env.Theme.Bad.Render(note), x
}

// ParseAsOf reads a day as a person types it: YYYY-MM-DD, or -7d, -2w, -3m, -1y before today (a calendar month back from the 31st is the month's last day).
// Empty gives 0, which means now.
func ParseAsOf(text string, today analytics.Day) (analytics.Day, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	if rest, ok := strings.CutPrefix(text, "-"); ok && len(rest) > 1 {
		n, err := strconv.Atoi(rest[:len(rest)-1])
		if err == nil && n >= 0 && n <= 36500 {
			y, m, d := today.Date()
			day := store.NoDay
			switch rest[len(rest)-1] {
			case 'd':
				day = today - analytics.Day(n)
			case 'w':
				day = today - analytics.Day(7*n)
			case 'm':
				day = monthEnd(y, m-time.Month(n), d)
			case 'y':
				day = monthEnd(y-n, m, d)
			}
			if day.Valid() {
				return day, nil
			}
		}
		return 0, fmt.Errorf("parse day %q: want YYYY-MM-DD, or -7d, -2w, -3m, -1y", store.Clip(text, 20))
	}
	return store.ParseDay(text)
}

// monthEnd is day d of the month, or its last day when it is shorter.
func monthEnd(y int, m time.Month, d int) analytics.Day {
	return min(store.Date(y, m, d), store.Date(y, m+1, 1)-1)
}
