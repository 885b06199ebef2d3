package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"flightdeck/store/company"
)

// bytesPerFact is what building the Book takes for each touch and sales line, before it is folded and only mapped, with room for the collector: a guard, not a figure.
const bytesPerFact = 500

// enough refuses a size that this machine cannot hold, before it starts to swap or is killed.
func enough(s company.Size) error {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return nil // not Linux: nobody says
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kb); n == 1 {
			if need := int64(s.Touches+s.Sales) * bytesPerFact; need > kb<<10 {
				return fmt.Errorf("build book: about %d GB are needed and %d GB are free; take a smaller -size", need/1e9, kb<<10/1e9)
			}
		}
	}
	return nil
}

// agree demands that all peers give the same answer to every parameter set, and says where the first one differs. It returns how long each took.
func agree(q *question, sets []params, all []peer) (times [][][]float64, err error) {
	times = make([][][]float64, len(all))
	for k := range all {
		times[k] = make([][]float64, len(sets))
	}
	for i := range sets {
		p := &sets[i]
		var want [][]int64
		for k, x := range all {
			if k > 0 && !q.asks(x) {
				continue
			}
			if o, ok := x.(*ours); ok && q.ready != nil {
				q.ready(o, p)
			}
			t := time.Now()
			a, err := x.ask(q, p)
			if err != nil {
				return nil, err
			}
			times[k][i] = append(times[k][i], ms(time.Since(t)))
			got := x.rows(q, p, a)
			slices.SortFunc(got, slices.Compare[[]int64])
			if k == 0 {
				if want = got; len(want) == 0 {
					return nil, fmt.Errorf("%s %s: the answer is empty, so that comparing says nothing", q.name, describe(p))
				}
				continue
			}
			if err := differ(want, got); err != nil {
				return nil, fmt.Errorf("%s %s: %s and %s differ: %w", q.name, describe(p), all[0].name(), x.name(), err)
			}
		}
	}
	return times, nil
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func describe(p *params) string {
	return strings.TrimSpace(fmt.Sprintf("[%s %s %v]", p.scope, p.q, p.by))
}

func differ(want, got [][]int64) error {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("row %d of %d is missing: %v", i, len(want), want[i])
		case i >= len(want):
			return fmt.Errorf("row %d is too much: %v", i, got[i])
		case !slices.Equal(want[i], got[i]):
			return errors.Join(fmt.Errorf("row %d", i), fmt.Errorf("  %v", want[i]), fmt.Errorf("  %v", got[i]))
		}
	}
	return nil
}

// asks reports whether a database is asked the question.
func (q *question) asks(x peer) bool { return q.only == "" || q.only == x.name() }

// result is one question's times: of every peer the median of each parameter set.
type result struct {
	q       *question
	medians [][]float64 // peer → set → ms
	fastest [][]float64 // likewise
	all     [][]float64 // peer → every measurement, ms
}

// ratio is how many times as long as ours peer k took: of the parameter sets, the one in the middle.
func (r *result) ratio(k int) float64 {
	var v []float64
	for i, ours := range r.medians[0] {
		v = append(v, r.medians[k][i]/ours)
	}
	return quantile(v, .5)
}

// slow is how many ms a pass over the parameter sets may take: a peer beyond it is measured once, without looking for its fastest way, and one
// beyond verySlow not again after its first answer.
const slow, verySlow = 600., 3000.

// measure asks in turns, so that what else the machine does meets all peers alike, each until its budget is used up and at least three times
// (but see slow).
// first are the times that agree took: a warm-up, but all there is of who is slow.
func measure(q *question, sets []params, all []peer, first [][][]float64, budget time.Duration, rounds int) (result, error) {
	r := result{q: q, medians: make([][]float64, len(all)), fastest: make([][]float64, len(all)), all: make([][]float64, len(all))}
	times, used := first, make([]time.Duration, len(all))
	done, once := make([]bool, len(all)), make([]bool, len(all))
	for k, x := range all {
		if done[k] = k > 0 && !q.asks(x); done[k] {
			continue
		}
		var pass float64
		for i := range sets {
			pass += first[k][i][0]
		}
		if done[k] = pass > verySlow && !q.heavy; done[k] {
			continue
		}
		times[k] = make([][]float64, len(sets))
		if pass > slow {
			once[k] = true
		} else if d, ok := x.(*database); ok {
			if err := d.settle(q, sets); err != nil {
				return r, err
			}
		}
	}
	for round := range rounds {
		for k, x := range all {
			if done[k] || round > 0 && once[k] || round >= 3 && used[k] > budget {
				continue
			}
			for i := range sets {
				t := time.Now()
				if _, err := x.ask(q, &sets[i]); err != nil {
					return r, err
				}
				d := time.Since(t)
				used[k] += d
				times[k][i] = append(times[k][i], ms(d))
			}
		}
	}
	for k, x := range all {
		if k > 0 && !q.asks(x) {
			continue
		}
		for i := range sets {
			r.medians[k] = append(r.medians[k], quantile(times[k][i], .5))
			r.fastest[k] = append(r.fastest[k], times[k][i][0]) // sorted by now
			r.all[k] = append(r.all[k], times[k][i]...)
		}
	}
	return r, nil
}

// quantile sorts v.
func quantile(v []float64, q float64) float64 {
	slices.Sort(v)
	return v[max(0, int(math.Ceil(q*float64(len(v))))-1)]
}

// report writes the tables and the figures.
func report(all []peer, results []result) string {
	w := &strings.Builder{}
	fmt.Fprintln(w, "# statements prepared, or * as literal text; ¹ ⁺ the same with one thread: whichever was fastest")
	grid(w, "median ms", all, results, func(r *result, k int) float64 { return quantile(slices.Clone(r.medians[k]), .5) })
	// On a machine that does something else as well, the fastest of the repetitions says more.
	grid(w, "fastest ms", all, results, func(r *result, k int) float64 { return quantile(slices.Clone(r.fastest[k]), .5) })
	fmt.Fprintf(w, "answers_equal value=%d target=%d ok\n", len(results), len(results))
	var p99 []float64
	for _, r := range results {
		for k, x := range all[1:] {
			if !r.q.asks(x) {
				continue
			}
			ratio := r.ratio(k + 1)
			name := r.q.name + "_times_" + x.name()
			switch {
			case x.name() != "duckdb", r.q.target == 0:
				fmt.Fprintf(w, "# %s %.2f\n", name, ratio)
			case r.q.missing:
				fmt.Fprintf(w, "%s value=missing target=%g short\n", name, r.q.target)
			default:
				fmt.Fprintf(w, "%s value=%.2f target=%g %s\n", name, ratio, r.q.target, verdict(ratio >= r.q.target))
			}
		}
		if !r.q.missing {
			v := quantile(slices.Clone(r.all[0]), .99)
			limit := cmp.Or(r.q.limit, 16)
			fmt.Fprintf(w, "%s_p99_ms value=%.2f target=%g %s\n", r.q.name, v, limit, verdict(v < limit))
			if limit <= 16 { // a replay is no key
				p99 = append(p99, v)
			}
		}
	}
	if len(p99) > 0 {
		worst := slices.Max(p99)
		fmt.Fprintf(w, "any_question_p99_ms value=%.2f target=16 %s\n", worst, verdict(worst < 16))
	}
	return w.String()
}

// grid prints a figure of every question and peer, the median over the parameter sets.
func grid(w *strings.Builder, title string, all []peer, results []result, figure func(r *result, k int) float64) {
	fmt.Fprintf(w, "# %-14s", title)
	for _, x := range all {
		fmt.Fprintf(w, "%14s", x.name())
	}
	fmt.Fprintln(w)
	for i := range results {
		r := &results[i]
		fmt.Fprintf(w, "# %-14s", r.q.name)
		for k, x := range all {
			if k > 0 && !r.q.asks(x) {
				fmt.Fprintf(w, "%13s ", "-")
				continue
			}
			mark := " "
			if d, ok := x.(*database); ok && d.best[r.q.name].label != "" {
				mark = d.best[r.q.name].label
			}
			fmt.Fprintf(w, "%13.3f%s", figure(r, k), mark)
		}
		if r.q.missing {
			fmt.Fprint(w, "   ours: no analysis yet, a plain walk over the Book")
		}
		fmt.Fprintln(w)
	}
}

func verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "short"
}
