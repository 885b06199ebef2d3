package pane

import (
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/theme"
)

func TestKind_WordsReadBack(t *testing.T) {
	for _, k := range Kinds() {
		got, err := ParseKind(k.String())
		if err != nil || got != k || !k.Valid() {
			t.Errorf("%v reads back as %v, %v", k, got, err)
		}
	}
	for _, bad := range []string{"", "Funnel", "nope", "1"} {
		if k, err := ParseKind(bad); err == nil {
			t.Errorf("%q is taken as %v", bad, k)
		}
	}
	if None.Valid() || kinds.Valid() || Kind(200).String() != "200?" {
		t.Error("undeclared kinds pass")
	}
}

func TestPlace_ReadsBack(t *testing.T) {
	for _, p := range []Place{
		{Kind: Funnel},
		{Kind: Deal, ID: "crm-east:12/3?x=y#z 中文%"},
		{Kind: Heatmap, Scope: analytics.Scope{Node: "x:1&2", Product: "p:a=b", Stage: "won", Industry: "化工 & 医药", AsOf: store.Date(2026, 9, 30),
			Period: analytics.Period{From: store.Date(2026, 1, 5), To: store.Date(2026, 2, 7)}}, ID: "axes=rep"},
	} {
		got, err := ParsePlace(p.String())
		if err != nil || got != p {
			t.Errorf("%q reads back as %+v, %v", p, got, err)
		}
	}
	if s := (Place{Kind: Deals, Scope: analytics.Scope{Root: "x:east"}}).String(); s != "deals" {
		t.Errorf("a link tells the viewer's root: %q", s)
	}
	for _, bad := range []string{"", "deal", "deal/", "nope?x", "funnel?root=x:all", "funnel?as-of=never", "deal/%zz", "account/\x1b"} {
		if p, err := ParsePlace(bad); err == nil {
			t.Errorf("%q is taken as %+v", bad, p)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	f.Add("deal/tryton:12?as-of=2026-09-30")
	f.Add("funnel?period=2026Q3&node=x%3A1")
	f.Add("heatmap/%E4%B8%AD?stage=\x1b[2J")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePlace(s)
		if err != nil {
			if strings.ContainsRune(err.Error(), 0x1b) {
				t.Fatalf("%q: an escape character in the error %q", s, err)
			}
			return
		}
		if p.Scope.Root != "" {
			t.Fatalf("%q sets the root", s)
		}
		again, err := ParsePlace(p.String())
		if err != nil || again != p {
			t.Fatalf("%q is %+v, whose own notation %q reads as %+v, %v", s, p, p, again, err)
		}
	})
}

func TestMemo_KeysOnEverythingDrawn(t *testing.T) {
	env := &Env{Theme: theme.New(1, true), Locale: locale.New(locale.English)}
	var m Memo
	drawn := 0
	view := func(w int, rev store.Rev, version uint64) {
		m.View(env, layout.Size{W: w, H: 1}, rev, version, func() string { drawn++; return "x" })
	}
	var want int
	for name, change := range map[string]func() (int, store.Rev, uint64){
		"size":    func() (int, store.Rev, uint64) { return 2, 1, 1 },
		"rev":     func() (int, store.Rev, uint64) { return 1, 2, 1 },
		"version": func() (int, store.Rev, uint64) { return 1, 1, 2 },
		"theme":   func() (int, store.Rev, uint64) { env.Theme = theme.New(1, false); return 1, 1, 1 },
		"locale":  func() (int, store.Rev, uint64) { env.Locale = env.Locale.Other(); return 1, 1, 1 },
	} {
		m, drawn, want = Memo{}, 0, 2
		view(1, 1, 1)
		view(1, 1, 1)
		if drawn != 1 {
			t.Fatalf("drawn %d times for one picture", drawn)
		}
		w, rev, v := change()
		if view(w, rev, v); drawn != want {
			t.Errorf("another %s: drawn %d times, want %d", name, drawn, want)
		}
	}
}
