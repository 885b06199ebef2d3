package heatmap

import (
	"cmp"
	"slices"
	"strings"

	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/touch"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/theme"
)

// part is the touches behind the cursor split by one thing that the map's axes do not show, the largest share first.
type part struct {
	head    locale.Key
	channel bool // names are store.Channel words
	shares  []share
}

type share struct {
	name    string
	channel store.Channel
	n       int
}

// partsOf splits the touches of a cell by rep or account, and by channel where that is not fixed.
func partsOf(l *touch.View, c heatmap.Cell) []part {
	who := part{head: locale.HeatByRep}
	if c.Query.View == heatmap.RepWeek && c.Row != "" {
		who.head = locale.HeatByCustomer
	}
	how := part{head: locale.HeatByChannel, channel: true}
	people, channels := l.Shares(who.head == locale.HeatByCustomer)
	for _, p := range people {
		who.shares = append(who.shares, share{name: p.Name, n: p.N})
	}
	for ch, n := range channels {
		how.shares = append(how.shares, share{channel: ch, n: n})
	}
	parts := []part{who, how}
	if l.Subject == touch.SubjectDealEvents || c.Query.Channel != "" {
		parts = parts[:1]
	}
	for _, p := range parts {
		slices.SortFunc(p.shares, func(x, y share) int {
			return cmp.Or(cmp.Compare(y.n, x.n), strings.Compare(x.name, y.name), cmp.Compare(x.channel, y.channel))
		})
	}
	return parts
}

// minPart is the least room in which a split says something: its heading and three bars.
const minPart = 4

// maxBars is how many of the largest are worth naming.
const maxBars = 8

// split draws the parts side by side, or the first alone where it is narrow.
func split(th *theme.Theme, l *locale.Locale, parts []part, s layout.Size) []string {
	if s.H < minPart || len(parts) == 0 || len(parts[0].shares) == 0 {
		return nil
	}
	if s.W < 60 {
		parts = parts[:1]
	}
	weights := make([]int, len(parts))
	for i := range weights {
		weights[i] = 1
	}
	var out []string
	for i, size := range s.Columns(weights...) {
		lines := parts[i].draw(th, l, layout.Size{W: min(size.W, 44), H: s.H})
		if i == 0 {
			out = lines
		} else {
			out = layout.Beside(out, s.Columns(weights...)[0].W, " ", lines)
		}
	}
	return out
}

func (p *part) draw(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	b := chart.Bars{Selected: -1, Label: l.T(p.head), Heads: []string{l.T(locale.Count)}}
	for _, x := range p.shares[:min(len(p.shares), s.H-1, maxBars)] {
		name := x.name
		switch {
		case p.channel:
			name = l.Channel(x.channel)
		case name == "":
			name = l.T(locale.Unknown)
		}
		b.Bars = append(b.Bars, chart.Bar{Label: name, Value: float64(x.n), Texts: []string{l.Int(x.n)}})
	}
	return b.Draw(th, s.W)
}
