package row

import (
	"math"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/theme"
)

// Factor is the value of a factor in words: a name where it is an identifier, with its unit where it is a range; "" where it is not known or says nothing.
func Factor(l *locale.Locale, b *analytics.Book, f landing.Factor) string {
	v := f.Value
	if v == "" {
		return l.T(locale.Unknown)
	}
	switch f.Feature {
	case landing.FeatureStage:
		if c, ok := b.StageCode(store.ID(v)); ok {
			st := b.Stage(c)
			return l.Pick(st.Name, st.NameEn)
		}
	case landing.FeatureProduct:
		for c := range analytics.Code(b.Products()) {
			if p := b.Product(c); p.ID == store.ID(v) {
				return p.Name
			}
		}
	case landing.FeatureTeam, landing.FeatureRep:
		if i, ok := b.NodeOf(store.ID(v)); ok {
			return b.Nodes()[i].Name
		}
	case landing.FeatureCall:
		if c, err := store.ParseCategory(v); err == nil {
			return l.Category(c)
		}
	case landing.FeatureAge, landing.FeatureStay, landing.FeatureSilence:
		return l.F(locale.LandDays, v)
	case landing.FeatureTouch:
		return l.F(locale.LandTimes, v)
	case landing.FeatureSize:
		return l.F(locale.LandFold, v)
	case landing.FeaturePush:
		return l.Push(v)
	case landing.FeaturePromise:
		if d, err := store.ParseDay(v); err == nil {
			return l.Date(d)
		}
	}
	return v
}

// factorBars draws what raises a chance to the right and what lowers it to the left, one line each, in odds.
func factorBars(th *theme.Theme, l *locale.Locale, fs []landing.Factor, w int, word func(landing.Factor) string) []string {
	label, value, top := 0, 0, 1.
	for _, f := range fs {
		label, value, top = max(label, layout.Width(l.Feature(string(f.Feature)))), max(value, layout.Width(word(f))), max(top, math.Abs(f.LogOdds))
	}
	value = min(value, max(8, w/4))
	odds := func(f landing.Factor) string {
		k := locale.LandOdds
		if f.LogOdds < 0 {
			k = locale.LandOddsDown
		}
		return l.F(k, l.Float(math.Exp(math.Abs(f.LogOdds)), 1))
	}
	tail := 0
	for _, f := range fs {
		tail = max(tail, layout.Width(odds(f)))
	}
	half := max(3, min(20, (w-label-value-tail-7)/2))
	head := layout.NewRow(w).Gap(2+label+1+value+1).Cell(th.Muted, l.T(locale.LandLower), half, layout.Right).Gap(1).Add(th.Muted, l.T(locale.LandRaise)).String()
	out := []string{head}
	for _, f := range fs {
		n := max(1, min(half, int(math.Round(math.Abs(f.LogOdds)/top*float64(half)))))
		r := layout.NewRow(w).Gap(2).Cell("", l.Feature(string(f.Feature)), label, layout.Left).Gap(1).Cell(th.Muted, word(f), value, layout.Left).Gap(1)
		if f.LogOdds < 0 {
			r.Gap(half-n).Fill(th.BadBar, '-', n).Add(th.Border, "|").Gap(half)
		} else {
			r.Gap(half).Add(th.Border, "|").Fill(th.GoodBar, '+', n).Gap(half - n)
		}
		out = append(out, r.Gap(1).Add(th.Muted, odds(f)).String())
	}
	return out
}

// Factors draws what raises and what lowers a chance: bars to the right and to the left where there is room, else one line of each.
func Factors(th *theme.Theme, l *locale.Locale, b *analytics.Book, fs []landing.Factor, s layout.Size) []string {
	word := func(f landing.Factor) string { return Factor(l, b, f) }
	if s.H >= len(fs)+1 && s.W >= 44 && len(fs) > 0 {
		return factorBars(th, l, fs, s.W, word)
	}
	var up, down []string
	for _, f := range fs {
		t := l.Feature(string(f.Feature))
		if w := word(f); w != "" {
			t += " " + w
		}
		if f.LogOdds > 0 {
			up = append(up, t)
		} else {
			down = append(down, t)
		}
	}
	var lines []string
	for _, x := range []struct {
		key   locale.Key
		words []string
		style theme.Style
	}{{locale.LandRaises, up, th.Good}, {locale.LandLowers, down, th.Bad}} {
		if len(x.words) == 0 {
			continue
		}
		for i, line := range layout.Wrap(l.F(x.key, strings.Join(x.words, ", ")), s.W-2) {
			if i < 2 {
				lines = append(lines, layout.NewRow(s.W).Gap(2).Add(x.style, line).String())
			}
		}
	}
	return lines
}
