// Package credibility says how much of what is claimed of a deal is backed (四阶可信度): 0 to 100 %, with the reason for every point lost, as of any day.
//
// The steps to a signature, the documents that each wants, the points and the amounts that each level may sign stand in the rules (section forecast). How they are applied:
//
//   - A deal claims the step of its stage and all before it: the highest step that lists the stage, or, where a step lists none, whose From the stage's planning
//     probability reaches. It has claimed a step since it last came to a stage of that step without falling back since.
//   - A claimed step is backed by one document of one of its kinds. Its day must not lie before that of the document which backs the step before: of several the
//     first that fits counts, which is the choice under which most steps are in order. One that only has older documents is out of order (a contract revised before the
//     commercial agreement) and loses Order; one without any is missing and loses Lost. A step that wants no document always holds.
//   - Who signed a document of a claimed step must be allowed to sign for the deal's amount: by the highest kind of unit that the person leads today, since who led what when is
//     not told. The best signer of the last signed step counts. Documents without a signer lose nothing: most sources do not say. Amounts without a rate are not checked.
//   - A promise whose date has passed is worth Weight per cent once more than Days went by, after that date and after the last change of the deal, without a
//     change (预测衰减). A touch is no update: it does not say that the promise still holds.
//   - A tender notice that somebody accepted (analytics/tender) is public proof: the step of the stage to which it moves the deal, and all before it, are backed.
//
// What is lost adds up to what is missing to 100 %, exactly: points below nothing are not counted. Where no source gives documents at all, steps are not
// judged and the answer says so; the decay still is. Documents count from the day on them, as all history does, and not from the day on which we learned of them: a first
// sync learns everything in one hour.
package credibility

import (
	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// Cause is why points are lost.
type Cause string

// The causes.
const (
	Missing Cause = "missing" // a claimed step has no document
	Order   Cause = "order"   // its documents are older than the step before it
	Signer  Cause = "signer"  // who signed may not sign for so much
	Decay   Cause = "decay"   // the promised date has passed without an update
)

// Loss is some points, and why they went. Since is since when: the claim of the step, the document's day, or the promised date; NoDay unknown.
type Loss struct {
	Cause  Cause          `json:"cause"`
	Step   string         `json:"step,omitempty"`
	Points int            `json:"points"`
	Since  analytics.Day  `json:"since"`
	Reason analytics.Text `json:"reason"`
}

// State is how a step stands.
type State string

// The states.
const (
	Backed    State = "backed"
	Unbacked  State = "missing"
	Misplaced State = "order"
	Tendered  State = "tender"    // by an accepted tender notice
	Unasked   State = "unasked"   // claimed, and no document is wanted, or no source gives any
	Unclaimed State = "unclaimed" // the deal is not so far
)

// Step is one of the steps as it stands for a deal.
type Step struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	NameEn string         `json:"name_en"`
	State  State          `json:"state"`
	Since  analytics.Day  `json:"since"` // since when it is claimed; NoDay: it is not
	Wants  []string       `json:"wants"` // kinds of document, one of which is enough
	Proof  *deal.Evidence `json:"proof"` // which counts, or is out of order
	Signer deal.Name      `json:"signer,omitzero"`
}

// Answer is one deal's credibility. Percent is what is left of 100; Weight the part of it that the promised date's passing leaves (100: nothing passed). Credited is the last
// step up to which everything is backed: what the deal counts for, whatever its stage says.
type Answer struct {
	Stamp    analytics.Stamp `json:"stamp,omitzero"`
	Rules    string          `json:"rules"`
	Deal     deal.Row        `json:"deal"`
	Percent  int             `json:"credibility"`
	Weight   int             `json:"weight"`
	Claimed  string          `json:"claimed"`
	Credited string          `json:"credited"`
	Steps    []Step          `json:"steps"`
	Lost     []Loss          `json:"lost"`
	NoProofs bool            `json:"no_documents"` // no source gives documents: steps are not judged
}

// List is the open deals of a scope with their credibility: the least believed money first. Count is all of them, however many Rows holds. Believed is Σ value × credibility. Bands
// counts deals by credibility: below 25, below 50, below 75, below 100, and whole. Decayed are those whose date has passed, and Red those below the rule's limit.
type List struct {
	Stamp    analytics.Stamp        `json:"stamp"`
	Rules    string                 `json:"rules"`
	Scope    string                 `json:"scope"`
	Count    int                    `json:"count"`
	Rows     analytics.Rows[Answer] `json:"deals"`
	Open     analytics.Sum          `json:"open"`
	Believed analytics.Sum          `json:"believed"`
	Bands    [5]int                 `json:"bands"`
	Decayed  int                    `json:"decayed"`
	Red      int                    `json:"red"`
	NoProofs bool                   `json:"no_documents"`
}

// kinds are the kinds of document by name.
var kinds = map[string]analytics.Text{
	"minutes": {Zh: "会议纪要", En: "minutes"}, "mail": {Zh: "邮件", En: "mail"}, "contract": {Zh: "合同", En: "contract"},
	"price_comparison": {Zh: "比价表", En: "price comparison"}, "parameters": {Zh: "技术参数", En: "parameter document"}, "case": {Zh: "案例", En: "case"},
	"revised_contract": {Zh: "合同修订稿", En: "revised contract"}, "quote": {Zh: "报价单", En: "quote"},
}

// Kind names a kind of document; one that is not known is called as its source calls it.
func Kind(kind string) analytics.Text {
	if t, ok := kinds[kind]; ok {
		return t
	}
	return analytics.Text{Zh: kind, En: kind}
}

// levels are those of the rules, least first; a person's place is what [analytics.Book.Ranks] counts.
var levels = [...]struct {
	word string
	name analytics.Text
}{
	{"person", analytics.Text{Zh: "销售", En: "rep"}}, {store.UnitTeam.String(), analytics.Text{Zh: "团队负责人", En: "team lead"}},
	{store.UnitRegion.String(), analytics.Text{Zh: "大区负责人", En: "regional manager"}}, {store.UnitCompany.String(), analytics.Text{Zh: "公司负责人", En: "director"}},
}
