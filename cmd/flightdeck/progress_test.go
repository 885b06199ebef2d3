package main

import (
	"strings"
	"testing"
	"time"

	"flightdeck/store"
)

func TestProgress_TerminalAndNot(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	deals := store.SourceStatus{Source: "crm", Stream: "deals", State: store.SyncRunning, Done: 1200, Total: 4000, Permille: 300, Started: at, Updated: at.Add(12 * time.Second)}
	people := store.SourceStatus{Source: "hr", Stream: "people", State: store.SyncRunning, Done: 77, Started: at, Updated: at.Add(time.Second)}
	waits := store.SourceStatus{Source: "hr", Stream: "people", State: store.SyncWaiting, Done: 77, Started: at, Retry: at.Add(72 * time.Second)}
	var out strings.Builder
	now := at.Add(12 * time.Second)
	p := &progress{out: &out, now: func() time.Time { return now }, last: at}
	p.page(people)
	p.page(deals) // ten seconds have not passed again
	if want := "progress hr/people 77 of an unknown number\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	out.Reset()
	now = now.Add(11 * time.Second)
	p.page(waits)
	if want := "progress hr/people 77 of an unknown number waiting 49s\nprogress crm/deals 1200/4000 30% 17s left\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	out.Reset()
	now = now.Add(time.Minute)
	deals.State = store.SyncIdle
	p.page(deals) // it is done: only the other is told
	if want := "progress hr/people 77 of an unknown number\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}

	out.Reset()
	p = &progress{out: &out, now: func() time.Time { return now }, last: at, width: func() int { return 30 }}
	deals.State = store.SyncRunning
	p.page(deals)
	p.page(people)
	p.done("crm")
	got := out.String()
	if !strings.HasPrefix(got, "\rcrm/deals 1200/4000 30% 0s l") || strings.Contains(got, "\n") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("on a terminal of 30 columns: %q", got)
	}
	(*progress)(nil).done("crm") // nobody waits
}
