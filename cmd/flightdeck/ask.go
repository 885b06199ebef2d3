package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/tui/sshd"
)

// ask answers from what the store holds: from what the owner has in memory when this process answers for somebody else, else from the files, else, when another process holds the file, through
// that process, which then writes the answer.
func (in *invocation) ask(ctx context.Context, cfg *config.Config, fn func(*picture) error) error {
	if in.owner != nil {
		return fn(in.owner.picture())
	}
	all, err := in.read(ctx, cfg)
	var locked *store.LockedError
	if errors.As(err, &locked) && locked.Socket != "" {
		code, e := sshd.Command(ctx, locked.Socket, abroad(in.args), in.environ, in.stdout, in.stderr)
		if e != nil {
			return fmt.Errorf("%w; %w", err, e)
		}
		in.exit = code
		return nil
	}
	if err != nil {
		return err
	}
	return fn(all)
}

// abroad leaves out of a command's words what says where the store is: the process that is asked owns it.
func abroad(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		name, _, valued := strings.Cut(args[i], "=")
		if name == "--store" || name == "--config" {
			if !valued {
				i++
			}
			continue
		}
		out = append(out, args[i])
	}
	return out
}
