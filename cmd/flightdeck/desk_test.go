package main

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/storetest"
	"flightdeck/tui/sshd"
)

// small fills a store with one team, its rep and a deal.
func small(t *testing.T, a *app) {
	t.Helper()
	storetest.Apply(t, a.db, storetest.Batch("x", "all", "1", store.Records{
		Units:  []store.Unit{{ID: "x:east", Name: "East", Kind: store.UnitTeam, Manager: "x:ann"}, {ID: "x:west", Name: "West", Kind: store.UnitTeam}},
		People: []store.Person{{ID: "x:ann", Name: "Ann", Unit: "x:east"}, {ID: "x:cyd", Name: "Cyd", Unit: "x:west"}},
		Stages: []store.Stage{{ID: "lead", Name: "lead"}},
		Deals:  []store.Deal{storetest.Deal("x:1", func(d *store.Deal) { d.Owner = "x:ann" }), storetest.Deal("x:2", func(d *store.Deal) { d.Owner = "x:cyd" })},
	}))
}

// A decision of one session is told to the others, is in the file when the program ends, is refused outside the viewer's part, and doctor finds what somebody does to it.
func TestDesk_FromSessionToDoctor(t *testing.T) {
	in := &invocation{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, storeDir: t.TempDir()}
	a, err := in.open(t.Context(), demoConfig(in), wiring{})
	if err != nil {
		t.Fatal(err)
	}
	small(t, a)
	h := in.host(t.Context(), a, slog.New(slog.DiscardHandler))
	<-h.ready
	ann := h.desk(sshd.Viewer{Person: "x:ann", Name: "ann", Root: "x:east"})
	commits := h.commits(h.ctx)
	<-commits // the one that stood in the store
	if _, err := ann.Decide(t.Context(), []store.Decision{storetest.Snooze("x:1", 20700)}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-commits:
	case <-time.After(20 * time.Second):
		t.Fatal("the other session is not told")
	}
	if local := h.desk(sshd.Viewer{Local: true}); local.Viewer.Name == "" || len(local.View(h.book(), analytics.Scope{}).About(store.Ref{Entity: store.EntityDeal, ID: "x:1"})) != 1 {
		t.Fatalf("%+v does not see it", local.Viewer)
	}
	if _, err := ann.Decide(t.Context(), []store.Decision{storetest.Snooze("x:2", 20700)}); err == nil {
		t.Fatal("decided about another team's deal")
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := in.read(t.Context(), nil)
	if err != nil || p.desk.Seq() != 1 || p.book.Rev() == 0 {
		t.Fatalf("%+v, %v", p, err)
	}

	doctor := func() string {
		var out bytes.Buffer
		in.stdout = &out
		_ = in.doctor(t.Context())
		return out.String()
	}
	if s := doctor(); !strings.Contains(s, "ok    decisions") || !strings.Contains(s, "1 entered, head ") {
		t.Fatal(s)
	}
	b, err := bbolt.Open(in.storeDir+"/"+bolt.DeskFile, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(func(tx *bbolt.Tx) error {
		k, v := tx.Bucket([]byte("journal")).Cursor().First()
		return tx.Bucket([]byte("journal")).Put(k, bytes.Replace(v, []byte("ann"), []byte("cyd"), 1))
	}); err != nil {
		t.Fatal(err)
	}
	_ = b.Close()
	if s := doctor(); !strings.Contains(s, "fail  decisions") || !strings.Contains(s, "decision 1 is not what was entered") {
		t.Fatal(s)
	}
}
