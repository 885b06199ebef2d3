package load

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

// Target is a figure with what is wanted of it.
type Target struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
	Unit  string  `json:"unit"`
	OK    bool    `json:"ok"`
}

// still are the panes where nothing stands beside the rows that a moved selection would change: there the bytes are the selection's alone.
var still = []string{pane.Deals.String(), pane.Accounts.String(), pane.Touches.String()}

// judge compares what was measured with what we want, at whatever size it was measured.
func (r *Report) judge() {
	r.Targets = []Target{}
	add := func(name string, v, limit float64, unit string) {
		r.Targets = append(r.Targets, Target{name, v, limit, unit, v <= limit})
	}
	if r.Warm != nil {
		add("start_warm", r.Warm.Total, 500, "ms")
	}
	if r.Cold != nil && r.Cold.Cached == 0 {
		add("start_cold", r.Cold.Total, 500, "ms")
	}
	if len(r.Questions) > 0 {
		worst := slices.MaxFunc(r.Questions, func(a, b Question) int { return cmp.Compare(a.Time.P99, b.Time.P99) })
		add("question_p99 "+worst.Name, worst.Time.P99, 16, "ms")
	}
	if len(r.Keys) > 0 {
		worst := slices.MaxFunc(r.Keys, func(a, b Key) int { return cmp.Compare(a.Time.P99, b.Time.P99) })
		add("key_p99 "+worst.Pane+" "+worst.Action+" "+worst.Size, worst.Time.P99, 16, "ms")
	}
	if r.Publish != nil {
		add("question_p99 while commits come", r.Publish.During.P99, 16, "ms")
	}
	if r.Sessions != nil {
		add("sessions question_p99", r.Sessions.Time.P99, 16, "ms")
		add("sessions resident without mapped pages", float64(r.Sessions.Memory.own())/(1<<20), 1024, "MiB")
	}
	if s := r.SSH; s != nil && len(s.Phases) > 0 {
		for _, p := range s.Phases {
			add("ssh "+p.Name+" question_p99", p.Question.P99, 16, "ms")
		}
		add("ssh resident without mapped pages", float64(max(s.PeakOwn, s.Used.own()))/(1<<20), 1024, "MiB")
		add("ssh idle session resident without mapped pages", float64(s.Session.own())/(1<<20), 1, "MiB")
		for _, row := range s.Phases[0].Rows {
			if row.Action == "move" && row.Size == "160x48" && slices.Contains(still, row.Pane) {
				add("ssh bytes_p50 move "+row.Pane+" "+row.Size, float64(row.Bytes.P50), 1024, "B")
			}
		}
	}
}

// Section is a part of the report to read: a title, perhaps a table, remarks.
type Section struct {
	Title string
	Head  []string
	Right []bool // figures
	Rows  [][]string
	Notes []string
}

// Sections are the whole report in l's language.
func (r *Report) Sections(l *locale.Locale) []Section {
	p := l.Pick
	ms := func(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
	times := func(s Spread) []string { return []string{l.Int(s.N), ms(s.P50), ms(s.P99), ms(s.Max)} }
	timed := []string{p("次数", "n"), "p50 ms", "p99 ms", "max ms"}
	mib := func(n int64) string {
		if n == 0 {
			return "?"
		}
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MiB"
	}
	kib := func(n int64) string { return strconv.FormatFloat(float64(n)/(1<<10), 'f', 1, 64) + " KiB" }
	var out []Section
	section := func(s Section, left int) {
		for i := range s.Head {
			s.Right = append(s.Right, i >= left)
		}
		out = append(out, s)
	}
	section(Section{Title: fmt.Sprintf("flightdeck load-test  %s  %s %s, %d CPU  seed %d", r.At.Format(time.DateTime), r.Go, r.System, r.CPUs, r.Seed),
		Notes: []string{fmt.Sprintf(p("%s 商机, %s 触达, %s 销售明细, %s 客户, %s 销售人员", "%s deals, %s touches, %s sales lines, %s accounts, %s reps"),
			l.Int(r.Size.Deals), l.Int(r.Size.Touches), l.Int(r.Size.Sales), l.Int(r.Size.Accounts), l.Int(r.Size.Reps))}}, 0)

	f := Section{Title: p("写入", "fill"), Notes: []string{fmt.Sprintf(p("文件 %s", "file %s"), mib(r.Fill.File))}}
	if r.Fill.Reused {
		f.Notes = append(f.Notes, p("已有同样的数据, 未重新写入", "the store held it already: nothing was written"))
	} else {
		f.Notes = append(f.Notes,
			fmt.Sprintf(p("%s 行, %d 次提交, %.1f 秒 (写入 %.1f 秒), %s 行/秒", "%s rows in %d commits, %.1f s (%.1f s of it writing), %s rows/s"),
				l.Int(r.Fill.Records), r.Fill.Commits, r.Fill.Seconds, r.Fill.Apply, l.Int(int(r.Fill.Rate))),
			fmt.Sprintf(p("内存峰值 %s", "peak memory %s"), mib(r.Fill.Peak)))
	}
	section(f, 0)
	if r.Warm != nil && r.Cold != nil {
		s := Section{Title: p("启动 (毫秒)", "start (ms)"), Head: []string{"", p("打开", "open"), p("建账", "book"), p("首帧", "frame"), p("合计", "total")}}
		for _, x := range []struct {
			name string
			s    *Start
		}{{p("热", "warm"), r.Warm}, {p("冷", "cold"), r.Cold}} {
			s.Rows = append(s.Rows, []string{x.name, ms(x.s.Open), ms(x.s.Book), ms(x.s.Frame), ms(x.s.Total)})
		}
		if r.Cold.Note != "" {
			s.Notes = append(s.Notes, p("冷启动并不冷: ", "the cold start was not cold: ")+r.Cold.Note)
		}
		s.Notes = append(s.Notes, fmt.Sprintf(p("载入后内存 %s, 其中自有 %s, 映射文件 %s, 堆 %s", "memory with the Book %s, of which own %s, mapped files %s, heap %s"), mib(r.Loaded.Resident),
			mib(r.Loaded.own()), mib(r.Loaded.Mapped), mib(r.Loaded.Heap)),
			fmt.Sprintf(p("每种问题各问一次: %.1f 秒, 之后内存 %s, 其中自有 %s, 映射文件 %s, 堆 %s",
				"one question of each kind: %.1f s, then memory %s, of which own %s, mapped files %s, heap %s"), r.Ready, mib(r.Asked.Resident), mib(r.Asked.own()), mib(r.Asked.Mapped), mib(r.Asked.Heap)))
		section(s, 1)
	}
	if len(r.Questions) > 0 {
		s := Section{Title: p("提问", "questions"), Head: append(append([]string{p("问题", "question")}, timed...), p("最慢的范围", "slowest scope"))}
		for _, q := range r.Questions {
			s.Rows = append(s.Rows, append(append([]string{q.Name}, times(q.Time)...), q.Worst))
		}
		section(s, 1)
		last := &out[len(out)-1]
		last.Right[len(last.Right)-1] = false
	}
	if len(r.Keys) > 0 {
		s := Section{Title: p("按键到画面", "key to frame"),
			Head: append(append([]string{p("窗格", "pane"), p("尺寸", "size"), p("操作", "action")}, timed...), p("至末帧 p50", "last p50"), "p99", "bytes p50", "bytes max")}
		for _, k := range r.Keys {
			s.Rows = append(s.Rows, append(append([]string{k.Pane, k.Size, k.Action}, times(k.Time)...), ms(k.Last.P50), ms(k.Last.P99), l.Int(k.Bytes.P50), l.Int(k.Bytes.Max)))
		}
		section(s, 3)
	}
	if b := r.Publish; b != nil {
		s := Section{Title: p("边提交边提问", "publication while questions run"), Head: append([]string{""}, timed...),
			Notes: []string{fmt.Sprintf(p("%d 次提交, %d 行", "%d commits, %d records"), b.Commits, b.Records)}}
		for _, x := range []struct {
			name string
			s    Spread
		}{
			{p("提交落盘", "commit until durable"), b.Apply}, {p("落盘到新账", "then until the new Book, at once"), b.Advance},
			{p("落盘到可见 (每 250 毫秒最多一次)", "then until visible (at most every 250 ms)"), b.Visible},
			{p("提问, 无提交", "question, no commits"), b.Quiet}, {p("提问, 有提交", "question, commits"), b.During},
		} {
			s.Rows = append(s.Rows, append([]string{x.name}, times(x.s)...))
		}
		section(s, 1)
	}
	if x := r.Sessions; x != nil {
		section(Section{Title: fmt.Sprintf(p("%d 个模拟会话, 每秒一问", "%d simulated sessions, a question a second"), x.N), Head: timed, Rows: [][]string{times(x.Time)},
			Notes: []string{fmt.Sprintf(p("内存 %s, 其中自有 %s, 映射文件 %s, 堆 %s, CPU %.2f 核, 其他进程 %.2f 核", "memory %s, of which own %s, mapped files %s, heap %s, CPU %.2f cores, other processes %.2f"),
				mib(x.Memory.Resident), mib(x.Memory.own()), mib(x.Memory.Mapped), mib(x.Memory.Heap), x.CPU.Own, x.CPU.Others)}}, 0)
	}
	if x := r.SSH; x != nil {
		s := Section{Title: fmt.Sprintf(p("%d 个 SSH 会话", "%d sessions over SSH"), x.N), Head: []string{p("内存", "memory"), "RSS", p("其中映射", "of it mapped"), p("堆", "heap"), p("栈", "stacks"), p("协程", "goroutines")}}
		for _, m := range []struct {
			name string
			m    Memory
		}{{p("之前", "before"), x.Before}, {p("空闲", "idle"), x.Idle}, {p("使用后", "after use"), x.Used}} {
			s.Rows = append(s.Rows, []string{m.name, mib(m.m.Resident), mib(m.m.Mapped), mib(m.m.Heap), mib(m.m.Stacks), l.Int(m.m.Goroutines)})
		}
		s.Rows = append(s.Rows, []string{p("每个空闲会话", "per idle session"), kib(x.Session.Resident), kib(x.Session.Mapped), kib(x.Session.Heap), kib(x.Session.Stacks), l.Int(x.Session.Goroutines)})
		s.Notes = append(s.Notes, fmt.Sprintf(p("连接到首屏 p50 %s ms p99 %s ms; 空闲 CPU %.3f 核; 内存峰值 %s", "dialling to a still screen p50 %s ms p99 %s ms; idle CPU %.3f cores; peak memory %s"),
			ms(x.Connect.P50), ms(x.Connect.P99), x.IdleCPU.Own, mib(x.Peak)))
		if !x.Separate {
			s.Notes = append(s.Notes, p("客户端在同一进程内: 内存与 CPU 含客户端", "the clients are in the same process: memory and CPU are theirs too"))
		}
		section(s, 1)
		h := Section{Title: p("每个空闲会话的堆", "heap of an idle session"), Head: []string{p("包", "package"), "KiB"}}
		for _, x := range x.Packages {
			h.Rows = append(h.Rows, []string{x.By, strconv.FormatFloat(float64(x.Bytes)/1024, 'f', 1, 64)})
		}
		section(h, 1)
		h = Section{Head: []string{p("函数", "function"), "KiB"}}
		for _, x := range x.Functions {
			h.Rows = append(h.Rows, []string{path.Base(x.By), strconv.FormatFloat(float64(x.Bytes)/1024, 'f', 1, 64)})
		}
		section(h, 1)
		for _, ph := range x.Phases {
			s := Section{Title: fmt.Sprintf("SSH: %s", ph.Name), Head: append(append([]string{p("操作", "action"), p("窗格", "pane"), p("尺寸", "size")}, timed...), "bytes p50", "p99", "max", p("无变化", "no change")),
				Notes: []string{fmt.Sprintf(p("按键到末字节; %d 次按键; CPU %.2f 核, 其他进程 (含客户端) %.2f 核; 同时提问 p50 %s ms p99 %s ms max %s ms", "key to last byte; %d keys; CPU %.2f cores, other processes (the clients too) %.2f; questions beside them p50 %s ms p99 %s ms max %s ms"),
					ph.Keys, ph.CPU.Own, ph.CPU.Others, ms(ph.Question.P50), ms(ph.Question.P99), ms(ph.Question.Max))}}
			for _, row := range ph.Rows {
				all := p("全部", "all")
				s.Rows = append(s.Rows, append(append([]string{row.Action, cmp.Or(row.Pane, all), cmp.Or(row.Size, all)}, times(row.Last)...),
					l.Int(row.Bytes.P50), l.Int(row.Bytes.P99), l.Int(row.Bytes.Max), l.Int(row.Nothing)))
			}
			s.Notes = append(s.Notes, fmt.Sprintf(p("每个会话每秒 %s 字节; %d 次提交", "%s bytes per session and second; %d commits"), l.Int(int(ph.Bytes)), ph.Commits))
			section(s, 3)
		}
	}
	if len(r.Targets) > 0 {
		s := Section{Title: p("目标", "targets"), Head: []string{"", p("实测", "value"), p("目标", "target"), "", ""}}
		for _, t := range r.Targets {
			word := "ok"
			if !t.OK {
				word = "short"
			}
			s.Rows = append(s.Rows, []string{t.Name, strconv.FormatFloat(t.Value, 'f', 1, 64), strconv.FormatFloat(t.Limit, 'f', 0, 64), t.Unit, word})
		}
		section(s, 1)
	}
	return out
}

func sortRows(rows []SSHRow) {
	slices.SortFunc(rows, func(a, b SSHRow) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Pane, b.Pane), cmp.Compare(a.Size, b.Size))
	})
}
