package rpc

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// OdooConfig is one Odoo database. [Preset] prints a commented example.
type OdooConfig struct {
	Kind     string         `yaml:"kind"` // odoo: how whoever reads the configuration chose this type
	ID       store.SourceID `yaml:"id"`
	URL      string         `yaml:"url"` // https://host:port
	Database string         `yaml:"database"`
	Login    string         `yaml:"login"`    // up to Odoo 18; an API key alone is enough from 19 on
	Password source.Secret  `yaml:"password"` // an API key, or up to Odoo 18 the user's password
	// API is jsonrpc (/jsonrpc, up to Odoo 21), json2 (/json/2, from Odoo 19 on) or auto: asked of the server. "" means auto.
	API string `yaml:"api"`
	// PlainHTTP allows http to another machine, which sends the password readable.
	PlainHTTP bool           `yaml:"plain_http"`
	TimeZone  string         `yaml:"time_zone"` // IANA name, in which moments become days; "" UTC. Odoo itself keeps UTC
	Currency  store.Currency `yaml:"currency"`  // of amounts whose company has none that may be read
	// Overlap is how far back every pass reads again: longer than the longest transaction plus the difference between the clocks of the web server and
	// of the database. 0 means 5 minutes.
	Overlap time.Duration `yaml:"overlap"`
	Timeout time.Duration `yaml:"timeout"` // of one call; 0 means 1 minute
	// Stages maps Odoo's stages, by name in any language that is installed or by number, to the organisation's; those that are not named here are brought
	// with the source. lost is Odoo's mark on an opportunity (archived at 0 %), by default the stage lost. archived is one that was put away without being
	// lost: without an entry it is left out, as it is out of Odoo's own pipeline.
	Stages map[string]store.ID `yaml:"stages"`
	// Activities maps the names of done activities to channels ("" or none: not a touch of the customer), over what their category says.
	Activities map[string]string `yaml:"activities"`
	Leads      bool              `yaml:"leads"`   // take leads along that nobody made an opportunity of
	Streams    []store.Stream    `yaml:"streams"` // which to read; none: all
}

// The words of Stages that are no names of stages.
const (
	odooLost     = "lost"
	odooArchived = "archived"
)

func odooStreams() []store.Stream {
	return []store.Stream{"units", "people", "stages", "accounts", "contacts", "products", "deals", "changes", "touches", "sales"}
}

// StageMap returns the configured stages and that of what was lost; the caller owns it.
func (c *OdooConfig) StageMap() map[string]store.ID {
	m := map[string]store.ID{odooLost: "lost"}
	for k, v := range c.Stages {
		if v != "" {
			m[k] = v
		}
	}
	return m
}

func (c *OdooConfig) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return time.Minute
}

func (c *OdooConfig) overlap() time.Duration {
	if c.Overlap > 0 {
		return c.Overlap
	}
	return 5 * time.Minute
}

// Validate reports everything that is wrong with the configuration, one line each.
func (c *OdooConfig) Validate() error {
	var wrong []string
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if c.ID == "" || strings.ContainsAny(string(c.ID), ": \t") {
		add("id %q: want a short name without colon or blank", c.ID)
	}
	if problem := checkURL(c.URL, "https://host:port", false, c.PlainHTTP); problem != "" {
		add("%s", problem)
	}
	switch c.API {
	case "", "auto", "jsonrpc":
		if c.Database == "" {
			add("database: want the database's name, which Odoo shows when it is started with several or in Settings")
		}
		if c.Login == "" {
			add("login: want the name of a user that may read opportunities; only api: json2 does without")
		}
	case "json2":
	default:
		add("api %q: want auto, jsonrpc or json2", store.Clip(c.API, 40))
	}
	if c.Password.IsZero() {
		add("password: want env:NAME or file:/path, of an API key")
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		add("time_zone %q: want an IANA name such as Asia/Shanghai", c.TimeZone)
	}
	if c.Currency != "" && !c.Currency.Valid() {
		add("currency %q: want three capital letters such as CNY", c.Currency)
	}
	for _, s := range c.Streams {
		if !slices.Contains(odooStreams(), s) {
			add("streams: %q is none; want some of %v", s, odooStreams())
		}
	}
	for name, channel := range c.Activities {
		if _, err := store.ParseChannel(channel); err != nil && channel != "" {
			add("activities: %s: %v", store.Clip(name, 40), err)
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("configure odoo source %s: %s", c.ID, strings.Join(wrong, "\n  "))
	}
	return nil
}
