package deviation

import (
	"fmt"
	"slices"
	"strings"

	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Parse reads the tags that are right, by their IDs or either name, with commas between them; "-" alone is none, which takes a correction back. Its error names the
// tags that there are.
func Parse(p *rule.Pack, text string) ([]string, error) {
	known := rule.ForecastSection.Of(p).Deviation.Tags
	if text = strings.TrimSpace(text); text == "-" {
		return nil, nil
	}
	var tags []string
	for _, t := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '，' || r == '、' }) {
		t = strings.TrimSpace(t)
		i := slices.IndexFunc(known, func(x rule.Tag) bool { return x.ID == t || x.Name == t || strings.EqualFold(x.NameEn, t) })
		switch {
		case t == "" || t == "-":
		case i < 0:
			return nil, fmt.Errorf("tag %q: want one of %s, or - for none", store.Clip(t, 40), ids(known))
		case !slices.Contains(tags, known[i].ID):
			tags = append(tags, known[i].ID)
		}
	}
	if len(tags) == 0 {
		return nil, fmt.Errorf("no tag: want one of %s, or - for none", ids(known))
	}
	return tags, nil
}

func ids(tags []rule.Tag) string {
	var out []string
	for _, t := range tags {
		out = append(out, t.ID)
	}
	return strings.Join(out, ", ")
}

// Correct is the decision that puts tags in place of what is derived of a deal in the period of that name (Answer.Name); without tags it takes the correction back.
func Correct(deal store.ID, period string, tags []string, note string) store.Decision {
	return store.Decision{Slot: store.Slot{Kind: store.DecisionTag, Subject: store.Ref{Entity: store.EntityDeal, ID: deal}, Topic: Topic(period)}, After: store.Ruling{Tags: tags}, Note: note}
}
