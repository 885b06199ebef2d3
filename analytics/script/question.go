package script

import (
	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/person"
	"flightdeck/store"
)

// addDealQuestions adds what is asked about deals.
func addDealQuestions() {
	questions["funnel"] = func(b *analytics.Book, s analytics.Scope, _ *args) (analytics.Table, error) {
		return funnel.Of(b, s).Table(), nil
	}
	questions["funnel-deals"] = func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error) {
		set := funnel.Set(a.str("set"))
		if set == "" {
			set = funnel.Standing
		}
		return funnel.Deals(b, s, a.id("at-stage"), set).Table(), nil
	}
	questions["forecast"] = func(b *analytics.Book, s analytics.Scope, _ *args) (analytics.Table, error) {
		return forecast.Of(b, s).Table(), nil
	}
	questions["forecast-deals"] = func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error) {
		return forecast.Deals(b, s, a.id("at-node")).Table(), nil
	}
	questions["deals"] = func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error) {
		return deal.Find(b, s, deal.Filter{Flag: deal.FlagKind(a.str("flag")), Text: a.str("text")}).Table(), nil
	}
	questions["deal"] = func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error) {
		x, err := deal.Of(b, s, a.id("id"))
		if err != nil {
			return analytics.Table{}, err
		}
		return x.Table(), nil
	}
	questions["person"] = func(b *analytics.Book, s analytics.Scope, a *args) (analytics.Table, error) {
		x, err := person.Of(b, s, store.PersonID(a.str("id")))
		if err != nil {
			return analytics.Table{}, err
		}
		return x.Table(), nil
	}
}
