package row

import (
	"cmp"
	"math"
	"strings"

	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/tui/locale"
)

// Because words why two sets of rules score a customer otherwise: weights, or values that the guards of one let count, by how many points. line: not the score but the grades' lines, the
// hysteresis or what is held makes the difference. Names are those of the first rules that know them. "" where there is nothing to say.
func Because(l *locale.Locale, why []grade.Reason, line bool, rules ...*rule.Grading) string {
	var out []string
	for _, r := range why {
		switch {
		case math.Abs(r.Points) < .05 && len(why) > 1: // which is nothing at one decimal
		case r.Input != "":
			out = append(out, moved(l, r, rules))
		default:
			out = append(out, l.F(locale.SandboxWeight, attributeName(l, r.Attribute, rules), r.From.String(), r.To.String(), points(l, r)))
		}
	}
	switch {
	case len(out) > 0:
		return strings.Join(out, "; ")
	case line:
		return l.T(locale.SandboxLines)
	}
	return ""
}

// Moved words by which inputs a customer's score moved, from what to what, named as in [Because].
func Moved(l *locale.Locale, why []grade.Reason, rules ...*rule.Grading) string {
	out := make([]string, 0, len(why))
	for _, r := range why {
		out = append(out, moved(l, r, rules))
	}
	return strings.Join(out, "; ")
}

func moved(l *locale.Locale, r grade.Reason, rules []*rule.Grading) string {
	return InputName(l, r.Input, rules...) + " " + Value(l, r.From) + " > " + Value(l, r.To) + " (" + points(l, r) + ")"
}

// points is how many points of the score a reason makes, with its sign.
func points(l *locale.Locale, r grade.Reason) string {
	if r.Points > 0 {
		return "+" + l.Float(r.Points, 1)
	}
	return l.Float(r.Points, 1)
}

// InputName is what the first of some rules that know an input call it; its key where none does.
func InputName(l *locale.Locale, name string, rules ...*rule.Grading) string {
	for _, g := range rules {
		if in := g.Inputs[name]; l.Pick(in.Name, in.NameEn) != "" {
			return l.Pick(in.Name, in.NameEn)
		}
	}
	return name
}

func attributeName(l *locale.Locale, id string, rules []*rule.Grading) string {
	for _, g := range rules {
		for i := range g.Attributes {
			if a := &g.Attributes[i]; a.ID == id {
				return cmp.Or(l.Pick(a.Name, a.NameEn), id)
			}
		}
	}
	return id
}

// BothHolds is [Holds] of a day on which two sets of rules were replayed.
func BothHolds(l *locale.Locale, old, is []grade.Hold, rules ...*rule.Grading) string {
	was, now := Holds(l, old, rules...), Holds(l, is, rules...)
	if was == now {
		return was
	}
	return l.F(locale.SandboxBoth, cmp.Or(was, "-"), cmp.Or(now, "-"))
}

// Holds names the inputs that are held for everybody, why, and since when.
func Holds(l *locale.Locale, all []grade.Hold, rules ...*rule.Grading) string {
	out := make([]string, 0, len(all))
	for _, h := range all {
		out = append(out, l.F(locale.GradeHeldInput, InputName(l, h.Input, rules...), l.InputState(h.Why), l.Date(h.Since)))
	}
	return strings.Join(out, ", ")
}

// Value writes an input's value, a large one shortly.
func Value(l *locale.Locale, n grade.Number) string {
	switch v := float64(n); {
	case !n.Known():
		return "-"
	case math.Abs(v) >= 10_000 && math.Abs(v) < 1e15:
		return l.Count(int(math.Round(v)))
	}
	return n.String()
}
