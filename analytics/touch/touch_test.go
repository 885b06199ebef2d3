package touch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/touch"
	"flightdeck/store"
)

func TestTouch_Row(t *testing.T) {
	at := booktest.Today.Time(booktest.Zone).Add(9*time.Hour + 30*time.Minute)
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, People: []store.Person{{ID: "p", Name: "李雷"}},
		Accounts: []store.Account{{ID: "a", Name: "Acme"}}, Contacts: []store.Contact{{ID: "c", Account: "a", Name: "王芳"}},
		Stages: []store.Stage{{ID: "lead"}}, Deals: []store.Deal{{ID: "d", Name: "Pump", Account: "a", Stage: "lead"}},
		Touches: []store.Touch{
			{ID: "full", Rep: "p", Account: "a", Deal: "d", Contact: "c", At: at, Logged: at.Add(12*time.Minute + 50*time.Second), Channel: store.ChannelVisit,
				Sentiment: store.SentimentPositive, Topic: "price", Note: "wants two", Minutes: 45, Area: "广东省/深圳市"},
			{ID: "bare", Rep: "src:unknown", Account: "src:nobody", At: booktest.Today.Time(booktest.Zone), DayOnly: true, Logged: at},
			{ID: "early", Rep: "p", Account: "a", At: at.Add(-24 * time.Hour), Logged: at.Add(-25 * time.Hour)}}}
	l := touch.Of(booktest.Book(r), analytics.Scope{}, 0)
	if len(l.Rows) != 3 || l.Subject != touch.SubjectTouches {
		t.Fatalf("%+v", l)
	}
	full, bare, early := l.Rows[0], l.Rows[1], l.Rows[2]
	if full.RepName != "李雷" || full.AccountName != "Acme" || full.DealName != "Pump" || full.ContactName != "王芳" || full.Delay != 12 || full.At.Hour() != 9 {
		t.Errorf("full: %+v", full)
	}
	if bare.RepName != "unknown" || bare.AccountName != "nobody" || bare.Delay != -1 || !bare.DayOnly {
		t.Errorf("bare: %+v: want the native IDs as names and no delay, for the hour is unknown", bare)
	}
	if early.Delay != 0 {
		t.Errorf("written down before it happened: delay %d, want 0", early.Delay)
	}
	rows := l.Table().Rows
	if rows[0][0] != "2026-07-15T09:30:00+08:00" || rows[1][0] != "2026-07-15" {
		t.Errorf("at %q and %q: want a moment, and a date where the hour is unknown", rows[0][0], rows[1][0])
	}
}

// TestTouch_OfAgainstPlain picks and sorts the records by hand.
func TestTouch_OfAgainstPlain(t *testing.T) {
	rng := booktest.Rand(t)
	r := booktest.Company(rng, booktest.Size{Teams: 3, People: 8, Accounts: 12, Deals: 40, Touches: 300}, booktest.With{Touches: true})
	b := booktest.Book(r)
	for _, p := range []analytics.Period{{}, {From: booktest.Today - 200, To: booktest.Today - 20}} {
		for _, limit := range []int{0, 7} {
			rows := slices.Clone(r.Touches)
			asOf := booktest.Today - 10
			rows = slices.DeleteFunc(rows, func(x store.Touch) bool {
				d := store.DayOf(x.At, booktest.Zone)
				return d > asOf || !p.IsZero() && !p.Contains(d) || x.Rep != "t:person2"
			})
			slices.SortFunc(rows, func(x, y store.Touch) int {
				if c := y.At.Compare(x.At); c != 0 {
					return c
				}
				return strings.Compare(string(x.ID), string(y.ID))
			})
			if limit > 0 && len(rows) > limit {
				rows = rows[:limit]
			}
			l := touch.Of(b, analytics.Scope{Node: "t:person2", AsOf: asOf, Period: p}, limit)
			if len(l.Rows) != len(rows) {
				t.Fatalf("%d rows, want %d", len(l.Rows), len(rows))
			}
			for i := range rows {
				if l.Rows[i].ID != rows[i].ID || !l.Rows[i].At.Equal(rows[i].At) {
					t.Fatalf("row %d is %s, want %s", i, l.Rows[i].ID, rows[i].ID)
				}
			}
		}
	}
}

func BenchmarkOf(b *testing.B) {
	book := booktest.Book(booktest.Company(booktest.Rand(b), booktest.Demo, booktest.With{Touches: true}))
	for b.Loop() {
		touch.Of(book, analytics.Scope{}, 200)
	}
}
