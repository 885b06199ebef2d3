package deal

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

var scope = analytics.Scope{}

func at(s analytics.Scope, id store.ID) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(env, pane.DealPlace(s, id)) }
}

// rich returns the open deal with the most to show.
func rich(tb testing.TB, b *analytics.Book) deal.Answer {
	tb.Helper()
	var best deal.Answer
	most := -1
	for _, r := range deal.Find(b, scope, deal.Filter{Kinds: []store.StageKind{store.StageOpen}}).Rows {
		a, err := deal.Of(b, scope, r.ID)
		if err != nil {
			tb.Fatal(err)
		}
		if n := len(r.Flags)*20 + len(a.History) + len(a.Touches) + 5*len(a.Evidence) + len(a.Extra); n > most {
			best, most = a, n
		}
	}
	return best
}

func TestDeal_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	mk := at(scope, rich(t, b).Row.ID)
	t.Run("facts", func(t *testing.T) { tuitest.Golden(t, b, mk, "down") })
	t.Run("touches", func(t *testing.T) { tuitest.Golden(t, b, mk, "shift+tab", "shift+tab", "down") })
}
