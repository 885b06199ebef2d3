package locale

// baselines are the plain methods that a forecast is held against, zh and en.
var baselines = map[string][2]string{
	"naive":          {"上期实际", "Last period"},
	"year_ago":       {"去年同期", "Year ago"},
	"stage_weighted": {"阶段加权", "Stage-weighted"},
	"rep_call":       {"销售自报", "Rep's call"},
}

// Baseline names a plain method of forecasting; an unknown one names itself.
func (l *Locale) Baseline(key string) string {
	if t, ok := baselines[key]; ok {
		return l.Pick(t[0], t[1])
	}
	return key
}
