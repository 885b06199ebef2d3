package tuitest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Million returns the Book of a million deals with 200,000 accounts and 300,000 touches, half of them named in Chinese, as it is at Now: for benchmarks of lists and of the
// palette, which look into names. It has no history. Making it takes some seconds and a gigabyte; all benchmarks of a process share it.
func Million(tb testing.TB) *analytics.Book {
	tb.Helper()
	return million()
}

var million = sync.OnceValue(func() *analytics.Book {
	places := [][2]string{{"华东", "Eastern"}, {"宁德", "Harbor"}, {"深圳", "Summit"}, {"苏州", "Granite"}, {"成都", "Lakeside"}, {"青岛", "Orion"}, {"合肥", "Keystone"}}
	trades := [][2]string{{"新能源", "Energy"}, {"精密机械", "Machines"}, {"医疗器械", "Medical"}, {"包装", "Packaging"}, {"半导体", "Silicon"}, {"物流", "Freight"}}
	works := [][2]string{{"产线改造", "Line Upgrade"}, {"ERP 二期", "ERP Phase 2"}, {"伺服控制柜", "Servo Cabinets"}, {"年度框架", "Frame Contract"}, {"Pump 备件", "Pump Spares"}}
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}}
	for i, s := range []string{"lead", "qualified", "proposal", "won", "lost"} {
		st := store.Stage{ID: store.ID(s), Name: s, NameEn: s, Order: i + 1}
		switch s {
		case "won":
			st.Kind = store.StageWon
		case "lost":
			st.Kind = store.StageLost
		}
		r.Stages = append(r.Stages, st)
	}
	const people, accounts = 2000, 200_000
	for i := range people {
		r.People = append(r.People, store.Person{ID: store.ID(fmt.Sprint("m:p", i)), Name: fmt.Sprintf("%c%c%d", "王李张刘陈杨赵黄"[i%8*3:][0], 'A'+rune(i%26), i)})
	}
	name := func(i, kind int) string {
		p, t := places[i*7%len(places)][kind], trades[i*11/len(places)%len(trades)][kind]
		if kind == 1 {
			return fmt.Sprintf("%s %s %d Ltd", p, t, i)
		}
		return fmt.Sprintf("%s%s（%d）有限公司", p, t, i)
	}
	for i := range accounts {
		r.Accounts = append(r.Accounts, store.Account{ID: store.ID(fmt.Sprint("m:a", i)), Name: name(i, i%2), City: places[i%len(places)][0], Owner: r.People[i%people].ID})
	}
	now := store.DayOf(Now, time.UTC)
	for i := range 1_000_000 {
		d := store.Deal{ID: store.ID(fmt.Sprint("m:d", i)), Account: r.Accounts[i%accounts].ID, Owner: r.People[i*13%people].ID, Stage: r.Stages[i*31%5].ID,
			Name: places[i%len(places)][i%2] + " " + works[i*3%len(works)][i%2], Amount: store.Money{Minor: int64(i*7919%9_000_000) * 100, Currency: "CNY"},
			Created: now - store.Day(i%700) - 1, Close: now + store.Day(i%200) - 100}
		r.Deals = append(r.Deals, d)
	}
	for i := range 300_000 {
		r.Touches = append(r.Touches, store.Touch{ID: store.ID(fmt.Sprint("m:t", i)), Rep: r.People[i*17%people].ID, Account: r.Accounts[i*5%accounts].ID, Channel: store.ChannelVisit,
			At: Now.Add(-time.Duration(i) * time.Minute), Topic: works[i%len(works)][0], Note: "客户希望下周看到" + works[i*7%len(works)][i%2] + fmt.Sprintf("的报价 %d", i)})
	}
	return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return Now }})
})

// Fresh returns a Book of the same rows in which nobody has asked anything yet.
func Fresh(tb testing.TB, b *analytics.Book) *analytics.Book {
	tb.Helper()
	next, err := b.Advance(&store.Delta{Rev: b.Rev() + 1})
	if err != nil {
		tb.Fatal(err)
	}
	return next
}

// Stopwatch returns how many microseconds passed since it was called.
func Stopwatch() func() float64 {
	t := time.Now()
	return func() float64 { return float64(time.Since(t).Nanoseconds()) / 1000 }
}
