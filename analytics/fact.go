package analytics

import (
	"cmp"
	"slices"
	"strings"

	"flightdeck/store"
)

func (e *editor) thawChanges() {
	if !e.own(store.EntityChange) {
		return
	}
	c := &e.b.change
	c.ids, c.row = c.ids.edit(), slices.Clone(c.row)
	if !c.tail.claim(len(c.deal)) {
		c.deal, c.field, c.old, c.new = slices.Clip(c.deal), slices.Clip(c.field), slices.Clip(c.old), slices.Clip(c.new)
		c.oldCur, c.newCur, c.at, c.seen = slices.Clip(c.oldCur), slices.Clip(c.newCur), slices.Clip(c.at), slices.Clip(c.seen)
		c.day, c.by, c.only, c.first = slices.Clip(c.day), slices.Clip(c.by), slices.Clip(c.only), slices.Clip(c.first)
		c.key, c.dead = slices.Clip(c.key), slices.Clip(c.dead)
	}
	c.tail = nil
}

// grow makes room for n more rows.
func (c *changeCols) grow(n int) {
	c.ids.ids, c.row = slices.Grow(c.ids.ids, n), slices.Grow(c.row, n)
	c.deal, c.field, c.old, c.new = slices.Grow(c.deal, n), slices.Grow(c.field, n), slices.Grow(c.old, n), slices.Grow(c.new, n)
	c.oldCur, c.newCur, c.at, c.seen = slices.Grow(c.oldCur, n), slices.Grow(c.newCur, n), slices.Grow(c.at, n), slices.Grow(c.seen, n)
	c.day, c.by, c.only, c.first = slices.Grow(c.day, n), slices.Grow(c.by, n), slices.Grow(c.only, n), slices.Grow(c.first, n)
	c.key, c.dead = slices.Grow(c.key, n), slices.Grow(c.dead, n)
}

// addChange takes a step of history. One without a moment or of an undeclared field says nothing that could be placed, and is left out.
func (e *editor) addChange(v *store.Change) {
	if v.At.IsZero() || !v.Field.Valid() || v.Deal == "" {
		if !e.once {
			e.dropChange(v.Key()) // it may have said something before
		}
		return
	}
	e.thawChanges()
	c := &e.b.change
	id, fresh := e.factID(&c.ids, v.Key())
	row := int32(len(c.deal))
	if fresh {
		c.row = append(c.row, row)
	} else {
		if old := c.row[id]; old >= 0 {
			e.kill(store.EntityChange, &c.dead, old)
			e.changes.out(c.deal[old], old)
			e.touchDeal(c.deal[old])
		}
		c.row[id] = row
	}
	deal := e.deal(v.Deal)
	oldV, oldC := e.value(v.Field, v.From)
	newV, newC := e.value(v.Field, v.To)
	if n := len(c.deal); n == cap(c.deal) && e.bulk {
		c.grow(n)
	}
	c.deal, c.field = append(c.deal, deal), append(c.field, v.Field)
	c.old, c.oldCur = append(c.old, oldV), append(c.oldCur, oldC)
	c.new, c.newCur = append(c.new, newV), append(c.newCur, newC)
	c.at, c.seen = append(c.at, millis(v.At)), append(c.seen, millis(v.Seen))
	c.day, c.by = append(c.day, store.DayOf(v.At, e.b.loc)), append(c.by, e.person(v.By))
	c.only, c.first = append(c.only, v.DayOnly), append(c.first, v.From == "")
	c.key, c.dead = append(c.key, id), append(c.dead, false)
	e.changes.in(deal, row)
	e.touchDeal(deal)
}

func (e *editor) dropChange(id store.ID) {
	e.thawChanges() // before looking: a loaded dict makes its map only now
	c := &e.b.change
	k, ok := c.ids.find(id)
	if !ok || c.row[k] < 0 {
		return
	}
	row := c.row[k]
	e.kill(store.EntityChange, &c.dead, row)
	e.changes.out(c.deal[row], row)
	e.touchDeal(c.deal[row])
	c.row[k] = -1
}

// value reads a change's text in the store's notation; what cannot be read counts as not given.
func (e *editor) value(f store.Field, text string) (int64, store.Currency) {
	switch f {
	case store.FieldStage:
		return int64(e.stage(store.ID(text))), ""
	case store.FieldOwner:
		return int64(e.person(store.ID(text))), ""
	case store.FieldAmount:
		if amount, cur, ok := strings.Cut(text, " "); ok {
			if m, err := store.ParseMoney(amount, store.Currency(cur)); err == nil {
				return m.Minor, m.Currency
			}
		}
		return 0, ""
	case store.FieldClose:
		if d, err := store.ParseDay(text); err == nil {
			return int64(d), ""
		}
		return int64(store.NoDay), ""
	case store.FieldCategory:
		c, _ := store.ParseCategory(text)
		return int64(c), ""
	}
	return 0, ""
}

// orderChanges sorts a deal's run by moment. Steps of one field at the same moment, which sources that know only the date give, are
// chained: the one that begins where the one before ended comes first.
func (b *Book) orderChanges(run []int32) {
	c := &b.change
	key := func(r int32) store.ID { return c.ids.ids[c.key[r]] }
	slices.SortFunc(run, func(x, y int32) int {
		if o := cmp.Or(cmp.Compare(c.at[x], c.at[y]), cmp.Compare(c.field[x], c.field[y])); o != 0 {
			return o
		}
		return byID(key(x), key(y))
	})
	for i := 0; i < len(run); {
		j := i + 1
		for j < len(run) && c.at[run[j]] == c.at[run[i]] && c.field[run[j]] == c.field[run[i]] {
			j++
		}
		if j-i > 1 && j-i < 64 {
			b.chain(run[:i], run[i:j])
		}
		i = j
	}
}

func (b *Book) chain(before, tie []int32) {
	c := &b.change
	same := func(x, y int64, cx, cy store.Currency) bool { return x == y && cx == cy }
	prev := int32(-1)
	for i := len(before) - 1; i >= 0 && prev < 0; i-- {
		if c.field[before[i]] == c.field[tie[0]] {
			prev = before[i]
		}
	}
	for k := range tie {
		pick := -1
		for i := k; i < len(tie); i++ {
			r := tie[i]
			if prev >= 0 && same(c.old[r], c.new[prev], c.oldCur[r], c.newCur[prev]) {
				pick = i
				break
			}
			if prev >= 0 || pick >= 0 {
				continue
			}
			head := true // nothing known before: begin with the one that no other leads to
			for o := k; o < len(tie); o++ {
				head = head && (o == i || !same(c.new[tie[o]], c.old[r], c.newCur[tie[o]], c.oldCur[r]))
			}
			if head {
				pick = i
			}
		}
		if pick > k {
			r := tie[pick]
			copy(tie[k+1:pick+1], tie[k:pick])
			tie[k] = r
		}
		prev = tie[k]
	}
}

func (e *editor) thawTouches() {
	if !e.own(store.EntityTouch) {
		return
	}
	t := *e.b.touch
	e.b.touch = &t
	t.ids, t.row = t.ids.edit(), slices.Clone(t.row)
	if !t.tail.claim(len(t.ID)) {
		t.ID, t.Rep, t.Account, t.Deal = slices.Clip(t.ID), slices.Clip(t.Rep), slices.Clip(t.Account), slices.Clip(t.Deal)
		t.Contact, t.Day, t.Minute, t.At = slices.Clip(t.Contact), slices.Clip(t.Day), slices.Clip(t.Minute), slices.Clip(t.At)
		t.Seen, t.Logged, t.Length = slices.Clip(t.Seen), slices.Clip(t.Logged), slices.Clip(t.Length)
		t.Channel, t.Sentiment, t.Topic = slices.Clip(t.Channel), slices.Clip(t.Sentiment), slices.Clip(t.Topic)
		t.Area, t.Note, t.Lat, t.Lng, t.Dead = slices.Clip(t.Area), slices.Clip(t.Note), slices.Clip(t.Lat), slices.Clip(t.Lng), slices.Clip(t.Dead)
	}
	t.tail = nil
}

// grow makes room for n more rows.
func (t *TouchBlock) grow(n int) {
	t.ids.ids, t.row = slices.Grow(t.ids.ids, n), slices.Grow(t.row, n)
	t.ID, t.Rep, t.Account, t.Deal = slices.Grow(t.ID, n), slices.Grow(t.Rep, n), slices.Grow(t.Account, n), slices.Grow(t.Deal, n)
	t.Contact, t.Day, t.Minute, t.At = slices.Grow(t.Contact, n), slices.Grow(t.Day, n), slices.Grow(t.Minute, n), slices.Grow(t.At, n)
	t.Seen, t.Logged, t.Length = slices.Grow(t.Seen, n), slices.Grow(t.Logged, n), slices.Grow(t.Length, n)
	t.Channel, t.Sentiment, t.Topic = slices.Grow(t.Channel, n), slices.Grow(t.Sentiment, n), slices.Grow(t.Topic, n)
	t.Area, t.Note, t.Lat, t.Lng, t.Dead = slices.Grow(t.Area, n), slices.Grow(t.Note, n), slices.Grow(t.Lat, n), slices.Grow(t.Lng, n), slices.Grow(t.Dead, n)
}

// addTouch takes a touch. One without a moment has no place in any answer and is left out.
func (e *editor) addTouch(v *store.Touch) {
	if v.ID == "" || v.At.IsZero() {
		if !e.once {
			e.dropTouch(v.ID)
		}
		return
	}
	e.thawTouches()
	b, t := e.b, e.b.touch
	id, fresh := e.factID(&t.ids, v.ID)
	row := int32(len(t.ID))
	if fresh {
		t.row = append(t.row, row)
	} else {
		if old := t.row[id]; old >= 0 {
			e.kill(store.EntityTouch, &t.Dead, old)
			e.unlist(t, old)
		}
		t.row[id] = row
	}
	at := v.At.In(b.loc)
	minute := int16(-1)
	if !v.DayOnly {
		minute = int16(at.Hour()*60 + at.Minute())
	}
	account, deal := e.account(v.Account), e.deal(v.Deal)
	if n := len(t.ID); n == cap(t.ID) && e.bulk {
		t.grow(n)
	}
	t.ID, t.Rep, t.Contact = append(t.ID, v.ID), append(t.Rep, e.person(v.Rep)), append(t.Contact, v.Contact)
	t.Account, t.Deal = append(t.Account, account), append(t.Deal, deal)
	t.Day, t.Minute, t.At = append(t.Day, store.DayOf(v.At, b.loc)), append(t.Minute, minute), append(t.At, millis(v.At))
	t.Seen, t.Logged, t.Length = append(t.Seen, millis(v.Seen)), append(t.Logged, millis(v.Logged)), append(t.Length, int32(v.Minutes))
	t.Channel, t.Sentiment = append(t.Channel, v.Channel), append(t.Sentiment, v.Sentiment)
	t.Topic, t.Area = append(t.Topic, e.word(ownTopic, &b.topics, v.Topic)), append(t.Area, e.word(ownArea, &b.areas, v.Area))
	t.Note, t.Lat, t.Lng, t.Dead = append(t.Note, v.Note), append(t.Lat, v.Lat), append(t.Lng, v.Lng), append(t.Dead, false)
	e.touches.in(account, row)
	e.dealTouches.in(deal, row)
	if deal == None {
		e.looseTouches.in(account, row)
	}
}

func (e *editor) unlist(t *TouchBlock, row int32) {
	e.touches.out(t.Account[row], row)
	e.dealTouches.out(t.Deal[row], row)
	if t.Deal[row] == None {
		e.looseTouches.out(t.Account[row], row)
	}
}

func (e *editor) dropTouch(id store.ID) {
	e.thawTouches() // before looking: a loaded dict makes its map only now
	t := e.b.touch
	k, ok := t.ids.find(id)
	if !ok || t.row[k] < 0 {
		return
	}
	row := t.row[k]
	e.kill(store.EntityTouch, &t.Dead, row)
	e.unlist(t, row)
	t.row[k] = -1
}

func (b *Book) orderTouches(run []int32) {
	t := b.touch
	slices.SortFunc(run, func(x, y int32) int {
		if c := cmp.Compare(t.At[x], t.At[y]); c != 0 { // cmp.Or would compare all the IDs too
			return c
		}
		return byID(t.ID[x], t.ID[y])
	})
}

func (b *Book) touchRecord(t *TouchBlock, i int) store.Touch {
	return store.Touch{
		ID: t.ID[i], Account: b.accounts.id(t.Account[i]), Deal: b.deals.id(t.Deal[i]), Contact: t.Contact[i], Rep: b.people.id(t.Rep[i]),
		At: moment(t.At[i]), Seen: moment(t.Seen[i]), Logged: moment(t.Logged[i]), Minutes: int(t.Length[i]), Channel: t.Channel[i],
		Sentiment: t.Sentiment[i], Topic: b.Topic(t.Topic[i]), Note: t.Note[i], Area: b.Area(t.Area[i]), Lat: t.Lat[i], Lng: t.Lng[i],
		DayOnly: t.Minute[i] < 0,
	}
}
