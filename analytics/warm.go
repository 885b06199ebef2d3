package analytics

import (
	"context"

	"flightdeck/analytics/column"
)

// warm brings in the pages of the columns that most questions read, and makes the boards that the first question about grades would wait for. A Book that was
// mapped has none of them in memory: the first to ask would wait for the disk. It reads a little at a time, and ends with ctx.
func (b *Book) warm(ctx context.Context) {
	touch := func(blocks int, read func(k int)) {
		for k := range blocks {
			if ctx.Err() != nil {
				return
			}
			read(k)
		}
	}
	d := &b.deals
	touch(column.Blocks(d.len()), func(k int) {
		fault(d.live.Block(k))
		fault(d.account.Block(k))
		fault(d.owner.Block(k))
		fault(d.product.Block(k))
		fault(d.stage.Block(k))
		fault(d.category.Block(k))
		fault(d.minor.Block(k))
		fault(d.cur.Block(k))
		fault(d.value.Block(k))
		fault(d.close.Block(k))
		fault(d.created.Block(k))
		fault(d.changed.Block(k))
		fault(d.over.Block(k))
		fault(d.touched.Block(k))
		fault(d.stepped.Block(k))
		for c := k << column.Shift; c < min(d.len(), (k+1)<<column.Shift); c += 256 {
			fault(b.steps.Of(c))
		}
	})
	t := &b.touch
	touch(column.Blocks(t.len()), func(k int) {
		fault(t.day.Block(k))
		fault(t.Rep.Block(k))
		fault(t.Minute.Block(k))
	})
	if b.rows() > atOnce { // where reading a past day takes longer than a frame: those that people compare with
		b.stands()
		b.Settle()
		today := b.Today()
		for _, day := range []Day{today - 90, today - 30, today - 7, b.cal.Quarter(today, 0).From - 1, b.cal.Month(today, 0).From - 1} {
			if ctx.Err() == nil {
				b.recallDay(day)
			}
		}
	}
	if b.HasGrades() && ctx.Err() == nil {
		b.GradesOn(append(b.monthEnds(), b.Today())...)
		b.tale()
	}
	if b.sale.alive() > 0 && ctx.Err() == nil {
		b.Brought(b.Today(), b.opt.Rules.GradeDays)
		for _, day := range b.monthEnds() { // what the moves of any month are weighed by: some tens of megabytes for 200,000 accounts
			if ctx.Err() == nil && b.HasGrades() {
				b.Brought(day, b.opt.Rules.GradeDays)
			}
		}
	}
}

// monthEnds are the ends of the two years of months before this one, in order: the months that people compare.
func (b *Book) monthEnds() (days []Day) {
	for i := -24; i <= 0; i++ {
		days = append(days, b.cal.Month(b.Today(), i).From-1)
	}
	return days
}

// fault reads one value of each page.
func fault[T any](v []T) (sum byte) {
	bytes := column.Bytes(v)
	for i := 0; i < len(bytes); i += 4096 {
		sum ^= bytes[i]
	}
	return sum
}
