package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/storetest"
	"flightdeck/tui/sshd"
)

// A decision's message reaches the notifier of its part of the organisation and no other; it is listed for those who see the whole company.
func TestNotify_FromDecisionToWebhook(t *testing.T) {
	got := make(chan string, 9)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- r.URL.Path + " " + string(b)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer hook.Close()
	in := &invocation{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, storeDir: t.TempDir(), lang: "en"}
	cfg := demoConfig(in)
	cfg.Notify.To = []config.Notifier{{Name: "east", Kind: "webhook", URL: hook.URL + "/east", Node: "East", Kinds: []store.MessageKind{store.MessageRequest}}, {Name: "west", Kind: "webhook", URL: hook.URL + "/west", Node: "West", Kinds: []store.MessageKind{store.MessageRequest}}}
	a, err := in.open(t.Context(), cfg, wiring{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // of a test
	small(t, a)
	h := in.host(t.Context(), a, slog.New(slog.DiscardHandler))
	<-h.ready
	ann := h.desk(sshd.Viewer{Person: "x:ann", Name: "ann", Root: "x:east"})
	ask := storetest.Snooze("x:1", 20700, func(d *store.Decision) { d.Kind, d.After.Person = store.DecisionRequest, "x:ann" })
	m := store.Message{Key: "request|x:1|1", Kind: store.MessageRequest, Node: "x:ann", Title: "an update, please"}
	for range 2 {
		if _, err := ann.Decide(t.Context(), []store.Decision{ask}, m); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case s := <-got:
		if !strings.HasPrefix(s, "/east ") || !strings.Contains(s, `"key":"request|x:1|1"`) {
			t.Fatal(s)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
	}
	list := func(v sshd.Viewer) (int, string) {
		var out bytes.Buffer
		return h.answer(t.Context(), v, []string{"notify", "list", "--json"}, nil, strings.NewReader(""), &out, &out), out.String()
	}
	var all []struct {
		State      string
		Deliveries []struct{ Notifier string }
	}
	for late := time.Now().Add(20 * time.Second); time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		code, out := list(sshd.Viewer{Name: "local", Local: true})
		if err := json.Unmarshal([]byte(out), &all); code != 0 || err != nil {
			t.Fatal(code, out, err)
		}
		if all[0].State == "sent" { // it is recorded after it was sent
			break
		}
	}
	if len(all) != 1 || all[0].State != "sent" || len(all[0].Deliveries) != 1 || all[0].Deliveries[0].Notifier != "east" {
		t.Fatalf("%+v", all)
	}
	if code, out := list(sshd.Viewer{Name: "ann", Root: "x:east"}); code != exitUsage || !strings.Contains(out, "whole company") {
		t.Fatal(code, out)
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	if len(got) != 0 {
		t.Fatalf("more came: %s", <-got)
	}
}
