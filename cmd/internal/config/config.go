// Package config owns flightdeck.yaml: where it is found, what may stand in it, and how what is wrong with it is told.
//
// A mistake in a configuration is told with file, line, column, field and what is accepted there, all mistakes at once: [Parse] walks the syntax tree
// along the Go types before anything is decoded, since a decoder stops at its first error. Each kind of source brings its own section
// ([Kind]); this package knows none of them, so that adding a kind touches only the table in cmd.
//
// It refuses aliases that make a small file a large one, credentials written out (see [source.Secret]), and environment variables
// anywhere but in paths and addresses, where a value can do no more than point elsewhere.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adrg/xdg"
	"golang.org/x/crypto/ssh"

	"flightdeck/analytics"
	"flightdeck/analytics/rule/document"
	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/tui/keymap"
	"flightdeck/tui/pane"
)

// Config is a valid configuration.
type Config struct {
	Version      int             `yaml:"version"` // of the format; 0 and 1 are the same
	Organisation Organisation    `yaml:"organisation"`
	Store        Store           `yaml:"store"`
	Language     string          `yaml:"language"` // zh, en or "": the locale's
	Theme        string          `yaml:"theme"`    // auto, dark, light, plain or "": auto
	Start        string          `yaml:"start"`    // the first screen, such as morning or triage; "": funnel. See [Config.First]
	Rules        analytics.Rules `yaml:"rules"`
	RulesFile    string          `yaml:"rules_file"` // see analytics/rule; a relative path counts from the configuration's folder
	Quotas       []Quota         `yaml:"quotas"`
	Sources      []Source        `yaml:"sources"`
	Serve        Serve           `yaml:"serve"`
	Notify       Notify          `yaml:"notify"`
	// Keys remaps the screen's keys by name, as [keymap.New] takes them; for every session, over SSH too.
	Keys map[string][]string `yaml:"keys"`

	Path string `yaml:"-"` // where it was read; "" when there is none
}

// Organisation is what the store keeps as [store.Org], and its stages.
type Organisation struct {
	Name            string             `yaml:"name"`
	TimeZone        string             `yaml:"time_zone"` // IANA; "": UTC
	Currency        store.Currency     `yaml:"currency"`
	FiscalYearStart int                `yaml:"fiscal_year_start"` // month, 1–12; 0: January
	Rates           map[string]Decimal `yaml:"rates"`
	Stages          []Stage            `yaml:"stages"` // for sources that bring none of their own
}

// Stage is one step of the pipeline, in the order of the list.
type Stage struct {
	ID          string `yaml:"id"`
	Name        string `yaml:"name"`
	NameEn      string `yaml:"name_en"`
	Kind        string `yaml:"kind"`        // open, won or lost; "": open
	Probability int    `yaml:"probability"` // 0–100 %
}

// Store is where the data lies.
type Store struct {
	Dir string `yaml:"dir"` // a relative path counts from the configuration's folder
}

// Quota is what a unit or a person is to bring in.
type Quota struct {
	Node   string         `yaml:"node"`   // id or name of a unit or a person
	Period string         `yaml:"period"` // 2026, 2026Q3, 2026-09 or FROM..TO
	Amount Decimal        `yaml:"amount"`
	Curr   store.Currency `yaml:"currency"` // "": the organisation's
}

// Source is one source: what all kinds have in common, and the kind's own section.
type Source struct {
	ID     store.SourceID
	Kind   string
	Every  time.Duration // 0: the syncer's usual
	Config any           // a pointer to the kind's own structure
	Line   int
}

// Serve is the SSH server.
type Serve struct {
	Listen  string   `yaml:"listen"`   // host:port
	HostKey string   `yaml:"host_key"` // path; made when absent
	People  []Person `yaml:"people"`
}

// Person is who may come in.
type Person struct {
	Name           string   `yaml:"name"`            // of the person, as in the sources, or any other
	Keys           []string `yaml:"keys"`            // lines as in authorized_keys
	AuthorizedKeys string   `yaml:"authorized_keys"` // or a file of such lines
	Sees           string   `yaml:"sees"`            // all, or the name or id of a unit or person
}

// Decimal is an exact decimal number as it was written.
type Decimal = document.Decimal

// Kind is one kind of source.
type Kind struct {
	Name string
	// New returns a pointer to the kind's configuration with its defaults set.
	New func() any
	// Fill gives the configuration what the surroundings say where its own section is silent: the source's name, the organisation's time zone and
	// currency, and the folder from which relative paths count.
	Fill func(cfg any, id store.SourceID, org Organisation, dir string)
	// Check reports what is wrong beyond unknown keys and types; nil: nothing to check.
	Check func(cfg any) error
	// Stages reports which stages a valid configuration needs and which it brings; nil: neither.
	Stages func(cfg any) StageUse
	// Build makes the source. It does not touch the network.
	Build func(cfg any) (source.Source, error)
}

// StageUse is what a source does with the organisation's stages.
type StageUse struct {
	To     map[string]store.ID // the source's word → the stage it becomes
	Brings []store.ID          // stages that come with the source
	Open   bool                // further stages come that only the data names
}

// Find returns the path of the configuration: the given one, else flightdeck.yaml in the current folder, else in the user's configuration folder,
// else "".
func Find(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if _, err := os.Stat("flightdeck.yaml"); err == nil {
		return "flightdeck.yaml", nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read flightdeck.yaml: %w", err)
	}
	path, err := xdg.SearchConfigFile(filepath.Join("flightdeck", "flightdeck.yaml"))
	if err != nil {
		return "", nil //nolint:nilerr // none is fine: a store can be read without
	}
	return path, nil
}

// Load reads the configuration at path; "" gives the defaults.
func Load(path string, kinds []Kind) (*Config, error) {
	if path == "" {
		return &Config{}, nil
	}
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read configuration: %w; \"flightdeck init folder > flightdeck.yaml\" writes one to start with", err)
	case err != nil:
		return nil, fmt.Errorf("read configuration: %w; want a file that may be read, or name another with --config FILE", err)
	}
	return Parse(path, b, kinds)
}

// Org returns the organisation as the store keeps it.
func (c *Config) Org() *store.Org {
	o := c.Organisation
	org := &store.Org{Name: store.Clean(o.Name, store.MaxName), TimeZone: o.TimeZone, Currency: o.Currency, FiscalStart: time.Month(max(1, o.FiscalYearStart))}
	for cur, rate := range o.Rates {
		if org.Rates == nil {
			org.Rates = map[store.Currency]string{}
		}
		org.Rates[store.Currency(cur)] = string(rate)
	}
	if org.TimeZone == "" {
		org.TimeZone = "UTC"
	}
	return org
}

// Stages returns the configured stages as the store keeps them.
func (c *Config) Stages() (out []store.Stage) {
	for i, s := range c.Organisation.Stages {
		kind, _ := store.ParseStageKind(s.Kind) // checked; "" is open
		out = append(out, store.Stage{ID: store.ID(s.ID), Name: store.Clean(s.Name, store.MaxName), NameEn: store.Clean(s.NameEn, store.MaxName),
			Order: (i + 1) * 10, Kind: kind, Probability: s.Probability})
	}
	return out
}

// First is the place that a screen begins with.
func (c *Config) First() pane.Place {
	if p, err := pane.ParsePlace(c.Start); err == nil { // it was checked; "" is none
		return p
	}
	return pane.Place{Kind: pane.Funnel}
}

// Languages and Themes are the accepted words.
var (
	Languages = []string{"zh", "en"}
	Themes    = []string{"auto", "dark", "light", "plain"}
)

// validate reports what types alone cannot say.
func (c *Config) validate(t tree) {
	if c.Version != 0 && c.Version != 1 {
		t.Problem("version", fmt.Sprintf("%d is not known to this flightdeck; want 1, or a newer flightdeck", c.Version))
	}
	oneOf := func(field, v string, want []string) {
		if v != "" && !slices.Contains(want, v) {
			t.Problem(field, fmt.Sprintf("%q: want one of %s", store.Clip(v, 40), strings.Join(want, ", ")))
		}
	}
	oneOf("language", c.Language, Languages)
	oneOf("theme", c.Theme, Themes)
	if _, err := pane.ParsePlace(c.Start); c.Start != "" && err != nil {
		t.Problem("start", err.Error())
	}
	for _, w := range keymap.Check(c.Keys) {
		field := "keys." + store.Clip(w.Name, 40)
		if w.At >= 0 {
			field += fmt.Sprintf("[%d]", w.At)
		}
		t.Problem(field, w.Text)
	}
	o := &c.Organisation
	if _, err := time.LoadLocation(o.TimeZone); err != nil || o.TimeZone == "Local" {
		t.Problem("organisation.time_zone", fmt.Sprintf("%q: want an IANA name such as Asia/Shanghai or Europe/Berlin", store.Clip(o.TimeZone, 40)))
	}
	currency := func(field string, cur store.Currency) {
		if cur != "" && !cur.Valid() {
			t.Problem(field, fmt.Sprintf("%q: want a three-letter ISO 4217 code such as CNY", store.Clip(string(cur), 20)))
		}
	}
	currency("organisation.currency", o.Currency)
	if o.FiscalYearStart < 0 || o.FiscalYearStart > 12 {
		t.Problem("organisation.fiscal_year_start", fmt.Sprintf("%d: want a month, 1 to 12", o.FiscalYearStart))
	}
	for cur, rate := range o.Rates {
		currency("organisation.rates."+cur, store.Currency(cur))
		if strings.HasPrefix(string(rate), "-") || strings.Trim(string(rate), "+0.") == "" {
			t.Problem("organisation.rates."+cur, fmt.Sprintf("%s: want more than 0: how much of the organisation's currency one %s is", rate, store.Clip(cur, 20)))
		}
	}
	c.validateRules(t)
	c.Notify.validate(t)
	stages := map[string]bool{}
	for i, s := range o.Stages {
		at := fmt.Sprintf("organisation.stages[%d]", i)
		if s.ID == "" || strings.Contains(s.ID, ":") || stages[s.ID] {
			t.Problem(at+".id", fmt.Sprintf("%q: want a short name of its own, without a colon", store.Clip(s.ID, 40)))
		}
		stages[s.ID] = true
		oneOf(at+".kind", s.Kind, []string{"open", "won", "lost"})
		if s.Probability < 0 || s.Probability > 100 {
			t.Problem(at+".probability", fmt.Sprintf("%d: want per cent, 0 to 100", s.Probability))
		}
	}
	for i, q := range c.Quotas {
		at := fmt.Sprintf("quotas[%d]", i)
		if q.Node == "" {
			t.Problem(at+".node", "want the name or id of a unit or a person")
		}
		if _, err := (analytics.Calendar{}).Parse(q.Period, 0); err != nil || !strings.HasPrefix(q.Period, "19") && !strings.HasPrefix(q.Period, "20") {
			t.Problem(at+".period", fmt.Sprintf("%q: want 2026, 2026Q3, 2026-09 or 2026-09-01..2026-09-30", store.Clip(q.Period, 40)))
		}
		if q.Amount == "" {
			t.Problem(at+".amount", "want a decimal number such as 1200000")
		}
		currency(at+".currency", q.Curr)
		if q.Curr == "" && o.Currency == "" {
			t.Problem(at+".currency", "want a currency here or under organisation")
		}
	}
	if l := c.Serve.Listen; l != "" {
		if err := CheckListen(l); err != nil {
			t.Problem("serve.listen", err.Error())
		}
	}
	for i, p := range c.Serve.People {
		at := fmt.Sprintf("serve.people[%d]", i)
		if p.Name == "" {
			t.Problem(at+".name", "want the person's name")
		}
		if p.Sees == "" {
			t.Problem(at+".sees", "want all, or the name or id of a unit or a person")
		}
		if len(p.Keys) == 0 && p.AuthorizedKeys == "" {
			t.Problem(at+".keys", "want at least one line as in authorized_keys, or authorized_keys: FILE")
		}
		for j, line := range p.Keys {
			if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err != nil {
				t.Problem(fmt.Sprintf("%s.keys[%d]", at, j), fmt.Sprintf("%q: want a line as in authorized_keys, such as \"ssh-ed25519 AAAA… name\"", store.Clip(line, 40)))
			}
		}
	}
}

// validateRules reports figures that would be taken for something else than was meant.
func (c *Config) validateRules(t tree) {
	r, full := c.Rules, c.Rules.OrDefault()
	for _, f := range []struct {
		name    string
		v       int
		percent bool
	}{
		{"stale_days", r.StaleDays, false}, {"overdue_grace", r.OverdueGrace, false}, {"quiet_days", r.QuietDays, false}, {"grade_days", r.GradeDays, false},
		{"commit_at", r.CommitAt, true}, {"best_case_at", r.BestCaseAt, true}, {"grade_a", r.GradeA, true}, {"grade_b", r.GradeB, true},
	} {
		switch {
		case f.percent && (f.v < 0 || f.v > 100):
			t.Problem("rules."+f.name, fmt.Sprintf("%d: want per cent, 0 to 100", f.v))
		case f.v < 0:
			t.Problem("rules."+f.name, fmt.Sprintf("%d: want 0 or more days", f.v))
		}
	}
	if r.BestCaseAt > 0 && full.BestCaseAt > full.CommitAt { // a lower commit_at alone merely leaves no room for a best case
		t.Problem("rules.best_case_at", fmt.Sprintf("%d: want no more than commit_at (%d)", full.BestCaseAt, full.CommitAt))
	}
	if full.GradeA > full.GradeB {
		t.Problem("rules.grade_a", fmt.Sprintf("%d: want no more than grade_b (%d)", full.GradeA, full.GradeB))
	}
}

// CheckListen reports whether a server can be told to listen on address.
func CheckListen(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%q: want HOST:PORT with a port up to 65535, such as \":2222\" or \"127.0.0.1:2222\"", store.Clip(address, 60))
	}
	return nil
}
