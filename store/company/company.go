package company

import (
	"fmt"
	"strings"
	"time"

	"flightdeck/store"
)

// Size says how large an organisation is. The counts of touches and sales lines are aimed at, not hit exactly; a few of the deals, those that
// would begin later today, are left out.
type Size struct {
	Regions  int // 1–8
	Teams    int // over all regions, each region at least one
	Reps     int // over all teams; leads, managers and the director come on top
	Accounts int
	Deals    int
	Touches  int
	Sales    int
	Quarters int // how many quarters of deals, the current one included
	Months   int // how many months of health and grades, the current one included
}

// The usual sizes.
var (
	Demo = Size{Regions: 3, Teams: 10, Reps: 60, Accounts: 600, Deals: 4000, Touches: 60_000, Sales: 20_000, Quarters: 8, Months: 24}
	// Full is the large sales organisation that the store and the panes are measured with. Stream it with Generate.
	Full = Size{
		Regions: 8, Teams: 100, Reps: 2000, Accounts: 200_000, Deals: 1_000_000, Touches: 20_000_000, Sales: 20_000_000,
		Quarters: 8, Months: 24,
	}
)

// Valid returns what is wrong with s, if anything.
func (s Size) Valid() error {
	for _, f := range []struct {
		name        string
		v, low, top int
	}{
		{"regions", s.Regions, 1, len(regions)},
		{"teams", s.Teams, s.Regions, 10_000},
		{"reps", s.Reps, s.Teams, 1_000_000},
		{"accounts", s.Accounts, 1, 100_000_000},
		{"deals", s.Deals, 1, 1_000_000_000},
		{"touches", s.Touches, 0, 2_000_000_000},
		{"sales", s.Sales, 0, 2_000_000_000},
		{"quarters", s.Quarters, 2, 40},
		{"months", s.Months, 1, 120},
	} {
		if f.v < f.low || f.v > f.top {
			return fmt.Errorf("company size: %s is %d; want %d to %d", f.name, f.v, f.low, f.top)
		}
	}
	return nil
}

// Config determines a company entirely.
type Config struct {
	Seed uint64
	// Now is the last moment of which anything is known. Its day in China anchors every date.
	Now time.Time
	// Source stands in front of every ID; "" means "demo".
	Source store.SourceID
	Size   Size // the zero Size means Demo
	// Incident has the behaviour that shows how deep a product is used come as a default, 0, for many customers at one month's end, as from a source whose field was renamed: see [Config.IncidentDay].
	Incident bool
}

// IncidentDay is the month's end of Config.Incident: the last one that lies incidentAge days back, long enough for what followed to be seen, and within the year that is looked back on.
func (c Config) IncidentDay() store.Day { return monthOf(dayOf(local(c.Now))-incidentAge) - 1 }

// incidentAge is how many days before the present the incident is over at least; incidentShare is how many per cent of the customers' values were lost in it.
const (
	incidentAge   = 100
	incidentShare = 30
)

func (c Config) withDefaults() (Config, error) {
	if c.Source == "" {
		c.Source = "demo"
	}
	if c.Size == (Size{}) {
		c.Size = Demo
	}
	if strings.ContainsRune(string(c.Source), ':') {
		return c, fmt.Errorf("company source %q: a source's name has no colon", c.Source)
	}
	if d := dayOf(local(c.Now)); d < store.Date(2000, 1, 1) || d > store.Date(2090, 1, 1) {
		return c, fmt.Errorf("company now %s: want a moment between the years 2000 and 2090", c.Now.Format(time.DateOnly))
	}
	return c, c.Size.Valid()
}

// Org returns the organisation's own settings: they come from a configuration, not from a source.
func Org() store.Org {
	return store.Org{
		Name: "海川智控集团 Haichuan Controls", TimeZone: TimeZone, Currency: "CNY", FiscalStart: time.January,
		Rates: map[store.Currency]string{"USD": "7.1"},
	}
}

// Root returns the ID of the unit at the top of the org tree: the scope of whoever may see everything.
func Root(src store.SourceID) store.ID { return store.MakeID(src, "u1") }

// blockRows is about how many records Generate hands over at once.
const blockRows = 8192

// Generate makes the company and hands it over block by block: first the stages, units, people, products and quotas, then the accounts in order, each in
// the same block as all that belongs to it. The block is reused; yield copies what it keeps. It stops at yield's first error and returns it.
func Generate(cfg Config, yield func(*store.Records) error) error {
	g, err := newGen(cfg)
	if err != nil {
		return err
	}
	var out store.Records
	g.frame(&out)
	if err := yield(&out); err != nil {
		return err
	}
	out = store.Records{}
	for i := range g.size.Accounts {
		g.account(i, &out)
		if out.Len() < blockRows && i+1 < g.size.Accounts {
			continue
		}
		if err := yield(&out); err != nil {
			return err
		}
		out = store.Records{
			Accounts: out.Accounts[:0], Contacts: out.Contacts[:0], Deals: out.Deals[:0], Changes: out.Changes[:0], Touches: out.Touches[:0],
			Grades: out.Grades[:0], Health: out.Health[:0], Evidence: out.Evidence[:0], Sales: out.Sales[:0], Readings: out.Readings[:0], Tenders: out.Tenders[:0],
		}
	}
	return nil
}
