// Package metric owns what each figure is called and how it is computed: the help behind a column, the headers of the command line, the words that a
// question may use.
//
// It refuses to compute anything. A figure's key is the column name that an analysis puts into its Table; a test holds every column of every
// analysis against this list, so no figure reaches a person without a name in both languages and a formula.
package metric

// Unit is what a figure counts.
type Unit string

// The units.
const (
	UnitText    Unit = "text"
	UnitID      Unit = "id"
	UnitCount   Unit = "count"
	UnitMoney   Unit = "money" // exact decimal in the organisation's currency, or in the row's own "currency" where the formula says so
	UnitPercent Unit = "percent"
	UnitRatio   Unit = "ratio" // 0–1 unless the formula says otherwise
	UnitDays    Unit = "days"
	UnitMinutes Unit = "minutes"
	UnitDay     Unit = "day"  // YYYY-MM-DD
	UnitTime    Unit = "time" // RFC 3339
	UnitScore   Unit = "score"
	UnitBool    Unit = "bool"
)

// Metric is one figure. Formula texts are one sentence each.
type Metric struct {
	Key       string `json:"key"` // column name in tables and JSON
	Zh        string `json:"zh"`
	En        string `json:"en"`
	Unit      Unit   `json:"unit"`
	Grain     string `json:"grain"` // what one value is about: deal, stage, account, person, touch, …
	FormulaZh string `json:"formula_zh"`
	FormulaEn string `json:"formula_en"`
}

// Name returns the metric's name in lang ("zh" or anything else for English).
func (m Metric) Name(lang string) string {
	if lang == "zh" {
		return m.Zh
	}
	return m.En
}

// Formula returns the formula text in lang.
func (m Metric) Formula(lang string) string {
	if lang == "zh" {
		return m.FormulaZh
	}
	return m.FormulaEn
}

var byKey = func() map[string]int {
	m := make(map[string]int, len(all))
	for i, v := range all {
		m[v.Key] = i
	}
	return m
}()

// Get returns the metric of a key.
func Get(key string) (Metric, bool) {
	i, ok := byKey[key]
	if !ok {
		return Metric{}, false
	}
	return all[i], true
}

// All returns every metric in the order of the list. The slice is the caller's.
func All() []Metric { return append([]Metric(nil), all...) }
