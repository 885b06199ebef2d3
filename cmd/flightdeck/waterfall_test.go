package main

import (
	"testing"

	"flightdeck/store"
)

func TestSinceDay(t *testing.T) {
	asOf := store.Date(2026, 9, 18)
	for text, want := range map[string]store.Day{"7d": asOf - 7, "1d": asOf - 1, "2026-09-01": store.Date(2026, 9, 1), "2026-09-18": 0, "2026-12-01": 0, "0d": 0, "-3d": 0, "7": 0, "x": 0, "": 0} {
		got, err := sinceDay(text, asOf)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}
