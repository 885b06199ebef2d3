package funnel

import "slices"

// spans is a heap of lengths in days, of which only the median is asked: counts up to near days, the few longer ones one by one. Sorting a hundred
// thousand stays would take longer than finding them.
type spans struct {
	n     int
	count []int32
	far   []int
}

const near = 2048

// add adds a length n times, or takes one away that was added.
func (s *spans) add(days, n int) {
	s.n += n
	if days < 0 || days >= near {
		for ; n > 0; n-- {
			s.far = append(s.far, days)
		}
		for ; n < 0; n++ {
			i := slices.Index(s.far, days)
			s.far = slices.Delete(s.far, i, i+1)
		}
		return
	}
	if days >= len(s.count) {
		s.count = append(s.count, make([]int32, min(near, days+days/2+16)-len(s.count))...)
	}
	s.count[days] += int32(n)
}

func (s *spans) merge(o *spans) {
	s.n += o.n
	if len(o.count) > len(s.count) {
		s.count = append(s.count, make([]int32, len(o.count)-len(s.count))...)
	}
	for d, n := range o.count {
		s.count[d] += n
	}
	s.far = append(s.far, o.far...)
}

// at returns the ith length in order; s.far is sorted.
func (s *spans) at(i int) int {
	before := 0 // of far: those below zero
	for before < len(s.far) && s.far[before] < 0 {
		before++
	}
	if i < before {
		return s.far[i]
	}
	i -= before
	for d, n := range s.count {
		if i < int(n) {
			return d
		}
		i -= int(n)
	}
	return s.far[before+i]
}

// median returns the middle length, the mean of the middle two of an even number; -1 for none.
func (s *spans) median() float64 {
	if s.n == 0 {
		return -1
	}
	slices.Sort(s.far)
	m := s.n / 2
	if s.n%2 == 1 {
		return float64(s.at(m))
	}
	return float64(s.at(m-1)+s.at(m)) / 2
}
