package table

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"flightdeck/store"
	"flightdeck/store/source"
)

// maxBytes bounds one file: it is read whole, so that what is parsed is one moment's content whatever happens to the file meanwhile.
const maxBytes = 512 << 20

// fingerprint is what a file looked like when it was read. The hash decides; size and time only save reading it again.
type fingerprint struct {
	Size int64  `json:"s"`
	Time int64  `json:"m"` // modification, Unix nanoseconds
	Hash string `json:"h"`
}

func (p fingerprint) looks(info os.FileInfo) bool {
	return p.Size == info.Size() && p.Time == info.ModTime().UnixNano()
}

// content is a file's bytes at one moment.
type content struct {
	name string // within the folder, for messages
	data []byte
	fingerprint
}

// load reads path whole. It fails when the file changed while it was read.
func load(path, name string) (*content, error) {
	before, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, errors.Unwrap(err))
	}
	if before.Size() > maxBytes {
		return nil, fmt.Errorf("read %s: %d MiB is more than the %d MiB that one file may have; split it", path, before.Size()>>20, maxBytes>>20)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	after, err := os.Stat(path)
	if err != nil || !after.ModTime().Equal(before.ModTime()) || after.Size() != before.Size() || int64(len(data)) != after.Size() {
		return nil, fmt.Errorf("read %s: it is being written; it will be read once it is still", path)
	}
	sum := sha256.Sum256(data)
	return &content{name, data, fingerprint{after.Size(), after.ModTime().UnixNano(), hex.EncodeToString(sum[:12])}}, nil
}

func unreadable(path string, err error) error {
	if u := errors.Unwrap(err); u != nil {
		err = u
	}
	return source.Setup(fmt.Errorf("read %s: %w; flightdeck must be allowed to read it", path, err))
}

// rows gives a file's rows one after the other. Its error is io.EOF at the end, a badRow after which reading goes on, or anything else: the file
// cannot be trusted.
type rows interface {
	next() (cells []string, line int, err error)
}

// badRow is a row that could not be read though the rest can.
type badRow struct {
	line    int
	problem string
}

func (e *badRow) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.problem) }

func isWorkbook(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".xlsx", ".xlsm":
		return true
	}
	return false
}

// foreign are files that are known for what they are, and what to do about them.
var foreign = map[string]string{
	".xls": "Excel 97 to 2003", ".xlsb": "Excel's binary format", ".et": "WPS's own format", ".ods": "OpenDocument", ".numbers": "Apple Numbers",
}

// compound begins Excel 97's files, and today's workbooks under a password.
const compound = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// recognise refuses what is neither a workbook nor text, in words.
func recognise(c *content) error {
	ext := strings.ToLower(filepath.Ext(c.name))
	old := bytes.HasPrefix(c.data, []byte(compound))
	switch {
	case old && isWorkbook(c.name):
		return fmt.Errorf("read %s: it is protected by a password, or an old .xls under a new name; take the password off, or save it as .xlsx", c.name)
	case isWorkbook(c.name):
		return nil
	case foreign[ext] != "" && !bytes.HasPrefix(c.data, []byte("PK")) && !old && len(c.data) > 0 && bytes.IndexByte(c.data[:min(len(c.data), 512)], 0) < 0:
		return nil // text under the name of a table, as many systems export it
	case foreign[ext] != "":
		return fmt.Errorf("read %s: it is %s, which is not read; open it and save it as .xlsx or as CSV UTF-8", c.name, foreign[ext])
	case old:
		return fmt.Errorf("read %s: it is an old Excel file under the name of another; open it and save it as .xlsx or as CSV UTF-8", c.name)
	case bytes.HasPrefix(c.data, []byte("PK\x03\x04")):
		return fmt.Errorf("read %s: it is a workbook or an archive and not text; give it the ending .xlsx, or unpack it", c.name)
	case bytes.HasPrefix(bytes.ToLower(bytes.TrimLeft(c.data[:min(len(c.data), 512)], "\xef\xbb\xbf \t\r\n")), []byte("<html")):
		return fmt.Errorf("read %s: it is a web page, as of a download that asked for a login; fetch it again", c.name)
	}
	return nil
}

// form is how a file is to be read.
type form struct {
	encoding, delimiter, sheet string
}

// open starts reading c from its first row. date1904 belongs to workbooks.
func open(c *content, f form) (r rows, date1904 bool, err error) {
	if err := recognise(c); err != nil {
		return nil, false, err
	}
	if isWorkbook(c.name) {
		b, err := openBook(c)
		if err != nil {
			return nil, false, err
		}
		r, err := b.open(f.sheet)
		return r, b.date1904, err
	}
	text, err := decode(c.data, f.encoding)
	if err != nil {
		return nil, false, fmt.Errorf("read %s: %w", c.name, err)
	}
	cr := csv.NewReader(bytes.NewReader(text))
	cr.FieldsPerRecord = -1
	cr.ReuseRecord = true
	cr.Comma = comma(text, f.delimiter, c.name)
	return &csvRows{r: cr, name: c.name, open: len(text) > 0 && text[len(text)-1] != '\n' && text[len(text)-1] != '\r', size: int64(len(text))}, false, nil
}

// decode returns b as UTF-8 without byte order mark. Without a declared encoding, what is not UTF-8 is taken for GB18030, the other encoding that
// Chinese spreadsheets are saved in; what is neither is refused.
func decode(b []byte, declared string) ([]byte, error) {
	if rest, ok := bytes.CutPrefix(b, []byte("\xef\xbb\xbf")); ok {
		b = rest
	} else if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(b)
	}
	enc, err := encodingOf(declared)
	if err != nil {
		return nil, err
	}
	if enc == nil || enc == unicode.UTF8 {
		at := invalidAt(b)
		switch {
		case at < 0:
			return b, nil
		case len(b)-at < utf8.UTFMax && !utf8.FullRune(b[at:]):
			return nil, errors.New("it ends in the middle of a character: it is cut off or still being written")
		case enc != nil:
			return nil, fmt.Errorf("byte %d is not UTF-8 as declared; declare encoding: gb18030 or save it as UTF-8", at)
		}
		enc = simplifiedchinese.GB18030
	}
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return nil, err
	}
	if declared == "" && bytes.ContainsRune(out, utf8.RuneError) {
		return nil, errors.New("it is neither UTF-8 nor GB18030; declare its encoding")
	}
	return out, nil
}

// encodingOf returns nil for "find out".
func encodingOf(name string) (encoding.Encoding, error) {
	if name == "" || name == "auto" {
		return nil, nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("encoding %q: want auto, utf-8, gb18030, gbk, big5, utf-16le, windows-1252 or another name that browsers know", store.Clip(name, 40))
	}
	return enc, nil
}

func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// comma returns the declared delimiter, or the one that the first line has most of: spreadsheets write ; where the comma is the decimal sign.
func comma(text []byte, declared, name string) rune {
	switch declared {
	case "":
	case "tab":
		return '\t'
	default:
		r, _ := utf8.DecodeRuneInString(declared)
		return r
	}
	if ext := strings.ToLower(filepath.Ext(name)); ext == ".tsv" || ext == ".tab" {
		return '\t'
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', bytes.Count(line, []byte(","))
	for _, r := range ";\t" {
		if n := bytes.Count(line, []byte(string(r))); n > most {
			best, most = r, n
		}
	}
	return best
}

type csvRows struct {
	r     *csv.Reader
	name  string
	open  bool // the last line has no end
	size  int64
	width int // of the widest of the first rows, which include the header
	read  int
}

func (c *csvRows) next() ([]string, int, error) {
	cells, err := c.r.Read()
	var pe *csv.ParseError
	switch {
	case err == nil:
	case errors.As(err, &pe) && (c.r.InputOffset() < c.size || errors.Is(pe.Err, csv.ErrBareQuote)):
		return nil, 0, &badRow{pe.StartLine, "a quotation mark is out of place: a cell with a quotation mark in it is quoted whole and the mark doubled"}
	case errors.As(err, &pe):
		return nil, 0, fmt.Errorf("read %s: the quotation that opens in line %d is never closed: the file is cut off or still being written", c.name, pe.StartLine)
	default:
		return nil, 0, err // io.EOF
	}
	line, _ := c.r.FieldPos(0)
	if c.read++; c.read <= 20 {
		c.width = max(c.width, len(cells))
	}
	if c.open && c.r.InputOffset() == c.size && len(cells) < c.width {
		return nil, 0, fmt.Errorf("read %s: line %d stops in the middle: the file is cut off or still being written", c.name, line)
	}
	return cells, line, nil
}

type sheetRows struct {
	f     *excelize.File
	r     *excelize.Rows
	name  string
	sheet string
	line  int
}

// text reports whether the cell of the row that was read last holds a text and not a number. It loads the whole sheet, so that only a doubt is worth it.
func (s *sheetRows) text(column int) bool {
	cell, err := excelize.CoordinatesToCellName(column+1, s.line)
	if err != nil {
		return false
	}
	kind, err := s.f.GetCellType(s.sheet, cell)
	return err == nil && (kind == excelize.CellTypeSharedString || kind == excelize.CellTypeInlineString)
}

// book is an open workbook, of which several sheets may be read one after the other.
type book struct {
	*content
	f        *excelize.File
	date1904 bool
}

// openBook makes sure that the workbook is whole.
func openBook(c *content) (*book, error) {
	broken := func(err error) (*book, error) {
		return nil, fmt.Errorf("read %s: not a whole workbook: it is cut off, still being written or protected by a password: %w", c.name, err)
	}
	z, err := zip.NewReader(bytes.NewReader(c.data), int64(len(c.data)))
	if err != nil {
		return broken(err)
	}
	var total int64
	for _, e := range z.File { // reading every part checks its checksum before any row is believed
		r, err := e.Open()
		if err != nil {
			return broken(err)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, 4*maxBytes-total+1))
		if err := errors.Join(err, r.Close()); err != nil {
			return broken(err)
		}
		if total += n; total > 4*maxBytes {
			return nil, fmt.Errorf("read %s: unpacks to more than %d MiB; split it", c.name, 4*maxBytes>>20)
		}
	}
	f, err := excelize.OpenReader(bytes.NewReader(c.data), excelize.Options{RawCellValue: true, UnzipSizeLimit: 4 * maxBytes})
	if err != nil {
		return broken(err)
	}
	props, _ := f.GetWorkbookProps()
	return &book{c, f, props.Date1904 != nil && *props.Date1904}, nil
}

func (b *book) hidden(sheet string) bool {
	seen, err := b.f.GetSheetVisible(sheet)
	return err != nil || !seen
}

// open begins a sheet; "": the first that a person sees, a hidden one is read where it is named.
func (b *book) open(sheet string) (*sheetRows, error) {
	names := b.f.GetSheetList()
	if sheet == "" {
		if i := slices.IndexFunc(names, func(name string) bool { return !b.hidden(name) }); i >= 0 {
			sheet = names[i]
		}
	}
	r, err := b.f.Rows(sheet)
	if err != nil {
		return nil, fmt.Errorf("read %s: no sheet %q; it has %s", b.name, store.Clip(sheet, 40), store.Clip(strings.Join(names, ", "), 200))
	}
	return &sheetRows{f: b.f, r: r, name: b.name, sheet: sheet}, nil
}

// wanted lists the sheets that f means, in their order.
func (b *book) wanted(f *File) (sheets []string, err error) {
	names := b.f.GetSheetList()
	for _, name := range names {
		if f.wants(name, b.hidden(name)) {
			sheets = append(sheets, name)
		}
	}
	if len(sheets) == 0 {
		return nil, fmt.Errorf("read %s: no sheet is one of %q; it has %s", b.name, f.Sheets, store.Clip(strings.Join(names, ", "), 200))
	}
	return sheets, nil
}

// close lets go of temporary files; whether they go says nothing of the rows.
func (b *book) close() {
	if b != nil {
		_ = b.f.Close()
	}
}

func (s *sheetRows) next() ([]string, int, error) {
	if !s.r.Next() {
		err := s.r.Error()
		_ = s.r.Close() // a temporary file; whether it goes says nothing of the rows
		if err != nil {
			return nil, 0, fmt.Errorf("read %s: after row %d: %w", s.name, s.line, err)
		}
		return nil, 0, io.EOF
	}
	s.line++
	cells, err := s.r.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, 0, fmt.Errorf("read %s: row %d: %w", s.name, s.line, err)
	}
	return cells, s.line, nil
}
