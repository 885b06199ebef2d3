package row

import (
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/tui/locale"
)

// Wrong says of the rules in force that the file holds a text that cannot be used: since when, where, what is accepted, and by which version all is judged until it is mended; ""
// where the file is good.
func Wrong(l *locale.Locale, p *rule.Pack, b *analytics.Book) string {
	if p == nil || p.Problem == nil {
		return ""
	}
	where, what := Fault(l, p.Problem.Error())
	return l.F(locale.RulesWrong, l.Time(p.Broken, b.Location()), strings.Trim(where+": "+what, ": "), p.Version())
}

// WrongSince says the same in a row whose title is where the file is wrong: what first.
func WrongSince(l *locale.Locale, what, version string, since time.Time) string {
	return l.F(locale.RulesWrongSince, what, l.Time(since, since.Location()), version)
}

// Fault splits what is wrong with a file into where (rules.yaml:3:5, without the folder; "" where no file is named) and what, of several problems the first with how many more there
// are.
func Fault(l *locale.Locale, problem string) (where, what string) {
	first, rest, _ := strings.Cut(problem, "\n")
	if name, text, ok := strings.Cut(first, ": "); ok && strings.Contains(name, ".y") {
		where, first = name[strings.LastIndexByte(name, '/')+1:], text
	}
	if rest != "" {
		first += l.F(locale.RulesWrongMore, l.Int(strings.Count(rest, "\n")+1))
	}
	return where, first
}
