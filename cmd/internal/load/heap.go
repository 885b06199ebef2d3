package load

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"strings"
)

// Held is what one part of the program keeps on the heap.
type Held struct {
	By    string `json:"by"` // the package or function of ours, or of a library of ours, that allocated it
	Bytes int64  `json:"bytes"`
}

// heap returns the live heap by package and by function, as the runtime's sampling saw it at the last garbage collection.
func heap() (packages, functions map[string]int64) {
	n, _ := runtime.MemProfile(nil, false)
	var records []runtime.MemProfileRecord
	for ok := false; !ok; {
		records = make([]runtime.MemProfileRecord, n+100)
		n, ok = runtime.MemProfile(records, false)
	}
	packages, functions = map[string]int64{}, map[string]int64{}
	for i := range records[:n] {
		r := &records[i]
		if r.InUseObjects() == 0 {
			continue
		}
		pkg, fn := allocator(r.Stack())
		b := unsampled(r.InUseObjects(), r.InUseBytes())
		packages[pkg] += b
		functions[fn] += b
	}
	return packages, functions
}

// unsampled scales what was sampled to what there is.
func unsampled(objects, bytes int64) int64 {
	rate := float64(runtime.MemProfileRate)
	if rate <= 1 {
		return bytes
	}
	size := float64(bytes) / float64(objects)
	return int64(float64(bytes) / (1 - math.Exp(-size/rate)))
}

// allocator names the innermost function of the stack that is not the standard library's.
func allocator(stack []uintptr) (pkg, fn string) {
	frames := runtime.CallersFrames(stack)
	last := "runtime"
	for {
		f, more := frames.Next()
		slash := strings.LastIndexByte(f.Function, '/')
		if dot := strings.IndexByte(f.Function[slash+1:], '.'); dot >= 0 {
			pkg = f.Function[:slash+1+dot]
			if domain, _, _ := strings.Cut(pkg, "/"); strings.Contains(domain, ".") || domain == "flightdeck" || pkg == "main" {
				return pkg, f.Function
			}
			last = pkg
		}
		if !more {
			return last, last
		}
	}
}

// grown returns what after holds more of than before, shared among n, the largest first.
func grown(before, after map[string]int64, n, most int) []Held {
	var all []Held
	for k, v := range after {
		if d := (v - before[k]) / int64(max(1, n)); d > 0 {
			all = append(all, Held{k, d})
		}
	}
	slices.SortFunc(all, func(a, b Held) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.By, b.By)) })
	return all[:min(len(all), most)]
}
