package metric_test

import (
	"testing"

	"flightdeck/analytics/metric"
)

// A printed table and a pane must not call one figure by two names: these are the panes' words for the forecast categories (tui/locale).
func TestName_ForecastWordsAreThePanes(t *testing.T) {
	for key, want := range map[string]string{"closed": "已成交", "commit": "承诺", "best_case": "最好", "pipeline": "储备", "omitted": "不计", "no_close": "无成交日"} {
		m, ok := metric.Get(key)
		if got := m.Name("zh"); !ok || got != want {
			t.Errorf("%s is called %q, want %q", key, got, want)
		}
	}
}
