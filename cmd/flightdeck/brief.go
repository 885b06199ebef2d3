package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/morning"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	brief "flightdeck/tui/morning"
	"flightdeck/tui/pane"
)

// briefEach is how many lines of each part a message has at most, and briefBytes how long its text may be: what one post of the most frugal robot (WeCom's) holds beside title and
// link. A message that is cut by the robot would lack its last parts. briefCells is where a line ends.
const (
	briefEach  = 3
	briefBytes = 1800
	briefCells = 64
)

// briefWake is how long whoever waits for the hour sleeps at most: a machine that was asleep does not know how long.
const briefWake = 15 * time.Minute

// brief posts the morning of each part of the organisation for which a notifier wants it, when its hour has come on a working day, and returns when it is to be looked at next; zero: never.
// It is posted once a day whatever happens, since its key names the day.
func (a *app) brief(ctx context.Context, now time.Time) (next time.Time, err error) {
	b, hour := a.live.Book(), a.cfg.Notify.Morning
	parts := a.briefed(b)
	if hour == 0 || len(parts) == 0 {
		return next, nil
	}
	if b.Rev() == 0 {
		return now.Add(time.Minute), nil // nothing has been read yet
	}
	now = now.In(b.Location())
	y, mo, d := now.Date()
	due := time.Date(y, mo, d, int(hour)/60, int(hour)%60, 0, 0, b.Location())
	day := store.DayOf(now, b.Location())
	rules := rule.MorningSection.Of(a.rules.Pack())
	if now.Before(due) {
		return due, nil
	}
	next = time.Date(y, mo, d+1, int(hour)/60, int(hour)%60, 0, 0, b.Location())
	if !rules.IsWorkday(day) {
		return next, nil
	}
	if parts, err = a.untold(ctx, parts, day, due); err != nil || len(parts) == 0 {
		return next, err
	}
	outlook, err := a.landing.At(ctx, b, 0) // it may be learned still: the message waits for it, nobody else does
	if err != nil {
		return next, err
	}
	var ms []store.Message
	for _, node := range parts {
		ms = append(ms, a.briefing(b, node, day, outlook, now))
	}
	_, err = a.desk.Post(ctx, ms...)
	return next, err
}

// briefKey names the occasion.
func briefKey(node store.ID, day store.Day) string {
	return "morning|" + string(node) + "|" + day.String()
}

// untold are those of parts of which no message about day was posted since it was due: learning where the period lands is not done for nothing.
func (a *app) untold(ctx context.Context, parts []store.ID, day store.Day, due time.Time) ([]store.ID, error) {
	told := map[string]bool{}
	enough := errors.New("enough")
	err := a.desk.Messages(ctx, 0, func(m store.Message) error {
		if m.At.Before(due) {
			return enough
		}
		told[m.Key] = true
		return nil
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return slices.DeleteFunc(parts, func(n store.ID) bool { return told[briefKey(n, day)] }), err
}

// briefed are the org nodes of the notifiers that want a morning, each once.
func (a *app) briefed(b *analytics.Book) (parts []store.ID) {
	for _, n := range a.cfg.Notify.To {
		if len(n.Kinds) > 0 && !slices.Contains(n.Kinds, store.MessageMorning) {
			continue
		}
		node, err := part(b, n.Node)
		if err != nil || slices.Contains(parts, node) { // doctor says that there is no such part
			continue
		}
		parts = append(parts, node)
	}
	return parts
}

// briefing is the message of one part: a person's is that of the unit that they lead.
func (a *app) briefing(b *analytics.Book, node store.ID, day store.Day, outlook *landing.Outlook, now time.Time) store.Message {
	l, s := a.words, analytics.Scope{Node: node}
	if c, ok := b.PersonCode(node); ok {
		s.Node = b.RootOf(b.Person(c).ID)
	}
	x := morning.Of(b, a.decided.Desk().Now(), a.rules.Pack(), morning.Question{Scope: s, Landing: outlook.Look(s)}).At(now)
	name := x.Node
	if name == "" {
		name = l.T(locale.Company)
	}
	m := store.Message{
		Key: briefKey(node, day), Kind: store.MessageMorning, Node: node, Link: pane.Place{Kind: pane.Morning, Scope: s}.String(),
		Title: l.T(locale.PaneMorning) + " " + l.DateShort(day) + " " + l.Weekday(day.Weekday()) + " " + name,
	}
	lines := landed(l, x)
	for each := briefEach; ; each-- {
		if m.Text = strings.Join(append(lines[:], points(l, x, s, now, each)...), "\n"); len(m.Text) <= briefBytes || each == 0 {
			break
		}
	}
	return m
}

// points are the names of the parts with the first few lines of each.
func points(l *locale.Locale, a *morning.Answer, s analytics.Scope, now time.Time, each int) (lines []string) {
	parts := brief.Parts(l, a, s, now)
	for i := range parts {
		p := &parts[i]
		if len(p.Lines) == 0 {
			lines = append(lines, p.Name+": "+p.Said)
			continue
		}
		lines = append(lines, p.Name)
		for _, x := range p.Lines[:min(len(p.Lines), each)] { // how many there are stands in the name
			lines = append(lines, layout.Cut("- "+strings.TrimSpace(x.Figure+"  "+x.Title+"  "+x.Text), briefCells))
		}
	}
	return lines
}

// briefs posts the morning when its hour comes, until ctx ends. Where nobody wants one it sleeps.
func (h *host) briefs(ctx context.Context) error {
	if h.app.cfg.Notify.Morning == 0 || len(h.app.cfg.Notify.To) == 0 {
		return nil
	}
	for {
		next, err := h.app.brief(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			h.log.Error("morning", "err", err)
			next = time.Now().Add(time.Minute)
		}
		wait := briefWake
		if !next.IsZero() {
			wait = min(wait, max(time.Second, time.Until(next)))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}
