package main

import (
	"context"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// While a store is read, nearly all that is allocated stays: to collect again and again what cannot go costs a start a third of its time. So the heap may grow
// to five times what lives until the first frame is on the screen; then what reading left behind is given back to the system.
const loading = 400

// keeping is how far, in per cent, the heap may grow while screens are served: what lives is columns and the arrays of answers, nearly without a pointer, of which a gigabyte
// costs a collection 0.4 ms. To collect often is cheap then, and twice what lives would be memory for nothing.
const keeping = 40

// most is the share of the machine's memory, in per cent, up to which the heap grows so freely: a store whose records do not fit has its garbage collected.
const most = 60

// settled is how long after reading the garbage is collected: not while the first frames are made.
const settled = time.Second

// reading counts who reads a store now, and keeps the process's usual percentage meanwhile.
var reading struct {
	sync.Mutex
	n, usual int
}

// lavish spends memory for speed until frugal is called, which gives it back a moment later, or when ctx ends, and blocks until then.
func lavish() (frugal func(ctx context.Context)) {
	reading.Lock()
	defer reading.Unlock()
	if reading.n++; reading.n == 1 {
		reading.usual = debug.SetGCPercent(loading)
		if reading.usual < 0 || reading.usual > loading { // whoever started this has ideas of their own
			debug.SetGCPercent(reading.usual)
		}
		if ram := machineMemory(); ram > 0 && os.Getenv("GOMEMLIMIT") == "" {
			debug.SetMemoryLimit(ram / 100 * most)
		}
	}
	return func(ctx context.Context) {
		select {
		case <-time.After(settled):
		case <-ctx.Done():
		}
		reading.Lock()
		defer reading.Unlock()
		if reading.n--; reading.n == 0 {
			debug.SetGCPercent(reading.usual)
			thrifty()
			if ctx.Err() == nil {
				debug.FreeOSMemory()
			}
		}
	}
}

// thrifty lets the heap grow by keeping, unless whoever started this has ideas of their own.
func thrifty() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(keeping)
	}
}
