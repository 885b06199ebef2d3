package analytics_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/plain"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// A company whose people are listed twice, by its CRM and by its directory, answers every question as one whose people are listed once.
func TestSame_AsOneSource(t *testing.T) {
	rng := storetest.Rand(t)
	for range 10 {
		once := plain.Random(rng, 40)
		var twice store.Records
		twice.Append(&once.Records)
		known := map[store.ID]bool{}
		for i := range once.People {
			known[once.People[i].ID] = true
		}
		listed := func(id store.ID) store.ID { // under which the directory has somebody
			if known[id] {
				return "w:" + store.ID(id.Native())
			}
			return id
		}
		either := func(id store.ID) store.ID {
			if rng.IntN(2) == 0 {
				return listed(id)
			}
			return id
		}
		rename(&once.Records, listed)
		rename(&twice, either)
		var people []store.Person
		for i := range once.People {
			p := &once.People[i]
			p.Title, p.Email = "销售", fmt.Sprintf("p%d@x.test", i)
			crm := store.Person{ID: "t:" + store.ID(p.ID.Native()), Name: p.Name, Email: " P" + p.Email[1:], Title: p.Title}
			dir := store.Person{ID: p.ID, Name: p.Name, Email: p.Email, Unit: p.Unit}
			if rng.IntN(2) == 0 {
				crm.Unit = once.Units[rng.IntN(len(once.Units))].ID // in the CRM's own tree; the directory's counts
				if p.Unit == "" {
					crm.Unit = ""
				}
			}
			if rng.IntN(2) == 0 {
				p.Phone, dir.Phone, crm.Phone, crm.Email = "+86 138-0013-80"+fmt.Sprint(10+i), "+86 138-0013-80"+fmt.Sprint(10+i), "138001380"+fmt.Sprint(10+i), ""
			}
			people = append(people, crm, dir)
		}
		twice.People = people
		twice.Statuses = append(twice.Statuses, store.SourceStatus{Source: "w", Stream: "people"}, store.SourceStatus{Source: "t", Stream: "deals"})
		once.Statuses = slices.Clone(twice.Statuses)

		want, got := once.Book(), analytics.FromRecords(&twice, plain.Options())
		days := []store.Day{once.Day(), plain.Today}
		same(t, "the Book", dump(got, days), dump(want, days))
		scopes := []analytics.Scope{{}, {Period: analytics.Calendar{}.Year(plain.Today, 0)}}
		same(t, "answers", ask(t, got, scopes), ask(t, want, scopes))
		for _, p := range once.People {
			crm := "t:" + store.ID(p.ID.Native())
			c, ok := got.PersonCode(crm)
			if !ok || got.Person(c).ID != p.ID || got.Same(crm) != p.ID || !slices.Equal(got.Also(c), []store.ID{crm}) || got.RootOf(crm) != want.RootOf(p.ID) || got.PersonName(crm) != p.Name {
				t.Fatalf("%s: %+v, also %s", crm, got.Person(c), got.Also(c))
			}
			a, _ := got.NodeOf(crm)
			if b, ok := got.NodeOf(p.ID); a != b || !ok {
				t.Fatalf("%s stands at %d, %s at %d", crm, a, p.ID, b)
			}
			if id, err := got.FindNode("", "", string(crm)); id != p.ID || err != nil {
				t.Fatalf("%s is found as %s: %v", crm, id, err)
			}
		}
	}
}

// rename gives everybody another ID wherever they are named.
func rename(r *store.Records, to func(store.ID) store.ID) {
	each := func(ids ...*store.ID) {
		for _, id := range ids {
			*id = to(*id)
		}
	}
	for i := range r.Units {
		each(&r.Units[i].Manager)
	}
	for i := range r.People {
		each(&r.People[i].ID)
	}
	for i := range r.Accounts {
		each(&r.Accounts[i].Owner)
	}
	for i := range r.Deals {
		each(&r.Deals[i].Owner)
	}
	for i := range r.Changes {
		c := &r.Changes[i]
		c.ID = c.Key() // as it was before its owners had other names
		if each(&c.By); c.Field == store.FieldOwner {
			c.From, c.To = string(to(store.ID(c.From))), string(to(store.ID(c.To)))
		}
	}
	for i := range r.Touches {
		each(&r.Touches[i].Rep)
	}
	for i := range r.Evidence {
		each(&r.Evidence[i].By, &r.Evidence[i].Signer)
	}
	for i := range r.Sales {
		each(&r.Sales[i].Rep)
	}
	for i := range r.Quotas {
		each(&r.Quotas[i].Node)
	}
}

func TestSame_WhoIsWho(t *testing.T) {
	unit := store.Unit{ID: "w:d", Name: "华东", Kind: store.UnitTeam}
	for _, test := range []struct {
		name   string
		people string // source:id name email phone, "-" for none, "!" after the name of one who left
		want   string // the people there are, each with all IDs
		doubt  string // fields and places of what is told
	}{
		{"by e-mail, whatever its case", "crm:1 王强 WQ@x.cn -, w:a 王强 wq@x.cn -", "crm:1 w:a", ""},
		{"by phone, however it is written", "crm:1 王强 - 138-0013-8000, w:a 王强 - +8613800138000", "crm:1 w:a", ""},
		{"also under another name", "crm:1 WangQiang wq@x.cn -, w:a 王强 wq@x.cn -", "crm:1 w:a", ""},
		{"over three sources", "crm:1 王强 wq@x.cn -, d:7 王强 wq@x.cn 13800138000, w:a 王强 - 13800138000", "crm:1 d:7 w:a", ""},
		{"not within one source", "crm:1 王强 wq@x.cn -, crm:2 王强 wq@x.cn -", "crm:1, crm:2", ""},
		{"not by the name", "crm:1 王强 - -, w:a 王强 - -", "crm:1, w:a", ""},
		{"not by what is no address or number", "crm:1 王强 无 8000, w:a 王强 无 8000", "crm:1, w:a", ""},
		{"a mailbox that two share names nobody", "crm:1 王强 sales@x.cn -, crm:2 李敏 sales@x.cn -, w:a 王强 sales@x.cn -", "crm:1, crm:2, w:a", "crm 1 email"},
		{"unless each is known by another", "crm:1 王强 sales@x.cn 13800138000, crm:2 李敏 sales@x.cn 13800138001, w:a 王强 sales@x.cn 13800138000", "crm:1 w:a, crm:2", ""},
		{"e-mail and phone name two people", "crm:1 王强 wq@x.cn -, crm:2 李敏 - 13800138001, w:a 王强 wq@x.cn 13800138001", "crm:1, crm:2, w:a", "crm 1 email, crm 2 phone"},
		{"a number that somebody had who left", "crm:1 张伟! - 13800138000, crm:2 王强 - 13800138000, w:a 王强 - 13800138000", "crm:1, crm:2 w:a", ""},
		{"a number of one who left and another who came", "crm:1 张伟! - 13800138000, w:a 王强 - 13800138000", "crm:1, w:a", "crm 1 phone"},
		{"one who left, as one of the sources knows", "crm:1 张伟 - 13800138000, w:a 张伟! - 13800138000", "crm:1 w:a", ""},
	} {
		var r store.Records
		r.Units = append(r.Units, unit)
		for _, one := range strings.Split(test.people, ", ") {
			f := strings.Fields(one)
			for i := range f {
				if f[i] == "-" {
					f[i] = ""
				}
			}
			p := store.Person{ID: store.ID(f[0]), Email: f[2], Phone: f[3]}
			p.Name, p.Inactive = strings.TrimSuffix(f[1], "!"), strings.HasSuffix(f[1], "!")
			r.People = append(r.People, p)
		}
		b := analytics.FromRecords(&r, plain.Options())
		var got, doubt []string
		for c := range analytics.Code(b.People()) {
			if p := b.Person(c); p.ID != "" {
				ids := []string{string(p.ID)}
				for _, id := range b.Also(c) {
					ids = append(ids, string(id))
				}
				slices.Sort(ids)
				got = append(got, strings.Join(ids, " "))
			}
		}
		for _, i := range b.Issues() {
			doubt = append(doubt, fmt.Sprint(i.Source, " ", i.Where, " ", i.Field))
			if i.Field == "phone" && strings.Contains(i.Value+i.Problem, "00138") {
				t.Errorf("%s: the number is told: %+v", test.name, i)
			}
		}
		slices.Sort(got)
		if strings.Join(got, ", ") != test.want || strings.Join(doubt, ", ") != test.doubt {
			t.Errorf("%s: %q, in doubt %q; want %q, %q", test.name, strings.Join(got, ", "), strings.Join(doubt, ", "), test.want, test.doubt)
		}
	}
}
