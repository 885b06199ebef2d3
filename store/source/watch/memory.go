package watch

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"flightdeck/store"
)

// most is how many lines of a watch are remembered.
const most = 4000

// hashed is a line's hash, short because a page has few lines.
type hashed [6]byte

// memory is what a watch's cursor holds.
type memory struct {
	Version  int    `json:"v"`
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
	Seen     string `json:"seen,omitempty"` // the hashes, oldest first

	known map[hashed]bool
	order []hashed
}

// format is the memory's. Another is taken as none: the watch begins anew.
const format = 1

// recall reads a cursor. One that nobody wrote is that of a first look.
func recall(c store.Cursor) (m memory) {
	if json.Unmarshal([]byte(c), &m) != nil || m.Version != format {
		return memory{}
	}
	b, err := base64.RawStdEncoding.DecodeString(m.Seen)
	if err != nil || len(b)%len(hashed{}) != 0 {
		return memory{}
	}
	m.known = make(map[hashed]bool, len(b)/len(hashed{}))
	for ; len(b) > 0; b = b[len(hashed{}):] {
		h := hashed(b[:len(hashed{})])
		m.known[h] = true
		m.order = append(m.order, h)
	}
	return m
}

// counter is what changes in a line without its saying anything new.
var counter = regexp.MustCompile(`(?i)\d[\d,.]*\s*(次|人|阅读|浏览|下载|点赞|views?|reads?|downloads?|times|likes?|comments?)|(阅读|浏览|下载|点击)(量|数|次数)?\s*[:：]?\s*\d[\d,.]*`)

// key is what a line is known by.
func (x *line) key() string {
	if x.id != "" {
		return x.id
	}
	return strings.Join(strings.Fields(strings.ToLower(counter.ReplaceAllString(x.text, " "))), " ")
}

func (x *line) hash() hashed {
	sum := sha256.Sum256([]byte(x.key()))
	return hashed(sum[:len(hashed{})])
}

// fresh are the lines that were never seen. At the first look nothing is, but a feed's items that are dated after since.
func (m *memory) fresh(v *view, since time.Time) (all []int) {
	now := map[hashed]bool{}
	for i := range v.lines {
		x := &v.lines[i]
		h := x.hash()
		if m.known[h] || now[h] {
			continue
		}
		now[h] = true
		if m.Version != 0 || v.items && x.at.After(since) {
			all = append(all, i)
		}
	}
	return all
}

// next is the cursor after a look.
func (m *memory) next(v *view) store.Cursor {
	n := memory{Version: format, ETag: v.etag, Modified: v.modified}
	now := map[hashed]bool{}
	var order []hashed
	for i := range v.lines {
		if h := v.lines[i].hash(); !now[h] {
			now[h] = true
			order = append(order, h)
		}
	}
	var all []hashed
	for _, h := range m.order { // what is still there moves to the end, where it is kept longest
		if !now[h] {
			all = append(all, h)
		}
	}
	all = append(all, order...)
	all = all[max(0, len(all)-most):]
	b := make([]byte, 0, len(all)*len(hashed{}))
	for _, h := range all {
		b = append(b, h[:]...)
	}
	n.Seen = base64.RawStdEncoding.EncodeToString(b)
	c, _ := json.Marshal(n) // strings and a number
	return store.Cursor(c)
}
