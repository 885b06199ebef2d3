package rest

import (
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Every built-in connector has a configuration to begin with, which is valid as it stands, names its kind and holds no credential.
func TestPreset_EveryConnector(t *testing.T) {
	for _, name := range Specs() {
		if name == "demo" { // flightdeck demo writes its own
			continue
		}
		b, err := Preset(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var all []struct {
			Config `yaml:",inline"`
			Kind   string `yaml:"kind"`
			Every  string `yaml:"every"`
		}
		if err := yaml.UnmarshalWithOptions(b, &all, yaml.Strict()); err != nil || len(all) != 1 {
			t.Errorf("%s: %d sections, %v", name, len(all), err)
			continue
		}
		cfg := all[0].Config
		if cfg.Spec = all[0].Kind; cfg.Spec != name {
			t.Errorf("%s: kind %q", name, cfg.Spec)
		}
		cfg.Currency, cfg.TimeZone = "CNY", "Asia/Shanghai"
		if _, err := New(cfg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.HasPrefix(string(b), "# ") || !strings.Contains(string(b), "env:") {
			t.Errorf("%s: want comments, and credentials by reference", name)
		}
	}
	if _, err := Preset("nosuch"); err == nil || !strings.Contains(err.Error(), "hubspot") {
		t.Errorf("unknown: %v", err)
	}
	if !slices.IsSorted(Presets()) {
		t.Error(Presets())
	}
}
