package document

import (
	"errors"

	"github.com/goccy/go-yaml/ast"

	"flightdeck/store"
)

// Decimal is an exact decimal number as it was written.
type Decimal string

// UnmarshalYAML keeps the digits as they stand in the file – the library would make a float of them – and refuses anything that is not a number.
func (d *Decimal) UnmarshalYAML(n ast.Node) error {
	text := n.GetToken().Value
	if _, err := store.ParseMoney(text, "XXX"); err != nil {
		return errors.New("want a decimal number such as 7.12; found " + Describe(n))
	}
	*d = Decimal(text)
	return nil
}

// Money returns the number as an amount in a currency; d is valid, or "" and then no amount.
func (d Decimal) Money(c store.Currency) (store.Money, error) {
	if d == "" {
		return store.Money{}, nil
	}
	return store.ParseMoney(string(d), c)
}
