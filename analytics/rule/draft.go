package rule

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
)

// Figure is a number of the section grading that can be tried at another value before it is in force.
type Figure struct {
	Key            string // where it stands in the section: weights.renewal, grades.A, hysteresis, guard.shift
	Group          string // weights, grades or guard
	Name, NameEn   string // of an attribute; "" for the others, whose key says it
	Factor         string // of an attribute
	Min, Max, Step float64
	Digits         int
	at             func(*Grading) *float64 // where it stands, nil where a section lacks it; nil for a weight, and for a whole number
	whole          func(*Grading) *int
	attribute      string
}

// Of returns the figure's value in a section; not a number where the section lacks it, as another version may.
func (f *Figure) Of(g *Grading) float64 {
	switch {
	case f.at != nil:
		if p := f.at(g); p != nil {
			return *p
		}
		return math.NaN()
	case f.whole != nil:
		return float64(*f.whole(g))
	}
	for i := range g.Attributes {
		if g.Attributes[i].ID == f.attribute {
			return g.Weight(&g.Attributes[i])
		}
	}
	return math.NaN()
}

// Clamp brings a value within the figure's bounds and onto its last digit.
func (f *Figure) Clamp(v float64) float64 {
	unit := math.Pow10(f.Digits)
	return max(f.Min, min(math.Round(v*unit)/unit, f.Max))
}

// Figures returns what of g can be tried, in the order in which people think of it: weights by factor, the lines of the grades, the guards.
func (g *Grading) Figures() (out []Figure) {
	for _, factor := range Factors() {
		for i := range g.Attributes {
			if a := &g.Attributes[i]; a.Factor == factor {
				out = append(out, Figure{Key: "weights." + a.ID, Group: "weights", Name: a.Name, NameEn: a.NameEn, Factor: factor, Min: a.Min, Max: a.Max, Step: .01, Digits: 2, attribute: a.ID})
			}
		}
	}
	for i := range g.Grades[:max(0, len(g.Grades)-1)] { // the last one begins at 0
		name := g.Grades[i].Grade
		out = append(out, Figure{Key: "grades." + name, Group: "grades", Min: .5, Max: 100, Step: .5, Digits: 1, at: func(o *Grading) *float64 {
			if k := slices.IndexFunc(o.Grades, func(l GradeLine) bool { return l.Grade == name }); k >= 0 {
				return &o.Grades[k].From
			}
			return nil
		}})
	}
	number := func(key, group string, lo, hi, step float64, digits int, at func(*Grading) *float64) {
		out = append(out, Figure{Key: key, Group: group, Min: lo, Max: hi, Step: step, Digits: digits, at: at})
	}
	whole := func(key, group string, lo, hi, step float64, at func(*Grading) *int) {
		out = append(out, Figure{Key: key, Group: group, Min: lo, Max: hi, Step: step, whole: at})
	}
	number("hysteresis", "grades", 0, 20, .5, 1, func(g *Grading) *float64 { return &g.Hysteresis })
	whole("guard.vanished", "guard", 1, 100, 5, func(g *Grading) *int { return &g.Guard.Vanished })
	number("guard.shift", "guard", minShift, maxShift, .05, 2, func(g *Grading) *float64 { return &g.Guard.Shift })
	whole("guard.moved", "guard", 1, 100, 5, func(g *Grading) *int { return &g.Guard.Moved })
	whole("guard.unknown", "guard", 0, 100, 5, func(g *Grading) *int { return &g.Guard.Unknown })
	return out
}

// Draft is a change of the section grading that is not in force: another preset, and figures by key. The zero Draft changes nothing.
type Draft struct {
	Preset string
	Values map[string]float64
}

// With returns the draft with one more figure.
func (d Draft) With(key string, v float64) Draft {
	values := maps.Clone(d.Values)
	if values == nil {
		values = map[string]float64{}
	}
	values[key] = v
	return Draft{d.Preset, values}
}

// On returns g with the draft's changes. What it does not change is shared with g, and what it names that g lacks is left out.
func (d Draft) On(g *Grading) *Grading {
	out := *g
	out.Weights, out.Grades = maps.Clone(g.Weights), slices.Clone(g.Grades)
	d.Apply(&out)
	return &out
}

// Apply puts the changes into g itself. A preset that is put in place of another also takes the place of the weights that went before the old one. Weights that the preset says
// anyway are not said again.
func (d Draft) Apply(g *Grading) {
	own := map[string]float64{}
	if d.Preset != "" && g.Presets[d.Preset] != nil {
		g.Preset = d.Preset
	} else {
		maps.Copy(own, g.Weights)
	}
	for _, f := range g.Figures() {
		v, ok := d.Values[f.Key]
		switch {
		case !ok:
		case f.at != nil:
			if p := f.at(g); p != nil {
				*p = v
			}
		case f.whole != nil:
			*f.whole(g) = int(math.Round(v))
		default:
			own[f.attribute] = v
		}
	}
	g.Weights = nil
	for i := range g.Attributes {
		a := &g.Attributes[i]
		if w, ok := own[a.ID]; ok && math.Abs(w-g.Weight(a)) < 1e-9 {
			delete(own, a.ID)
		}
	}
	if len(own) > 0 {
		g.Weights = own
	}
}

// Changed returns the figures whose values the draft makes others than g's, and whether it has another preset.
func (d Draft) Changed(g *Grading) (figures []Figure, preset bool) {
	to := d.On(g)
	for _, f := range g.Figures() {
		if math.Abs(f.Of(g)-f.Of(to)) > 1e-9 {
			figures = append(figures, f)
		}
	}
	return figures, to.Preset != g.Preset
}

// Differs returns the keys of the section whose values are others in o.
func (g *Grading) Differs(o *Grading) (keys []string) {
	a, b := reflect.ValueOf(g).Elem(), reflect.ValueOf(o).Elem()
	for i := range a.NumField() {
		name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("yaml"), ",")
		was, err := entry(name, a.Field(i).Interface())
		is, err2 := entry(name, b.Field(i).Interface())
		if err != nil || err2 != nil || was != is {
			keys = append(keys, name)
		}
	}
	return keys
}

// Unguarded returns the figures that open the guards as wide as they go: with them a fault in the data becomes a grade, as if nobody had been in the way.
func Unguarded() map[string]float64 {
	return map[string]float64{"guard.vanished": 100, "guard.shift": maxShift, "guard.moved": 100}
}

// Weightless is a factor none of whose attributes has a weight, with which nobody can be graded; "" none.
func (g *Grading) Weightless() string {
	sums := map[string]float64{}
	for i := range g.Attributes {
		sums[g.Attributes[i].Factor] += g.Weight(&g.Attributes[i])
	}
	for _, f := range Factors() {
		if sums[f] <= 0 {
			return f
		}
	}
	return ""
}
