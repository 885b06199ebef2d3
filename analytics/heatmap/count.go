package heatmap

import (
	"flightdeck/analytics"
	"flightdeck/analytics/column"
)

// hoursWide is the width of a weekday's row: the unknown hour, then 0 to 23.
const hoursWide = 25

// counts is what one walk over the events gives: how many there are per key and column, before anybody knows which rows and columns the map will have. Keys
// are weekdays, people + 1 or areas + 1; columns are hours + 1 or weeks since monday.
type counts struct {
	n      []int32
	width  int
	monday analytics.Day
}

func (c *counts) at(key, col int) int {
	if i := key*c.width + col; col >= 0 && col < c.width && i < len(c.n) {
		return int(c.n[i])
	}
	return 0
}

func (c *counts) keys() int {
	if c.width == 0 {
		return 0
	}
	return len(c.n) / c.width
}

// sum adds up a key's row.
func (c *counts) sum(key int) (n int) {
	for _, v := range c.n[key*c.width : (key+1)*c.width] {
		n += int(v)
	}
	return n
}

func weekday(day analytics.Day) int { return int(uint32(day+7*1_000_000+3) % 7) } // 1970-01-01 was a Thursday

// count walks the events once.
func (f *frame) count() counts {
	c := counts{width: hoursWide}
	keys := 7
	if f.q.View != WeekdayHour {
		from, to := max(f.period.From, f.events.first()), min(f.period.To, f.sel.AsOf)
		c.monday = f.b.Calendar().Week(from, 0).From
		c.width = max(0, int(to-c.monday)/7+1)
		if to < from {
			c.width = 0
		}
		keys = f.b.People() + 1
		if f.q.View == Area {
			keys = f.events.areas() + 1
		}
	}
	place := func(e *event) int {
		switch f.q.View {
		case RepWeek:
			return (int(e.rep)+1)*c.width + int(e.day-c.monday)/7
		case Area:
			return (int(e.area)+1)*c.width + int(e.day-c.monday)/7
		}
		if e.minute < 0 {
			return weekday(e.day) * hoursWide
		}
		return weekday(e.day)*hoursWide + 1 + int(e.minute)/60
	}
	c.n = make([]int32, keys*c.width)
	if c.width == 0 {
		return c
	}
	if f.events.blocks == nil {
		for e := range f.events.all {
			c.n[place(e)]++
		}
		return c
	}
	if x := f.cubeOf(); x != nil {
		x.count(f, &c)
		return c
	}
	parts := make([][]int32, analytics.Parts())
	parts[0] = c.n
	n := f.events.blocks(func(part, k int, rows []int32) {
		if parts[part] == nil {
			parts[part] = make([]int32, len(c.n))
		}
		f.add(parts[part], &c, k, rows)
	})
	for _, part := range parts[1:n] {
		for i, v := range part {
			c.n[i] += v
		}
	}
	return c
}

// add counts the touches of one block.
func (f *frame) add(n []int32, c *counts, k int, rows []int32) {
	const mask = column.Rows - 1
	t := f.b.Touches()
	days := t.Day().Block(k)
	switch f.q.View {
	case WeekdayHour:
		minutes := t.Minute.Block(k)
		for _, i := range rows {
			hour := 0
			if m := minutes[i&mask]; m >= 0 {
				hour = 1 + int(m)/60
			}
			n[weekday(days[i&mask])*hoursWide+hour]++
		}
	case RepWeek:
		reps := t.Rep.Block(k)
		for _, i := range rows {
			n[int(reps[i&mask]+1)*c.width+int(days[i&mask]-c.monday)/7]++
		}
	case Area:
		for _, i := range rows {
			n[int(f.events.place(int(i))+1)*c.width+int(days[i&mask]-c.monday)/7]++
		}
	}
}
