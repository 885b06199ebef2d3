package rpc

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Config is one Tryton database. [Preset] prints a commented example.
type Config struct {
	Kind     string         `yaml:"kind"` // tryton: how whoever reads the configuration chose this type
	ID       store.SourceID `yaml:"id"`
	URL      string         `yaml:"url"` // https://host:port/database/
	Login    string         `yaml:"login"`
	Password source.Secret  `yaml:"password"`
	// PlainHTTP allows http to another machine, which sends the password readable.
	PlainHTTP bool           `yaml:"plain_http"`
	TimeZone  string         `yaml:"time_zone"` // IANA name, in which moments become days; "" UTC
	Currency  store.Currency `yaml:"currency"`  // of amounts whose company has none that may be read
	// Overlap is how far back every pass reads again: longer than the longest transaction plus the difference between the clocks of the web server and
	// of the database. 0 means 5 minutes.
	Overlap time.Duration `yaml:"overlap"`
	Timeout time.Duration `yaml:"timeout"` // of one call; 0 means 1 minute
	// Stages maps sale.opportunity's states to the organisation's stages, over the default: lead → lead, opportunity → qualified, converted → won (a sale
	// was made of it), won → won, lost → lost, cancelled → lost.
	Stages  map[string]store.ID `yaml:"stages"`
	Streams []store.Stream      `yaml:"streams"` // which to read; none: all
}

var defaultStages = map[string]store.ID{
	"lead": "lead", "opportunity": "qualified", "converted": "won", "won": "won", "lost": "lost", "cancelled": "lost",
}

// StageMap returns the stage of each state of an opportunity, the default ones included; the caller owns it.
func (c *Config) StageMap() map[string]store.ID {
	stages := maps.Clone(defaultStages)
	maps.Copy(stages, c.Stages)
	return stages
}

func (c *Config) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return time.Minute
}

func (c *Config) overlap() time.Duration {
	if c.Overlap > 0 {
		return c.Overlap
	}
	return 5 * time.Minute
}

// Validate reports everything that is wrong with the configuration, one line each.
func (c *Config) Validate() error {
	var wrong []string
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if c.ID == "" || strings.ContainsAny(string(c.ID), ": \t") {
		add("id %q: want a short name without colon or blank", c.ID)
	}
	if problem := checkURL(c.URL, "https://host:port/database/", true, c.PlainHTTP); problem != "" {
		add("%s", problem)
	}
	if c.Login == "" {
		add("login: want the name of a user that may read sales opportunities")
	}
	if c.Password.IsZero() {
		add("password: want env:NAME or file:/path")
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		add("time_zone %q: want an IANA name such as Asia/Shanghai", c.TimeZone)
	}
	if c.Currency != "" && !c.Currency.Valid() {
		add("currency %q: want three capital letters such as CNY", c.Currency)
	}
	for _, s := range c.Streams {
		if !slices.Contains(allStreams(), s) {
			add("streams: %q is none; want some of %v", s, allStreams())
		}
	}
	for state := range c.Stages {
		if _, ok := defaultStages[state]; !ok {
			add("stages: %q is no state of a Tryton opportunity; want lead, opportunity, converted, won, lost or cancelled", state)
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("configure tryton source %s: %s", c.ID, strings.Join(wrong, "\n  "))
	}
	return nil
}

//go:embed presets/*.yaml
var presets embed.FS

// Preset returns a commented configuration: a list of source sections as they stand under "sources:" in flightdeck.yaml, unindented. Names are tryton and
// odoo.
func Preset(name string) ([]byte, error) {
	b, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("preset %q: want tryton or odoo", store.Clip(name, 40))
	}
	return b, nil
}
