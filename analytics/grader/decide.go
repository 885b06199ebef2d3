package grader

import (
	"context"
	"fmt"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Who decides about grades changes with the rules. Then no customer's grade may jump to what others said meanwhile without a step that says so:
//
//   - When the rules begin to decide, every grade is entered as theirs, moved or not, so that nothing that a source corrects or takes back later can move it.
//   - When the sources decide again, whoever has another grade by them moves, with that as the cause; as does whoever they graded in the rules' time and tell of only later.

// decideID names the step that says who decides.
func decideID(at time.Time) store.ID {
	return store.MakeID(analytics.RulesSource, "decides|"+at.UTC().Format("20060102T150405.000000"))
}

func deciding(who store.Grade, version string, at time.Time) store.GradeChange {
	return store.GradeChange{ID: decideID(at), To: who, Cause: "grading.decides", Rule: version, At: at, Seen: at}
}

var (
	takenOver = analytics.Text{Zh: "等级改由规则决定", En: "The rules decide about grades from now on"}
	givenBack = analytics.Text{Zh: "等级改由数据源决定", En: "The sources decide about grades from now on"}
	caughtUp  = analytics.Text{Zh: "数据源在规则决定期间给出的等级", En: "Grades that the sources gave while the rules decided"}
)

// pins are the steps by which the grades of a day become the rules' own; steps are those that move.
func pins(b *analytics.Book, day analytics.Day, steps map[store.ID]store.GradeChange, version string, at time.Time, word func(analytics.Text) string) []store.GradeChange {
	var out []store.GradeChange
	cause := word(takenOver)
	for c := range analytics.Code(b.Accounts()) {
		id := b.AccountID(c)
		if _, moves := steps[id]; moves || !b.AccountLive(c) {
			continue
		}
		if g := b.GradeAt(c, day); g != "" {
			out = append(out, store.GradeChange{ID: stepID(id, at), Account: id, From: g, To: g, Cause: cause, Rule: version, At: at, Seen: at})
		}
	}
	return out
}

// handBack lets the sources' grades count again.
func (g *Grader) handBack(ctx context.Context, b *analytics.Book, rules *rule.Grading, version string, was State, at time.Time) (State, error) {
	lead, day := caughtUp, b.Now()
	if b.RulesDecide() {
		lead = givenBack
	}
	var moves []grade.Move
	next := was
	next.At = at
	batch := &store.Batch{Source: grade.Source, Stream: stream, Next: next.cursor(), Seen: at}
	for c := range analytics.Code(b.Accounts()) {
		if !b.AccountLive(c) {
			continue
		}
		to, ok := b.SourceGrade(c, day)
		from := b.GradeAt(c, day)
		if !ok || to == from {
			continue
		}
		id := b.AccountID(c)
		moves = append(moves, grade.Move{Account: id, From: from, To: to})
		batch.Grades = append(batch.Grades, store.GradeChange{ID: stepID(id, at), Account: id, From: from, To: to, Cause: g.o.Word(lead), Rule: version, At: at, Seen: at})
	}
	if len(moves) == 0 && !b.RulesDecide() {
		return was, nil
	}
	m := movedMessage(b, moves, version, day, rules, func(*grade.Move) string { return g.o.Word(lead) }, g.o.Word)
	m.Title = g.o.Word(lead) + ": " + m.Title
	m.Key = fmt.Sprintf("grade|decides|%s|%s|%d", version, day, len(moves))
	if err := g.tell(ctx, []store.Message{m}); err != nil {
		return was, err
	}
	if b.RulesDecide() {
		batch.Grades = append(batch.Grades, deciding(analytics.DecideSources, version, at))
	}
	if err := g.apply(ctx, batch); err != nil {
		return was, fmt.Errorf("keep who decides about grades: %w", err)
	}
	return next, g.o.Books.Refresh(ctx)
}
