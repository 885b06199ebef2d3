package grade

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/store"
)

// promotionKey begins the key of a message about a promotion: one for a customer and the newest month end that promoted it.
const promotionKey = "potential|"

// Promotion reports whether a message's key is of one that [Potentials.Promotions] made.
func Promotion(key string) bool { return strings.HasPrefix(key, promotionKey) }

// mostNamed is how many customers a message names.
const mostNamed = 20

// Promotions tells the owners of whom the rules promote, each once for a month end: told says of a key that it was told before. An owner with several gets one message that names them;
// those of the single customers are then posted as routed, so that they are remembered and told to nobody. word picks the language of a text, money words an amount, signal a
// kind of signal.
func (p *Potentials) Promotions(currency store.Currency, told func(key string) bool, word func(analytics.Text) string, money func(store.Money) string, signal func(kind string) string) (out []store.Message) {
	if len(p.Days) == 0 {
		return nil
	}
	end := p.Days[len(p.Days)-1]
	by := map[store.PersonID][]*Potential{}
	for i := range p.Rows {
		x := &p.Rows[i]
		if !told(promotionKey + string(x.Account) + "|" + end.String()) {
			by[x.Owner] = append(by[x.Owner], x)
		}
	}
	for _, owner := range sortedOwners(by) {
		all := by[owner]
		for _, x := range all {
			m := store.Message{Key: promotionKey + string(x.Account) + "|" + end.String(), Kind: store.MessageGrade, Node: owner, Link: "account/" + string(x.Account), Routed: len(all) > 1}
			m.Title = word(analytics.Text{Zh: "高潜客户: " + x.AccountName, En: "high potential: " + x.AccountName})
			m.Text = p.because(x, currency, word, money, signal)
			out = append(out, m)
		}
		if len(all) < 2 {
			continue
		}
		m := store.Message{Key: promotionKey + string(all[0].Account) + "|" + end.String() + "|+", Kind: store.MessageGrade, Node: owner, Link: "potential",
			Title: word(analytics.Text{Zh: fmt.Sprintf("高潜客户: 新增 %d 个", len(all)), En: fmt.Sprintf("high potential: %d more customers", len(all))})}
		var lines []string
		for i, x := range all {
			if i == mostNamed {
				lines = append(lines, word(analytics.Text{Zh: fmt.Sprintf("另有 %d 个", len(all)-i), En: fmt.Sprintf("and %d more", len(all)-i)}))
				break
			}
			lines = append(lines, x.AccountName+": "+p.because(x, currency, word, money, signal))
		}
		m.Text = strings.Join(lines, "\n")
		out = append(out, m)
	}
	return out
}

func sortedOwners(by map[store.PersonID][]*Potential) []store.PersonID {
	owners := make([]store.PersonID, 0, len(by))
	for o := range by {
		owners = append(owners, o)
	}
	slices.SortFunc(owners, func(x, y store.PersonID) int { return cmp.Compare(x, y) })
	return owners
}

// because says in one line why a customer is promoted.
func (p *Potentials) because(x *Potential, currency store.Currency, word func(analytics.Text) string, money func(store.Money) string, signal func(kind string) string) string {
	var health []string
	for i, h := range x.Health {
		health = append(health, fmt.Sprintf("%s %d", p.Days[i], h))
	}
	course := strings.Join(health, ", ")
	t := word(analytics.Text{Zh: fmt.Sprintf("健康度 %s (高于 %d)", course, p.Above), En: fmt.Sprintf("health %s (above %d)", course, p.Above)})
	if len(x.New) > 0 {
		t += word(analytics.Text{Zh: "; 想要 ", En: "; wants "}) + strings.Join(x.New, ", ")
	}
	if len(x.Signals) > 0 {
		names := make([]string, len(x.Signals))
		for i, kind := range x.Signals {
			names[i] = signal(kind)
		}
		t += word(analytics.Text{Zh: "; 信号 ", En: "; signals "}) + strings.Join(names, ", ")
	}
	t += word(analytics.Text{Zh: "; 近12月 ", En: "; 12 months "}) + money(store.Money{Minor: x.Money, Currency: currency})
	return t + word(analytics.Text{Zh: "; 方案资料: flightdeck potential --proposal ", En: "; facts for a proposal: flightdeck potential --proposal "}) + string(x.Account)
}
