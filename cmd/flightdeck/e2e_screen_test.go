//go:build integration

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// selected returns the line with the selection's mark.
func selected(screen string) string {
	for line := range strings.Lines(screen) {
		if strings.HasPrefix(line, "> ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// depth returns how many places lie above the one that the title names.
func depth(screen string) int {
	head, _, _ := strings.Cut(screen, "\n")
	return strings.Count(head, " > ")
}

// records returns the number of records that the sources pane gives for a stream, -1 while it is not idle.
func records(screen, stream string) int {
	m := regexp.MustCompile(`(?m)^[> ] demo +` + stream + ` +(?:空闲|idle) +([0-9,]+) +[0-9,]+ +\S.*$`).FindStringSubmatch(screen)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	return n
}

// figures returns the stages with their figures, as the funnel's left side shows them.
func figures(screen string) string {
	return strings.Join(regexp.MustCompile(`(?m)^[> ] \S+ +#+ +([0-9][0-9.,]*[万亿]? +){3}`).FindAllString(screen, -1), "\n")
}

func TestEndToEnd_DemoOnATerminal(t *testing.T) {
	r := newRoom(t)
	s := r.start(120, 40, "demo")
	before, err := unix.IoctlGetTermios(int(s.pty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}

	// The funnel, in the locale's language, as soon as there is anything.
	screen := s.has("销售漏斗", "线索", "赢单", "输单", "全公司")
	if got := strings.Count(screen, "\n"); got != 40 {
		t.Errorf("%d lines", got)
	}
	// The first reading ends; from then on what moves is the company.
	s.press("g", "s")
	screen = s.until("every stream idle", func(x string) bool {
		return records(x, "touches") > 50000 && records(x, "changes") > 20000 && records(x, "deals") > 3000
	})
	changes := records(screen, "changes")
	start := time.Now()
	s.until("a deal that moves", func(x string) bool { return records(x, "changes") > changes })
	t.Logf("a deal moved after %s", time.Since(start).Round(100*time.Millisecond))

	// Back on the funnel the selection moves and opens the deals behind it; the newest change of a deal is followed there too.
	s.press("esc")
	stage := func(x string) string {
		_, rest, _ := strings.Cut(selected(x), " ")
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	s.until("the first stage", func(x string) bool { return stage(x) == "线索" })
	s.press("down")
	name := stage(s.until("the next stage", func(x string) bool { return stage(x) != "线索" && stage(x) != "" }))
	was := figures(s.screen())
	start = time.Now()
	next := figures(s.until("figures that follow", func(x string) bool { return strings.Contains(x, "赢单") && figures(x) != was }))
	t.Logf("the funnel followed after %s:\n%s\n%s", time.Since(start).Round(100*time.Millisecond), was, next)

	s.press("enter")
	list := s.until("the deals of "+name, func(x string) bool {
		return depth(x) == 1 && strings.HasPrefix(x, "销售漏斗 > 商机") && selected(x) != ""
	})
	top := selected(list)
	s.press("down")
	deal := selected(s.until("the next deal", func(x string) bool { return selected(x) != top && selected(x) != "" }))
	s.press("enter")
	s.until("the deal's own screen", func(x string) bool {
		return depth(x) == 2 && strings.Contains(x, "阶段")
	})
	s.press("esc")
	back := s.until("the list again", func(x string) bool {
		return depth(x) == 1 && strings.HasPrefix(x, "销售漏斗 > 商机") && selected(x) != ""
	})
	if got := selected(back); got[:18] != deal[:18] {
		t.Errorf("the list came back on %q, it was left on %q", got, deal)
	}
	s.press("esc")
	back = s.until("the funnel again", func(x string) bool {
		return depth(x) == 0 && strings.HasPrefix(x, "销售漏斗 ") && selected(x) != ""
	})
	if got := stage(back); got != name {
		t.Errorf("the funnel came back on %q, it was left on %q", got, name)
	}

	// Jumps.
	for _, j := range []struct {
		key   string
		title string
		want  []string
	}{{"h", "热力图", []string{"周"}}, {"m", "等级迁移", []string{"A", "B", "C", "D"}}, {"p", "业绩预测", []string{"华东", "华南", "北方"}}, {"s", "数据来源", []string{"demo", "touches"}}, {"f", "漏斗", []string{"线索"}}} {
		s.press("g", j.key)
		s.until(j.title, func(x string) bool {
			head, rest, _ := strings.Cut(x, "\n")
			for _, w := range j.want {
				if !strings.Contains(rest, w) {
					return false
				}
			}
			return strings.Contains(head, j.title)
		})
	}

	// The language, while it runs.
	s.press("L")
	s.has("Funnel", "Lead", "whole company")
	s.press("L")
	s.has("漏斗", "线索")

	// As of a past day: the title says so, and the figures are those of the day.
	now := figures(s.screen())
	s.press("t")
	s.until("a prompt", func(x string) bool { return lastLine(x) != "" && !strings.Contains(lastLine(x), "enter") })
	past := time.Now().AddDate(0, -6, 0).Format("2006-01-02")
	s.press(strings.Repeat("\x7f", 12), past, "enter")
	s.until("the past", func(x string) bool {
		return strings.Contains(x, "截至") && strings.Contains(x, "线索") && figures(x) != now
	})

	// Help is made from the keys.
	s.press("?")
	s.until("help", func(x string) bool { return strings.Contains(x, "退出") && strings.Contains(x, "漏斗") })
	s.press("esc")
	s.until("no help", func(x string) bool { return strings.Contains(x, "线索") && !strings.Contains(x, "退出") })

	// Other sizes.
	s.resize(60, 20)
	s.until("60×20", func(x string) bool {
		return strings.Count(x, "\n") == 20 && strings.Contains(x, "销售漏斗") && strings.Contains(x, "线索") && lastLine(x) != ""
	})
	s.resize(20, 5)
	s.until("a card", func(x string) bool {
		return strings.Count(x, "\n") == 5 && !strings.Contains(x, "线索") && strings.Contains(x, "20") && strings.Contains(x, "5")
	})
	s.resize(120, 40)
	s.until("120×40", func(x string) bool {
		return strings.Count(x, "\n") == 40 && strings.Contains(x, "销售漏斗") && strings.Contains(x, "输单") && lastLine(x) != ""
	})

	s.press("q")
	if status := s.exit(); status != 0 {
		t.Errorf("exit status %d\n%s", status, s.screen())
	}
	s.restored()
	if strings.TrimSpace(s.screen()) != "" {
		t.Errorf("left behind on the main screen:\n%s", s.screen())
	}
	after, err := unix.IoctlGetTermios(int(s.pty.Fd()), unix.TCGETS)
	if err == nil && (after.Lflag != before.Lflag || after.Iflag != before.Iflag || after.Oflag != before.Oflag) {
		t.Errorf("the line discipline is left changed: %#o %#o %#o, was %#o %#o %#o", after.Lflag, after.Iflag, after.Oflag, before.Lflag, before.Iflag, before.Oflag)
	}
	if left := r.leftovers(); len(left) > 0 {
		t.Errorf("left behind in the folder for temporary files: %v", left)
	}
}

func lastLine(screen string) string {
	lines := strings.Split(strings.TrimSuffix(screen, "\n"), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

func TestEndToEnd_InterruptRestoresTheTerminal(t *testing.T) {
	r := newRoom(t)
	for name, stop := range map[string]func(*terminal){
		"ctrl+c":  func(s *terminal) { s.press("\x03") },
		"SIGTERM": func(s *terminal) { _ = s.cmd.Process.Signal(unix.SIGTERM) },
		"SIGHUP":  func(s *terminal) { _ = s.cmd.Process.Signal(unix.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			r := r.with(t)
			s := r.start(80, 24, "demo")
			s.has("漏斗", "线索")
			stop(s)
			if status := s.exit(); status != 0 {
				t.Errorf("exit status %d\n%s", status, s.screen())
			}
			s.restored()
		})
	}
	if left := r.leftovers(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEndToEnd_PoorTerminals(t *testing.T) {
	r := newRoom(t)
	r.ok("demo", "--once", "--store", "s")
	t.Run("20×5", func(t *testing.T) {
		r := r.with(t)
		s := r.start(20, 5, "--store", "s")
		s.has("20", "5")
		s.resize(80, 24)
		s.has("漏斗", "线索")
		s.press("q")
		if status := s.exit(); status != 0 {
			t.Errorf("exit status %d", status)
		}
		s.restored()
	})
	t.Run("1×1", func(t *testing.T) {
		r := r.with(t)
		s := r.start(1, 1, "--store", "s")
		s.until("anything", func(string) bool { return s.output() != "" })
		s.resize(80, 24)
		s.has("漏斗", "线索")
		s.press("q")
		if status := s.exit(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	})
	t.Run("NO_COLOR", func(t *testing.T) {
		r := r.with(t)
		cmd := r.command(binary(t), "--store", "s")
		cmd.Env = append(cmd.Env, "NO_COLOR=1")
		s := r.open(80, 24, cmd)
		s.has("漏斗", "线索")
		s.press("down", "g", "p")
		s.has("预测", "华东")
		s.press("q")
		if status := s.exit(); status != 0 {
			t.Errorf("exit status %d", status)
		}
		if colours(s.output()) {
			t.Error("colours were written though NO_COLOR is set")
		}
	})
	t.Run("colours otherwise", func(t *testing.T) { // so that the case before can fail
		r := r.with(t)
		s := r.start(80, 24, "--store", "s")
		s.has("漏斗", "线索")
		s.press("q")
		s.exit()
		if !colours(s.output()) {
			t.Error("no colours were written")
		}
	})
	t.Run("TERM=dumb", func(t *testing.T) {
		r := r.with(t)
		cmd := r.command(binary(t), "--store", "s")
		cmd.Env = append(cmd.Env, "TERM=dumb")
		s := r.open(80, 24, cmd)
		s.until("a screen or a word", func(x string) bool { return strings.TrimSpace(x) != "" })
		_, _ = s.pty.WriteString("q")
		status := s.exit()
		if x := s.screen(); status != exitUsage || !strings.Contains(x, "flightdeck funnel") || strings.Contains(s.output(), "\x1b") {
			t.Errorf("exit status %d, %q:\n%s", status, s.output(), x)
		}
	})
	t.Run("no terminal", func(t *testing.T) {
		r := r.with(t)
		if status, out, errs := r.run("--store", "s"); status != exitUsage || out != "" || !strings.Contains(errs, "flightdeck funnel") {
			t.Errorf("status %d\n%s%s", status, out, errs)
		}
	})
}

func TestEndToEnd_SecondStartAttaches(t *testing.T) {
	r := newRoom(t)
	owner := r.start(100, 30, "demo", "--store", "s")
	owner.has("漏斗", "线索")
	owner.press("g", "s")
	owner.until("every stream idle", func(x string) bool { return records(x, "touches") > 50000 })

	var f funnelAnswer
	r.json(&f, "funnel", "--store", "s")
	if len(f.Stages) < 5 || f.Open == 0 || f.Stamp.Revision == 0 {
		t.Errorf("the answer through the socket: %+v", f)
	}
	if out := r.ok("funnel", "--store", "s", "--lang", "en", "--region", "华东"); !strings.Contains(out, "Negotiation") {
		t.Errorf("a question in English:\n%s", out)
	}
	if status, out, errs := r.run("funnel", "--store", "s", "--region", "火星"); status != exitUsage || out != "" || !strings.Contains(errs, "华东") {
		t.Errorf("a bad question: %d\n%s%s", status, out, errs)
	}

	// A draft is judged by the process that has the store; the file is the asker's.
	draft := "version: 1\ngrading: {hysteresis: 0}\n"
	if err := os.WriteFile(r.path("draft.yaml"), []byte(draft), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := r.ok("rules", "replay", "draft.yaml", "--store", "s", "--lang", "en"); !strings.Contains(out, "old") {
		t.Errorf("a replay through the socket:\n%s", out)
	}
	if status, out, errs := r.run("rules", "replay", "none.yaml", "--store", "s"); status == 0 || out != "" || !strings.Contains(errs, "none.yaml") {
		t.Errorf("a replay of a file that is not there: %d\n%s%s", status, out, errs)
	}

	cmd := r.command(binary(t), "--store", "s")
	cmd.Env = append(cmd.Env, "LANG=en_US.UTF-8")
	second := r.open(80, 24, cmd)
	second.has("Funnel", "Lead", "Won")
	second.press("g", "p")
	second.has("Forecast", "华东")
	second.resize(120, 35)
	second.until("the new size", func(x string) bool {
		return strings.Count(x, "\n") == 35 && strings.HasPrefix(x, "Forecast") && strings.Contains(lastLine(x), "?")
	})
	if x := owner.screen(); !strings.Contains(x, "数据来源") {
		t.Errorf("the first screen moved with the second:\n%s", x)
	}
	second.press("q")
	if status := second.exit(); status != 0 {
		t.Errorf("the second's exit status %d\n%s", status, second.screen())
	}
	second.restored()

	// What its flags say holds for it too.
	flagged := r.start(80, 24, "--store", "s", "--lang", "en", "--as-of", time.Now().AddDate(0, -3, 0).Format(time.DateOnly))
	flagged.has("Funnel", "Won", "AS OF "+time.Now().AddDate(0, -3, 0).Format(time.DateOnly))
	flagged.press("q")
	flagged.exit()

	third := r.open(80, 24, r.command(binary(t), "--store", "s"))
	third.has("漏斗", "线索")
	owner.press("g", "f")
	owner.has("漏斗", "线索")
	owner.press("q")
	if status := owner.exit(); status != 0 {
		t.Errorf("the owner's exit status %d\n%s", status, owner.screen())
	}
	status := third.exit() // its owner went away: it must not hang, and must leave the terminal well
	third.restored()
	t.Logf("when the owner leaves, the attached one ends with %d:\n%s", status, third.screen())
	if _, err := os.Stat(filepath.Join(r.path("s"), socketName)); err == nil {
		t.Error("the socket is left behind")
	}
	if out := r.ok("funnel", "--store", "s", "--csv"); !strings.Contains(out, "lead,") {
		t.Errorf("afterwards:\n%s", out)
	}
}
