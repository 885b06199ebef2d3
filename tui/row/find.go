package row

import (
	"strings"
	"sync/atomic"

	"flightdeck/analytics/account"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/touch"
	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
)

// The rows of views, of which there may be a million, are found without being made: analyses look for a word in the names, and what stands here says in which of the
// words of both languages it is.

// DealView is [Deals] of a view.
func DealView(env *pane.Env, v *deal.View, org store.Currency) table.Rows {
	t := Deals(env, v.Rows, org)
	t.Find = func(word string) func(int) bool { return v.Find(word, flagWords(word)) }
	return t
}

// TouchView is [Touches] of a view.
func TouchView(env *pane.Env, v *touch.View) table.Rows {
	t := Touches(env, v.Rows)
	t.Find = func(word string) func(int) bool {
		return v.Find(word, func(c store.Channel) bool { return holds(word, func(l *locale.Locale) string { return l.Channel(c) }) })
	}
	return t
}

// AccountView is [Accounts] of a view.
func AccountView(env *pane.Env, v *account.View) table.Rows {
	t := Accounts(env, v.Rows)
	t.Find = v.Find
	return t
}

// MoveView is [Moves] of a view.
func MoveView(env *pane.Env, v *migration.View) table.Rows {
	t := Moves(env, v.Rows)
	t.Find = v.Find
	return t
}

// holds reports whether something holds a word in either language: see both.
func holds(word string, text func(*locale.Locale) string) bool {
	return strings.Contains(strings.ToLower(both(text)), word)
}

// flagWords says in which flags a word is found, as Match of [Deals] words them.
func flagWords(word string) deal.FlagWords {
	flag := func(f deal.Flag) bool { return holds(word, func(l *locale.Locale) string { return Flag(l, f) }) }
	days := func(kind deal.FlagKind, text locale.Key) (d deal.FlagDays) {
		d.All = holds(word, func(l *locale.Locale) string { return l.F(text, unwritten) })
		if !d.All && strings.ContainsAny(word, "0123456789,") { // else it cannot reach into the number
			d.Of = perDay(func(days int) bool { return flag(deal.Flag{Kind: kind, Days: days}) })
		}
		return d
	}
	return deal.FlagWords{
		Overdue: days(deal.Overdue, locale.FlagOverdue), Stale: days(deal.Stale, locale.FlagStale),
		Silent: flag(deal.Flag{Kind: deal.Stale, Since: store.NoDay}), NoAmount: flag(deal.Flag{Kind: deal.NoAmount}), NoClose: flag(deal.Flag{Kind: deal.NoClose}),
	}
}

// unwritten stands for a number and is in no word.
const unwritten = " "

// perDay remembers what test says of some years of days.
func perDay(test func(days int) bool) func(days int) bool {
	const no, yes = 1, 2
	var known [4096]atomic.Uint32
	return func(days int) bool {
		if days < 0 || days >= len(known) {
			return test(days)
		}
		if known[days].Load() == 0 {
			said := uint32(no)
			if test(days) {
				said = yes
			}
			known[days].Store(said)
		}
		return known[days].Load() == yes
	}
}
