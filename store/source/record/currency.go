package record

import (
	"slices"
	"strings"
	"unicode/utf8"

	"flightdeck/store"
)

// currencies are what people and systems write in place of an ISO 4217 code, and what it may mean. Words stand in lower case.
var currencies = map[string][]store.Currency{
	"元": {"CNY"}, "人民币": {"CNY"}, "人民币元": {"CNY"}, "rmb": {"CNY"}, "cn¥": {"CNY"}, "¥": {"CNY", "JPY"}, "￥": {"CNY", "JPY"}, "日元": {"JPY"},
	"美元": {"USD"}, "us$": {"USD"}, "港币": {"HKD"}, "港元": {"HKD"}, "hk$": {"HKD"}, "nt$": {"TWD"}, "新台币": {"TWD"}, "欧元": {"EUR"}, "英镑": {"GBP"},
	"$": {"USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD", "MXN"}, "€": {"EUR"}, "£": {"GBP"}, "₩": {"KRW"}, "₹": {"INR"},
}

// longest is how many bytes the longest of them has.
var longest = func() (n int) {
	for word := range currencies {
		n = max(n, len(word))
	}
	return n
}()

// Currencies returns what a code, a sign or a word for a currency may mean: ¥ is the yuan's and the yen's, $ that of many. nil: it is none that is known.
func Currencies(word string) []store.Currency {
	word = strings.TrimSpace(word)
	if len(word) > longest {
		return nil
	}
	if may := currencies[strings.ToLower(word)]; may != nil {
		return may
	}
	if c := store.Currency(strings.ToUpper(word)); c.Valid() {
		return []store.Currency{c}
	}
	return nil
}

// Means returns what a word that may mean several currencies means in a source of own: the only one, else the source's own; "" where that cannot be told.
func Means(may []store.Currency, own store.Currency) store.Currency {
	switch {
	case len(may) == 1:
		return may[0]
	case slices.Contains(may, own):
		return own
	}
	return ""
}

// SplitCurrency takes a currency's code, sign or word from either side of an amount. may is what it may mean; nil: none is there. Two that mean different ones leave
// nothing that it may mean, which is an empty slice.
func SplitCurrency(amount string) (number string, may []store.Currency) {
	number = strings.TrimSpace(amount)
	for _, side := range []struct {
		cut func(s string, n int) (affix, rest string)
		off func(s string, n int) int // the bytes of the first n characters
	}{
		{func(s string, n int) (string, string) { return s[:n], s[n:] }, func(s string, n int) (size int) {
			for ; n > 0 && size < len(s); n-- {
				_, w := utf8.DecodeRuneInString(s[size:])
				size += w
			}
			return size
		}},
		{func(s string, n int) (string, string) { return s[len(s)-n:], s[:len(s)-n] }, func(s string, n int) (size int) {
			for ; n > 0 && size < len(s); n-- {
				_, w := utf8.DecodeLastRuneInString(s[:len(s)-size])
				size += w
			}
			return size
		}},
	} {
		for n := 4; n > 0; n-- { // characters, the longest word first
			size := side.off(number, n)
			if size == len(number) {
				continue
			}
			affix, rest := side.cut(number, size)
			means := Currencies(affix)
			if means == nil || strings.TrimSpace(affix) != affix || currencies[strings.ToLower(affix)] == nil && strings.ToUpper(affix) != affix { // 5 kgs are no som
				continue
			}
			if may == nil {
				may = means
			} else {
				may = slices.DeleteFunc(slices.Clone(may), func(c store.Currency) bool { return !slices.Contains(means, c) })
			}
			number = strings.TrimSpace(rest)
			break
		}
	}
	return number, may
}
