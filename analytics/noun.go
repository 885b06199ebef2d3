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
	return []named{{"live", &a.live, ofNothing}, {"owner", &a.owner, ofPeople}, {"industry", &a.industry, ofNothing}, {"revenue", &a.revenue, ofNothing}, {"cur", &a.cur, ofNothing}, {"staff", &a.staff, ofNothing},
		{"created", &a.created, ofNothing}, {"modified", &a.modified, ofNothing}, {"name", &a.name, ofNothing}, {"parent", &a.parent, ofNothing}, {"region", &a.region, ofNothing}, {"city", &a.city, ofNothing}, {"more", &a.more, ofNothing}, {"known", &a.known, ofNothing}}
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

// account returns row c as a record.
func (b *Book) account(c Code) store.Account {
	a, i := &b.accounts, int(c)
	return store.Account{ID: a.ids.id(c), Name: a.name.At(i), Parent: store.ID(a.parent.At(i)), Owner: b.personID(a.owner.At(i)),
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
	return []named{{"live", &d.live, ofNothing}, {"account", &d.account, ofAccounts}, {"owner", &d.owner, ofPeople}, {"product", &d.product, ofNothing}, {"stage", &d.stage, ofNothing}, {"category", &d.category, ofNothing},
		{"minor", &d.minor, ofNothing}, {"cur", &d.cur, ofNothing}, {"value", &d.value, ofNothing}, {"made", &d.made, ofNothing}, {"close", &d.close, ofNothing}, {"modified", &d.modified, ofNothing}, {"name", &d.name, ofNothing},
		{"lead", &d.lead, ofNothing}, {"next", &d.next, ofNothing}, {"url", &d.url, ofNothing}, {"more", &d.more, ofNothing}, {"created", &d.created, ofNothing}, {"changed", &d.changed, ofNothing}, {"over", &d.over, ofNothing},
		{"touched", &d.touched, ofNothing}, {"stepped", &d.stepped, ofNothing}}
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

// record returns row c as a record.
func (b *Book) dealRecord(c Code) store.Deal {
	d, i := &b.deals, int(c)
	return store.Deal{ID: d.ids.id(c), Name: d.name.At(i), Account: b.accounts.ids.id(d.account.At(i)), Owner: b.personID(d.owner.At(i)),
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
