package tender

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// forms are legal forms, the longer ones first, in lower case.
var forms = []string{"股份有限公司", "有限责任公司", "有限公司", "集团公司", "总公司", "分公司", "集团", "公司", "incorporated", "corporation", "holdings", "limited", "company", "group", "gmbh", "corp", "inc", "ltd", "llc", "plc", "co", "ag", "sa"}

// name is a company's name in the form in which it is compared.
type name struct {
	place string // at its beginning
	rest  string
}

// fold writes a text in lower case and one width.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

// namer knows places, in the form of fold.
type namer struct{ places []string }

// of brings a name into the form in which it is compared.
func (n *namer) of(s string) name {
	s = fold(s)
	s = unbracket(s)
	words := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) && r != '-' })
	for len(words) > 1 && latinForm(words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	s = strings.Join(words, "")
	for again := true; again; {
		again = false
		for _, f := range forms {
			if f[0] >= 0x80 && strings.HasSuffix(s, f) && len(s) > len(f)+3 {
				s, again = strings.TrimSuffix(s, f), true
			}
		}
	}
	for _, p := range n.places {
		if rest, ok := strings.CutPrefix(s, p); ok {
			for _, unit := range []string{"特别行政区", "自治区", "省", "市", "区", "县"} {
				rest = strings.TrimPrefix(rest, unit)
			}
			if len([]rune(rest)) >= 2 {
				return name{p, rest}
			}
		}
	}
	return name{"", s}
}

func latinForm(w string) bool {
	for _, f := range forms {
		if f == w {
			return true
		}
	}
	return false
}

// unbracket takes out what stands in round brackets.
func unbracket(s string) string {
	for {
		i := strings.IndexByte(s, '(')
		j := strings.IndexByte(s[i+1:], ')')
		if i < 0 || j < 0 {
			return s
		}
		s = s[:i] + s[i+1+j+1:]
	}
}

// bigrams returns the set of character pairs of s; a single character stands for itself.
func bigrams(s string) map[string]bool {
	set := map[string]bool{}
	r := []rune(s)
	if len(r) == 1 {
		set[s] = true
	}
	for i := 1; i < len(r); i++ {
		set[string(r[i-1:i+1])] = true
	}
	return set
}

// dice is the likeness of two sets, 0–1.
func dice(a, b map[string]bool) float64 {
	if len(a)+len(b) == 0 {
		return 0
	}
	both := 0
	for k := range a {
		if b[k] {
			both++
		}
	}
	return 2 * float64(both) / float64(len(a)+len(b))
}

// alike is the likeness of two names. Two different places never make them more alike.
func alike(x, y name) float64 {
	v := dice(bigrams(x.rest), bigrams(y.rest))
	if x.place != "" && y.place != "" && x.place != y.place {
		v = min(v, dice(bigrams(x.place+x.rest), bigrams(y.place+y.rest)))
	}
	return v
}

// covered is how much of a term a text holds, 0–1: of Latin words whole ones, of Chinese the share of their bigrams. Less than half is nothing.
func covered(term, text string) float64 {
	words := strings.FieldsFunc(term, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) && r != '-' })
	best := 0.
	for _, w := range words {
		han := strings.IndexFunc(w, func(r rune) bool { return unicode.Is(unicode.Han, r) }) >= 0
		switch {
		case !han && (len(w) < 3 || strings.IndexFunc(w, unicode.IsLetter) < 0): // a number says nothing
		case strings.Contains(text, w):
			return 1
		case han:
			have, all := 0, bigrams(w)
			for k := range all {
				if strings.Contains(text, k) {
					have++
				}
			}
			best = max(best, float64(have)/float64(len(all)))
		}
	}
	if best < .5 {
		return 0
	}
	return best
}
