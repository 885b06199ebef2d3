package account

import (
	"flightdeck/analytics/column"
)

// Find returns what says of each row whether word is found in the account's name, its owner's, its industry, city or grade. word is in lower case and holds no blank. It
// blocks until the rows are in order and the names were looked through; what it returns may be asked on several goroutines.
func (v *View) Find(word string) func(i int) bool {
	b, refs := v.from.b, v.rank.Sorted()
	named, people, industries, cities := b.AccountsNamed(word), b.PeopleNamed(word), b.IndustriesNamed(word), b.AccountsIn(word)
	needle := column.NewNeedle(word)
	return func(i int) bool {
		c := refs[i].account
		return named.Has(c) || people.Has(b.AccountOwner(c)) || industries.Has(b.AccountIndustry(c)) || cities.Has(c) || needle.In(string(v.from.board.Grade(c)))
	}
}

// Settle puts the rows beyond the first few hundred in order: for a goroutine that nobody waits for. [View.Find] then has it.
func (v *View) Settle() { v.rank.Settle() }
