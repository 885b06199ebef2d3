package company

import "flightdeck/store"

// tender makes the public notices of some purchases: that the customer asks for offers, shortly before or after we quote, and who got it. The buyer is named as clerks write it:
// often without the place, with another legal form, or only in the title. A few notices are of somebody whom we do not know.
func (g *gen) tender(c *chance, p *plan, out *store.Records) {
	public, strange := c.yes(.12), c.yes(.04)
	if !public && !strange {
		return
	}
	at, won := int64(0), int64(0)
	for _, s := range g.path {
		switch {
		case at == 0 && s.stage >= stagePOC && s.stage < stageWon:
			at = s.at + int64(c.between(-12, 6))*daySeconds
		case s.stage == stageWon:
			won = s.at + int64(c.between(1, 9))*daySeconds
		case s.stage == stageLost:
			won = -(s.at + int64(c.between(1, 9))*daySeconds)
		}
	}
	if at == 0 {
		return
	}
	at = max(at, p.created+3600)
	buyer, what := p.short, products[p.product].name
	switch c.IntN(4) {
	case 0:
		buyer = p.city.name + p.short + "有限公司"
	case 1:
		buyer = p.short + "股份有限公司"
	case 2:
		buyer = p.city.name + "市" + p.short + "集团"
	}
	if strange && !public {
		buyer = pick(c, []string{"城南实验小学", "滨河污水处理厂", "市政务服务中心", "第六人民医院"})
	}
	t := store.Tender{Title: buyer + what + "采购项目招标公告", Buyer: buyer, Region: p.city.province + p.city.name + "市", Text: "采购" + what + "一套, 含安装与调试", Due: dayOf(at) + store.Day(c.between(15, 30)), At: instant(at), Seen: instant(at)}
	if c.yes(.2) {
		t.Buyer, t.Region = "", ""
	}
	add := func(n int) {
		t.ID = g.id('d', p.n+1, 'b', n)
		t.URL = "https://bids.example/" + t.ID.Native()
		out.Tenders = append(out.Tenders, t)
	}
	if at <= g.now {
		add(1)
	}
	if won != 0 && max(won, -won) <= g.now && max(won, -won) > at && c.yes(.6) {
		t.Kind, t.Title, t.Due, t.Winner = store.TenderAward, buyer+what+"采购项目中标公告", store.NoDay, "海川智控集团有限公司"
		if won < 0 {
			won, t.Winner = -won, pick(c, competitors)
		}
		t.Amount, t.At, t.Seen = store.Money{Minor: p.amount, Currency: p.currency}, instant(won), instant(won)
		add(2)
	}
}
