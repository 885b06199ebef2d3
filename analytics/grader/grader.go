package grader

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Options are what a Grader needs.
type Options struct {
	Books *analytics.Live
	Desk  *desk.Live
	Rules *rule.Live
	Store store.Writer
	Post  func(context.Context, ...store.Message) (int, error) // an outbox's; nil: nobody is told
	// Withdraw takes back messages that nobody was told yet, and returns how many these were; an outbox's. nil: none is taken back.
	Withdraw func(context.Context, ...string) (int, error)
	Word     func(analytics.Text) string // picks the language of messages
	Report   func(error)                 // is told of failures, after which the next occasion tries again; nil: nobody is
	Now      func() time.Time            // nil: time.Now
}

// Grader stores what the rules make of customers. Its methods may be called from any goroutine.
type Grader struct {
	o    Options
	work sync.Mutex // held while customers are judged
	rev  store.Rev  // up to which the data was looked at; guarded by work
	own  store.Rev  // the Book's, or that of our last commit since
	more bool       // others committed since the Book was looked at
}

// New returns a Grader that has done nothing yet.
func New(o Options) *Grader {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Word == nil {
		o.Word = func(t analytics.Text) string { return t.En }
	}
	return &Grader{o: o}
}

// pause is how long data is left alone after it was looked at, at least, and share how many times as long as looking took: a busy sync costs a twentieth of a processor.
const (
	pause = time.Second
	share = 20
)

// Run keeps grades until ctx ends. It sleeps while nothing happens.
func (g *Grader) Run(ctx context.Context) error {
	books, rules, decisions := g.o.Books.Subscribe(ctx), g.o.Rules.Subscribe(ctx), g.o.Desk.Subscribe(ctx)
	for {
		began := time.Now()
		if err := g.Step(ctx); err != nil && ctx.Err() == nil && g.o.Report != nil {
			g.o.Report(err)
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // being told to end is no failure
		}
		rest := time.NewTimer(max(pause, share*time.Since(began)))
		select {
		case <-ctx.Done():
			rest.Stop()
			return nil
		case <-rules: // a person waits for it
		case <-decisions:
		case <-rest.C:
			b := g.o.Books.Book()
			midnight := time.NewTimer(time.Until((b.Now() + 1).Time(b.Location())) + time.Second)
			select {
			case <-ctx.Done():
			case <-books:
			case <-rules:
			case <-decisions:
			case <-midnight.C:
			}
			midnight.Stop()
		}
		rest.Stop()
	}
}

// Step does what is due now, and returns when it is durable and in the Book. It blocks for as long as judging takes.
func (g *Grader) Step(ctx context.Context) (err error) {
	g.work.Lock()
	defer g.work.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("grade: panic: %v\n%s", p, debug.Stack())
		}
	}()
	b, p := g.o.Books.Book(), g.o.Rules.Pack()
	g.own, g.more = b.Rev(), false
	rules := rule.GradingSection.Of(p)
	if b.Rev() == 0 || b.Accounts() == 0 || p.Problem != nil && p.File == "" { // the defaults, in place of rules that cannot be read, judge nobody
		return nil
	}
	decides := rules.Decides == "rules"
	handBack := !decides && b.RulesDecided() && (b.RulesDecide() || b.Rev() != g.rev)
	if !handBack && !decides && !b.HasReadings() {
		g.looked(b)
		return nil
	}
	was, err := StateOf(ctx, g.o.Store)
	if err != nil && g.o.Report != nil && ctx.Err() == nil {
		g.o.Report(err)
	}
	if was, err = g.outages(ctx, b, rules, was); err != nil {
		return err
	}
	now, day := g.o.Now(), b.Now()
	if !now.After(was.At) { // the clock was set back: what is stored now comes after what was stored before all the same
		now = was.At.Add(time.Millisecond)
	}
	if handBack {
		if was, err = g.handBack(ctx, b, rules, p.Version(), was, now); err != nil {
			return err
		}
		b = g.o.Books.Book()
		if !b.HasReadings() {
			g.looked(b)
			return nil
		}
		now = now.Add(time.Millisecond)
	}
	takes := decides && !b.RulesDecide()
	if waits := grade.Waits(b, rules); was.Day == 0 && len(waits) > 0 || takes && before(waits, b) { // what grows from page to page is no shift
		g.looked(b)
		return nil
	}
	accepted := Accepted(g.o.Desk.Desk().Now())
	holds, err := grade.Guards(ctx, b, rules, day, was.Holds, accepted)
	if err != nil {
		return err
	}
	began, ended := compare(was.Holds, holds)
	next := State{Day: was.Day, Rule: p.Version(), Signal: was.Signal, At: now, Holds: holds, Outages: was.Outages}
	about, newest := b.SignalsSince(was.Signal)
	next.Signal = max(next.Signal, newest)
	o := grade.Options{Day: day, At: now, Rule: next.Rule, Accepted: accepted, Holds: was.Holds}
	onlyHeld := false
	switch changed := b.Rev() != g.rev; {
	case was.Day == 0 || was.Rule != next.Rule || takes:
		o.Why = "rules"
	case ended:
		o.Why = "healed"
	case due(rules.Every, was.Day, day):
		o.Why = rules.Every
	case rules.Every == "change" && changed:
		o.Why = "change"
	case len(began) > 0:
		o.Why, onlyHeld, next.Signal = "change", true, was.Signal
	case len(about) > 0:
		o.Why, o.Only = "signal", func(c analytics.Code) bool { return slices.Contains(about, c) }
	default:
		g.looked(b)
		return nil
	}
	out, err := grade.Evaluate(ctx, b, rules, o)
	if err != nil {
		return err
	}
	moves := out.Moves
	if onlyHeld || !decides {
		moves = nil
	}
	keep := evaluations(b, out, moves, onlyHeld, o.Why == "change")
	if !onlyHeld && o.Only == nil {
		next.Day = day
	}
	ms := heldMessages(began, grade.Feeds(b, rules), was.Outages, rules, g.o.Word)
	if len(moves) > 0 || takes {
		m := movedMessage(b, moves, next.Rule, day, rules, func(m *grade.Move) string { return causes(m, rules, g.o.Word) }, g.o.Word)
		if takes {
			m.Title = g.o.Word(takenOver) + ": " + m.Title
		}
		ms = append(ms, m)
	}
	if err := g.tell(ctx, ms); err != nil {
		return err
	}
	steps := changes(moves, next.Rule, now, rules, g.o.Word)
	var also []store.GradeChange
	if takes {
		also = append(pins(b, day, steps, next.Rule, now, g.o.Word), deciding(analytics.DecideRules, next.Rule, now))
	}
	if err := g.keep(ctx, was, next, keep, steps, also); err != nil {
		return err
	}
	if err := g.o.Books.Refresh(ctx); err != nil {
		return err
	}
	g.looked(g.o.Books.Book())
	return nil
}

// apply commits, and sees whether others did so since the Book was looked at: what they brought is still to be looked at then, though the next Book has it.
func (g *Grader) apply(ctx context.Context, b *store.Batch) error {
	rev, err := g.o.Store.Apply(ctx, b)
	if err == nil {
		g.more = g.more || rev > g.own+1
		g.own = rev
	}
	return err
}

// looked notes that all is looked at that a Book holds.
func (g *Grader) looked(b *analytics.Book) {
	if g.rev = b.Rev(); g.more || g.rev > g.own {
		g.rev = 0
	}
}

// before reports that the grades from which the rules go on are still being read.
func before(waits []grade.Wait, b *analytics.Book) bool {
	return slices.ContainsFunc(b.Status(), func(s store.SourceStatus) bool {
		return s.Brings(store.EntityGrade) && slices.ContainsFunc(waits, func(w grade.Wait) bool { return w.Source == s.Source && w.Stream == s.Stream })
	})
}

// due reports whether all customers are to be judged again because of the calendar.
func due(every string, last, day analytics.Day) bool {
	if every == "day" {
		return last < day
	}
	y, m, _ := day.Date()
	return every == "month" && last < store.Date(y, m, 1)
}

// compare tells which holds began, a hold for another reason among them, and whether one ended.
func compare(was, is []grade.Hold) (began []grade.Hold, ended bool) {
	for _, h := range is {
		if !slices.ContainsFunc(was, func(o grade.Hold) bool { return o.Input == h.Input && o.Why == h.Why }) {
			began = append(began, h)
		}
	}
	for _, h := range was {
		if !slices.ContainsFunc(is, func(o grade.Hold) bool { return o.Input == h.Input }) {
			ended = true
		}
	}
	return began, ended
}

// evaluations are those of an outcome that are worth storing. A grade that is not to move is entered as it is.
func evaluations(b *analytics.Book, out *grade.Outcome, moves []grade.Move, onlyHeld, onlyNew bool) (keep []store.Evaluation) {
	moved := map[store.ID]bool{}
	for _, m := range moves {
		moved[m.Account] = true
	}
	for _, v := range out.Evaluations {
		c, _ := b.AccountCode(v.Account)
		if !moved[v.Account] {
			v.Grade = b.GradeAt(c, v.Day)
		}
		if onlyHeld && !v.Held || onlyNew && !moved[v.Account] && same(b.EvaluationAt(c, v.Day), &v) {
			continue
		}
		keep = append(keep, v)
	}
	return keep
}

// same reports that an evaluation says what the one before it said.
func same(was, v *store.Evaluation) bool {
	return was != nil && was.Rule == v.Rule && was.Score == v.Score && was.Health == v.Health && was.Grade == v.Grade && was.Would == v.Would && was.Held == v.Held &&
		slices.EqualFunc(was.Inputs, v.Inputs, func(a, b store.Input) bool {
			return a.Name == b.Name && a.State == b.State && (a.Value == b.Value || a.State == store.InputUnknown)
		})
}

// batchSize is how many evaluations are committed at once.
const batchSize = 8192

// keep stores evaluations and the grades that follow from them, and what belongs to them beside; the state, and the last of also, go with the last of them.
func (g *Grader) keep(ctx context.Context, was, next State, all []store.Evaluation, steps map[store.ID]store.GradeChange, also []store.GradeChange) error {
	for {
		part, beside := all[:min(batchSize, len(all))], also[:min(batchSize, len(also))]
		all, also = all[len(part):], also[len(beside):]
		b := &store.Batch{Source: grade.Source, Stream: stream, Next: was.cursor()}
		last := len(all)+len(also) == 0
		if last {
			b.Next = next.cursor()
		}
		b.Evaluations = part
		for i := range part {
			if s, ok := steps[part[i].Account]; ok {
				b.Grades = append(b.Grades, s)
			}
		}
		b.Grades = append(b.Grades, beside...)
		if err := g.apply(ctx, b); err != nil {
			return fmt.Errorf("keep grades: %w", err)
		}
		if last {
			return nil
		}
	}
}

func (g *Grader) tell(ctx context.Context, ms []store.Message) error {
	if g.o.Post == nil || len(ms) == 0 {
		return nil
	}
	_, err := g.o.Post(ctx, ms...)
	return err
}
