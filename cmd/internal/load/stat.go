package load

import (
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// Spread is what a set of durations looks like, in milliseconds; percentiles by nearest rank.
type Spread struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

func spread(d []time.Duration) Spread {
	slices.Sort(d)
	return Spread{len(d), millis(rank(d, .5)), millis(rank(d, .99)), millis(rank(d, 1))}
}

// Sizes is what a set of byte counts looks like.
type Sizes struct {
	N   int `json:"n"`
	P50 int `json:"p50"`
	P99 int `json:"p99"`
	Max int `json:"max"`
}

func sizes(n []int) Sizes {
	slices.Sort(n)
	return Sizes{len(n), rank(n, .5), rank(n, .99), rank(n, 1)}
}

// rank returns the smallest value of sorted such that a share q of all is not above it.
func rank[T any](sorted []T, q float64) (v T) {
	if len(sorted) == 0 {
		return v
	}
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func millis(d time.Duration) float64 { return math.Round(float64(d)/1e3) / 1e3 }

// cpu returns the processor time that this process has used; children are not counted.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Memory is what the process holds, in bytes, after a garbage collection that gave free pages back.
type Memory struct {
	Resident   int64 `json:"resident"` // 0 where the system does not say
	Mapped     int64 `json:"mapped"`   // of it, pages of files: the page cache's, which are given up when others need the room
	Heap       int64 `json:"heap"`     // live objects
	Stacks     int64 `json:"stacks"`   // of goroutines
	Goroutines int   `json:"goroutines"`
}

func memory() Memory {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	all, mapped := resident()
	return Memory{all, mapped, int64(m.HeapAlloc), int64(m.StackInuse), runtime.NumGoroutine()}
}

// own returns what is resident and no file's.
func (m Memory) own() int64 { return m.Resident - m.Mapped }

// each returns the difference to before, shared among n.
func (m Memory) each(before Memory, n int) Memory {
	n = max(1, n)
	return Memory{(m.Resident - before.Resident) / int64(n), (m.Mapped - before.Mapped) / int64(n), (m.Heap - before.Heap) / int64(n), (m.Stacks - before.Stacks) / int64(n),
		(m.Goroutines - before.Goroutines) / n}
}

// Work is how many processors were busy: 1 is one of them all the time. Figures measured while others need the machine are theirs too.
type Work struct {
	Own    float64 `json:"own"`
	Others float64 `json:"others"` // other processes, the SSH clients among them; 0 where the system does not say
}

// working begins to measure; the function ends it.
func working() func() Work {
	own, all, at := cpu(), machine(), time.Now()
	return func() Work {
		took := float64(time.Since(at))
		w := Work{Own: float64(cpu()-own) / took}
		w.Others = max(0, float64(machine()-all)/took-w.Own)
		return w
	}
}
