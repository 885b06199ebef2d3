// Command flightdeck (销售驾驶舱) is a terminal cockpit for sales managers.
//
// This package owns flags, wiring, signals and exit codes, one file per command, and no logic that could live below. [run] is the whole program without
// the process around it, so that tests and the SSH server can call it.
//
// Exit status: 0 done, 1 something failed, 2 bad usage or bad configuration.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // an organisation's time zone must be known on a machine without a database of them
)

func main() {
	os.Exit(program())
}

func program() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
}
