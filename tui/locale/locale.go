// Package locale owns every text a person reads in the terminal, in Chinese and English, and how figures, money, days and ages are written in each.
//
// A text is a [Key] made by [text] with both languages as arguments, so a missing translation does not compile. To add texts, add a
// file named for the noun (funnel.go, deal.go) with a var block of keys: nothing is registered anywhere else and several people
// do not meet in one file. A [Locale] is immutable and belongs to a session; switching the language is another Locale.
//
// Texts hold neither emoji (terminals disagree about their width) nor characters of ambiguous width (… · “ ” × → ¥ as U+FFE5 is fine, € is not), since
// any text may land in an aligned column; a test checks it. Texts that never do may be made by [prose].
package locale

import (
	"fmt"
	"strings"
)

// Lang is a language of the interface.
type Lang uint8

// The languages.
const (
	English Lang = iota
	Chinese
	langs
)

// String returns en or zh.
func (l Lang) String() string {
	switch l {
	case English:
		return "en"
	case Chinese:
		return "zh"
	}
	return fmt.Sprintf("%d?", uint8(l))
}

// Valid reports whether l is a declared language.
func (l Lang) Valid() bool { return l < langs }

// Parse reads zh or en, also with a territory and encoding as in zh_CN.UTF-8.
func Parse(s string) (Lang, error) {
	t, _, _ := strings.Cut(strings.ToLower(s), ".")
	t, _, _ = strings.Cut(strings.ReplaceAll(t, "-", "_"), "_")
	switch t {
	case "zh":
		return Chinese, nil
	case "en", "c", "posix":
		return English, nil
	}
	return English, fmt.Errorf("parse language %q: want zh or en", clip(s))
}

func clip(s string) string {
	if len(s) > 20 {
		s = s[:20]
	}
	return strings.ToValidUTF8(s, "?")
}

// Detect picks the language from an environment in the form of os.Environ (an SSH session has its own): the first of LC_ALL, LC_MESSAGES and LANG
// that is set decides; English when it names neither language.
func Detect(environ []string) Lang {
	for _, name := range []string{"LC_ALL=", "LC_MESSAGES=", "LANG="} {
		for i := len(environ) - 1; i >= 0; i-- { // a later entry replaces an earlier one
			if v, ok := strings.CutPrefix(environ[i], name); ok && v != "" {
				l, _ := Parse(v)
				return l
			}
		}
	}
	return English
}

// Key names one text.
type Key int

// All texts, filled while the package's variables are initialised and only read afterwards.
var texts [langs][]string

// text declares a text that is safe in aligned columns.
func text(zh, en string) Key {
	texts[Chinese] = append(texts[Chinese], zh)
	texts[English] = append(texts[English], en)
	return Key(len(texts[Chinese]) - 1)
}

// Locale writes texts, figures and days in one language. It is immutable.
type Locale struct{ lang Lang }

// New returns the locale of l.
func New(l Lang) *Locale {
	if !l.Valid() {
		l = English
	}
	return &Locale{l}
}

// Lang returns the language.
func (l *Locale) Lang() Lang { return l.lang }

// Zh reports whether the language is Chinese.
func (l *Locale) Zh() bool { return l.lang == Chinese }

// Other returns the locale of the next language, for a switch.
func (l *Locale) Other() *Locale { return New((l.lang + 1) % langs) }

// T returns the text of k.
func (l *Locale) T(k Key) string {
	if k < 0 || int(k) >= len(texts[Chinese]) {
		return fmt.Sprintf("?%d", int(k))
	}
	return texts[l.lang][k]
}

// F returns the text of k with its verbs filled in. "{deal|deals}" becomes the first word after a 1 and the second after any other argument; the argument is
// that of the verb before it.
func (l *Locale) F(k Key, args ...any) string {
	format := l.T(k)
	if strings.IndexByte(format, '{') >= 0 {
		format = number(format, args)
	}
	return fmt.Sprintf(format, args...)
}

// number resolves the words that go with a number. Texts whose verbs name their arguments, %[2]s, have none.
func number(format string, args []any) string {
	var b strings.Builder
	arg := -1
	for i := 0; i < len(format); i++ {
		switch format[i] {
		case '%':
			if i+1 < len(format) && format[i+1] != '%' {
				arg++
			} else if i+1 < len(format) {
				b.WriteByte('%')
				i++
			}
			b.WriteByte('%')
		case '{':
			word, rest, _ := strings.Cut(format[i+1:], "}")
			one, many, _ := strings.Cut(word, "|")
			if n := max(arg, 0); n < len(args) && fmt.Sprint(args[n]) == "1" {
				many = one
			}
			b.WriteString(many)
			i = len(format) - len(rest) - 1
		default:
			b.WriteByte(format[i])
		}
	}
	return b.String()
}

// Pick returns zh in Chinese when it is not empty, en otherwise (zh again when en is empty): for names that the data has in both languages.
func (l *Locale) Pick(zh, en string) string {
	if en == "" || (l.lang == Chinese && zh != "") {
		return zh
	}
	return en
}
