package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"flightdeck/analytics"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/tui/sshd"
)

// ask answers from the Book: the owner's when this process answers for somebody else, else the file's, else, when another process holds the file, through
// that process, which then writes the answer.
func (in *invocation) ask(ctx context.Context, cfg *config.Config, fn func(*analytics.Book) error) error {
	if in.owner != nil {
		return fn(in.owner.book())
	}
	book, err := in.read(ctx, cfg)
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
	return fn(book)
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
