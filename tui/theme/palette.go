package theme

import "github.com/charmbracelet/colorprofile"

type palette struct {
	muted, accent, good, warn, bad, border, past string
	series                                       [6]string
	heatLow, heatHigh                            string
	riseLow, riseHigh, fallLow, fallHigh         string
	heat256, rise256, fall256                    [HeatSteps - 1]uint8 // the same ramps out of the 6×6×6 cube
}

// palette picks the colours. The series follow Okabe and Ito's set, which people with the common colour deficiencies can tell apart, darkened for
// light backgrounds. Ramps run away from the background: what is more is further from it.
func (b builder) palette() palette {
	switch {
	case b.p == colorprofile.ANSI && b.dark:
		return palette{
			muted: ansi16[7], accent: ansi16[14], good: ansi16[10], warn: ansi16[11], bad: ansi16[9], border: ansi16[8], past: ansi16[11],
			series:  [6]string{ansi16[14], ansi16[11], ansi16[10], ansi16[13], ansi16[12], ansi16[9]},
			heatLow: ansi16[6], heatHigh: ansi16[6], riseLow: ansi16[2], riseHigh: ansi16[2], fallLow: ansi16[1], fallHigh: ansi16[1],
		}
	case b.p == colorprofile.ANSI:
		return palette{
			muted: ansi16[8], accent: ansi16[4], good: ansi16[2], warn: ansi16[5], bad: ansi16[1], border: ansi16[8], past: ansi16[5],
			series:  [6]string{ansi16[4], ansi16[5], ansi16[2], ansi16[1], ansi16[6], ansi16[8]},
			heatLow: ansi16[4], heatHigh: ansi16[4], riseLow: ansi16[2], riseHigh: ansi16[2], fallLow: ansi16[1], fallHigh: ansi16[1],
		}
	case b.dark:
		return palette{
			muted: "#9a9a9a", accent: "#5fb7ff", good: "#5fd787", warn: "#ffbf3f", bad: "#ff7a6b", border: "#6c6c6c", past: "#ffbf3f",
			series:  [6]string{"#56b4e9", "#e69f00", "#2fc494", "#d98cb8", "#f0e442", "#e8743b"},
			heatLow: "#12304a", heatHigh: "#ffd75f", riseLow: "#12382a", riseHigh: "#87f7b0", fallLow: "#43201c", fallHigh: "#ffa091",
			heat256: [...]uint8{18, 24, 30, 36, 78, 114, 150, 191}, rise256: [...]uint8{22, 28, 34, 71, 40, 114, 120, 157},
			fall256: [...]uint8{52, 88, 124, 160, 167, 174, 210, 217},
		}
	}
	return palette{
		muted: "#5f5f5f", accent: "#0059b3", good: "#00701a", warn: "#8a5200", bad: "#b3200f", border: "#8a8a8a", past: "#8a5200",
		series:  [6]string{"#0067a5", "#955a00", "#00704f", "#97457a", "#6b6100", "#b0430a"},
		heatLow: "#e3eefa", heatHigh: "#0a2f6b", riseLow: "#dff3e6", riseHigh: "#004d27", fallLow: "#fbe5e1", fallHigh: "#7a1509",
		heat256: [...]uint8{195, 153, 110, 74, 67, 61, 25, 18}, rise256: [...]uint8{194, 157, 151, 114, 71, 34, 28, 22},
		fall256: [...]uint8{224, 217, 210, 174, 167, 160, 124, 88},
	}
}

// ansi16 stand for the sixteen colours; what they look like is the terminal's choice.
var ansi16 = [16]string{
	"#000000", "#800000", "#008000", "#808000", "#000080", "#800080", "#008080", "#c0c0c0",
	"#808080", "#ff0000", "#00ff00", "#ffff00", "#0000ff", "#ff00ff", "#00ffff", "#ffffff",
}
