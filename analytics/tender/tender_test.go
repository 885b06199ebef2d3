package tender

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/credibility"
	"flightdeck/analytics/desk"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func at(d store.Day) time.Time { return d.Time(booktest.Zone).Add(10 * time.Hour) }

// TestAlike: what is one company and what is not.
func TestAlike(t *testing.T) {
	n := namer{places: []string{"石家庄", "北京", "杭州"}}
	for _, c := range []struct {
		x, y string
		same bool
	}{
		{"杭州锐澜商业集团", "锐澜商业股份有限公司", true}, {"杭州锐澜商业集团有限公司", "杭州市锐澜商业（集团）有限责任公司", true}, {"ＡＣＭＥ Co., Ltd.", "acme", true},
		{"Haichuan Controls Inc", "HAICHUAN CONTROLS", true}, {"杭州锐澜商业集团", "北京锐澜商业集团", true}, {"杭州锐澜商业集团", "坤江电力集团", false}, {"北京医院", "北京大学第三医院", false},
		{"有限公司", "股份有限公司", false}, {"", "锐澜", false},
	} {
		v := alike(n.of(c.x), n.of(c.y))
		if (v >= .6) != c.same || v < 0 || v > 1 {
			t.Errorf("%s and %s: %.2f (%+v, %+v)", c.x, c.y, v, n.of(c.x), n.of(c.y))
		}
		if back := alike(n.of(c.y), n.of(c.x)); back != v {
			t.Errorf("%s and %s: %v, the other way %v", c.x, c.y, v, back)
		}
	}
	if near, own := alike(n.of("杭州锐澜商业"), n.of("北京锐澜商业")), alike(n.of("杭州锐澜商业"), n.of("锐澜商业")); near >= own || own != 1 {
		t.Errorf("another place is as like as none: %v, %v", near, own)
	}
}

func TestCovered(t *testing.T) {
	for _, c := range []struct {
		term, text string
		want       float64
	}{{"hc-dcs 6000 分布式控制系统", "采购hc-dcs一套", 1}, {"分布式控制系统", "某厂分布式控制系统采购", 1}, {"分布式控制系统", "控制系统升级", .5}, {"6000", "预算 6000 万", 0}, {"haimes", "食堂", 0}, {"", "x", 0}} {
		if got := covered(c.term, c.text); got != c.want {
			t.Errorf("%s in %s: %v, want %v", c.term, c.text, got, c.want)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("杭州市锐澜商业（集团）有限责任公司")
	f.Add("((a)")
	f.Fuzz(func(t *testing.T, s string) {
		n := namer{places: []string{"杭州"}}
		x := n.of(s)
		if v := alike(x, x); v != 1 && x.rest != "" {
			t.Fatalf("%q is %v like itself", s, v)
		}
	})
}

// firm has two customers with open deals in the first stage and one without.
func firm(tenders ...store.Tender) *store.Records {
	r := &store.Records{
		Org:      &store.Org{Name: "海川智控集团 Haichuan Controls", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January},
		People:   []store.Person{{ID: "t:rep", Name: "Rep", Unit: "t:east"}, {ID: "t:two", Name: "Two", Unit: "t:west"}},
		Units:    []store.Unit{{ID: "t:east", Kind: store.UnitTeam}, {ID: "t:west", Kind: store.UnitTeam}},
		Stages:   []store.Stage{{ID: "lead", Name: "lead", Probability: 10}, {ID: "quoted", Name: "quoted", Probability: 65, Order: 1}, {ID: "terms", Name: "terms", Probability: 80, Order: 2}, {ID: "won", Kind: store.StageWon, Order: 3}, {ID: "lost", Kind: store.StageLost, Order: 4}},
		Products: []store.Product{{ID: "t:dcs", Name: "HC-DCS 分布式控制系统", Category: "控制"}, {ID: "t:mes", Name: "HaiMES 制造执行系统"}},
		Accounts: []store.Account{{ID: "t:a", Name: "杭州锐澜商业集团有限公司", City: "杭州", Region: "浙江"}, {ID: "t:b", Name: "坤江电力集团", City: "济南"}, {ID: "t:c", Name: "峰恒新能源"}},
		Evidence: []store.Evidence{{ID: "t:e", Deal: "t:2", Kind: "mail", At: at(booktest.Today - 5)}},
		Tenders:  tenders,
	}
	for i, a := range []struct{ account, product, owner store.ID }{{"t:a", "t:dcs", "t:rep"}, {"t:b", "t:mes", "t:two"}, {"t:a", "t:mes", "t:rep"}} {
		id := store.MakeID("t", fmt.Sprint(i+1))
		r.Deals = append(r.Deals, store.Deal{ID: id, Name: string(id), Account: a.account, Product: a.product, Owner: a.owner, Stage: "lead", Created: booktest.Today - 30, Close: booktest.Today + 30})
	}
	return r
}

func notice(id string, change func(*store.Tender)) store.Tender {
	n := store.Tender{ID: store.MakeID("n", id), Title: "锐澜商业分布式控制系统采购公告", Buyer: "锐澜商业集团", Region: "浙江省杭州市", At: at(booktest.Today - 3)}
	if change != nil {
		change(&n)
	}
	return n
}

// TestOf_ByHand: which deal, with what score and reason, to which stage; and what is no match.
func TestOf_ByHand(t *testing.T) {
	for name, c := range map[string]struct {
		tender store.Tender
		want   string // deal, score, stage
	}{
		"customer, product and region": {notice("1", nil), "t:1 1.00 quoted"},
		"an award to us":               {notice("1", func(n *store.Tender) { n.Kind, n.Winner = store.TenderAward, "海川智控集团有限公司" }), "t:1 1.00 terms"},
		"an award to a rival":          {notice("1", func(n *store.Tender) { n.Kind, n.Winner = store.TenderAward, "远恒自控股份有限公司" }), "t:1 1.00 lost"},
		"an award to nobody we know":   {notice("1", func(n *store.Tender) { n.Kind = store.TenderAward }), "t:1 1.00 "},
		"an amendment":                 {notice("1", func(n *store.Tender) { n.Kind = store.TenderAmendment }), "t:1 1.00 "},
		"no region told":               {notice("1", func(n *store.Tender) { n.Region, n.Title, n.Text = "", "控制系统采购", "HC-DCS" }), "t:1 1.00 quoted"},
		"another region":               {notice("1", func(n *store.Tender) { n.Region = "广东省" }), "t:1 0.85 quoted"},
		"no buyer":                     {notice("1", func(n *store.Tender) { n.Buyer = "" }), "t:1 0.94 quoted"},
		"somebody else":                {notice("1", func(n *store.Tender) { n.Buyer = "远望学校" }), ""},
		"a customer without deals":     {notice("1", func(n *store.Tender) { n.Buyer = "峰恒新能源" }), ""},
		"too old":                      {notice("1", func(n *store.Tender) { n.At = at(booktest.Today - 181) }), ""},
		"of tomorrow":                  {notice("1", func(n *store.Tender) { n.At = at(booktest.Today + 1) }), ""},
		"empty":                        {store.Tender{ID: "n:1", At: at(booktest.Today)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := booktest.Book(firm(c.tender))
			got := ""
			a := Of(b, desk.View{}, nil, analytics.Scope{}, false)
			if len(a.Suggestions) > 0 {
				g := a.Suggestions[0]
				got = fmt.Sprintf("%s %.2f %s", g.Deal.ID, g.Score, g.To.ID)
				if g.Reason.Zh == "" || strings.Contains(g.Reason.Zh+g.Reason.En, "%!") {
					t.Errorf("%+v", g.Reason)
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q: %+v", got, c.want, a.Suggestions)
			}
		})
	}
	b := booktest.Book(firm(notice("1", nil)))
	if a := Of(b, desk.View{}, nil, analytics.Scope{Root: "t:west"}, true); len(a.Suggestions) != 0 || a.Matched != 0 || a.Notices != 1 {
		t.Errorf("another team sees it: %+v", a)
	}
	if a := Of(b, desk.View{}, nil, analytics.Scope{AsOf: booktest.Today - 4}, true); a.Notices != 0 {
		t.Errorf("it is known before it was published: %+v", a)
	}
}

// TestDecide: accepting moves the credited stage, rejecting hides it, and taking it back brings it back.
func TestDecide(t *testing.T) {
	b := booktest.Book(firm(notice("1", nil)))
	l := desk.NewLive(storetest.NewDesk(), nil)
	decide := func(d store.Decision) {
		t.Helper()
		if _, err := l.Decide(t.Context(), b, desk.Viewer{Name: "boss"}, []store.Decision{d}); err != nil {
			t.Fatal(err)
		}
	}
	credited := func() string {
		t.Helper()
		a, err := credibility.Deal(b, l.Desk().Now(), nil, analytics.Scope{}, "t:1")
		if err != nil {
			t.Fatal(err)
		}
		return a.Credited
	}
	of := func(all bool) []Suggestion { return Of(b, l.Desk().Now(), nil, analytics.Scope{}, all).Suggestions }
	if credited() != "lead" {
		t.Fatal(credited())
	}
	first := of(false)[0]
	decide(first.Decide(true, "ours"))
	n := len(of(true))
	if g := of(true)[0]; credited() != "commercial" || g.State != Accepted || g.By != "boss" || g.Note != "ours" || len(of(false)) != n-1 {
		t.Errorf("%s, %+v", credited(), g)
	}
	decide(store.Decision{Undoes: 1})
	if g := of(false)[0]; credited() != "lead" || g.State != Suggested {
		t.Errorf("%s, %+v", credited(), g)
	}
	decide(first.Decide(false, ""))
	if credited() != "lead" || len(of(false)) != n-1 || of(true)[0].State != Rejected {
		t.Error("rejected")
	}
}
