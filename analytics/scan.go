package analytics

import (
	"flightdeck/analytics/column"
)

// TouchBlocks calls fn with the rows of every touch in p, up to the as-of day, whose rep hangs in the subtree and that matches, block by block: all rows of a
// call lie in block k. A product or a stage is the touch's deal's (a touch without a deal then does not match), an industry its account's. rows is reused
// between calls; fn returns false to end.
//
// Blocks whose zone lies outside are passed by; within one, rows are chosen without a branch per row, which the processor could not foresee.
func (s *Selection) TouchBlocks(p Period, fn func(k int, rows []int32) bool) {
	s.touchBlocks(p, 0, column.Blocks(s.b.touch.len()), fn)
}

// CountTouches returns how many touches [Selection.TouchBlocks] would give. Blocks that lie whole inside are not read.
func (s *Selection) CountTouches(p Period) int {
	if s.nothing {
		return 0
	}
	t := &s.b.touch
	p.To = min(p.To, s.AsOf)
	lo, hi := s.reps()
	whole := s.product == None && s.stage == None && s.industry == None
	counts := make([]int, Parts())
	share(column.Blocks(t.len()), func(part, first, last int) {
		for k := first; k < last; k++ {
			if !t.days.Meets(k, p.From, p.To) || !t.reps.Meets(k, lo, hi) {
				continue
			}
			if whole && t.dead.Block(k) == nil && t.days.Within(k, p.From, p.To) && (s.Lo == 0 || s.whole(t.reps.Min[k], t.reps.Max[k])) {
				counts[part] += len(t.day.Block(k))
				continue
			}
			s.touchBlocks(p, k, k+1, func(_ int, rows []int32) bool { counts[part] += len(rows); return true })
		}
	})
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// ShareWholeTouches is [Selection.ShareTouches] for kernels that are quicker where no row must be chosen: whole is called with a block all of whose rows count, some with
// the rows of any other.
func (s *Selection) ShareWholeTouches(p Period, whole func(part, k int), some func(part, k int, rows []int32)) int {
	t := &s.b.touch
	p.To = min(p.To, s.AsOf)
	lo, hi := s.reps()
	plain := s.product == None && s.stage == None && s.industry == None
	return share(column.Blocks(t.len()), func(part, first, last int) {
		if s.nothing {
			return
		}
		for k := first; k < last; k++ {
			switch {
			case !t.days.Meets(k, p.From, p.To) || !t.reps.Meets(k, lo, hi):
			case plain && t.dead.Block(k) == nil && t.days.Within(k, p.From, p.To) && (s.Lo == 0 || s.whole(t.reps.Min[k], t.reps.Max[k])):
				whole(part, k)
			default:
				s.touchBlocks(p, k, k+1, func(_ int, rows []int32) bool { some(part, k, rows); return true })
			}
		}
	})
}

func (s *Selection) touchBlocks(p Period, begin, end int, fn func(k int, rows []int32) bool) {
	if s.nothing {
		return
	}
	b, t := s.b, &s.b.touch
	from, to := p.From, min(p.To, s.AsOf)
	if from > to {
		return
	}
	lo, hi := s.reps()
	var buf []int32
	fine := s.product != None || s.stage != None || s.industry != None
	for k := begin; k < end; k++ {
		if !t.days.Meets(k, from, to) || !t.reps.Meets(k, lo, hi) {
			continue
		}
		if buf == nil {
			buf = make([]int32, column.Rows)
		}
		first, n := int32(k<<column.Shift), 0
		days, reps := t.day.Block(k), t.Rep.Block(k)
		reps = reps[:len(days)]
		switch {
		case s.on != nil:
			last, on := days[0]+1, false
			for j, day := range days {
				if day != last { // a rep's touches of a day lie together
					last, on = day, day >= from && day <= to && s.on(day)
				}
				buf[n&(column.Rows-1)] = first + int32(j)
				if on && (s.Lo == 0 || s.Inside(b.PersonNode(reps[j]))) {
					n++
				}
			}
		case t.days.Within(k, from, to) && s.Lo == 0: // the whole company: every rep, known or not, hangs somewhere
			for j := range days {
				buf[j&(column.Rows-1)] = first + int32(j)
			}
			n = len(days)
		case s.Lo == 0:
			for j, day := range days {
				buf[n&(column.Rows-1)] = first + int32(j)
				if day >= from && day <= to {
					n++
				}
			}
		default:
			for j, day := range days {
				if day >= from && day <= to {
					node := b.PersonNode(reps[j])
					buf[n&(column.Rows-1)] = first + int32(j)
					if node >= s.Lo && node < s.Hi {
						n++
					}
				}
			}
		}
		rows := buf[:n]
		if t.dead.Block(k) != nil || fine {
			m := 0
			for _, i := range rows {
				if !t.dead.Has(int(i)) && (!fine || s.touch(int(i))) {
					rows[m] = i
					m++
				}
			}
			rows = rows[:m]
		}
		if len(rows) > 0 && !fn(k, rows) {
			return
		}
	}
}

// ShareSales calls fn with the rows of the sales lines of each of some periods that do not overlap, up to the as-of day, whose rep hangs in the subtree; span is
// the period's index, and all rows of a call lie in block k. A product is the line's, an industry its account's; a stage does not narrow. It runs on several
// goroutines where there are many lines, each with a part number below [Parts], and returns how many parts there were. rows is reused between calls.
func (s *Selection) ShareSales(periods []Period, fn func(part, span, k int, rows []int32)) int {
	b, t := s.b, &s.b.sale
	lo, hi := s.reps()
	return share(column.Blocks(t.len()), func(part, begin, end int) {
		if s.nothing {
			return
		}
		var buf []int32
		for k := begin; k < end; k++ {
			if !t.reps.Meets(k, lo, hi) {
				continue
			}
			for span, p := range periods {
				from, to := p.From, min(p.To, s.AsOf)
				if from > to || !t.days.Meets(k, from, to) {
					continue
				}
				if buf == nil {
					buf = make([]int32, column.Rows)
				}
				first, n := int32(k<<column.Shift), 0
				days, reps := t.day.Block(k), t.Rep.Block(k)
				reps = reps[:len(days)]
				inside := t.days.Within(k, from, to)
				if inside && (s.Lo == 0 || s.whole(t.reps.Min[k], t.reps.Max[k])) {
					for j := range days {
						buf[j&(column.Rows-1)] = first + int32(j)
					}
					n = len(days)
				} else {
					for j, day := range days {
						if !inside && (day < from || day > to) {
							continue
						}
						if node := b.PersonNode(reps[j]); node >= s.Lo && node < s.Hi {
							buf[n] = first + int32(j)
							n++
						}
					}
				}
				rows := buf[:n]
				if t.dead.Block(k) != nil || s.product != None || s.industry != None {
					m := 0
					for _, i := range rows {
						if !t.dead.Has(int(i)) && (s.product == None || t.Product.At(int(i)) == s.product) &&
							(s.industry == None || b.industryOf(t.Account.At(int(i))) == s.industry) {
							rows[m] = i
							m++
						}
					}
					rows = rows[:m]
				}
				if len(rows) > 0 {
					fn(part, span, k, rows)
				}
			}
		}
	})
}

// whole reports whether everybody with a Code from lo to hi hangs in the subtree.
func (s *Selection) whole(lo, hi Code) bool {
	if lo < 0 || hi-lo > 256 {
		return false
	}
	for c := lo; c <= hi; c++ {
		if !s.Inside(s.b.PersonNode(c)) {
			return false
		}
	}
	return true
}

// reps returns the least and the greatest Code of those who hang in the subtree: what a zone is compared with. In the subtree with the unassigned, nobody
// and people without a record hang too: then it is everybody.
func (s *Selection) reps() (lo, hi Code) {
	b := s.b
	if s.Inside(b.unassigned) {
		return None, 1<<31 - 1
	}
	lo, hi = 1<<31-1, None
	for _, n := range b.nodes[s.Lo:s.Hi] {
		if n.Person != None {
			lo, hi = min(lo, n.Person), max(hi, n.Person)
		}
	}
	return lo, hi
}
