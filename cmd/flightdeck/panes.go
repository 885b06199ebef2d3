package main

import (
	"flightdeck/tui/account"
	"flightdeck/tui/deal"
	"flightdeck/tui/deviation"
	"flightdeck/tui/forecast"
	"flightdeck/tui/funnel"
	"flightdeck/tui/heatmap"
	"flightdeck/tui/held"
	"flightdeck/tui/landing"
	"flightdeck/tui/list"
	"flightdeck/tui/migration"
	"flightdeck/tui/morning"
	"flightdeck/tui/pane"
	"flightdeck/tui/person"
	"flightdeck/tui/sandbox"
	"flightdeck/tui/sources"
	"flightdeck/tui/tender"
	"flightdeck/tui/triage"
	"flightdeck/tui/weights"
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
	case pane.Morning:
		return morning.New
	case pane.Deal:
		return deal.New
	case pane.Account:
		return account.New
	case pane.Person:
		return person.New
	case pane.Forecast:
		return forecast.New
	case pane.Landing:
		return landing.New
	case pane.Deviation:
		return deviation.New
	case pane.Tenders:
		return tender.New
	case pane.Triage:
		return triage.New
	case pane.Weights:
		return weights.New
	case pane.Sandbox:
		return sandbox.New
	case pane.Held:
		return held.New
	case pane.Sources:
		return sources.New
	}
	return list.New(k)
}
