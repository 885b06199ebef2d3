package grade

import (
	"flightdeck/analytics"
	"flightdeck/store"
)

// Change is how a customer was judged on two days, as the evaluations tell that were stored then, and by what the score differs.
type Change struct {
	From, To *store.Evaluation
	// Inputs are the inputs whose values differ, what moved the score most first. Their points are by the weights of the rules that the Model was made of, which are
	// those of To only if its version is theirs.
	Inputs []Reason
}

// Rules reports whether the two were judged by different versions of the rules.
func (c *Change) Rules() bool { return c.From.Rule != c.To.Rule }

// Between compares the last evaluations of a customer up to two days; ok is false where one of them is missing, or nobody judged the customer in between.
func (m *Model) Between(account analytics.Code, from, to Day) (c Change, ok bool) {
	c.From, c.To = m.b.EvaluationAt(account, from), m.b.EvaluationAt(account, to)
	if c.From == nil || c.To == nil || c.From.ID == c.To.ID {
		return c, false
	}
	s := m.sample()
	for _, in := range c.To.Inputs {
		for i := range m.inputs {
			if m.inputs[i].name == in.Name && in.State != store.InputUnknown {
				s.value[i], s.state[i], s.since[i] = in.Value, in.State, in.Day
			}
		}
	}
	c.Inputs = m.reasons(c.From, &s, map[string]any{})
	return c, true
}

// Title returns the names of an input that the rules declare; both are name where they do not.
func (m *Model) Title(name string) (zh, en string) {
	for i := range m.inputs {
		if in := &m.inputs[i]; in.name == name && (in.Name != "" || in.NameEn != "") {
			return in.Name, in.NameEn
		}
	}
	return name, name
}
