package outbox

import (
	"strings"

	"flightdeck/store"
)

// longest is how many bytes of one message's text a post with others shows.
const longest = 600

// plain writes messages as plain text of at most limit bytes: titles, texts and links, a blank line between two. head is a line before all; "": none. Texts are shortened before a
// message is left out; Fit has seen to it that all titles find room.
func plain(ms []store.Message, head string, limit int) string {
	room := limit - len(head) - 1
	for i := range ms {
		room -= bare(&ms[i])
	}
	var b strings.Builder
	if head != "" {
		b.WriteString(head + "\n")
	}
	for i := range ms {
		m := &ms[i]
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(m.Title + "\n")
		if m.Text != "" {
			most := room
			if len(ms) > 1 {
				most = min(room, longest)
			}
			if text := shorten(m.Text, most-1); text != "" {
				b.WriteString(text + "\n")
				room -= len(text) + 1
			}
		}
		if m.Link != "" {
			b.WriteString(m.Link + "\n")
		}
	}
	return shorten(strings.TrimRight(b.String(), "\n"), limit)
}

// bare is how many bytes a message takes without its text.
func bare(m *store.Message) int {
	n := len(m.Title) + 2
	if m.Link != "" {
		n += len(m.Link) + 1
	}
	return n
}

// fit returns how many messages find room in limit bytes with some of their texts, 1 at least and 20 at most: nobody reads more.
func fit(ms []store.Message, head string, limit int) int {
	room := limit - len(head) - 1
	n := 0
	for n < len(ms) && n < 20 {
		room -= bare(&ms[n]) + min(len(ms[n].Text)+1, 120)
		if room < 0 {
			break
		}
		n++
	}
	return max(n, min(1, len(ms)))
}

// shorten cuts s to at most limit bytes, on a rune, with a sign that something is missing.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const more = "…"
	if limit < len(more) {
		return ""
	}
	cut := limit - len(more)
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return strings.TrimRight(s[:cut], "\n ") + more
}
