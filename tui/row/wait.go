package row

import (
	"slices"
	"strings"

	"flightdeck/analytics/grade"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

// Waits says which streams grading waits for, how far each is, and what of it waits: before anybody was judged all of it, later the inputs that the streams feed. "" where it waits for none.
func Waits(l *locale.Locale, waits []grade.Wait, judged bool) string {
	var names, inputs []string
	for i := range waits {
		w := &waits[i]
		name := string(w.Source) + "/" + string(w.Stream)
		switch {
		case w.Paused:
			name += " (" + l.T(locale.SourcesPaused) + ")"
		case w.State == store.SyncFailed || w.Error != "" && w.State != store.SyncRunning:
			name += " (" + l.SyncState(store.SyncFailed) + ")"
		case w.Permille > 0:
			name += " " + l.Percent(float64(w.Permille)/1000, 0)
		}
		names = append(names, name)
		for _, in := range w.Inputs {
			if !slices.Contains(inputs, in) {
				inputs = append(inputs, in)
			}
		}
	}
	switch list := strings.Join(names, ", "); {
	case len(names) == 0:
		return ""
	case !judged:
		return l.F(locale.GradeWaits, list)
	case len(inputs) == 0:
		return l.F(locale.GradeWaitsNew, list)
	default:
		return l.F(locale.GradeWaitsInput, list, strings.Join(inputs, ", "))
	}
}
