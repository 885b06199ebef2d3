package rpc

import (
	"testing"

	"github.com/goccy/go-yaml"
)

func decodePreset(t testing.TB) Config {
	t.Helper()
	b, err := Preset("tryton")
	if err != nil {
		t.Fatal(err)
	}
	var all []Config
	if err := yaml.UnmarshalWithOptions(b, &all, yaml.Strict()); err != nil || len(all) != 1 {
		t.Fatalf("%d sections, %v", len(all), err)
	}
	return all[0]
}
