package main

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// cockpit opens the screen on the configured store.
func (in *invocation) cockpit(ctx context.Context) (err error) {
	cfg, err := in.load()
	if err != nil {
		return err
	}
	a, err := in.open(ctx, cfg, wiring{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return in.screen(ctx, a)
}

// screen runs the interactive screen on a until it is quit: the engine and the Book's follower run beside it.
func (in *invocation) screen(context.Context, *app) error {
	return errors.New("the interactive screen is not part of this build; use the commands that print (flightdeck --help)")
}

// temporary makes a folder for a store that lives as long as the process.
func temporary() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "flightdeck-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the demo: %w; name one with --store DIR", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
