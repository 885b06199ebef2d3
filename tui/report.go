package tui

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	rtdebug "runtime/debug"
	"strconv"
	"strings"
	"time"

	"flightdeck/analytics"
)

// Crash is a panic that ended a session. Path names the report; "" when none could be written.
type Crash struct{ Path string }

// Error implements error.
func (c Crash) Error() string {
	if c.Path == "" {
		return "flightdeck: internal error; no report could be written"
	}
	return "flightdeck: internal error; the terminal was restored, please send the report " + c.Path
}

var stackArgs = regexp.MustCompile(`\(0x[^)]*\)|\(\{0x[^\n]*\)|\([^()\n]*0x[^\n]*\)`)

// Report writes what is needed to find a panic into a new file in dir, readable by its owner only, and returns its path, or "" when that failed. It
// holds versions, the kind of the panic and the stack without arguments; no data and no secret: a panic's own text is left out unless the
// runtime wrote it, since it may quote a record.
func Report(dir string, recovered any, stack []byte) string {
	what := fmt.Sprintf("%T", recovered)
	var rt runtime.Error
	if err, ok := recovered.(error); ok && errors.As(err, &rt) {
		what += ": " + rt.Error()
	}
	version := "unknown"
	if b, ok := rtdebug.ReadBuildInfo(); ok {
		version = b.Main.Version
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				version += " " + s.Value
			}
		}
	}
	now := time.Now()
	text := fmt.Sprintf("flightdeck report\ntime: %s\nversion: %s\ngo: %s %s/%s\npanic: %s\n\n%s\n", now.UTC().Format(time.RFC3339), version, runtime.Version(),
		runtime.GOOS, runtime.GOARCH, what, stackArgs.ReplaceAll(stack, []byte("(...)")))
	f, path, err := create(dir, "flightdeck-report-"+now.Format("20060102-150405"), ".txt")
	if err != nil {
		return ""
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return ""
	}
	return path
}

// create makes a new file and never takes one that exists.
func create(dir, name, ext string) (*os.File, string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", err
	}
	for i := range 1000 {
		n := name
		if i > 0 {
			n += "-" + strconv.Itoa(i+1)
		}
		path := filepath.Join(dir, n+ext)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, path, err
		}
	}
	return nil, "", fmt.Errorf("create %s in %s: a thousand of them are there already; clear the folder", name, dir)
}

// ExportTo returns an Options.Export that writes tables as CSV files into dir, each a new file that only its owner can read, in UTF-8 with the mark by
// which spreadsheets recognise it. A text that a spreadsheet would take for a formula is given a leading apostrophe: names come from outside.
func ExportTo(dir string) func(string, analytics.Table) (string, error) {
	return func(name string, t analytics.Table) (string, error) {
		f, path, err := create(dir, "flightdeck-"+name+"-"+time.Now().Format("20060102-150405"), ".csv")
		if err != nil {
			return "", err
		}
		_, err = f.WriteString("\ufeff")
		w := csv.NewWriter(f)
		rows := append([][]string{t.Columns}, t.Rows...)
		for _, row := range rows {
			safe := make([]string, len(row))
			for i, c := range row {
				safe[i] = harmless(c)
			}
			err = errors.Join(err, w.Write(safe))
		}
		w.Flush()
		if err = errors.Join(err, w.Error(), f.Close()); err != nil {
			return "", fmt.Errorf("export %s: %w", path, err)
		}
		return path, nil
	}
}

func harmless(c string) string {
	if c == "" || !strings.ContainsRune("=+-@\t\r", rune(c[0])) {
		return c
	}
	if _, err := strconv.ParseFloat(c, 64); err == nil {
		return c
	}
	return "'" + c
}
