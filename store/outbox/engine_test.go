package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// fake takes posts and answers as it is told.
type fake struct {
	mu    sync.Mutex
	posts [][]string // titles
	fail  []error    // for the next posts
	holds int
	pace  Pace
	began func()
}

func (f *fake) Send(_ context.Context, ms []store.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.began != nil {
		f.began()
	}
	var titles []string
	for _, m := range ms {
		titles = append(titles, strings.TrimPrefix(m.Title, "message "))
	}
	f.posts = append(f.posts, titles)
	if len(f.fail) > 0 {
		err := f.fail[0]
		f.fail = f.fail[1:]
		return err
	}
	return nil
}

func (f *fake) Fit(ms []store.Message) int {
	if f.holds > 0 {
		return min(f.holds, len(ms))
	}
	return len(ms)
}

func (f *fake) Pace() Pace {
	if f.pace.Burst == 0 {
		return Pace{time.Nanosecond, 1000}
	}
	return f.pace
}

func (f *fake) got() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprint(f.posts)
}

var shanghai = func() *time.Location {
	l, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return l
}()

// engine is one with a fake called a, on a box and a clock of its own; with changes its options.
func engine(t *testing.T, f *fake, with ...func(*Options)) (*Engine, *storetest.Desk, *storetest.Clock) {
	t.Helper()
	clock, box := storetest.NewClock(storetest.Noon), storetest.NewDesk()
	box.Now = clock.Now
	o := Options{Box: box, Routes: []Route{{Name: "a", Notifier: f}}, Now: clock.Now, Zone: func() *time.Location { return shanghai },
		Report: func(err error) { t.Error(err) }}
	for _, w := range with {
		w(&o)
	}
	return New(o), box, clock
}

func post2(t *testing.T, box *storetest.Desk, ms ...store.Message) {
	t.Helper()
	if _, err := box.Post(t.Context(), ms...); err != nil {
		t.Fatal(err)
	}
}

func round(t *testing.T, e *Engine) time.Time {
	t.Helper()
	next, err := e.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func want(t *testing.T, f *fake, posts string) {
	t.Helper()
	if got := f.got(); got != posts {
		t.Fatalf("posts %s, want %s", got, posts)
	}
}

// One occasion found by every sync is told once; what is due together goes out together.
func TestEngine_OncePerOccasion(t *testing.T) {
	f := &fake{}
	e, box, clock := engine(t, f)
	for range 3 {
		post2(t, box, storetest.Message("x"), storetest.Message("y"))
		if next := round(t, e); !next.IsZero() {
			t.Fatalf("something is due at %v", next)
		}
		clock.Add(time.Hour)
	}
	want(t, f, "[[x y]]")
	d := storetest.Messages(t, box)[0].Deliveries[0]
	if d.State != store.DeliverySent || d.Tries != 1 || d.Notifier != "a" {
		t.Fatalf("%+v", d)
	}
}

// A failure is tried again, later each time, and given up after about a day.
func TestEngine_BackOffAndDeadLetter(t *testing.T) {
	f := &fake{}
	for range maxTries {
		f.fail = append(f.fail, errors.New("connection refused"))
	}
	e, box, clock := engine(t, f)
	post2(t, box, storetest.Message("x"))
	last, waits := time.Duration(0), 0
	for {
		next := round(t, e)
		if next.IsZero() {
			break
		}
		wait := next.Sub(clock.Now())
		if wait < firstRetry || wait < last*9/10 || wait > lastRetry*11/10 {
			t.Fatalf("after %v a wait of %v", last, wait)
		}
		round(t, e) // nothing happens before its time
		last, waits = wait, waits+1
		clock.Add(wait)
	}
	d := storetest.Messages(t, box)[0].Deliveries[0]
	if d.State != store.DeliveryFailed || d.Tries != maxTries || waits != maxTries-1 || d.Error != "connection refused" || clock.Now().Sub(storetest.Noon) < 20*time.Hour {
		t.Fatalf("%+v after %d waits, %v", d, waits, clock.Now().Sub(storetest.Noon))
	}
	if n, err := box.Retry(t.Context()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	round(t, e)
	if d := storetest.Messages(t, box)[0].Deliveries[0]; d.State != store.DeliverySent || d.Error != "" {
		t.Fatalf("%+v", d)
	}
}

// What needs a person is given up at once, what the other side says about waiting holds for all that goes there, and other notifiers go on.
func TestEngine_Refusals(t *testing.T) {
	f, g := &fake{holds: 1, fail: []error{&Refusal{Text: "the robot is gone", Final: true}, &Refusal{Text: "too often", After: 10 * time.Minute}}}, &fake{}
	e, box, clock := engine(t, f, func(o *Options) { o.Routes = append(o.Routes, Route{Name: "b", Notifier: g}) })
	post2(t, box, storetest.Message("x"), storetest.Message("y"), storetest.Message("z"))
	next := round(t, e)
	if wait := next.Sub(clock.Now()); wait < 10*time.Minute || wait > 12*time.Minute {
		t.Fatalf("a wait of %v", wait)
	}
	want(t, f, "[[x] [y]]")
	want(t, g, "[[x y z]]")
	clock.Add(9 * time.Minute)
	round(t, e)
	want(t, f, "[[x] [y]]")
	clock.Add(3 * time.Minute)
	round(t, e)
	want(t, f, "[[x] [y] [y] [z]]")
	ms := storetest.Messages(t, box)
	if ms[0].Deliveries[0].State != store.DeliveryFailed || ms[1].Deliveries[0].Tries != 2 || ms[2].Deliveries[0].Tries != 1 {
		t.Fatalf("%+v", ms)
	}
}

// One message that fails does not hold up the others for as long as it waits.
func TestEngine_TheOthersGetTheirTurn(t *testing.T) {
	f := &fake{holds: 1, fail: []error{errors.New("too odd")}}
	e, box, clock := engine(t, f)
	post2(t, box, storetest.Message("x"), storetest.Message("y"))
	clock.Add(max(0, round(t, e).Sub(clock.Now())))
	round(t, e)
	want(t, f, "[[x] [y]]")
}

func TestEngine_QuietHours(t *testing.T) {
	f := &fake{}
	e, box, clock := engine(t, f, func(o *Options) { o.Quiet = Quiet{From: 20 * 60, To: 8 * 60} })
	clock.Add(0) // noon in UTC is eight in the evening in Shanghai
	post2(t, box, storetest.Message("x"), storetest.Message("now", func(m *store.Message) { m.Urgent = true }))
	next := round(t, e)
	want(t, f, "[[now]]")
	if next.In(shanghai).Format("2006-01-02 15:04") != "2026-03-03 08:00" {
		t.Fatalf("next %v", next.In(shanghai))
	}
	clock.Add(next.Sub(clock.Now()))
	round(t, e)
	want(t, f, "[[now] [x]]")
}

func TestEngine_NotBefore(t *testing.T) {
	f := &fake{}
	e, box, clock := engine(t, f)
	post2(t, box, storetest.Message("morning", func(m *store.Message) { m.After = storetest.Noon.Add(time.Hour) }))
	if next := round(t, e); !next.Equal(storetest.Noon.Add(time.Hour)) {
		t.Fatal(next)
	}
	want(t, f, "[]")
	clock.Add(time.Hour)
	round(t, e)
	want(t, f, "[[morning]]")
}

func TestEngine_Pace(t *testing.T) {
	f := &fake{holds: 1, pace: Pace{4 * time.Second, 4}}
	e, box, clock := engine(t, f)
	for i := range 40 {
		post2(t, box, storetest.Message(fmt.Sprint(i)))
	}
	start, inMinute := clock.Now(), 0
	for {
		next := round(t, e)
		if next.IsZero() {
			break
		}
		clock.Add(max(time.Millisecond, next.Sub(clock.Now())))
		if clock.Now().Sub(start) <= time.Minute {
			inMinute = len(f.posts)
		}
	}
	if len(f.posts) != 40 || inMinute > 20 || inMinute < 15 {
		t.Fatalf("%d posts, %d in the first minute", len(f.posts), inMinute)
	}
}

func TestEngine_Routes(t *testing.T) {
	all, flags, east := &fake{}, &fake{}, &fake{}
	known := false
	e, box, clock := engine(t, all, func(o *Options) {
		o.Routes = append(o.Routes, Route{Name: "flags", Notifier: flags, Kinds: []store.MessageKind{store.MessageFlag}}, Route{Name: "east", Notifier: east, Node: "East"})
		o.Inside = func(route string, node store.ID) (bool, bool) { return route == "East" && node == "x:ann", known }
	})
	kind := func(k store.MessageKind, node store.ID) func(*store.Message) {
		return func(m *store.Message) { m.Kind, m.Node = k, node }
	}
	post2(t, box, storetest.Message("1", kind(store.MessageGrade, "x:ann")), storetest.Message("2", kind(store.MessageFlag, "x:bob")), storetest.Message("3", kind(store.MessageTest, "")))
	if next := round(t, e); next.IsZero() { // nobody knows the org tree yet
		t.Fatal("nothing waits")
	}
	want(t, all, "[]")
	known = true
	clock.Add(time.Minute)
	round(t, e)
	want(t, all, "[[1 2]]")
	want(t, flags, "[[2]]")
	want(t, east, "[[1]]")
	if m := storetest.Messages(t, box)[2]; !m.Routed || len(m.Deliveries) != 0 || m.Open() {
		t.Fatalf("%+v", m)
	}
	gone := New(Options{Box: box, Now: clock.Now})
	post2(t, box, storetest.Message("4"))
	if err := box.Record(t.Context(), 4, store.Delivery{Notifier: "gone"}); err != nil {
		t.Fatal(err)
	}
	round(t, gone)
	if d := storetest.Messages(t, box)[3].Deliveries[0]; d.State != store.DeliveryFailed || !strings.Contains(d.Error, "no such notifier") {
		t.Fatalf("%+v", d)
	}
}

func TestEngine_PanickingNotifier(t *testing.T) {
	f := &fake{began: func() { panic("boom") }}
	told := 0
	e, box, _ := engine(t, f, func(o *Options) { o.Report = func(error) { told++ } })
	post2(t, box, storetest.Message("x"))
	round(t, e)
	if d := storetest.Messages(t, box)[0].Deliveries[0]; d.State != store.DeliveryFailed || told != 1 {
		t.Fatalf("%+v, told %d", d, told)
	}
}

// Run sends what is posted while it waits, and what was left by a process that was killed.
func TestEngine_Run(t *testing.T) {
	sent := make(chan struct{}, 9)
	f := &fake{began: func() { sent <- struct{}{} }}
	e, box, _ := engine(t, f)
	post2(t, box, storetest.Message("left"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	<-sent
	post2(t, box, storetest.Message("new"))
	<-sent
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want(t, f, "[[left] [new]]")
}

func TestQuiet_End(t *testing.T) {
	night, day, weekend := Quiet{From: 21 * 60, To: 8 * 60}, Quiet{From: 12 * 60, To: 13 * 60}, Quiet{From: 21 * 60, To: 8 * 60, Weekend: true}
	for _, tt := range []struct {
		q        Quiet
		at, want string
	}{
		{Quiet{}, "2026-03-02 03:00", "2026-03-02 03:00"},
		{night, "2026-03-02 20:59", "2026-03-02 20:59"}, {night, "2026-03-02 21:00", "2026-03-03 08:00"}, {night, "2026-03-02 07:59", "2026-03-02 08:00"},
		{night, "2026-03-02 08:00", "2026-03-02 08:00"}, {night, "2026-02-28 23:30", "2026-03-01 08:00"},
		{day, "2026-03-02 12:30", "2026-03-02 13:00"}, {day, "2026-03-02 13:00", "2026-03-02 13:00"}, {day, "2026-03-02 11:59", "2026-03-02 11:59"},
		{weekend, "2026-03-06 22:00", "2026-03-09 08:00"}, {weekend, "2026-03-07 12:00", "2026-03-09 08:00"}, {weekend, "2026-03-08 23:59", "2026-03-09 08:00"},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", tt.at, shanghai)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.q.End(at).Format("2006-01-02 15:04"); got != tt.want {
			t.Errorf("%+v at %s: until %s, want %s", tt.q, tt.at, got, tt.want)
		}
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ at, want string }{{"2026-03-28T22:00:00+01:00", "2026-03-29T08:00:00+02:00"}, {"2026-10-24T23:00:00+02:00", "2026-10-25T08:00:00+01:00"}} {
		at, _ := time.Parse(time.RFC3339, tt.at)
		if got := night.End(at.In(berlin)).Format(time.RFC3339); got != tt.want {
			t.Errorf("at %s: until %s, want %s", tt.at, got, tt.want)
		}
	}
	var c Clock
	for text, ok := range map[string]bool{"08:30": true, "23:59": true, "24:00": false, "8": false, "": false, "08:30:00": false} {
		if err := c.UnmarshalText([]byte(text)); (err == nil) != ok || ok && c.String() != text {
			t.Errorf("%q: %v, %v", text, c, err)
		}
	}
}

func TestPlain_FitsItsLimit(t *testing.T) {
	rng := storetest.Rand(t)
	for range 500 {
		var ms []store.Message
		for i := range 1 + rng.IntN(40) {
			ms = append(ms, store.Message{Title: strings.Repeat("题", 1+rng.IntN(60)), Text: strings.Repeat("文字 text\n", rng.IntN(300)), Link: strings.Repeat("l", rng.IntN(30))})
			_ = i
		}
		limit := 2048
		n := fit(ms, "flightdeck", limit)
		text := plain(ms[:n], "flightdeck", limit)
		if len(text) > limit || n < 1 || strings.ContainsRune(text, '\ufffd') || !strings.HasPrefix(text, "flightdeck\n"+ms[0].Title) {
			t.Fatalf("%d messages, %d bytes:\n%s", n, len(text), text)
		}
		if last := ms[n-1].Title; n > 1 && !strings.Contains(text, "\n"+last+"\n") && !strings.HasSuffix(text, "\n"+last) {
			t.Fatalf("the last of %d messages is not told:\n%s", n, text)
		}
	}
}

// A morning goes to those alone whose own part it is about: the company's to those without a part, a team's to that team's.
func TestEngine_MorningIsOnesOwn(t *testing.T) {
	all, east, ann := &fake{}, &fake{}, &fake{}
	e, box, _ := engine(t, all, func(o *Options) {
		o.Routes = []Route{{Name: "all", Notifier: all}, {Name: "east", Notifier: east, Node: "East"}, {Name: "ann", Notifier: ann, Node: "Ann"}}
		o.Inside = func(string, store.ID) (bool, bool) { return true, true }
		o.Own = func(route string, node store.ID) (bool, bool) {
			return map[string]store.ID{"": "", "East": "x:east", "Ann": "x:ann"}[route] == node, true
		}
	})
	for _, node := range []store.ID{"", "x:east", "x:ann"} {
		if _, err := box.Post(t.Context(), store.Message{Key: "m" + string(node), Kind: store.MessageMorning, Node: node, Title: "of " + string(node)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all.got() != "[[of]]" && all.got() != "[[of ]]" || east.got() != "[[of x:east]]" || ann.got() != "[[of x:ann]]" {
		t.Errorf("all %s, east %s, ann %s", all.got(), east.got(), ann.got())
	}
}
