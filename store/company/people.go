package company

import (
	"math"

	"flightdeck/store"
)

// How a rep calls a forecast.
const (
	styleUsual   = iota
	styleSandbag // promises late and low, then closes early and higher
	stylePad     // promises early and commits to what then slips
)

type person struct {
	id        store.ID
	name      string
	title     string
	unit      store.ID
	region    int
	team      int       // -1: a manager or the director
	weight    float64   // share of the business, a rep's being 1
	quality   float64   // -1.5 to 1.5: wins more, and faster
	diligence float64   // touches, against a usual rep's 1
	prompt    float64   // probability that a touch is written down within 15 minutes
	style     int       //
	left      store.Day // first day away; NoDay: still here
	heir      int       // who took over
}

func (p *person) gone(d store.Day) bool { return p.left != store.NoDay && d >= p.left }

// staff makes the teams and the people. Unit u1 is the company, then the regions, then the teams; person p1 is the director.
func (g *gen) staff() {
	c := g.c.set(g.Seed, lanePeople, 0)
	add := func(p person) int {
		n := len(g.people)
		p.id, p.name, p.left, p.heir = g.id('p', n+1, 0, 0), staffName(n+int(g.Seed%1000)), store.NoDay, -1
		g.people = append(g.people, p)
		return n
	}
	add(person{title: "销售总监", unit: g.id('u', 1, 0, 0), team: -1, weight: .1, quality: .8, diligence: .6, prompt: .5})
	for r := range g.size.Regions {
		add(person{title: "大区经理", unit: g.id('u', 2+r, 0, 0), region: r, team: -1, weight: .15, quality: .7, diligence: .7, prompt: .5})
	}
	for t := range g.size.Teams {
		tm := team{region: t % g.size.Regions}
		own, nth := regions[tm.region].cities, t/g.size.Regions
		teamsHere := (g.size.Teams - tm.region + g.size.Regions - 1) / g.size.Regions
		for i := range own {
			if i%teamsHere == nth || nth%len(own) == i {
				tm.cities = append(tm.cities, i)
			}
		}
		tm.name = own[nth%len(own)].name + "团队"
		if k := nth / len(own); k > 0 || teamsHere > len(own) {
			tm.name = own[nth%len(own)].name + ordinal(k+1) + "组"
		}
		unit := g.id('u', 2+g.size.Regions+t, 0, 0)
		n := g.size.Reps / g.size.Teams
		if t < g.size.Reps%g.size.Teams {
			n++
		}
		tm.people = append(tm.people, add(person{title: "销售组长", unit: unit, region: tm.region, team: t, weight: .4, quality: .6, diligence: 1, prompt: .7}))
		for range n {
			p := person{title: pick(c, []string{"销售代表", "销售代表", "高级销售", "客户经理"}), unit: unit, region: tm.region, team: t, weight: c.spread(.18)}
			p.quality = max(-1.5, min(1.5, c.NormFloat64()*.7))
			p.diligence, p.prompt = min(1.7, c.spread(.25)), .35+.5*c.Float64()
			switch u := c.Float64(); {
			case u < .1:
				p.diligence, p.prompt = .12+.1*c.Float64(), .1
			case u < .22:
				p.style = styleSandbag
			case u < .37:
				p.style = stylePad
			}
			tm.people = append(tm.people, add(p))
		}
		g.teams = append(g.teams, tm)
	}
	// One rep in twenty has left within the last year; a teammate who stayed took over.
	for _, tm := range g.teams {
		reps := tm.people[1:]
		for i, n := range reps {
			if len(reps) > 2 && i != len(reps)-1 && c.yes(1/20.) {
				g.people[n].left, g.people[n].heir = g.today-store.Day(c.between(40, 330)), reps[len(reps)-1]
			}
		}
	}
	var sum float64
	for _, p := range g.people {
		sum += p.weight
		g.reach = append(g.reach, sum)
	}
}

func ordinal(n int) string {
	digits := []string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
	if n < 10 {
		return digits[n]
	}
	s := "十" + digits[n%10]
	if n >= 20 {
		s = digits[n/10%10] + s
	}
	return s
}

// colleague returns someone of n's team who is still here; n itself when there is nobody else.
func (g *gen) colleague(c *chance, n int) int {
	if t := g.people[n].team; t >= 0 {
		for range 6 {
			if m := pick(c, g.teams[t].people[1:]); m != n && g.people[m].left == store.NoDay {
				return m
			}
		}
	}
	return n
}

// units makes the org tree, its people and their quotas.
func (g *gen) units(out *store.Records) {
	root := g.id('u', 1, 0, 0)
	out.Units = append(out.Units, store.Unit{ID: root, Name: "海川智控集团", Kind: store.UnitCompany, Manager: g.people[0].id})
	for r := range g.size.Regions {
		out.Units = append(out.Units, store.Unit{ID: g.id('u', 2+r, 0, 0), Parent: root, Name: regions[r].name, Kind: store.UnitRegion, Manager: g.people[1+r].id})
	}
	for t, tm := range g.teams {
		out.Units = append(out.Units, store.Unit{
			ID: g.id('u', 2+g.size.Regions+t, 0, 0), Parent: g.id('u', 2+tm.region, 0, 0), Name: tm.name, Kind: store.UnitTeam,
			Manager: g.people[tm.people[0]].id,
		})
	}
	for _, p := range g.people {
		out.People = append(out.People, store.Person{
			ID: p.id, Unit: p.unit, Name: p.name, Title: p.title, Inactive: p.left != store.NoDay,
			Email: p.id.Native() + "@haichuan.example",
		})
	}
	g.quotas(out)
}

// bookedPerDeal is what a deal brings in on average, in CNY, the lost ones included: measured on the generator itself
// (TestCompany_QuotasAreWithinReach holds it near the truth). Quotas are set a little above it.
const bookedPerDeal = 66_000

// quotas sets targets from the first quarter through the next one. A person's quota is the own book; a unit's is what its people carry, less some
// over-assignment: managers hand down a little more than they owe.
func (g *gen) quotas(out *store.Records) {
	perQuarter := float64(g.size.Deals) / (float64(g.today-g.start) / 91.3) * bookedPerDeal
	perWeight := perQuarter / g.reach[len(g.reach)-1]
	kinds := len(out.Units)
	for q := range g.size.Quarters + 1 {
		from := quarterOf(g.today, q+1-g.size.Quarters)
		to := quarterOf(from, 1) - 1
		grow := math.Pow(1.03, float64(q)-float64(g.size.Quarters)/2)
		add := func(node store.ID, yuan float64) {
			_, m, _ := from.Date()
			out.Quotas = append(out.Quotas, store.Quota{
				ID: node + store.ID("."+from.String()[:4]+"q"+string(rune('0'+(m-1)/3+1))), Node: node, From: from, To: to,
				Amount: store.Money{Minor: int64(math.Round(yuan/1e4)) * 1e6, Currency: "CNY"},
			})
		}
		units := make([]float64, kinds)
		for _, p := range g.people {
			if p.left != store.NoDay && p.left < from {
				continue
			}
			w := p.weight
			if p.heir < 0 && p.team >= 0 {
				for _, m := range g.teams[p.team].people { // who took over carries both
					if h := &g.people[m]; h.heir >= 0 && g.people[h.heir].id == p.id && h.left < from {
						w += h.weight
					}
				}
			}
			yuan := max(math.Round(perWeight*grow*w*1.08/1e4), 1) * 1e4
			add(p.id, yuan)
			units[0] += yuan * .95
			if p.region >= 0 && p.unit != g.people[0].unit {
				units[1+p.region] += yuan * .96
			}
			if p.team >= 0 {
				units[1+g.size.Regions+p.team] += yuan * .97
			}
		}
		for i, yuan := range units {
			add(out.Units[i].ID, yuan)
		}
	}
}
