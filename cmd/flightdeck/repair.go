package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"

	"flightdeck/store/bolt"
)

// repair says what is wrong with the store and what can be done, asks, and does it.
func (in *invocation) repair(ctx context.Context, yes bool) (err error) {
	cfg, err := in.load()
	if err != nil {
		return err
	}
	dir, err := in.folder(cfg)
	if err != nil {
		return err
	}
	d, err := bolt.Diagnose(ctx, dir, bolt.Options{Version: version()})
	if errors.Is(err, fs.ErrNotExist) {
		say(in.stdout, "%s: there is no store, so nothing to repair\n", dir)
		return nil
	}
	if err != nil {
		return refused(err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	for _, n := range d.Notes() {
		say(in.stdout, "note: %s\n", n)
	}
	for _, what := range d.Damage() {
		say(in.stdout, "damaged: %s\n", what)
	}
	plan := d.Plan()
	if len(plan) == 0 {
		say(in.stdout, "%s: nothing to repair\n", dir)
		return nil
	}
	for _, step := range plan {
		say(in.stdout, "would: %s\n", step)
	}
	if !yes && !in.agreed("Do this? [y/N]\n") {
		say(in.stdout, "Nothing was changed. To do it: flightdeck doctor --repair --yes\n")
		return quietError{errors.New("not agreed")}
	}
	done, err := d.Repair(ctx)
	for _, what := range done {
		say(in.stdout, "done: %s\n", what)
	}
	return err
}

// agreed asks a person. Whoever says nothing does not agree.
func (in *invocation) agreed(question string) bool {
	say(in.stdout, "%s", question)
	line, err := bufio.NewReader(in.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes", "是":
		return true
	}
	return false
}
