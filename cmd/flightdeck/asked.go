package main

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/pane"
	"flightdeck/tui/sshd"
)

// slowScreens are those that take seconds of a large company after every commit, and are not looked at all day.
var slowScreens = []pane.Place{{Kind: pane.Triage}, {Kind: pane.Sandbag}, {Kind: pane.Habits, ID: "cases"}, {Kind: pane.Tenders}, {Kind: pane.Potential}, {Kind: pane.Deviation}}

// How often they are asked anew: every so often, and no more than a twentieth of the time.
const (
	askedEvery = 2 * time.Minute
	askedFirst = 20 * time.Second // what comes first after a start is over
	askedShare = 20
)

// askAgain asks the slow screens of the whole company every few minutes, so that whoever opens one first sees how it was minutes ago at once, and how it is a little later (see
// [pane.Asked]). Of a company of some thousand deals that takes milliseconds, of a million about ten seconds.
func (h *host) askAgain(ctx context.Context) error {
	for wait := askedFirst; ; {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
		start := time.Now()
		env := h.env(session{ctx: ctx, viewer: sshd.Viewer{}, locale: h.app.words})
		for _, p := range slowScreens {
			x := panes(p.Kind)(env, p)
			await(x.Init()) // at once when ctx has ended
			if c, ok := x.(pane.Closer); ok {
				c.Close()
			}
		}
		wait = max(askedEvery, askedShare*time.Since(start))
	}
}

// await runs a pane's loads to their end, one after the other.
func await(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if all, ok := cmd().(tea.BatchMsg); ok {
		for _, c := range all {
			await(c)
		}
	}
}
