package syncer

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/storetest"
)

// nominal is a source that only says what it has.
type nominal struct {
	id      store.SourceID
	streams []store.Stream
	carries map[store.Stream][]store.Entity
}

func (n *nominal) ID() store.SourceID                    { return n.id }
func (n *nominal) Kind() string                          { return "named" }
func (n *nominal) Streams() []store.Stream               { return n.streams }
func (n *nominal) Carries(s store.Stream) []store.Entity { return n.carries[s] }
func (n *nominal) Fetch(context.Context, source.Request) (source.Page, error) {
	return source.Page{}, errors.New("nobody is to ask")
}

// Every stream of every configured source stands in the store before the first is read, with what it carries; what was read stays as it is, and what nobody will read is forgotten.
func TestEnroll(t *testing.T) {
	st := storetest.NewMemory()
	good := store.SourceStatus{Source: "crm", Stream: "deals", Good: storetest.Noon, Records: 7}
	gone := store.SourceStatus{Source: "old", Stream: "deals", Good: storetest.Noon.Add(-time.Hour)}
	storetest.Apply(t, st, &store.Batch{Records: store.Records{Statuses: []store.SourceStatus{good, gone, {Source: "typo", Stream: "deals"}}}})
	crm := &nominal{id: "crm", streams: []store.Stream{"deals", "calls"}, carries: map[store.Stream][]store.Entity{"calls": {store.EntityTouch}}}
	erp := &nominal{id: "erp", streams: []store.Stream{"sales"}}
	statuses := func() (all []store.SourceStatus) {
		t.Helper()
		err := st.View(t.Context(), func(s store.Snapshot) (err error) {
			all, err = s.Status()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(all)
	}
	var rev store.Rev
	for range 2 {
		if err := Enroll(t.Context(), st, []source.Source{crm, erp}); err != nil {
			t.Fatal(err)
		}
		all := statuses()
		if len(all) != 4 || all[0].Stream != "calls" || !all[0].Unread() || !all[0].Brings(store.EntityTouch) || all[0].Brings(store.EntityDeal) || all[1].Records != 7 ||
			all[2].Source != "erp" || !all[2].Brings(store.EntitySale) || all[3].Source != "old" {
			t.Fatalf("%+v", all)
		}
		now := storetest.Apply(t, st, &store.Batch{})
		if rev != 0 && now != rev {
			t.Error("the second time something was written")
		}
		rev = now
	}
}
