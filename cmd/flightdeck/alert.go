package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/triage"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

// alerts tells, through the outbox, of flags that came up and of customers who became high potential. It knows from the outbox what was told before, so that neither another sync nor another start tells it again.
type alerts struct {
	mu   sync.Mutex
	told map[string]bool // keys of messages about these that the outbox is known to know
}

// alertEvery is how long flags are left alone after they were looked at, at least; on a large company it is twenty times as long as looking took.
const alertEvery = 2 * time.Second

// alert looks at the flags as they are now. It does nothing where nobody is to be told.
func (a *app) alert(ctx context.Context) error {
	b := a.live.Book()
	if len(a.cfg.Notify.To) == 0 || b.Rev() == 0 {
		return nil
	}
	a.alerts.mu.Lock()
	defer a.alerts.mu.Unlock()
	if a.alerts.told == nil {
		a.alerts.told = map[string]bool{}
	}
	q := triage.Of(b, a.decided.Desk().Now(), a.rules.Pack(), analytics.Scope{}, triage.Filter{})
	var unread error
	told := func(key string) bool {
		if !a.alerts.told[key] && unread == nil { // asked for each once: the messages themselves are not kept for ever
			a.alerts.told[key], unread = a.desk.Known(ctx, key)
		}
		return a.alerts.told[key]
	}
	money := func(m store.Money) string { return a.words.Money(m) + " " + string(m.Currency) }
	ms := triage.Alerts(q, told, said(a.words), money)
	p, failed := grade.PotentialsOf(ctx, b, a.rules.Pack(), analytics.Scope{})
	if failed == nil { // else the flags are told all the same
		ms = append(ms, p.Promotions(b.Currency(), told, said(a.words), money, a.words.Signal)...)
	}
	if unread != nil || len(ms) == 0 {
		return errors.Join(failed, unread)
	}
	if _, err := a.desk.Post(ctx, ms...); err != nil {
		return errors.Join(failed, err)
	}
	for i := range ms {
		a.alerts.told[ms[i].Key] = true
	}
	return failed
}

// said picks a locale's language of a text.
func said(l *locale.Locale) func(analytics.Text) string {
	return func(t analytics.Text) string { return l.Pick(t.Zh, t.En) }
}

// watch alerts whenever something was committed, and at midnight, when dates pass. Where nobody is to be told it sleeps.
func (h *host) watch(ctx context.Context) error {
	if len(h.app.cfg.Notify.To) == 0 {
		return nil
	}
	seen := h.app.live.Subscribe(ctx)
	for {
		began := time.Now()
		if err := h.app.alert(ctx); err != nil && ctx.Err() == nil {
			h.log.Error("alerts", "err", err) // the next commit tries again
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(alertEvery, 20*time.Since(began))):
		}
		b := h.app.live.Book()
		midnight := time.NewTimer(time.Until((b.Now() + 1).Time(b.Location())) + time.Second)
		select {
		case _, ok := <-seen:
			if !ok {
				midnight.Stop()
				return nil
			}
		case <-midnight.C:
			h.log.Log(ctx, slog.LevelDebug, "alerts", "day", b.Now().String())
		}
		midnight.Stop()
	}
}
