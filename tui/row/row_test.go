package row_test

import (
	"testing"

	"flightdeck/analytics/deal"
	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
)

// TestFlag_NothingEverHappened: a deal without any date is not stale since a day that nobody knows.
func TestFlag_NothingEverHappened(t *testing.T) {
	never, known := deal.Flag{Kind: deal.Stale, Since: store.NoDay}, deal.Flag{Kind: deal.Stale, Days: 20, Since: store.Date(2026, 11, 4)}
	for lang, want := range map[locale.Lang][4]string{
		locale.Chinese: {"从无动态", "没有任何触达或变更的记录", "停滞20天", "自 2026-11-04 起 20 天没有触达或变更"},
		locale.English: {"no activity", "neither a touch nor a change is on record", "stale 20d", "since 2026-11-04 no touch and no change, 20 days"},
	} {
		l := locale.New(lang)
		if got := [4]string{row.Flag(l, never), row.Reason(l, never), row.Flag(l, known), row.Reason(l, known)}; got != want {
			t.Errorf("%v: %q, want %q", lang, got, want)
		}
	}
}
