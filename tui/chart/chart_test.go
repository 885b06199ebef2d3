package chart

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/exp/golden"
	"golang.org/x/text/width"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

var (
	dark  = theme.New(colorprofile.TrueColor, true)
	plain = theme.New(colorprofile.Ascii, true)
)

func funnelBars() Bars {
	return Bars{Label: "阶段", Heads: []string{"数量", "金额", "转化"}, Centered: true, Selected: 1, Bars: []Bar{
		{Label: "初步接触", Value: 100, Texts: []string{"412", "1.2亿", "-"}},
		{Label: "Qualified", Value: 64, Texts: []string{"264", "9,000.1万", "64%"}},
		{Label: "方案报价阶段与商务谈判", Value: 30, Texts: []string{"120", "5,000.0万", "45%"}},
		{Label: "赢单", Value: 0.1, Texts: []string{"3"}},
		{Label: "none", Value: 0, Texts: []string{"0", "0", "-"}},
	}}
}

func hours() Grid {
	days := []string{"周一", "周二", "周三", "周四", "周五", "周六", "周日"}
	cols := make([]string, 24)
	for i := range cols {
		cols[i] = fmt.Sprint(i)
	}
	return Grid{Rows: days, Cols: cols, Value: func(r, c int) float64 { return float64(r * c) }, Text: func(r, c int) string { return fmt.Sprint(r * c) }, Row: 3, Col: 10}
}

func lines() Line {
	v, u := make([]float64, 40), make([]float64, 40)
	for i := range v {
		v[i], u[i] = math.Sin(float64(i)/5)*100, float64(3*i)
	}
	u[20] = math.NaN()
	return Line{Series: []Series{{"实际", v}, {"计划", u}, {"none", nil}}, Labels: []string{"2026-01", "2026-09"}, Figure: func(f float64) string { return fmt.Sprintf("%.0f万", f) }}
}

func months() Flow {
	return Flow{Labels: []string{"1月", "2月", "3月", "12月"}, Up: []float64{3, 5, 0, 9}, Down: []float64{1, 2, 7}, UpText: []string{"+3", "+5", "0", "+9"}, DownText: []string{"-1", "-2", "-7"}, Selected: 2}
}

func quarter() Fan {
	return Fan{Past: []float64{0, 2, 5, 9, 9, 14}, Low: []float64{15, 17, 19}, Mid: []float64{16, 20, 25}, High: []float64{18, 24, 33}, Target: 28, TargetText: "目标 28万",
		Figure: func(f float64) string { return fmt.Sprintf("%.0f万", f) }, From: "7月1日", Now: "今天", To: "9月30日"}
}

func week() Waterfall {
	return Waterfall{Label: "变动", Heads: []string{"数量", "金额"}, Selected: 2, Falls: []Fall{{"9月1日", 100, true, []string{"40", "100万"}}, {"新建", 20, false, []string{"3", "+20万"}},
		{"增大", 0.1, false, []string{"1", "+0.1万"}}, {"推迟", -30, false, []string{"5", "-30万"}}, {"赢单", -42, false, []string{"9", "-42万"}}, {"今天", 48.1, true, []string{"28", "48万"}}}}
}

// all draws every chart at a size.
func all(th *theme.Theme, s layout.Size) map[string][]string {
	grid := hours()
	bare, sums := grid, grid
	bare.Text = nil
	sums.Tall, sums.TotalName, sums.Total, sums.Row, sums.Col = 2, "合计", func(r, c int) string { return fmt.Sprint(100 * (r + c)) }, 7, 24
	few := grid
	few.Figures, few.Text = true, func(r, c int) string { return fmt.Sprintf("%d,000.5万", r+c) }
	return map[string][]string{
		"bars": funnelBars().Draw(th, s.W), "grid": grid.Draw(th, s), "bare grid": bare.Draw(th, s), "grid with totals": sums.Draw(th, s),
		"few figures": few.Draw(th, s), "line": lines().Draw(th, s), "flow": months().Draw(th, s),
		"fan": quarter().Draw(th, s), "waterfall": week().Draw(th, s.W), "strip": {Strip{Past: 3, Low: 5, Mid: 7, High: 12, Target: 9}.Draw(th, s.W)},
		"reliability": Reliability(th, s.W, "概率", []string{"说", "成", "数量"}, []Held{{"0%-10%", .04, .07, []string{"4%", "7%", "321"}}, {"60%-70%", .66, .41, []string{"66%", "41%", "20"}}, {"mad", math.NaN(), math.NaN(), nil}}),
		"histogram":   Histogram{Counts: []int{0, 3, 9, 1, 0, 40}, Labels: []string{"0", "7", "14", "28", "112", "505"}, Marks: []Mark{{1, "O", th.Strong}, {5, "N", th.Bad}, {9, "x", ""}}}.Draw(th, s),
		"mad fan":     Fan{Past: []float64{math.NaN()}, Low: []float64{1}, Mid: []float64{math.Inf(1)}, High: []float64{2}, Figure: quarter().Figure}.Draw(th, s), "empty fan": Fan{}.Draw(th, s),
		"legend": {Legend(th, s.W, "少", "多 42")}, "gauge": {Gauge{Quota: 100, Closed: 40, Commit: 60, Best: 80}.Draw(th, s.W)}, "progress": {Progress(th, s.W, 30, 70)}, "spark": {Spark([]float64{1, 2, 3, 9, 3}, s.W)},
		"empty bars": Bars{Selected: -1}.Draw(th, s.W), "empty grid": Grid{}.Draw(th, s), "empty line": Line{}.Draw(th, s), "empty flow": Flow{}.Draw(th, s),
		"mad gauge": {Gauge{Quota: math.NaN(), Closed: -5, Commit: math.Inf(1)}.Draw(th, s.W)},
	}
}

func TestCharts_FitEverySize(t *testing.T) {
	for _, th := range []*theme.Theme{dark, plain} {
		for w := range 90 {
			for _, h := range []int{0, 1, 2, 3, 4, 5, 8, 13, 30} {
				s := layout.Size{W: w, H: h}
				for name, ls := range all(th, s) {
					bound := h
					if name == "bars" || name == "waterfall" || name == "reliability" || len(ls) == 1 || name == "empty bars" { // as many lines as bars
						bound = len(ls)
					}
					if len(ls) > bound {
						t.Fatalf("%s at %v: %d lines", name, s, len(ls))
					}
					for _, l := range ls {
						if layout.Width(l) > w {
							t.Fatalf("%s at %v: %q is %d wide", name, s, layout.Plain(l), layout.Width(l))
						}
						if at := strings.LastIndex(l, "\x1b["); at >= 0 && !strings.HasPrefix(l[at:], theme.Reset) {
							t.Fatalf("%s at %v leaves its style open: %q", name, s, l)
						}
					}
				}
			}
		}
	}
}

// Block elements and box drawing are two columns wide on some Chinese terminals; charts do without.
func TestCharts_NoAmbiguousWidth(t *testing.T) {
	for name, ls := range all(dark, layout.Size{W: 70, H: 12}) {
		for _, r := range layout.Plain(strings.Join(ls, "")) {
			if width.LookupRune(r).Kind() == width.EastAsianAmbiguous {
				t.Errorf("%s draws %q", name, r)
			}
		}
	}
}

func TestCharts_Golden(t *testing.T) {
	a := all(plain, layout.Size{W: 76, H: 11})
	for _, name := range []string{"bars", "grid", "bare grid", "grid with totals", "few figures", "line", "flow", "fan", "waterfall", "strip", "reliability", "histogram", "legend", "gauge", "progress", "spark"} {
		t.Run(name, func(t *testing.T) { golden.RequireEqual(t, layout.Plain(strings.Join(a[name], "\n"))+"\n") })
	}
}

func TestBars_LittleIsNotNothing(t *testing.T) {
	ls := funnelBars().Draw(plain, 76)
	if n := strings.Count(ls[4], "#"); n != 1 {
		t.Errorf("0.1 of 100 is drawn with %d cells: %q", n, ls[4])
	}
	if strings.Contains(ls[5], "#") {
		t.Errorf("nothing is drawn: %q", ls[5])
	}
}

func TestGrid_WindowHoldsTheSelection(t *testing.T) {
	g := hours()
	for w := 8; w < 90; w++ {
		for h := 2; h < 9; h++ {
			v := g.Fit(layout.Size{W: w, H: h})
			if v.Rows > 0 && (g.Row < v.Row || g.Row >= v.Row+v.Rows) || v.Cols > 0 && (g.Col < v.Col || g.Col >= v.Col+v.Cols) {
				t.Fatalf("%d×%d shows %+v without row %d, column %d", w, h, v, g.Row, g.Col)
			}
			if v.Col+v.Cols > 24 || v.Row+v.Rows > 7 {
				t.Fatalf("%d×%d shows %+v, more than there is", w, h, v)
			}
		}
	}
}

func TestGauge_MarksTheQuota(t *testing.T) {
	if got := layout.Plain(Gauge{Quota: 100, Closed: 50, Commit: 75, Best: 120}.Draw(plain, 24)); got != "##########=====----|----" {
		t.Errorf("got %q", got)
	}
	if got := layout.Plain(Gauge{Closed: 50}.Draw(plain, 4)); got != "####" {
		t.Errorf("without a quota: %q", got)
	}
}

// Totals are in view whatever the window shows, and the sign stands on the selected one.
func TestGrid_TotalsStayInView(t *testing.T) {
	g := hours()
	g.TotalName, g.Total = "all", func(r, c int) string { return fmt.Sprint(1000 + 100*r + c) }
	for _, at := range [][2]int{{0, 24}, {7, 3}, {7, 24}, {6, 0}} {
		g.Row, g.Col = at[0], at[1]
		for _, s := range []layout.Size{{W: 40, H: 5}, {W: 120, H: 40}} {
			text := layout.Plain(strings.Join(g.Draw(plain, s), "\n"))
			if !strings.Contains(text, "1724") {
				t.Errorf("%v at %v: no grand total in\n%s", at, s, text)
			}
			want := ">" + fmt.Sprint(at[0]*at[1])
			if at[0] == 7 || at[1] == 24 {
				want = ">" + g.Total(at[0], at[1])
			}
			if total := at[0] == 7 || at[1] == 24; (total || s.W > 40) && !strings.Contains(text, want) { // a shade one column wide has no room for it
				t.Errorf("%v at %v: no %q in\n%s", at, s, want, text)
			}
		}
	}
}

// BenchmarkGrid_26x40 guards the trap that cost 3.6 ms a frame; about 20 µs is wanted.
func BenchmarkGrid_26x40(b *testing.B) {
	g := hours()
	g.Rows, g.Cols = make([]string, 26), make([]string, 40)
	for i := range g.Rows {
		g.Rows[i] = "rep"
	}
	for i := range g.Cols {
		g.Cols[i] = fmt.Sprint(i)
	}
	g.Text = nil
	b.ReportAllocs()
	for b.Loop() {
		g.Draw(dark, layout.Size{W: 200, H: 48})
	}
}

func BenchmarkBars(b *testing.B) {
	for b.Loop() {
		funnelBars().Draw(dark, 160)
	}
}

func BenchmarkLine(b *testing.B) {
	for b.Loop() {
		lines().Draw(dark, layout.Size{W: 160, H: 20})
	}
}
