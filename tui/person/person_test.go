package person

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/person"
	"flightdeck/store"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

var scope = analytics.Scope{}

func at(s analytics.Scope, id store.ID) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(env, pane.PersonPlace(s, id)) }
}

func TestPerson_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	mk := at(scope, rich(t, b).Facts.ID)
	t.Run("facts", func(t *testing.T) { tuitest.Golden(t, b, mk, "down", "down") })
	t.Run("weeks", func(t *testing.T) { tuitest.Golden(t, b, mk, "shift+tab", "down") })
}

// rich returns the rep with the most to show.
func rich(tb testing.TB, b *analytics.Book) person.Answer {
	tb.Helper()
	var best person.Answer
	most := -1
	for c := range b.People() {
		a, err := person.Of(b, scope, b.Person(analytics.Code(c)).ID)
		if err != nil {
			continue // a tombstone
		}
		if n := len(a.Open) + a.Touches + len(a.Accounts); n > most {
			best, most = a, n
		}
	}
	return best
}
