package script_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/analytics/script"
	"flightdeck/store"
)

// today is the day on the clock in every script.
var today = store.Date(2026, 7, 15)

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.test")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".test"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			s, err := script.Parse(f, string(text))
			if err == nil {
				err = s.Run(today)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestScript_Errors: whoever writes a script learns which line is wrong and what would be right; a wrong expectation never passes.
func TestScript_Errors(t *testing.T) {
	const ok = "load\n  stage lead open 1\n  person li\n  deal d owner=li stage=lead created=2026-01-01 amount=5CNY\n"
	for _, c := range []struct{ name, text, want string }{
		{"unknown command", "lead\n", `x.test:1: unknown command "lead"; want load or eval`},
		{"indented first", "  a\n", "x.test:1: an indented line before any load or eval"},
		{"open quote", "load\n  person \"li\n", "x.test:2: a double quote is not closed"},
		{"eval what", "eval some\n", "x.test:1: eval what? want one of account"},
		{"unknown kind", "load\n  offer d\n", `x.test:2: load "offer": want one of account`},
		{"unknown key", "load\n  person li unti=a\n", `x.test:2: load person: unknown key "unti"; want title, unit`},
		{"stage kind", "load\n  stage s closed 1\n", `x.test:2: load stage: parse stage kind "closed"`},
		{"bad day", "load\n  deal d stage=a created=2026-13-01\n", "x.test:2: load deal: parse day"},
		{"bad amount", "load\n  deal d stage=a created=2026-01-01 amount=5\n", `x.test:2: load deal: amount "5"`},
		{"no such deal", "load\n  change d at=2026-01-01 stage=a\n", `x.test:2: load change: change of "d": no such deal above`},
		{"deal without a stage", "load\n  deal d created=2026-01-01\n", "x.test:2: load deal: a deal needs stage= and created="},
		{"unknown question", ok + "eval funel\n  stage\n", `x.test:5: eval "funel": want one of`},
		{"question's key", ok + "eval funnel asof=2026-01-01\n  stage\n", `x.test:5: eval funnel: unknown key "asof"`},
		{"plain word", ok + "eval funnel now\n  stage\n", `x.test:5: eval funnel "now": want key=value`},
		{"no columns", ok + "eval funnel\n", "x.test:5: eval funnel: no columns named below"},
		{"unknown column", ok + "eval funnel\n  stag\n", `x.test:6: eval funnel has no column "stag"`},
		{"words per row", ok + "eval funnel\n  stage count\n  lead\n", "x.test:7: 1 words, want 2: stage count"},
		{"wrong figure", ok + "eval funnel\n  stage count\n  lead 2\n", "x.test:7: want this row here; got\n  lead | 1"},
		{"row too few", ok + "eval funnel\n  stage count\n", "x.test:5: eval funnel: 1 rows, want 0"},
		{"row too many", ok + "eval funnel\n  stage count\n  lead 1\n  lead 1\n", "x.test:8: want this row here"},
		{"some", ok + "eval some funnel\n  stage count\n  won 1\n", "x.test:7: no such row"},
		{"answered", ok + "eval fail deal id=d\n  not found\n", "x.test:5: eval fail deal: it was answered"},
		{"another refusal", ok + "eval fail deal id=e\n  forbidden\n", "x.test:6: the error is"},
	} {
		s, err := script.Parse("x.test", c.text)
		if err == nil {
			err = s.Run(today)
		}
		var at *script.Error
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || !errors.As(err, &at) {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.test")
	for _, name := range files {
		text, _ := os.ReadFile(name)
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := script.Parse("f", text); err == nil {
			_ = s.Run(today) // must not panic, whatever it says
		}
	})
}
