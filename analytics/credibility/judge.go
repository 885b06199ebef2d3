package credibility

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Judge holds deals against the rules as of a day. It is immutable once made; any number of goroutines may ask it.
type Judge struct {
	b      *analytics.Book
	rules  *rule.Credibility
	decay  rule.Decay
	pack   *rule.Pack
	day    analytics.Day
	claims []int8             // by stage Code: the last step that it claims, -1 none
	wants  [][]analytics.Code // by step: kinds of document; nil: none is wanted
	ranks  []int8             // by person
	limits [len(levels)]int64 // what each level may sign for, in minor units; math.MaxInt64: anything
	tender map[analytics.Code]int8
	proofs bool // some source gives documents
}

// asked is a Judge's place among a Book's answers.
type asked struct {
	tenders string
	pack    *rule.Pack
	day     analytics.Day
}

// For returns the Judge of a Book as of the end of a day, by the rules in p (nil: the defaults) and what v tells of accepted tenders. It is made once per Book.
func For(b *analytics.Book, v desk.View, p *rule.Pack, day analytics.Day) *Judge {
	moved := tenders(b, v)
	return analytics.Memo(b, asked{fmt.Sprint(moved), p, day}, func() *Judge { return newJudge(b, moved, p, day) })
}

// tender is an accepted notice: the deal that it moves, and the stage to which it does.
type tender struct{ deal, stage analytics.Code }

// tenders are all that was accepted, in a set order, so that other decisions leave a Judge as it is.
func tenders(b *analytics.Book, v desk.View) (out []tender) {
	for r := range v.Subjects {
		if r.Entity != store.EntityDeal {
			continue
		}
		for _, d := range v.About(r) {
			c, ok := b.DealCode(r.ID)
			s, known := b.StageCode(d.After.Stage)
			if ok && known && d.Kind == store.DecisionSuggestion && d.After.Verdict == store.VerdictAccepted {
				out = append(out, tender{c, s})
			}
		}
	}
	slices.SortFunc(out, func(x, y tender) int { return cmp.Or(cmp.Compare(x.deal, y.deal), cmp.Compare(x.stage, y.stage)) })
	return out
}

func newJudge(b *analytics.Book, moved []tender, p *rule.Pack, day analytics.Day) *Judge {
	f := rule.ForecastSection.Of(p)
	j := &Judge{b: b, rules: &f.Credibility, decay: f.Decay, pack: p, day: day, ranks: b.Ranks(), proofs: b.HasEvidence(), tender: map[analytics.Code]int8{}}
	for _, c := range b.Stages() {
		for int(c) >= len(j.claims) {
			j.claims = append(j.claims, -1)
		}
		j.claims[c] = j.claimed(b.Stage(c))
	}
	for _, s := range j.rules.Steps {
		var codes []analytics.Code
		for _, kind := range s.Evidence {
			codes = append(codes, b.EvidenceKind(kind))
		}
		j.wants = append(j.wants, codes)
	}
	for l := range levels { // a level that is not listed may sign what the one below it may
		if l > 0 {
			j.limits[l] = j.limits[l-1]
		}
		for _, a := range j.rules.Authority {
			if a.Level != levels[l].word {
				continue
			}
			if j.limits[l] = math.MaxInt64; a.UpTo != "" {
				if m, err := a.UpTo.Money(b.Currency()); err == nil {
					j.limits[l] = m.Minor
				}
			}
		}
	}
	for _, t := range moved {
		if step, was := j.tender[t.deal]; !was || step < j.step(t.stage) {
			j.tender[t.deal] = j.step(t.stage)
		}
	}
	return j
}

// claimed returns the last step that a stage claims. A won deal claims all of them, a lost one none.
func (j *Judge) claimed(s store.Stage) int8 {
	last := int8(-1)
	for i, step := range j.rules.Steps {
		claims := false
		if len(step.Stages) == 0 {
			claims = s.Kind == store.StageWon || s.Kind == store.StageOpen && s.Probability >= step.From
		}
		for _, id := range step.Stages {
			claims = claims || store.ID(id) == s.ID
		}
		if claims {
			last = int8(i)
		}
	}
	return last
}

// step returns the last step that a stage claims; -1 for an unknown one.
func (j *Judge) step(stage analytics.Code) int8 {
	if stage < 0 || int(stage) >= len(j.claims) {
		return -1
	}
	return j.claims[stage]
}

// finding is how a deal stands, in numbers: what [Judge.Of] puts into words.
type finding struct {
	percent, weight int
	base            int  // before the decay
	claimed         int8 // by the stage
	proven          int8 // by a tender
	last            int  // the last change or promise that the decay counts from: days without an update; 0: none is due
	marks           [rule.MaxSteps]mark
	signer          analytics.Code // who may not; None
	signed          int8           // the step that was signed
	limit           int64
}

// mark is how a step stands.
type mark struct {
	state State
	doc   analytics.Document // which counts; Row -1: none
}

// Percent returns what is left of an open deal's 100 %, and the weight that its promise still has. The deal stands as on j's day.
func (j *Judge) Percent(d *analytics.DealState) (percent, weight int) {
	var f finding
	j.find(d, &f)
	return f.percent, f.weight
}

// Decayed reports whether a deal's promise has lost weight, and how many days ago it should have been renewed.
func (j *Judge) Decayed(d *analytics.DealState) (days int, ok bool) {
	if !d.Open() || d.Close == store.NoDay || d.Close >= j.day {
		return 0, false
	}
	since := max(d.Close, j.b.Updated(d.Deal, j.day))
	days = int(min(int64(j.day)-int64(since), math.MaxInt32))
	return days, days > j.decay.Days
}

func (j *Judge) find(d *analytics.DealState, f *finding) {
	*f = finding{weight: 100, base: 100, claimed: j.step(d.Stage), proven: -1, signer: analytics.None, signed: -1}
	if step, ok := j.tender[d.Deal]; ok {
		f.proven = step
	}
	lost := 0
	before := store.NoDay // of the document that backs the last step that has one
	for i := range j.rules.Steps {
		m := &f.marks[i]
		m.state, m.doc.Row = Unclaimed, -1
		switch {
		case int8(i) <= f.proven:
			m.state = Tendered
		case int8(i) > f.claimed:
		case len(j.wants[i]) == 0 || !j.proofs:
			m.state = Unasked
		default:
			m.state = Unbacked
		}
		if m.state != Unbacked && m.state != Tendered || len(j.wants[i]) == 0 {
			continue
		}
		for doc := range j.b.Documents(d.Deal, j.day) {
			if !has(j.wants[i], doc.Kind) {
				continue
			}
			if m.doc = doc; doc.Day >= before {
				before = doc.Day
				break
			}
		}
		if m.state == Tendered || m.doc.Row < 0 {
			if m.state == Unbacked {
				lost += j.rules.Steps[i].Lost
			}
			continue
		}
		if m.state = Backed; m.doc.Day < before {
			m.state = Misplaced
			lost += j.rules.Order
		}
	}
	if j.sign(d, f) {
		lost += j.rules.Signer
	}
	f.base = max(0, 100-lost)
	f.percent = f.base
	if days, ok := j.Decayed(d); ok {
		f.last, f.weight = days, j.decay.Weight
		f.percent = f.base * f.weight / 100
	}
}

func has(codes []analytics.Code, c analytics.Code) bool {
	for _, x := range codes {
		if x == c {
			return true
		}
	}
	return false
}

// sign looks for a signature that its signer may not give: of the last claimed step that has a signed document the signer with the highest limit.
func (j *Judge) sign(d *analytics.DealState, f *finding) bool {
	if !d.HasValue() {
		return false
	}
	worth := d.Value
	if worth < 0 {
		worth = -worth
	}
	for i := int(f.claimed); i >= 0; i-- {
		best, who := int64(-1), analytics.None
		for doc := range j.b.Documents(d.Deal, j.day) {
			if doc.Signer == analytics.None || !has(j.wants[i], doc.Kind) {
				continue
			}
			if limit := j.limit(doc.Signer); limit > best {
				best, who = limit, doc.Signer
			}
		}
		if who == analytics.None {
			continue
		}
		if best < worth {
			f.signer, f.limit, f.signed = who, best, int8(i)
			return true
		}
		return false
	}
	return false
}

// limit is up to what a person may sign.
func (j *Judge) limit(who analytics.Code) int64 {
	rank := int8(0)
	if int(who) < len(j.ranks) {
		rank = j.ranks[who]
	}
	return j.limits[rank]
}

// Since returns the day of what was lost last: since when an open deal's credibility has been what it is, as far as can be told; NoDay where nothing was lost or it cannot be told.
func (j *Judge) Since(d *analytics.DealState) analytics.Day {
	var f finding
	j.find(d, &f)
	last := store.NoDay
	for i := range j.rules.Steps {
		switch m := &f.marks[i]; m.state {
		case Unbacked:
			last = max(last, j.since(d, int8(i)))
		case Misplaced:
			last = max(last, m.doc.Day)
		}
	}
	if f.signer != analytics.None {
		last = max(last, j.signedOn(d, &f))
	}
	if f.last > 0 {
		last = max(last, j.day-analytics.Day(f.last-j.decay.Days-1))
	}
	return last
}

// signedOn is the day of the signature that was not allowed.
func (j *Judge) signedOn(d *analytics.DealState, f *finding) analytics.Day {
	last := store.NoDay
	for doc := range j.b.Documents(d.Deal, j.day) {
		if doc.Signer == f.signer && has(j.wants[f.signed], doc.Kind) {
			last = doc.Day
		}
	}
	return last
}
