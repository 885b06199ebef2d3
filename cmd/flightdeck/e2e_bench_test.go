//go:build integration

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cpu returns the processor time that a process has used, in clock ticks of 10 ms.
func cpu(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Skip(err)
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// BenchmarkEndToEnd_Idle guards "idle means idle": the share of one core that the screen uses on a filled store without sources. Run it with -benchtime=1x.
func BenchmarkEndToEnd_Idle(b *testing.B) {
	r := newRoom(b)
	r.ok("demo", "--once", "--store", "s")
	s := r.start(160, 48, "--store", "s")
	s.has("线索", "赢单")
	time.Sleep(3 * time.Second) // what follows the first frame
	var used, passed time.Duration
	for b.Loop() {
		before, start := cpu(b, s.cmd.Process.Pid), time.Now()
		time.Sleep(20 * time.Second)
		used += cpu(b, s.cmd.Process.Pid) - before
		passed += time.Since(start)
	}
	b.ReportMetric(100*used.Seconds()/passed.Seconds(), "%core")
}

// BenchmarkEndToEnd_FirstFrame guards the start: from the process to the funnel's figures on the terminal, on the demo's 4,000 deals.
func BenchmarkEndToEnd_FirstFrame(b *testing.B) {
	r := newRoom(b)
	r.ok("demo", "--once", "--store", "s")
	for b.Loop() {
		s := r.start(160, 48, "--store", "s")
		s.has("线索", "赢单")
		b.StopTimer()
		s.press("q")
		s.exit()
		b.StartTimer()
	}
}
