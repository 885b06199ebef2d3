package analytics

// Text is a sentence that says why: a reason, a cause, a rule's finding. It is made where the facts are, in both languages, so that a pane, a message and the
// command line give the same one.
type Text struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

// IsZero reports that there is none.
func (t Text) IsZero() bool { return t == Text{} }
