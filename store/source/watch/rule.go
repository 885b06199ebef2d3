package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"flightdeck/store"
)

// matcher is a rule made ready.
type matcher struct {
	kind           string
	any, near, not []string // in lower case
}

func compile(rules map[string]Rule) (all []matcher) {
	lower := func(words []string) (out []string) {
		for _, w := range words {
			out = append(out, strings.ToLower(strings.TrimSpace(w)))
		}
		return out
	}
	for kind, r := range rules {
		all = append(all, matcher{kind, lower(r.Any), lower(r.Near), lower(r.Not)})
	}
	slices.SortFunc(all, func(x, y matcher) int { return strings.Compare(x.kind, y.kind) })
	return all
}

// has reports whether text, in lower case, holds one of words.
func has(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return find(text, w) })
}

// find looks for a word: one that begins or ends with a Latin letter or a digit only where no other stands beside it, so that CTO is not found in "sector".
func find(text, word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		if (!latin(first) || !latin(before)) && (!latin(last) || !latin(after)) {
			return true
		}
		at = i + len(word)
	}
}

func latin(r rune) bool {
	return r != utf8.RuneError && (unicode.Is(unicode.Latin, r) || unicode.IsDigit(r))
}

// kinds are the kinds of signal that a line fires.
func (s *Source) kinds(w *Watch, v *view, i int) (all []string) {
	x := &v.lines[i]
	line := strings.ToLower(x.text)
	near := strings.ToLower(x.text + "\n" + x.heading + "\n" + v.title + "\n" + v.address + "\n" + x.url)
	for k := range s.matchers {
		m := &s.matchers[k]
		if len(w.Only) > 0 && !slices.Contains(w.Only, m.kind) || !has(line, m.any) || has(line, m.not) || len(m.near) > 0 && !has(near, m.near) {
			continue
		}
		all = append(all, m.kind)
	}
	return all
}

// reach is how far apart, in lines, what fires the same kind still tells of the same thing: a title, its summary and the link to it.
const reach = 3

// signals makes signals of the fresh lines. Lines of a page that fire the same kind close to each other are one signal; items of a feed are one each.
func (s *Source) signals(w *Watch, v *view, fresh []int, now time.Time) (out []store.Signal) {
	last := map[string]int{} // kind → line of its newest signal
	at := map[string]int{}   // kind → its newest signal in out
	for _, i := range fresh {
		x := &v.lines[i]
		for _, kind := range s.kinds(w, v, i) {
			if k, ok := at[kind]; ok && !v.items && i-last[kind] <= reach {
				last[kind] = i
				out[k].Text = store.Clean(out[k].Text+" | "+x.text, store.MaxText)
				if out[k].URL == v.address && x.url != "" {
					out[k].URL = store.Clean(x.url, store.MaxText)
				}
				continue
			}
			sum := sha256.Sum256([]byte(w.Name + "\x00" + kind + "\x00" + x.key()))
			g := store.Signal{
				ID: store.MakeID(s.cfg.ID, hex.EncodeToString(sum[:12])), Account: store.ID(w.Account), Kind: kind, Watch: w.Name,
				Title: store.Clean(x.text, store.MaxName), Text: store.Clean(x.text, store.MaxText), URL: v.address, At: now, Seen: now,
			}
			if x.more != "" {
				g.Text = store.Clean(x.text+" | "+x.more, store.MaxText)
			} else if x.heading != "" {
				g.Text = store.Clean(x.heading+" | "+x.text, store.MaxText)
			}
			if x.url != "" {
				g.URL = store.Clean(x.url, store.MaxText)
			}
			if !x.at.IsZero() && x.at.Before(now) && store.DayOf(x.at, time.UTC).Valid() {
				g.At = x.at
			}
			last[kind], at[kind] = i, len(out)
			out = append(out, g)
		}
	}
	return out
}
