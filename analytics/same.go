package analytics

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"flightdeck/store"
)

// joined is who is one person although several sources list them: the directory (WeCom, DingTalk) in whose units they stand, and the systems in which they own deals and
// log touches. Records of different sources are one person where they have the same e-mail or phone and nothing speaks against it; what does is told as an issue, and
// nobody is joined by a guess.
//
// The columns hold the Code of one record of each person, the least, so that a person whom a second source begins to list changes no row. Everything else about them
// is taken from the records together.
type joined struct {
	as     []Code                // by Code, the Code under which the person is counted; nil: everybody under their own
	who    map[Code]store.Person // by the Code under which they are counted: the people whom several records tell of
	others map[Code][]store.ID   // likewise: the IDs of the other records
	doubt  []store.Issue
	dirs   []store.SourceID // the directories
}

// Same returns the ID under which the Book shows a person; id itself where only one source lists them, or none.
func (b *Book) Same(id store.PersonID) store.PersonID {
	if c, ok := b.people.ids.find(id); ok {
		return b.personID(b.counted(c))
	}
	return id
}

// Also returns the IDs, in order, by which other records than [Person]'s own name a person. The slice is the Book's: do not write to it.
func (b *Book) Also(c Code) []store.ID { return b.others[c] }

// counted returns the Code under which a person's rows stand.
func (j *joined) counted(c Code) Code {
	if c >= 0 && int(c) < len(j.as) {
		return j.as[c]
	}
	return c
}

// personID returns the ID of a person who is counted under c; "" for None.
func (b *Book) personID(c Code) store.PersonID {
	if p, ok := b.who[c]; ok {
		return p.ID
	}
	return b.people.id(c)
}

// person returns the Code under which a person's rows stand. People are read before anything that names them, so that the Codes are final when it is first asked;
// where they were not, split says so.
func (e *editor) person(id store.ID) Code {
	if id == "" {
		return None
	}
	e.join()
	c := ref(e, store.EntityPerson, &e.b.people, id)
	e.handed = max(e.handed, int(c)+1)
	return e.b.counted(c)
}

// join finds out anew who is one person, if any of them changed.
func (e *editor) join() {
	if !e.unjoined {
		return
	}
	e.unjoined = false
	b := e.b
	was := b.joined
	b.as, b.doubt = b.joinPeople()
	for c := range Code(e.handed) {
		if was.counted(c) != b.counted(c) {
			e.split = true
			return
		}
	}
}

// joinPeople says under which Code each person is counted, and what kept people apart.
func (b *Book) joinPeople() (as []Code, doubt []store.Issue) {
	t := &b.people
	keys := map[string][]Code{}
	several := false
	var first store.SourceID
	for c := range t.rec {
		if !t.live[c] {
			continue
		}
		p := &t.rec[c]
		if src := p.ID.Source(); first == "" {
			first = src
		} else if src != first {
			several = true
		}
		for _, k := range [...]string{mailKey(p.Email), phoneKey(p.Phone)} {
			if k != "" {
				keys[k] = append(keys[k], Code(c))
			}
		}
	}
	if !several {
		return nil, nil
	}
	j := joining{b: b, up: make([]Code, len(t.rec))}
	for c := range j.up {
		j.up[c] = Code(c)
	}
	var order []string
	for k, codes := range keys {
		if len(codes) > 1 {
			order = append(order, k)
		}
	}
	slices.Sort(order)
	for _, k := range order {
		j.key(k, keys[k])
	}
	return j.settle()
}

// joining is a union of records into people.
type joining struct {
	b     *Book
	up    []Code // towards the least Code of the person
	links []link
	clash []clash
}

type link struct {
	key  string
	x, y Code
}

// clash is a key that several people of one source have, or of which it is not clear whose it is.
type clash struct {
	key  string
	of   []Code // who of one source have it
	with []Code // who of other sources have it, and none but them
	why  string
}

// key joins those who are the only ones of their source to have it.
func (j *joining) key(key string, codes []Code) {
	rec := j.b.people.rec
	slices.SortFunc(codes, func(x, y Code) int { return byID(rec[x].ID, rec[y].ID) }) // Codes differ from Book to Book, and what is told must not
	bySource := map[store.SourceID][]Code{}
	var sources []store.SourceID
	for _, c := range codes {
		src := rec[c].ID.Source()
		if bySource[src] == nil {
			sources = append(sources, src)
		}
		bySource[src] = append(bySource[src], c)
	}
	if len(sources) < 2 {
		return // colleagues share it, and no other source knows it
	}
	slices.Sort(sources)
	var only []Code
	var shared [][]Code
	for _, src := range sources {
		all := bySource[src]
		// Whoever left, and whose number somebody else has now, does not stand in the way of that one.
		if here := slices.DeleteFunc(slices.Clone(all), func(c Code) bool { return rec[c].Inactive }); len(here) > 0 {
			all = here
		}
		if len(all) == 1 {
			only = append(only, all[0])
		} else {
			shared = append(shared, all)
		}
	}
	for _, all := range shared {
		j.clash = append(j.clash, clash{key: key, of: all, with: only, why: "several have it"})
	}
	for i := 1; i < len(only); i++ {
		x, y := only[0], only[i]
		if rec[x].Inactive != rec[y].Inactive && !strings.EqualFold(strings.TrimSpace(rec[x].Name), strings.TrimSpace(rec[y].Name)) {
			j.clash = append(j.clash, clash{key: key, of: []Code{x}, with: []Code{y}, why: "one of them has left, and the names differ"})
			continue
		}
		j.links = append(j.links, link{key, x, y})
		j.unite(x, y)
	}
}

func (j *joining) top(c Code) Code {
	for j.up[c] != c {
		j.up[c] = j.up[j.up[c]]
		c = j.up[c]
	}
	return c
}

func (j *joining) unite(x, y Code) {
	if x, y = j.top(x), j.top(y); x != y {
		j.up[max(x, y)] = min(x, y)
	}
}

// settle takes apart whoever would be two people of one source, and tells what kept people apart.
func (j *joining) settle() (as []Code, doubt []store.Issue) {
	rec := j.b.people.rec
	groups := map[Code][]Code{}
	for _, l := range j.links {
		for _, c := range [...]Code{l.x, l.y} {
			if g := j.top(c); !slices.Contains(groups[g], c) {
				groups[g] = append(groups[g], c)
			}
		}
	}
	torn := map[Code]bool{}
	for g, all := range groups {
		seen := map[store.SourceID]bool{}
		for _, c := range all {
			src := rec[c].ID.Source()
			torn[g] = torn[g] || seen[src]
			seen[src] = true
		}
	}
	for _, l := range j.links {
		if g := j.top(l.x); torn[g] {
			doubt = append(doubt, j.issue(clash{key: l.key, of: []Code{l.x}, with: []Code{l.y}, why: "e-mails and phones together name two people of one source"}))
		}
	}
	as = make([]Code, len(j.up))
	joins := false
	for c := range as {
		if as[c] = j.top(Code(c)); torn[as[c]] {
			as[c] = Code(c)
		}
		joins = joins || as[c] != Code(c)
	}
	one := func(x, y Code) bool { return as[x] == as[y] }
	for _, c := range j.clash {
		// Somebody who shares a key is known by another one all the same: then nothing is missing.
		if slices.ContainsFunc(c.with, func(w Code) bool { return !slices.ContainsFunc(c.of, func(o Code) bool { return one(w, o) }) }) || len(c.with) == 0 {
			doubt = append(doubt, j.issue(c))
		}
	}
	slices.SortFunc(doubt, func(x, y store.Issue) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Where, y.Where), cmp.Compare(x.Field, y.Field), cmp.Compare(x.Problem, y.Problem))
	})
	if !joins {
		as = nil
	}
	return as, doubt
}

func (j *joining) issue(c clash) store.Issue {
	rec := j.b.people.rec
	names := func(codes []Code) string {
		var all []string
		for i, c := range codes {
			if i == 3 {
				all = append(all, fmt.Sprintf("%d more", len(codes)-i))
				break
			}
			all = append(all, fmt.Sprintf("%s (%s)", store.Clip(rec[c].Name, 40), rec[c].ID))
		}
		return strings.Join(all, ", ")
	}
	p := &rec[c.of[0]]
	v := store.Issue{Source: p.ID.Source(), Stream: "people", Where: p.ID.Native(), Field: "email", Value: store.Clip(strings.TrimSpace(p.Email), 80)}
	if kind, digits, _ := strings.Cut(c.key, ":"); kind == "phone" {
		v.Field, v.Value = "phone", veiled(digits)
	}
	also := ""
	if len(c.with) > 0 {
		also = " and of " + names(c.with)
	}
	v.Problem = fmt.Sprintf("that of %s%s: %s, so they are not joined into one person; give each their own e-mail or phone in the sources", names(c.of), also, c.why)
	return v
}

// veiled leaves of a phone number what tells it from others of a list.
func veiled(digits string) string {
	if len(digits) < 8 {
		return digits
	}
	return digits[:3] + strings.Repeat("*", len(digits)-7) + digits[len(digits)-4:]
}

// mailKey is what two spellings of one address share; "" for what is none.
func mailKey(mail string) string {
	mail = strings.ToLower(strings.TrimSpace(mail))
	if at := strings.IndexByte(mail, '@'); at < 1 || at == len(mail)-1 {
		return ""
	}
	return "email:" + mail
}

// phoneKey is what two spellings of one number share: its digits, of a mainland number without the country's. "" for what is too short to be one person's.
func phoneKey(phone string) string {
	var digits []byte
	for _, r := range phone {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case r >= '０' && r <= '９':
			digits = append(digits, byte(r-'０'+'0'))
		}
	}
	s := strings.TrimPrefix(string(digits), "00")
	if len(s) == 13 && strings.HasPrefix(s, "861") {
		s = s[2:]
	}
	if len(s) < 7 {
		return ""
	}
	return "phone:" + s
}

// portray makes one person of the records of each. The record that speaks first is one in a unit that is there, then one of a directory, then one of the source that
// places most people, then the one with the least ID; what it leaves open the next ones say.
func (b *Book) portray() {
	b.who, b.others = nil, nil
	if b.as == nil {
		return
	}
	t := &b.people
	placed := map[store.SourceID]int{}
	at := func(c Code) bool { _, ok := b.units.code(t.rec[c].Unit); return ok }
	groups := map[Code][]Code{}
	for c := range t.rec {
		if !t.live[c] {
			continue
		}
		if at(Code(c)) {
			placed[t.rec[c].ID.Source()]++
		}
		g := b.as[c]
		groups[g] = append(groups[g], Code(c))
	}
	b.who, b.others = map[Code]store.Person{}, map[Code][]store.ID{}
	for g, all := range groups {
		if len(all) == 1 {
			continue
		}
		slices.SortFunc(all, func(x, y Code) int {
			rank := func(c Code) int {
				switch {
				case !at(c):
					return 2
				case slices.Contains(b.dirs, t.rec[c].ID.Source()):
					return 0
				}
				return 1
			}
			p, q := &t.rec[x], &t.rec[y]
			return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(placed[q.ID.Source()], placed[p.ID.Source()]), byID(p.ID, q.ID))
		})
		p := t.rec[all[0]]
		if !at(all[0]) {
			p.Unit = ""
		}
		for _, c := range all[1:] {
			o := &t.rec[c]
			p.Name, p.Email = cmp.Or(p.Name, o.Name), cmp.Or(p.Email, o.Email)
			p.Phone, p.Title = cmp.Or(p.Phone, o.Phone), cmp.Or(p.Title, o.Title)
			b.others[g] = append(b.others[g], o.ID)
		}
		slices.SortFunc(b.others[g], byID)
		b.who[g] = p
	}
}

// everybody returns each person once, by ID.
func (b *Book) everybody() []store.Person {
	people := b.people.sorted()
	if b.as == nil {
		return people
	}
	people = people[:0]
	for c, live := range b.people.live {
		if live && b.counted(Code(c)) == Code(c) {
			people = append(people, b.Person(Code(c)))
		}
	}
	slices.SortFunc(people, func(x, y store.Person) int { return byID(x.ID, y.ID) })
	return people
}

// directories lists the sources that know units and people and nothing of what is sold, in order: what their last runs were of tells.
func (b *Book) directories() (dirs []store.SourceID) {
	sells := map[store.SourceID]bool{}
	for i := range b.status.rec {
		if s := &b.status.rec[i]; b.status.live[i] {
			sells[s.Source] = sells[s.Source] || s.Stream != "people" && s.Stream != "units"
		}
	}
	for src, does := range sells {
		if !does {
			dirs = append(dirs, src)
		}
	}
	slices.Sort(dirs)
	return dirs
}
