package feed

import (
	_ "embed"
	"slices"
)

//go:embed preset.yaml
var preset []byte

// Preset returns a commented configuration: a list of source sections as they stand under "sources:" in flightdeck.yaml, unindented.
func Preset() []byte { return slices.Clone(preset) }
