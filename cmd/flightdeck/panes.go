package main

import (
	"flightdeck/tui/forecast"
	"flightdeck/tui/funnel"
	"flightdeck/tui/heatmap"
	"flightdeck/tui/list"
	"flightdeck/tui/pane"
	"flightdeck/tui/sources"
)

// panes is every pane that the shell can open. A new pane is added here.
func panes(k pane.Kind) pane.New {
	switch k {
	case pane.Funnel:
		return funnel.New
	case pane.Heatmap:
		return heatmap.New
	case pane.Forecast:
		return forecast.New
	case pane.Sources:
		return sources.New
	}
	return list.New(k)
}
