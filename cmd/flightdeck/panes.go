package main

import (
	"flightdeck/tui/account"
	"flightdeck/tui/deal"
	"flightdeck/tui/forecast"
	"flightdeck/tui/funnel"
	"flightdeck/tui/heatmap"
	"flightdeck/tui/list"
	"flightdeck/tui/migration"
	"flightdeck/tui/pane"
	"flightdeck/tui/person"
	"flightdeck/tui/sources"
)

// panes is every pane that the shell can open. A new pane is added here.
func panes(k pane.Kind) pane.New {
	switch k {
	case pane.Funnel:
		return funnel.New
	case pane.Heatmap:
		return heatmap.New
	case pane.Migration:
		return migration.New
	case pane.Deal:
		return deal.New
	case pane.Account:
		return account.New
	case pane.Person:
		return person.New
	case pane.Forecast:
		return forecast.New
	case pane.Sources:
		return sources.New
	}
	return list.New(k)
}
