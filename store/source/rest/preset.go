package rest

import (
	"embed"
	"fmt"
	"strings"

	"flightdeck/store"
)

//go:embed presets/*.yaml
var presets embed.FS

// Preset returns the commented configuration of a built-in connector: a list of one source section as it stands under "sources:" in flightdeck.yaml, unindented.
// Names are those of [Presets].
func Preset(name string) ([]byte, error) {
	b, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("preset %q: want one of %s", store.Clip(name, 40), strings.Join(Presets(), ", "))
	}
	return b, nil
}

// Presets returns the names of the connectors that have a preset, in alphabetical order.
func Presets() []string {
	entries, _ := presets.ReadDir("presets") // embedded: cannot fail
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}
