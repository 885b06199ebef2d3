package grader

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Outage is a source that feeds inputs and that has failed, or been refused, for longer than it may. It is told once, and ends when each of its streams was read again.
type Outage struct {
	Source  store.SourceID `json:"source"`
	Streams []store.Stream `json:"streams"`
	Since   time.Time      `json:"since"` // the last good reading of the stream that went first; of one that was never read its first try
	Told    time.Time      `json:"told"`  // the end of the run after which it was told
	Key     string         `json:"key"`   // of the message
}

// outages looks which sources fail, tells of those that begin to and takes back, or closes, what was told of those that no longer do.
func (g *Grader) outages(ctx context.Context, b *analytics.Book, rules *rule.Grading, was State) (State, error) {
	feeds := grade.Feeds(b, rules)
	next := was
	next.Outages = nil
	var post []store.Message
	for _, o := range was.Outages {
		if open := slices.ContainsFunc(feeds, func(f grade.Feed) bool {
			return f.Source == o.Source && !f.Paused && slices.Contains(o.Streams, f.Stream) && (f.Error != "" || !f.Good.After(o.Told))
		}); open {
			next.Outages = append(next.Outages, o)
			continue
		}
		if g.o.Withdraw != nil {
			untold, err := g.o.Withdraw(ctx, o.Key)
			if err != nil {
				return was, err
			}
			if untold > 0 {
				continue
			}
		}
		post = append(post, closing(b, o, g.o.Word))
	}
	for _, f := range feeds {
		since, over := failed(&f, rules.Guard.Outage)
		if !over {
			continue
		}
		i := slices.IndexFunc(next.Outages, func(o Outage) bool { return o.Source == f.Source })
		if i < 0 {
			next.Outages = append(next.Outages, Outage{Source: f.Source, Since: since})
			i = len(next.Outages) - 1
		}
		o := &next.Outages[i]
		if slices.Contains(o.Streams, f.Stream) {
			continue
		}
		o.Streams = append(slices.Clip(o.Streams), f.Stream)
		if o.Key == "" || since.Before(o.Since) && o.Told.IsZero() {
			o.Since = since
		}
	}
	for i := range next.Outages {
		o := &next.Outages[i]
		if o.Key != "" {
			continue
		}
		o.Key = fmt.Sprintf("grade|source|%s|%d", o.Source, o.Since.Unix())
		for _, f := range feeds {
			if f.Source == o.Source && f.Finished.After(o.Told) && f.Error != "" {
				o.Told = f.Finished
			}
		}
		post = append(post, opening(b, *o, feeds, g.o.Word))
	}
	if len(post) == 0 && slices.EqualFunc(was.Outages, next.Outages, func(x, y Outage) bool { return x.Key == y.Key && len(x.Streams) == len(y.Streams) }) {
		return was, nil
	}
	if err := g.tell(ctx, post); err != nil {
		return was, err
	}
	if err := g.apply(ctx, &store.Batch{Source: grade.Source, Stream: stream, Next: next.cursor()}); err != nil {
		return was, fmt.Errorf("keep which sources fail: %w", err)
	}
	return next, nil
}

// failed reports since when a stream fails, and whether that is longer than it may: the rules' hours, or the freshness of an input that is shorter. It goes by when runs ended, not by the
// present moment: a program that was shut is no outage.
func failed(f *grade.Feed, hours int) (since time.Time, over bool) {
	if f.Error == "" || f.Paused || f.State == store.SyncHeld {
		return since, false
	}
	if since = f.Good; since.IsZero() {
		if since = f.Started; len(f.Runs) > 0 {
			since = f.Runs[0].Started
		}
	}
	limit := time.Duration(hours) * time.Hour
	if f.Fresh > 0 {
		limit = min(limit, f.Fresh)
	}
	return since, f.Finished.Sub(since) >= limit
}

// mostProblems is of how many streams a message says what is wrong: it is mostly the same.
const mostProblems = 3

// opening tells that a source fails, of what it is the source, and what is done meanwhile.
func opening(b *analytics.Book, o Outage, feeds []grade.Feed, word func(analytics.Text) string) store.Message {
	var problems, inputs []string
	fresh := time.Duration(0)
	for i := range feeds {
		f := &feeds[i]
		if f.Source != o.Source || !slices.Contains(o.Streams, f.Stream) {
			continue
		}
		if len(problems) < mostProblems {
			problems = append(problems, string(f.Stream)+": "+f.Error)
		}
		if f.Fresh > 0 && (fresh == 0 || f.Fresh < fresh) {
			fresh = f.Fresh
		}
		for _, in := range f.Inputs {
			if !slices.Contains(inputs, in) {
				inputs = append(inputs, in)
			}
		}
	}
	at := o.Since.In(b.Location()).Format("2006-01-02 15:04")
	stands := analytics.Text{Zh: "沿用最后的可信值, 客户等级不因此变化", En: "the last good values stand, and no grade moves because of it"}
	if days := int(fresh / (24 * time.Hour)); days > 0 {
		stands.Zh += fmt.Sprintf("; 超过 %d 天的值记为过期并冻结", days)
		stands.En += fmt.Sprintf("; what becomes older than %d days is marked stale and held", days)
	}
	return store.Message{
		Key: o.Key, Kind: store.MessageGrade, Link: "sources",
		Title: word(analytics.Text{Zh: "评级数据源异常: " + string(o.Source), En: "Source of grading inputs fails: " + string(o.Source)}),
		Text: word(analytics.Text{Zh: "自 " + at + " 起读不到", En: "not read since " + at}) + "\n" + strings.Join(problems, "\n") + "\n" +
			word(analytics.Text{Zh: "受影响的输入: ", En: "what it feeds: "}) + strings.Join(inputs, ", ") + "\n" + word(stands),
	}
}

// closing tells that a source is read again.
func closing(b *analytics.Book, o Outage, word func(analytics.Text) string) store.Message {
	at := o.Since.In(b.Location()).Format("2006-01-02 15:04")
	return store.Message{
		Key: o.Key + "|over", Kind: store.MessageGrade, Link: "sources",
		Title: word(analytics.Text{Zh: "评级数据源已恢复: " + string(o.Source), En: "Source of grading inputs is read again: " + string(o.Source)}),
		Text:  word(analytics.Text{Zh: "自 " + at + " 起的异常已结束", En: "what was wrong since " + at + " is over"}),
	}
}

// told reports that what a stale input is fed by fails and was told of: its age has the same cause.
func told(input string, feeds []grade.Feed, out []Outage) bool {
	return slices.ContainsFunc(feeds, func(f grade.Feed) bool {
		return slices.Contains(f.Inputs, input) && slices.ContainsFunc(out, func(o Outage) bool { return o.Source == f.Source && slices.Contains(o.Streams, f.Stream) })
	})
}
