package sql

import (
	"embed"
	"fmt"
	"strings"

	"flightdeck/store"
)

//go:embed presets/*.yaml
var presets embed.FS

// Preset returns a commented configuration: a list of source sections as they stand under "sources:" in flightdeck.yaml, unindented. Names are those of
// [Presets].
func Preset(name string) ([]byte, error) {
	b, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("preset %q: want one of %s", store.Clip(name, 40), strings.Join(Presets(), ", "))
	}
	return b, nil
}

// Presets returns the names of the presets.
func Presets() []string {
	entries, err := presets.ReadDir("presets")
	if err != nil {
		panic(err) // embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}
