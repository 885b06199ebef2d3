package analytics

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// accounts is one row per account that was read or only named.
type accounts struct {
	ids                              dict
	live                             column.Col[bool]
	owner, industry                  column.Col[Code]
	revenue                          column.Col[int64]
	cur                              column.Col[curCode]
	staff                            column.Col[int64]
	created                          column.Col[Day]
	modified                         column.Col[int64] // microseconds
	name, parent, region, city, more column.Text
	tail                             *tail
	known                            column.Col[Day] // since when the account is known; see Book.KnownSince
}

func (a *accounts) lanes() []named {
	return []named{{"live", &a.live}, {"owner", &a.owner}, {"industry", &a.industry}, {"revenue", &a.revenue}, {"cur", &a.cur}, {"staff", &a.staff},
		{"created", &a.created}, {"modified", &a.modified}, {"name", &a.name}, {"parent", &a.parent}, {"region", &a.region}, {"city", &a.city}, {"more", &a.more}, {"known", &a.known}}
}

func (a *accounts) len() int { return a.live.Len() }

func (a *accounts) isLive(c Code) bool { return c >= 0 && int(c) < a.live.Len() && a.live.At(int(c)) }

func (a *accounts) code(id store.ID) (Code, bool) {
	c, ok := a.ids.find(id)
	if !ok || !a.live.At(int(c)) {
		return None, false
	}
	return c, true
}

// extend gives the accounts that were only named rows that say nothing.
func (a *accounts) extend() {
	n := a.ids.len()
	a.live.Extend(n, false)
	a.owner.Extend(n, None)
	a.industry.Extend(n, None)
	a.revenue.Extend(n, 0)
	a.cur.Extend(n, 0)
	a.staff.Extend(n, 0)
	a.created.Extend(n, 0)
	a.modified.Extend(n, 0)
	a.name.Extend(n, "")
	a.parent.Extend(n, "")
	a.region.Extend(n, "")
	a.city.Extend(n, "")
	a.more.Extend(n, "")
	a.known.Extend(n, store.NoDay)
}

func (a *accounts) gather(from *accounts, order []int32, m *mapping) {
	a.ids = from.ids.gather(order)
	a.live.Gather(&from.live, order, nil)
	a.owner.Gather(&from.owner, order, m.person)
	a.industry.Gather(&from.industry, order, nil)
	a.revenue.Gather(&from.revenue, order, nil)
	a.cur.Gather(&from.cur, order, nil)
	a.staff.Gather(&from.staff, order, nil)
	a.created.Gather(&from.created, order, nil)
	a.modified.Gather(&from.modified, order, nil)
	a.name.Gather(&from.name, order)
	a.parent.Gather(&from.parent, order)
	a.region.Gather(&from.region, order)
	a.city.Gather(&from.city, order)
	a.more.Gather(&from.more, order)
	a.known.Gather(&from.known, order, nil)
}

// gather returns a dict of the IDs that order names, in that order.
func (d *dict) gather(order []int32) (next dict) {
	next.ids.Gather(&d.ids, order)
	next.index = column.NewIndex(&next.ids)
	next.seal(false)
	return next
}

// account returns row c as a record.
func (b *Book) account(c Code) store.Account {
	a, i := &b.accounts, int(c)
	return store.Account{ID: a.ids.id(c), Name: a.name.At(i), Parent: store.ID(a.parent.At(i)), Owner: b.people.id(a.owner.At(i)),
		Industry: b.Industry(a.industry.At(i)), Region: a.region.At(i), City: a.city.At(i), Revenue: b.money(a.revenue.At(i), a.cur.At(i)),
		Staff: int(a.staff.At(i)), Created: a.created.At(i), Modified: instant(a.modified.At(i)), Extra: unpack(a.more.At(i))}
}

// deals is one row per deal that was read or only named.
type deals struct {
	ids                         dict
	live                        column.Col[bool]
	account, owner, product     column.Col[Code]
	stage                       column.Col[Code]
	category                    column.Col[store.Category]
	minor                       column.Col[int64]
	cur                         column.Col[curCode]
	value                       column.Col[int64] // minor, converted; noRate
	made                        column.Col[Day]   // Created of the record
	close                       column.Col[Day]
	modified                    column.Col[int64] // microseconds
	name, lead, next, url, more column.Text
	tail                        *tail
	// What follows from the record and its history:
	created column.Col[Day] // when the deal begins to exist; NoDay: always has
	changed column.Col[Day] // day of the newest change of any field; NoDay without history
	// over is the last day on which anything became of a deal that is won or lost now: its last step or change, or its close if that is later. MaxDay
	// while it is open.
	over column.Col[Day]
	// stepped is the day of the last step into a stage.
	stepped column.Col[Day]
	// touched is the day of the newest touch that names the deal; NoDay without one.
	touched column.Col[Day]
	begun   column.Zone[Day] // of created
	ended   column.Zone[Day] // of over
	// owners says of each block the least and the greatest person that owns or ever owned a deal there.
	owners column.Zone[Code]
}

func (d *deals) lanes() []named {
	return []named{{"live", &d.live}, {"account", &d.account}, {"owner", &d.owner}, {"product", &d.product}, {"stage", &d.stage}, {"category", &d.category},
		{"minor", &d.minor}, {"cur", &d.cur}, {"value", &d.value}, {"made", &d.made}, {"close", &d.close}, {"modified", &d.modified}, {"name", &d.name},
		{"lead", &d.lead}, {"next", &d.next}, {"url", &d.url}, {"more", &d.more}, {"created", &d.created}, {"changed", &d.changed}, {"over", &d.over},
		{"touched", &d.touched}, {"stepped", &d.stepped}}
}

func (d *deals) len() int { return d.live.Len() }

func (d *deals) isLive(c Code) bool { return c >= 0 && int(c) < d.live.Len() && d.live.At(int(c)) }

func (d *deals) code(id store.ID) (Code, bool) {
	c, ok := d.ids.find(id)
	if !ok || !d.live.At(int(c)) {
		return None, false
	}
	return c, true
}

func (d *deals) extend() {
	n := d.ids.len()
	d.live.Extend(n, false)
	d.account.Extend(n, None)
	d.owner.Extend(n, None)
	d.product.Extend(n, None)
	d.stage.Extend(n, None)
	d.category.Extend(n, 0)
	d.minor.Extend(n, 0)
	d.cur.Extend(n, 0)
	d.value.Extend(n, 0)
	d.made.Extend(n, store.NoDay)
	d.close.Extend(n, store.NoDay)
	d.modified.Extend(n, 0)
	d.name.Extend(n, "")
	d.lead.Extend(n, "")
	d.next.Extend(n, "")
	d.url.Extend(n, "")
	d.more.Extend(n, "")
	d.created.Extend(n, store.NoDay)
	d.changed.Extend(n, store.NoDay)
	d.over.Extend(n, store.NoDay)
	d.touched.Extend(n, store.NoDay)
	d.stepped.Extend(n, store.NoDay)
}

func (d *deals) gather(from *deals, order []int32, m *mapping) {
	d.ids = from.ids.gather(order)
	d.live.Gather(&from.live, order, nil)
	d.account.Gather(&from.account, order, m.account)
	d.owner.Gather(&from.owner, order, m.person)
	d.product.Gather(&from.product, order, nil)
	d.stage.Gather(&from.stage, order, nil)
	d.category.Gather(&from.category, order, nil)
	d.minor.Gather(&from.minor, order, nil)
	d.cur.Gather(&from.cur, order, nil)
	d.value.Gather(&from.value, order, nil)
	d.made.Gather(&from.made, order, nil)
	d.close.Gather(&from.close, order, nil)
	d.modified.Gather(&from.modified, order, nil)
	d.name.Gather(&from.name, order)
	d.lead.Gather(&from.lead, order)
	d.next.Gather(&from.next, order)
	d.url.Gather(&from.url, order)
	d.more.Gather(&from.more, order)
	d.created.Gather(&from.created, order, nil)
	d.changed.Gather(&from.changed, order, nil)
	d.over.Gather(&from.over, order, nil)
	d.touched.Gather(&from.touched, order, nil)
	d.stepped.Gather(&from.stepped, order, nil)
}

// record returns row c as a record.
func (b *Book) dealRecord(c Code) store.Deal {
	d, i := &b.deals, int(c)
	return store.Deal{ID: d.ids.id(c), Name: d.name.At(i), Account: b.accounts.ids.id(d.account.At(i)), Owner: b.people.id(d.owner.At(i)),
		Product: b.products.id(d.product.At(i)), Stage: b.stages.id(d.stage.At(i)), Category: d.category.At(i), Amount: b.money(d.minor.At(i), d.cur.At(i)),
		Created: d.made.At(i), Close: d.close.At(i), Modified: instant(d.modified.At(i)), Lead: d.lead.At(i), NextStep: d.next.At(i), URL: d.url.At(i),
		Extra: unpack(d.more.At(i))}
}

func (b *Book) money(minor int64, c curCode) store.Money {
	if c == 0 {
		return store.Money{Minor: minor}
	}
	return store.Money{Minor: minor, Currency: b.currencies[c-1]}
}

// currency returns the code of c, adding it.
func (e *editor) currency(c store.Currency) curCode {
	if c == "" {
		return 0
	}
	b := e.b
	for i, have := range b.currencies {
		if have == c {
			return curCode(i + 1)
		}
	}
	if len(b.currencies) == 1<<16-1 { // nobody has so many; a hostile source's further ones read as one
		return curCode(len(b.currencies))
	}
	b.currencies = append(slices.Clip(b.currencies), c)
	return curCode(len(b.currencies))
}

// pack writes custom fields as text: keys in order, each text behind its length.
func pack(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	var b []byte
	for _, k := range slices.Sorted(maps.Keys(m)) {
		for _, s := range [...]string{k, m[k]} {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	return string(b)
}

func unpack(text string) map[string]string {
	if text == "" {
		return nil
	}
	m := map[string]string{}
	take := func() (string, bool) {
		n, size := binary.Uvarint([]byte(text[:min(len(text), binary.MaxVarintLen64)]))
		if size <= 0 || n > uint64(len(text)-size) {
			return "", false
		}
		s := text[size : size+int(n)]
		text = text[size+int(n):]
		return strings.Clone(s), true
	}
	for text != "" {
		k, ok := take()
		v, ok2 := take()
		if !ok || !ok2 {
			break
		}
		m[k] = v
	}
	return m
}
