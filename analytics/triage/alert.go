package triage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"flightdeck/analytics"
	"flightdeck/store"
)

// alertEach is how many messages go out at once, since a first sync would send thousands. More are one message that counts them all and names the first; each is
// remembered as told.
const alertEach = 10

// Alerts are the messages about the flags of a queue that nobody was told of: one a flag, each once for good, by its key. told reports whether a key was told before. What
// is held back is told of when it comes back open and is a new occasion. To be told means to be in the outbox: the messages returned go there in one transaction.
func Alerts(q *Queue, told func(key string) bool, word func(analytics.Text) string, money func(store.Money) string) (ms []store.Message) {
	var keys []string
	var untold []int
	for i := range q.Flags.Len() {
		o := q.occasion(i)
		if key := "flag|" + o.Key(); !o.State.Held() && !told(key) {
			untold, keys = append(untold, i), append(keys, key)
		}
	}
	if len(untold) > alertEach {
		return together(q, untold, keys, word, money)
	}
	for k, i := range untold {
		f := q.Flags.At(i)
		worth := ""
		if f.AtRisk.Given() {
			worth = word(analytics.Text{Zh: "涉及 " + money(f.AtRisk), En: money(f.AtRisk) + " at risk"})
		}
		whose := f.Assigned
		if whose.ID == "" {
			whose = f.Deal.Owner
		}
		ms = append(ms, store.Message{
			Key: keys[k], Kind: store.MessageFlag, Node: whose.ID, Link: "deal/" + string(f.Deal.ID),
			Title: word(analytics.Text{Zh: "红标 " + f.Rule.Name().Zh + ": " + f.Deal.Name, En: "Red flag, " + f.Rule.Name().En + ": " + f.Deal.Name}),
			Text:  lines(word(f.Reason), strings.TrimSpace(whose.Name+"  "+worth)),
		})
	}
	return ms
}

// together is one message for many flags, after those that only remember that each was told.
func together(q *Queue, untold []int, keys []string, word func(analytics.Text) string, money func(store.Money) string) (ms []store.Message) {
	var first []string
	for k, i := range untold {
		if len(first) < 5 {
			f := q.Flags.At(i)
			first = append(first, f.Deal.Name+"  "+word(f.Reason))
		}
		o := q.occasion(i)
		ms = append(ms, store.Message{Key: keys[k], Kind: store.MessageFlag, Link: "deal/" + string(o.Deal.ID), Title: word(o.Rule.Name()), Routed: true})
	}
	sum := sha256.Sum256([]byte(strings.Join(keys, "\n")))
	n := len(ms)
	return append(ms, store.Message{
		Key: "flags|" + hex.EncodeToString(sum[:8]), Kind: store.MessageFlag, Link: "triage",
		Title: word(analytics.Text{Zh: fmt.Sprintf("新增 %d 条红标", n), En: fmt.Sprintf("%d new red flags", n)}),
		Text: lines(append([]string{word(analytics.Text{
			Zh: fmt.Sprintf("未处理 %d 条, 涉及 %s; 其中:", q.Open.Flags, money(q.Open.AtRisk.Money)), En: fmt.Sprintf("%d are open, %s at risk; among them:", q.Open.Flags, money(q.Open.AtRisk.Money)),
		})}, first...)...),
	})
}
