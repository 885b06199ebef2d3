package migration

import (
	"fmt"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Any in a [Cell] stands for every grade.
const Any store.Grade = "*"

// Cell names one square of the matrix: from which grade to which. It is comparable. An empty From is "new" (no grade at the start), an empty To
// is "lost" (no grade at the end); [Any] takes the whole row or column.
type Cell struct {
	From store.Grade `json:"from"`
	To   store.Grade `json:"to"`
}

// String prints A>B, new>A, A>lost or *>B, which ParseCell reads back.
func (c Cell) String() string {
	from, to := string(c.From), string(c.To)
	if from == "" {
		from = "new"
	}
	if to == "" {
		to = "lost"
	}
	return from + ">" + to
}

// ParseCell reads what String prints. The empty string is *>*, everything.
func ParseCell(s string) (Cell, error) {
	if s == "" {
		return Cell{Any, Any}, nil
	}
	from, to, ok := strings.Cut(s, ">")
	if !ok || from == "" || to == "" || strings.Contains(to, ">") {
		return Cell{}, fmt.Errorf("parse migration cell %q: want FROM>TO such as A>B, new>A, A>lost or *>B", store.Clip(s, 40))
	}
	if from == "new" {
		from = ""
	}
	if to == "lost" {
		to = ""
	}
	return Cell{store.Grade(from), store.Grade(to)}, nil
}

// Square is what a cell holds.
type Square struct {
	Count int `json:"count"`
	// Money is what the accounts brought in over the twelve months up to To: their sales lines, or their won deals when there are no sales lines.
	Money analytics.Sum `json:"money"`
}

// Month is the movement within one month of the flow. The last one ends on the as-of day.
type Month struct {
	Period  analytics.Period `json:"period"`
	Up      int              `json:"up"`
	Down    int              `json:"down"`
	Same    int              `json:"same"`
	Entered int              `json:"entered"` // no grade before
	Left    int              `json:"left"`    // no grade after
	// UpMoney and DownMoney are what the moved accounts brought in over the twelve months up to the month's end.
	UpMoney   analytics.Sum `json:"up_money"`
	DownMoney analytics.Sum `json:"down_money"`
}

// Answer is a migration matrix with the flow of the last twelve months.
type Answer struct {
	analytics.Stamp `json:"stamp"`
	Scope           string        `json:"scope"` // as analytics.Scope.String prints it
	From            analytics.Day `json:"from"`  // grades at the end of this day …
	To              analytics.Day `json:"to"`    // … against those at the end of this one
	// Grades, best first. The matrix has one row more at the end for "new" and one column more for "lost".
	Grades []store.Grade `json:"grades"`
	// Matrix is row-major, (len(Grades)+1)²: from row i to column j is Matrix[i*(len(Grades)+1)+j]. The last square, new → lost, is always 0.
	Matrix  []Square `json:"matrix"`
	Up      int      `json:"up"`
	Down    int      `json:"down"`
	Same    int      `json:"same"`
	Entered int      `json:"entered"`
	Left    int      `json:"left"`
	// Stay is Same of the accounts graded on both days: the diagonal's share.
	Stay        analytics.Ratio `json:"stay"`
	Unexplained int             `json:"unexplained"` // moves for which the source's history holds no cause: never silently
	Flow        []Month         `json:"flow"`        // twelve months, oldest first
	Derived     bool            `json:"derived"`     // no source grades; the grades were computed by Rule
	Rule        string          `json:"rule"`        // name of the rule and its figures; empty when the sources grade
}

// At returns the square of row i, column j.
func (a *Answer) At(i, j int) Square { return a.Matrix[i*(len(a.Grades)+1)+j] }

// Cell names row i, column j; a negative index means all of them.
func (a *Answer) Cell(i, j int) Cell {
	g := func(i int) store.Grade {
		switch {
		case i < 0:
			return Any
		case i < len(a.Grades):
			return a.Grades[i]
		}
		return ""
	}
	return Cell{g(i), g(j)}
}

// CauseKind says of which nature a cause is; the locale words it.
type CauseKind string

// The kinds of cause.
const (
	CauseNone        CauseKind = ""            // the grade is the same on both days
	CauseSource      CauseKind = "source"      // Text as the source gives it
	CauseUnexplained CauseKind = "unexplained" // the grade differs, the source's history says nothing
	CauseValue       CauseKind = "value"       // derived: the account's own trailing value moved it: Before → After
	CauseRank        CauseKind = "rank"        // derived: the others' values moved past it; its own stayed or moved the other way
	CauseEntered     CauseKind = "entered"     // the account was not known on the first day
)

// Cause says why a grade differs. Numbers are given where the grades are derived.
type Cause struct {
	Kind        CauseKind     `json:"kind"`
	Text        string        `json:"text,omitempty"`
	Before      analytics.Sum `json:"before,omitzero"`       // trailing won value at From
	After       analytics.Sum `json:"after,omitzero"`        // trailing won value at To
	AboveBefore float64       `json:"above_before,omitzero"` // share of all accounts' value held by those ranked above this one, 0–1: what the rule judges
	AboveAfter  float64       `json:"above_after,omitzero"`
	RankBefore  int           `json:"rank_before,omitzero"` // 1 is the highest value
	RankAfter   int           `json:"rank_after,omitzero"`
	Steps       int           `json:"steps,omitzero"` // grade changes in between, when the source gives more than one
}

// Move is one account behind a cell.
type Move struct {
	Account     store.ID       `json:"account_id"`
	AccountName string         `json:"account"`
	Owner       store.PersonID `json:"owner_id"`
	OwnerName   string         `json:"owner"`
	From        store.Grade    `json:"from"`        // empty: new
	To          store.Grade    `json:"to"`          // empty: lost
	At          time.Time      `json:"at,omitzero"` // of the last step, in the organisation's time zone; zero: unknown or no move
	Cause       Cause          `json:"cause"`
	Rule        string         `json:"rule"` // rule and version that decided, if known
	Money       analytics.Sum  `json:"money"`
	Health      int            `json:"health"` // on the To day, 0–100; -1 unknown
}

// List is the accounts behind a cell: falls first, then rises, then the rest, each by money.
type List struct {
	analytics.Stamp `json:"stamp"`
	Scope           string        `json:"scope"`
	From            analytics.Day `json:"from"`
	To              analytics.Day `json:"to"`
	Cell            Cell          `json:"cell"`
	Derived         bool          `json:"derived"`
	Rows            []Move        `json:"rows"`
}
