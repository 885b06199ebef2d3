package account

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/store"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

var scope = analytics.Scope{}

func at(s analytics.Scope, id store.ID) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(env, pane.AccountPlace(s, id)) }
}

func TestAccount_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	mk := at(scope, rich(t, b).Facts.ID)
	t.Run("facts", func(t *testing.T) { tuitest.Golden(t, b, mk, "down") })
	t.Run("health", func(t *testing.T) { tuitest.Golden(t, b, mk, "tab", "tab", "tab", "tab", "tab", "down") })
}

// rich returns the account with the most to show.
func rich(tb testing.TB, b *analytics.Book) account.Answer {
	tb.Helper()
	var best account.Answer
	most := -1
	for _, r := range account.All(b, scope).Rows {
		a, err := account.Of(b, scope, r.ID)
		if err != nil {
			tb.Fatal(err)
		}
		if n := 5*len(a.Deals) + min(20, len(a.Touches)) + 9*len(a.Grades) + len(a.Health) + len(a.Contacts); n > most {
			best, most = a, n
		}
	}
	return best
}
