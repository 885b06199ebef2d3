package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/PuerkitoBio/goquery"
	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/simplifiedchinese"

	"flightdeck/store"
	"flightdeck/store/source"
)

// line is one line of a page or file, or one item of a feed.
type line struct {
	id      string // of an item; "": the text is what it is known by
	text    string
	more    string // an item's summary
	heading string // the nearest above it
	url     string // to which it leads, absolute; "": nowhere
	at      time.Time
}

// view is what a look gave.
type view struct {
	title          string
	address        string
	items          bool // lines are a feed's items
	lines          []line
	etag, modified string
}

// deepest bounds how far elements lie within each other, and longest how many lines a page has: nobody reads on.
const (
	deepest = 512
	longest = most
)

// pageView takes the lines out of a page: HTML, or plain text.
func pageView(body []byte, kind string, at *url.URL, w *Watch) (*view, error) {
	media, _, _ := mime.ParseMediaType(kind)
	text := decoded(body, kind)
	switch {
	case media == "text/plain" || media == "text/markdown" || media == "text/csv":
		return textView(string(text)), nil
	case media != "" && !strings.HasPrefix(media, "text/") && media != "application/xhtml+xml" && media != "application/xml" && media != "application/octet-stream":
		return nil, source.Setup(fmt.Errorf("watch: it is %s; want a page, a text, or kind: feed", store.Clip(media, 60)))
	}
	return htmlView(bytes.NewReader(text), at, w)
}

// decoded is a text in UTF-8. Where nothing declares a character set and it is no UTF-8, it is GB 18030: so are the files and pages that leave it out.
func decoded(body []byte, kind string) []byte {
	enc, _, certain := charset.DetermineEncoding(body, kind)
	if !certain && utf8.Valid(body) {
		return body
	}
	if !certain {
		enc = simplifiedchinese.GB18030
	}
	text, err := enc.NewDecoder().Bytes(body)
	if err != nil { // what cannot be decoded is replaced, not refused
		return bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	return text
}

func htmlView(r io.Reader, at *url.URL, w *Watch) (*view, error) {
	doc, err := goquery.NewDocumentFromReader(r)
	if err != nil {
		return nil, source.Setup(fmt.Errorf("watch: it is no page: %w", err))
	}
	v := &view{title: squeeze(doc.Find("title").First().Text())}
	base := at
	if href, ok := doc.Find("base[href]").First().Attr("href"); ok && at != nil {
		if u, err := at.Parse(href); err == nil {
			base = u
		}
	}
	part := doc.Selection
	if w.Select != "" {
		if part = doc.Find(w.Select); part.Length() == 0 {
			return nil, source.Setup(fmt.Errorf("watch: the page has nothing that select (%s) names; it was changed: mend select in the configuration", store.Clip(w.Select, 60)))
		}
	}
	if w.Ignore != "" {
		part.Find(w.Ignore).Remove()
	}
	e := extractor{view: v, base: base}
	for _, n := range part.Nodes {
		e.walk(n, 0)
	}
	e.end()
	return v, nil
}

// extractor turns a tree into lines: one per block.
type extractor struct {
	view    *view
	base    *url.URL
	heading string
	text    strings.Builder
	link    string
}

// skipped hold no text that a reader sees.
var skipped = []atom.Atom{atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Svg, atom.Head, atom.Iframe, atom.Object, atom.Select, atom.Textarea}

// inline do not end a line.
var inline = []atom.Atom{atom.A, atom.B, atom.I, atom.Em, atom.Strong, atom.Span, atom.Font, atom.U, atom.S, atom.Small, atom.Big, atom.Sub, atom.Sup, atom.Mark, atom.Code, atom.Abbr, atom.Cite, atom.Q, atom.Label, atom.Time, atom.Wbr, atom.Bdi, atom.Bdo}

func (e *extractor) walk(n *html.Node, depth int) {
	switch {
	case depth > deepest || len(e.view.lines) >= longest:
		return
	case n.Type == html.TextNode:
		e.text.WriteString(n.Data)
		return
	case n.Type == html.CommentNode:
		return
	}
	if n.Type == html.ElementNode {
		if slices.Contains(skipped, n.DataAtom) {
			return
		}
		block := !slices.Contains(inline, n.DataAtom)
		if block {
			e.end()
		}
		if n.DataAtom == atom.A && e.link == "" {
			e.link = e.href(n)
		}
		if n.DataAtom == atom.Img {
			e.text.WriteString(" " + attr(n, "alt") + " ")
		}
		if block {
			defer func() {
				head := n.DataAtom == atom.H1 || n.DataAtom == atom.H2 || n.DataAtom == atom.H3 || n.DataAtom == atom.H4
				before := len(e.view.lines)
				e.end()
				if head && len(e.view.lines) > before {
					e.heading = e.view.lines[len(e.view.lines)-1].text
				}
			}()
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		e.walk(c, depth+1)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (e *extractor) href(n *html.Node) string {
	h := strings.TrimSpace(attr(n, "href"))
	if h == "" || strings.HasPrefix(h, "#") || e.base == nil {
		return ""
	}
	u, err := e.base.Parse(h)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return store.Clean(u.String(), store.MaxName)
}

// end ends a line.
func (e *extractor) end() {
	text := squeeze(e.text.String())
	e.text.Reset()
	link := e.link
	e.link = ""
	if text == "" || len(e.view.lines) >= longest {
		return
	}
	e.view.lines = append(e.view.lines, line{text: text, heading: e.heading, url: link})
}

// squeeze is text as one clean line.
func squeeze(s string) string {
	return store.Clean(strings.Join(strings.Fields(s), " "), store.MaxName*4)
}

// textView is a text's lines.
func textView(text string) *view {
	v := &view{}
	for l := range strings.Lines(text) {
		if l = squeeze(l); l != "" && len(v.lines) < longest {
			v.lines = append(v.lines, line{text: l})
		}
	}
	return v
}

// feedView is a feed's items.
func feedView(body []byte) (*view, error) {
	feed, err := gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil {
		return nil, source.Setup(fmt.Errorf("watch: it is no RSS, Atom or JSON feed (%s)", store.Clip(err.Error(), 120)))
	}
	v := &view{title: squeeze(feed.Title), items: true}
	for _, item := range feed.Items {
		if item == nil || len(v.lines) >= longest {
			continue
		}
		x := line{id: strings.TrimSpace(item.GUID), text: squeeze(plain(item.Title)), more: squeeze(plain(item.Description + "\n" + item.Content)), url: store.Clean(item.Link, store.MaxName)}
		if x.id == "" {
			x.id = x.url
		}
		if x.text == "" {
			x.text, x.more = x.more, ""
		}
		switch {
		case item.PublishedParsed != nil:
			x.at = *item.PublishedParsed
		case item.UpdatedParsed != nil:
			x.at = *item.UpdatedParsed
		}
		if x.text != "" {
			v.lines = append(v.lines, x)
		}
	}
	return v, nil
}

// plain is the text of a piece of HTML.
func plain(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(s))
	if err != nil {
		return s
	}
	return doc.Text()
}

// readable are the files whose text is read; of others the name alone counts.
var readable = regexp.MustCompile(`(?i)\.(txt|md|csv|html?|log)$`)

// files are the lines of the files that a watch names, each file's name among them: a new file is news by its name.
func (s *Source) files(ctx context.Context, w *Watch) (*view, error) {
	pattern := w.File
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(s.cfg.Dir, pattern)
	}
	names, err := filepath.Glob(pattern)
	if err != nil {
		return nil, source.Setup(fmt.Errorf("watch: file: %w", err))
	}
	if len(names) == 0 && !strings.ContainsAny(w.File, "*?[") {
		return nil, source.Setup(fmt.Errorf("watch: there is no file %s", store.Clip(w.File, 100)))
	}
	s.requests.Add(1)
	v := &view{address: w.File}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		base := filepath.Base(name)
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		v.lines = append(v.lines, line{text: squeeze(base)})
		if !readable.MatchString(base) {
			continue
		}
		part, err := s.file(name, w)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went between the two looks
		}
		if err != nil {
			return nil, err
		}
		for _, x := range part.lines {
			if x.heading == "" {
				x.heading = squeeze(base)
			}
			v.lines = append(v.lines, x)
		}
	}
	return v, nil
}

func (s *Source) file(name string, w *Watch) (*view, error) {
	f, err := os.Open(name) //nolint:gosec // the configuration names it
	if err != nil {
		return nil, source.Setup(fmt.Errorf("watch: %w", err))
	}
	defer func() { _ = f.Close() }()
	body, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err != nil {
		return nil, fmt.Errorf("watch: read %s: %w", store.Clip(name, 100), err)
	}
	if len(body) > largest {
		return nil, source.Setup(fmt.Errorf("watch: %s: more than %d MB", store.Clip(name, 100), largest>>20))
	}
	kind := "text/plain"
	if ext := strings.ToLower(filepath.Ext(name)); ext == ".html" || ext == ".htm" {
		kind = "text/html"
	}
	return pageView(body, kind, nil, w)
}
