package pane

import (
	"strings"

	"flightdeck/analytics"
	"flightdeck/store"
)

// The lists behind figures. A pane that shows a figure makes the place of its rows with one of these, so that both sides agree on Place.ID.

// FunnelDeals is the deals behind a figure of a funnel's stage; set is a funnel.Set.
func FunnelDeals(s analytics.Scope, stage store.ID, set string) Place {
	return Place{Kind: Deals, Scope: s, ID: join("funnel", string(stage), set)}
}

// ForecastDeals is the deals behind a figure of the forecast: node "" is the scope's own; part is one of forecast's parts or a deal.FlagKind, "" all.
func ForecastDeals(s analytics.Scope, node store.ID, part string) Place {
	return Place{Kind: Deals, Scope: s, ID: join("forecast", string(node), part)}
}

// AccountDeals is all deals of an account.
func AccountDeals(s analytics.Scope, account store.ID) Place {
	return Place{Kind: Deals, Scope: s, ID: join("account", string(account))}
}

// LandingPlace is the open deals behind where a node lands: "" is the scope's own.
func LandingPlace(s analytics.Scope, node store.ID) Place {
	if node != "" {
		s.Node = node
	}
	return Place{Kind: Landing, Scope: s}
}

// DealPlace is a deal's own screen.
func DealPlace(s analytics.Scope, id store.ID) Place { return Place{Deal, one(s), string(id)} }

// AccountPlace is an account's own screen.
func AccountPlace(s analytics.Scope, id store.ID) Place { return Place{Account, one(s), string(id)} }

// PersonPlace is a person's own screen.
func PersonPlace(s analytics.Scope, id store.PersonID) Place {
	return Place{Person, one(s), string(id)}
}

// StreamPlace is one stream of a source: its progress, its cost and its last runs.
func StreamPlace(source store.SourceID, stream store.Stream) Place {
	return Place{Kind: Sources, ID: join(string(source), string(stream))}
}

// one keeps of a list's scope what still means something for one record: the viewer, the period and the day.
func one(s analytics.Scope) analytics.Scope {
	return analytics.Scope{Root: s.Root, Period: s.Period, AsOf: s.AsOf}
}

// Parts splits a Place.ID that one of the functions above made: the kind of list first.
func Parts(id string) []string {
	if id == "" {
		return nil
	}
	parts := strings.Split(id, "|")
	for i := range parts {
		parts[i] = unescape.Replace(parts[i])
	}
	return parts
}

var (
	escape   = strings.NewReplacer("%", "%25", "|", "%7C")
	unescape = strings.NewReplacer("%7C", "|", "%25", "%")
)

func join(parts ...string) string {
	for i := range parts {
		parts[i] = escape.Replace(parts[i])
	}
	return strings.Join(parts, "|")
}
