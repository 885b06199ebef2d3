package rule

import (
	"slices"
	"strconv"
	"strings"

	"flightdeck/store"
)

// Morning is the section by which the morning screen (晨会) says what is worth a line.
type Morning struct {
	Health   int      `yaml:"health" bounds:"1..100" unit:"points"` // a health index that moved by as much is told of, and one that changed its colour
	LookBack int      `yaml:"look_back" bounds:"1..92" unit:"days"` // who was away for longer is told of no more than this
	Logging  int      `yaml:"logging" bounds:"1..365" unit:"days"`  // who logged a touch within as many days is expected to log every working day
	Workdays []string `yaml:"workdays"`
	Stale    int      `yaml:"stale" bounds:"1..720" unit:"hours"` // a source whose data is older is shown as such
	Most     int      `yaml:"most" bounds:"1..1000" unit:"lines"` // of each part
}

// MorningSection is the section morning.
var MorningSection = NewSection("morning", "what is worth a line in the morning (晨会)", defaultMorning, checkMorning)

// Weekdays are the words for days of the week, Sunday first as time.Weekday counts.
func Weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

func defaultMorning() *Morning {
	return &Morning{Health: 10, LookBack: 31, Logging: 30, Workdays: []string{"mon", "tue", "wed", "thu", "fri"}, Stale: 24, Most: 100}
}

// IsWorkday reports whether people work on a day. Public holidays are not known.
func (m *Morning) IsWorkday(d store.Day) bool {
	return slices.Contains(m.Workdays, Weekdays()[d.Weekday()])
}

// Workday returns the last working day up to and including d.
func (m *Morning) Workday(d store.Day) store.Day {
	for range len(Weekdays()) {
		if m.IsWorkday(d) {
			break
		}
		d--
	}
	return d
}

func checkMorning(m *Morning, r *Report) {
	if len(m.Workdays) == 0 {
		r.Problem("workdays", "want one at least of %s", strings.Join(Weekdays(), ", "))
	}
	for i, d := range m.Workdays {
		if !slices.Contains(Weekdays(), d) {
			r.Problem("workdays["+strconv.Itoa(i)+"]", "%q: want one of %s", d, strings.Join(Weekdays(), ", "))
		}
	}
}
