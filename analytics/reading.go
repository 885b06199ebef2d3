package analytics

import (
	"encoding/binary"
	"iter"
	"math"
	"slices"

	"flightdeck/store"
)

// The values of a reading lie in one piece: the measure's code in Book.labels as four bytes, the number as eight, by code. A measure whose value was no number has the
// one NaN that no reading can hold.

const packedValue = 12

func (e *editor) packValues(v *store.Reading) string {
	codes := make([]Code, 0, len(v.Values)+len(v.Mistyped))
	value := make(map[Code]float64, len(v.Values)+len(v.Mistyped))
	put := func(name string, x float64) {
		if c := e.word(ownLabel, &e.b.labels, name); c != None {
			if _, ok := value[c]; !ok {
				codes = append(codes, c)
			}
			value[c] = x
		}
	}
	for name, x := range v.Values {
		put(name, x)
	}
	for _, name := range v.Mistyped {
		put(name, math.NaN())
	}
	slices.Sort(codes)
	out := make([]byte, 0, packedValue*len(codes))
	for _, c := range codes {
		out = binary.LittleEndian.AppendUint32(out, uint32(c))
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(value[c]))
	}
	return string(out)
}

func (e *editor) addReading(v *store.Reading) {
	if !e.enter(store.EntityReading, v.ID, true) {
		return
	}
	account, values := e.account(v.Account), e.packValues(v)
	m := &e.b.reading
	thawFact(e, store.EntityReading, &m.fact, m)
	row := m.put(v.ID, v.Day)
	m.account.Append(account)
	m.seen.Append(micros(v.Seen))
	m.values.Append(values)
	e.readings.in(account+1, row)
	e.entered(store.EntityReading, v.ID, row)
}

func (e *editor) addEvaluation(v *store.Evaluation) {
	if !e.enter(store.EntityEvaluation, v.ID, true) {
		return
	}
	account := e.account(v.Account)
	inputs := make([]byte, 0, 17*len(v.Inputs))
	for _, in := range v.Inputs {
		inputs = binary.LittleEndian.AppendUint32(inputs, uint32(e.word(ownLabel, &e.b.labels, in.Name)))
		inputs = binary.LittleEndian.AppendUint64(inputs, math.Float64bits(in.Value))
		inputs = binary.LittleEndian.AppendUint32(append(inputs, byte(in.State)), uint32(in.Day))
	}
	label := func(s string) Code { return e.word(ownLabel, &e.b.labels, s) }
	rule, grade, would, why := label(v.Rule), label(string(v.Grade)), label(string(v.Would)), label(v.Why)
	x := &e.b.judged
	thawFact(e, store.EntityEvaluation, &x.fact, x)
	row := x.put(v.ID, v.Day)
	x.account.Append(account)
	x.rule.Append(rule)
	x.grade.Append(grade)
	x.would.Append(would)
	x.why.Append(why)
	x.at.Append(micros(v.At))
	x.score.Append(v.Score)
	x.health.Append(int64(v.Health))
	x.held.Append(v.Held)
	x.inputs.Append(string(inputs))
	e.judged.in(account+1, row)
	e.entered(store.EntityEvaluation, v.ID, row)
}

func (e *editor) addSignal(v *store.Signal) {
	if !e.enter(store.EntitySignal, v.ID, true) {
		return
	}
	account, kind := e.account(v.Account), e.word(ownLabel, &e.b.labels, v.Kind)
	s := &e.b.signal
	thawFact(e, store.EntitySignal, &s.fact, s)
	row := s.put(v.ID, store.DayOf(v.At, e.b.loc))
	s.account.Append(account)
	s.kind.Append(kind)
	s.at.Append(micros(v.At))
	s.seen.Append(micros(v.Seen))
	s.title.Append(v.Title)
	s.text.Append(v.Text)
	s.url.Append(v.URL)
	s.watch.Append(v.Watch)
	e.signals.in(account+1, row)
	e.entered(store.EntitySignal, v.ID, row)
}

// HasReadings reports whether any source measures accounts.
func (b *Book) HasReadings() bool { return b.reading.alive() > 0 }

// Measure returns the code of a measure in [Book.Measured]; None when nobody ever gave it.
func (b *Book) Measure(name string) Code {
	if c, ok := b.labels.find(store.ID(name)); ok {
		return c
	}
	return None
}

type measureNames struct{}

// Measures returns the names of all measures that any reading ever held, in order. It walks over all readings once per Book: some hundred milliseconds per million.
func (b *Book) Measures() []string {
	return Memo(b, measureNames{}, func() []string {
		seen := map[Code]bool{}
		for i := range b.reading.len() {
			if b.reading.dead.Has(i) {
				continue
			}
			for c := range (Values{packed: b.reading.values.At(i)}).Each {
				seen[c] = true
			}
		}
		names := make([]string, 0, len(seen))
		for c := range seen {
			names = append(names, string(b.labels.id(c)))
		}
		slices.Sort(names)
		return names
	})
}

// Measured calls yield with an account's readings, oldest first, each with its day, the moment it was learned in microseconds since 1970, and its values by
// measure. It copies nothing and is what walks over all accounts read; the values are valid until yield returns.
func (b *Book) Measured(account Code) iter.Seq2[Day, Values] {
	return func(yield func(Day, Values) bool) {
		m := &b.reading
		for _, r := range b.readingsOf.Of(int(account) + 1) {
			if i := int(r); !yield(m.day.At(i), Values{m.values.At(i), m.seen.At(i)}) {
				return
			}
		}
	}
}

// Values are those of one reading.
type Values struct {
	packed string
	Seen   int64 // microseconds since 1970; 0 unknown
}

// Each calls yield with each measure's code and value, by code. The value is not a number where the source gave none.
func (v Values) Each(yield func(measure Code, value float64) bool) {
	for p := v.packed; len(p) >= packedValue; p = p[packedValue:] {
		if !yield(Code(le32(p)), math.Float64frombits(le64(p[4:]))) {
			return
		}
	}
}

func le32(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
func le64(s string) uint64 { return uint64(le32(s)) | uint64(le32(s[4:]))<<32 }

// Readings calls yield with an account's readings as records, oldest first. The record and its map are the caller's.
func (b *Book) Readings(account Code) iter.Seq2[Day, *store.Reading] {
	return func(yield func(Day, *store.Reading) bool) {
		m := &b.reading
		for _, r := range b.readingsOf.Of(int(account) + 1) {
			i := int(r)
			v := &store.Reading{ID: store.ID(m.id.At(i)), Account: b.accounts.ids.id(account), Day: m.day.At(i), Seen: instant(m.seen.At(i))}
			for c, x := range (Values{packed: m.values.At(i)}).Each {
				name := string(b.labels.id(c))
				if math.IsNaN(x) {
					v.Mistyped = append(v.Mistyped, name)
					continue
				}
				if v.Values == nil {
					v.Values = map[string]float64{}
				}
				v.Values[name] = x
			}
			slices.Sort(v.Mistyped)
			if !yield(v.Day, v) {
				return
			}
		}
	}
}

// Evaluations calls yield with an account's evaluations, oldest first. The record is the caller's.
func (b *Book) Evaluations(account Code) iter.Seq2[Day, *store.Evaluation] {
	return func(yield func(Day, *store.Evaluation) bool) {
		for _, r := range b.judgedOf.Of(int(account) + 1) {
			v := b.evaluation(int(r))
			if !yield(v.Day, v) {
				return
			}
		}
	}
}

// EvaluationAt returns an account's latest evaluation as of a day up to and including day; nil when there is none.
func (b *Book) EvaluationAt(account Code, day Day) *store.Evaluation {
	list := b.judgedOf.Of(int(account) + 1)
	for k := len(list) - 1; k >= 0; k-- {
		if b.judged.day.At(int(list[k])) <= day {
			return b.evaluation(int(list[k]))
		}
	}
	return nil
}

// JudgedAt tells of an account's latest evaluation up to and including day the health index, -1 unknown, and whether it left the grade alone; ok is false when there is none. It makes no
// record: it is what walks over all accounts ask.
func (b *Book) JudgedAt(account Code, day Day) (health int, held, ok bool) {
	x, list := &b.judged, b.judgedOf.Of(int(account)+1)
	for k := len(list) - 1; k >= 0; k-- {
		if i := int(list[k]); x.day.At(i) <= day {
			return int(x.health.At(i)), x.held.At(i), true
		}
	}
	return -1, false, false
}

// Judged returns how many rows of evaluations there are, dead ones included; JudgedRow the record of one, nil where it is dead. They lie by account and day where
// the store was folded, and else as they came.
func (b *Book) Judged() int { return b.judged.len() }

// JudgedRow returns the evaluation in a row; nil when it was deleted or replaced. The record is the caller's.
func (b *Book) JudgedRow(i int) *store.Evaluation {
	if b.judged.dead.Has(i) {
		return nil
	}
	return b.evaluation(i)
}

func (b *Book) evaluation(i int) *store.Evaluation {
	x := &b.judged
	label := func(c Code) string { return string(b.labels.id(c)) }
	v := &store.Evaluation{ID: store.ID(x.id.At(i)), Account: b.accounts.ids.id(x.account.At(i)), At: instant(x.at.At(i)), Day: x.day.At(i), Rule: label(x.rule.At(i)), Score: x.score.At(i),
		Health: int(x.health.At(i)), Grade: store.Grade(label(x.grade.At(i))), Would: store.Grade(label(x.would.At(i))), Held: x.held.At(i), Why: label(x.why.At(i))}
	for p := x.inputs.At(i); len(p) >= 17; p = p[17:] {
		v.Inputs = append(v.Inputs, store.Input{Name: label(Code(le32(p))), Value: math.Float64frombits(le64(p[4:])), State: store.InputState(p[12]), Day: Day(le32(p[13:]))})
	}
	return v
}

// Signals calls yield with what was seen of an account outside the CRM, oldest first; account None: what belongs to nobody yet. The record is reused between
// calls: copy what you keep.
func (b *Book) Signals(account Code) iter.Seq2[Day, *store.Signal] {
	return func(yield func(Day, *store.Signal) bool) {
		s, v := &b.signal, store.Signal{Account: b.accounts.ids.id(account)}
		for _, r := range b.signalsOf.Of(int(account) + 1) {
			i := int(r)
			v.ID, v.Kind, v.Title, v.Text = store.ID(s.id.At(i)), string(b.labels.id(s.kind.At(i))), s.title.At(i), s.text.At(i)
			v.URL, v.Watch, v.At, v.Seen = s.url.At(i), s.watch.At(i), instant(s.at.At(i)), instant(s.seen.At(i))
			if !yield(s.day.At(i), &v) {
				return
			}
		}
	}
}

// SignalsSince returns the accounts of which a signal was learned after a moment in microseconds since 1970, by Code and each once, and when the newest of them was learned
// (the moment itself when there is none). It walks over all signals.
func (b *Book) SignalsSince(moment int64) (accounts []Code, newest int64) {
	newest = moment
	for i := range b.signal.len() {
		if seen := b.signal.seen.At(i); seen > moment && !b.signal.dead.Has(i) {
			newest = max(newest, seen)
			if c := b.signal.account.At(i); c != None {
				accounts = append(accounts, c)
			}
		}
	}
	slices.Sort(accounts)
	return slices.Compact(accounts), newest
}
