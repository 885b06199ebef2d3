package analytics

// Rules are the figures by which analyses judge. A configuration may set each; zero means the default, which [DefaultRules] gives.
type Rules struct {
	// StaleDays: an open deal without a touch or a change for more than so many days is stale. Default 14.
	StaleDays int `json:"stale_days" yaml:"stale_days"`
	// OverdueGrace: an open deal is overdue when its promised close lies more than so many days before the as-of day. Default 0.
	OverdueGrace int `json:"overdue_grace" yaml:"overdue_grace"`
	// CommitAt and BestCaseAt: a deal without a forecast category counts as commit or best case from this stage probability on, in per cent.
	// Defaults 75 and 50.
	CommitAt   int `json:"commit_at" yaml:"commit_at"`
	BestCaseAt int `json:"best_case_at" yaml:"best_case_at"`
	// QuietDays: when the newest fact is older than so many days, a question without an as-of day is asked as of that fact's day, so that a
	// finished data set shows its last quarter and not an empty one. Default 92, a quarter.
	QuietDays int `json:"quiet_days" yaml:"quiet_days"`
	// GradeDays, GradeA, GradeB: where no source grades, accounts are graded by ABC analysis of what they brought in over so many trailing days: A while
	// those ranked above hold less than so many per cent of the whole, B likewise (see analytics/migration.Rule). Defaults 365, 80 and 95.
	GradeDays int `json:"grade_days" yaml:"grade_days"`
	GradeA    int `json:"grade_a" yaml:"grade_a"`
	GradeB    int `json:"grade_b" yaml:"grade_b"`
}

// DefaultRules returns the documented defaults.
func DefaultRules() Rules {
	return Rules{StaleDays: 14, OverdueGrace: 0, CommitAt: 75, BestCaseAt: 50, QuietDays: 92, GradeDays: 365, GradeA: 80, GradeB: 95}
}

// OrDefault returns r with its zero figures set to the defaults.
func (r Rules) OrDefault() Rules {
	d := DefaultRules()
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&r.StaleDays, d.StaleDays)
	set(&r.OverdueGrace, d.OverdueGrace)
	set(&r.CommitAt, d.CommitAt)
	set(&r.BestCaseAt, d.BestCaseAt)
	set(&r.QuietDays, d.QuietDays)
	set(&r.GradeDays, d.GradeDays)
	set(&r.GradeA, d.GradeA)
	set(&r.GradeB, d.GradeB)
	return r
}
