// Package record turns what any source says of a record – a flat object of named values – into the store's nouns.
//
// It is the one place where outside values become facts, so that a REST connector, an RPC client, a SQL query and a spreadsheet treat
// a date without a zone, an amount of seventeen digits or a name with an escape sequence in the same way. It owns the field names that a mapping
// may use ([Fields]), the accepted notations of dates, amounts and enumerations, and the rule for what cannot be read: the field is left out, the row
// is kept, and a [store.Issue] says what stood there and what would be accepted. A row is left out only if it could not be found again (no id)
// or, for a fact about a moment, if the moment is missing: a visit without a date belongs in no heat map.
//
// It refuses to guess: a number with thousands separators, a date whose day and month could be swapped and an unknown stage are issues, not
// approximations. Layouts and value tables in the [Decoder] say what a source means by them.
//
// References (account, owner, deal …) are the source's own identifiers and become [store.ID]s of that source; stages are the organisation's own.
// Where a source numbers units and people independently, its mapping must prefix one of the two, since both may hold a quota.
package record

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Decoder knows what one stream of one source means by its values. It is not changed by decoding and may be shared.
type Decoder struct {
	Source store.SourceID
	Stream store.Stream
	// Location is where dates belong, and in which moments become days; nil: UTC.
	Location *time.Location
	// Zone is where times without a zone belong; nil: Location.
	Zone *time.Location
	// Currency is that of amounts in rows without a currency of their own; empty: such amounts are issues.
	Currency store.Currency
	// Stages maps the source's stage values to the organisation's stage IDs; IDs are accepted as they are. Empty: every value is taken for an ID.
	Stages map[string]store.ID
	// OpenStages takes a value that Stages does not have for an ID: the source tells its stages itself, and Stages renames some of them.
	OpenStages bool
	// Layouts are further date and time layouts as in package time, tried before the built-in ones; needed for 02/01/2006 and its like.
	Layouts []string
	// Values replaces words of the source by ours before anything else: field name → value → our value. {"channel": {"CALL": "call"}}.
	Values map[string]map[string]string
}

// names lists the accepted field names of each entity, in the order of the documentation.
var names = map[store.Entity][]string{
	store.EntityUnit:    {"id", "parent", "name", "kind", "manager"},
	store.EntityPerson:  {"id", "unit", "name", "email", "phone", "title", "inactive"},
	store.EntityStage:   {"id", "name", "name_en", "order", "kind", "probability"},
	store.EntityProduct: {"id", "name", "category", "price", "currency"},
	store.EntityAccount: {"id", "name", "parent", "owner", "industry", "region", "city", "revenue", "currency", "staff", "created", "modified", "extra"},
	store.EntityContact: {"id", "account", "name", "role", "influence", "email", "phone"},
	store.EntityDeal: {"id", "name", "account", "owner", "product", "stage", "category", "amount", "currency", "created", "close", "modified",
		"lead", "next_step", "url", "extra"},
	store.EntityChange: {"id", "deal", "field", "from", "to", "currency", "at", "seen", "by", "day_only"},
	store.EntityTouch: {"id", "account", "deal", "contact", "rep", "at", "seen", "logged", "minutes", "channel", "sentiment", "topic", "note",
		"area", "lat", "lng", "day_only"},
	store.EntityGrade:    {"id", "account", "from", "to", "cause", "rule", "at", "seen"},
	store.EntityHealth:   {"id", "account", "day", "score", "note", "seen"},
	store.EntityEvidence: {"id", "deal", "kind", "title", "url", "by", "signer", "at", "seen"},
	store.EntitySale:     {"id", "account", "product", "rep", "outlet", "day", "quantity", "amount", "cost", "currency"},
	store.EntityQuota:    {"id", "node", "from", "to", "amount", "currency"},
	store.EntityReading:  {"id", "account", "day", "seen", "extra"},
	store.EntitySignal:   {"id", "account", "kind", "title", "text", "url", "watch", "at", "seen"},
	store.EntityTender:   {"id", "kind", "title", "buyer", "region", "text", "url", "winner", "amount", "currency", "due", "at", "seen"},
}

// Fields returns the field names that a record of the entity may have, or nil when it is not an entity that a source can deliver.
func Fields(entity string) []string {
	e, err := store.ParseEntity(entity)
	if err != nil {
		return nil
	}
	return slices.Clone(names[e])
}

// Entities returns the names of the entities that a source can deliver, in alphabetical order.
func Entities() []string {
	var all []string
	for e := range names {
		all = append(all, e.String())
	}
	slices.Sort(all)
	return all
}

// Check tells whether a mapping that yields these fields for entity can be decoded. Its error names the offender and what is accepted. A mapping
// without id is refused where the store cannot make one from the other fields.
func Check(entity string, fields ...string) error {
	known := Fields(entity)
	if known == nil {
		return fmt.Errorf("entity %q is unknown: want one of %s", entity, strings.Join(Entities(), ", "))
	}
	for _, f := range fields {
		if !slices.Contains(known, f) {
			return fmt.Errorf("%s has no field %q: want one of %s", entity, f, strings.Join(known, ", "))
		}
	}
	e, _ := store.ParseEntity(entity)
	for _, need := range required[e] {
		if !slices.Contains(fields, need) {
			return fmt.Errorf("%s needs the field %q", entity, need)
		}
	}
	return nil
}

// CheckWord tells whether a word of ours may stand in a field of an entity: that of an enumeration must be one of its own, or empty. Its error names them. A field that takes
// any text takes any word.
func CheckWord(entity, field, word string) error {
	e, err := store.ParseEntity(entity)
	if parse := words[e][field]; err == nil && parse != nil && word != "" {
		return parse(word)
	}
	return nil
}

// words are the fields that take words of ours only.
var words = map[store.Entity]map[string]func(string) error{
	store.EntityUnit:   {"kind": reads(store.ParseUnitKind)},
	store.EntityStage:  {"kind": reads(store.ParseStageKind)},
	store.EntityDeal:   {"category": reads(store.ParseCategory)},
	store.EntityChange: {"field": reads(store.ParseField)},
	store.EntityTouch:  {"channel": reads(store.ParseChannel), "sentiment": reads(store.ParseSentiment)},
	store.EntityTender: {"kind": reads(store.ParseTenderKind)},
}

func reads[T any](parse func(string) (T, error)) func(string) error {
	return func(s string) error { _, err := parse(s); return err }
}

// required are the fields without which a row is left out.
var required = map[store.Entity][]string{
	store.EntityUnit: {"id"}, store.EntityPerson: {"id"}, store.EntityStage: {"id"}, store.EntityProduct: {"id"}, store.EntityAccount: {"id"},
	store.EntityContact: {"id"}, store.EntityDeal: {"id"}, store.EntityEvidence: {"id"},
	store.EntityChange:  {"deal", "field", "to", "at"},
	store.EntityTouch:   {"id", "at"},
	store.EntityGrade:   {"account", "at"},
	store.EntityHealth:  {"account", "day", "score"},
	store.EntitySale:    {"id", "day"},
	store.EntityQuota:   {"node", "from", "to", "amount"},
	store.EntityReading: {"account", "day"},
	store.EntitySignal:  {"kind", "title"},
	store.EntityTender:  {"id", "title", "at"},
}

// Ref names a record of this source, for tombstones.
func (d *Decoder) Ref(entity string, native any) (store.Ref, error) {
	e, err := store.ParseEntity(entity)
	if err != nil {
		return store.Ref{}, err
	}
	if _, ok := names[e]; !ok || e == store.EntityStage {
		return store.Ref{}, fmt.Errorf("a source cannot delete a record of entity %q", entity)
	}
	s, ok := scalar(native)
	if s = store.Clean(s, store.MaxName); !ok || s == "" {
		return store.Ref{}, fmt.Errorf("deleted %s without an id", entity)
	}
	return store.Ref{Entity: e, ID: store.MakeID(d.Source, s)}, nil
}

// Decode appends the record that fields describe to out, or what is wrong with it to out.Issues. where names the row for a person: a file and line, or
// the source's record id. Values may be nil, strings, booleans, any Go number, [encoding/json.Number], []byte, [time.Time] or a
// [fmt.Stringer]; extra is an object of such. Absent, nil, false (where no boolean is expected) and blank all mean "not given" and are no issue.
func (d *Decoder) Decode(entity string, fields map[string]any, where string, out *source.Page) {
	e, err := store.ParseEntity(entity)
	r := row{d: d, f: fields, where: where, out: out, entity: e}
	if known := names[e]; err != nil || known == nil {
		r.issue("entity", entity, "want one of "+strings.Join(Entities(), ", "), true)
		return
	} else if !r.complete() {
		return
	} else if unknown := r.unknown(known); unknown != "" {
		r.issue(unknown, "", fmt.Sprintf("%s has no such field: want one of %s", e, strings.Join(known, ", ")), false)
	}
	r.append()
}

// complete reports whether all required fields are given; otherwise it notes that the row was dropped.
func (r *row) complete() bool {
	for _, need := range required[r.entity] {
		if s, ok := r.text(need); !ok || store.Clean(s, store.MaxName) == "" {
			r.issue(need, "", fmt.Sprintf("%s without %s: the row was left out", r.entity, need), true)
			return false
		}
	}
	return true
}

// unknown returns the first field name, in alphabetical order, that the entity does not have.
func (r *row) unknown(known []string) string {
	found := 0
	for _, k := range known {
		if _, ok := r.f[k]; ok {
			found++
		}
	}
	if found == len(r.f) {
		return ""
	}
	for _, k := range slices.Sorted(maps.Keys(r.f)) {
		if !slices.Contains(known, k) {
			return k
		}
	}
	return ""
}
