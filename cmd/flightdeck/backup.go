package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/tui/sshd"
)

// backupCommand copies the store's files. When another process holds them, that one gives their bytes over its socket and this one writes them: nothing of
// the asking side's choosing is opened there.
func (in *invocation) backupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup FOLDER",
		Short: "Copy the store's files into a folder, also while a cockpit is open",
		Long: "Copies crm.db and user.db into FOLDER, each in one step once its copy is whole and on the disk: whatever backup stood there before stays until then.\n" +
			"While a cockpit, serve or sync holds the store, that process is asked for the copies. To use a backup: flightdeck --store FOLDER, or copy the files back\n" +
			"while nothing runs.",
		Args: cobra.ExactArgs(1),
		RunE: in.do(func(cmd *cobra.Command, args []string) error { return in.backup(cmd.Context(), args[0]) }),
	}
	if in.owner != nil {
		c.Use, c.Short, c.Long = "backup FILE", "Write a copy of crm.db or user.db to the output", ""
		c.RunE = in.do(func(_ *cobra.Command, args []string) error {
			var err error
			switch args[0] {
			case bolt.File:
				_, err = in.owner.app.db.WriteTo(in.stdout)
			case bolt.DeskFile:
				_, err = in.owner.app.desk.WriteTo(in.stdout)
			default:
				return usagef("backup %q: want %s or %s", store.Clip(args[0], 40), bolt.File, bolt.DeskFile)
			}
			return err
		})
	}
	return c
}

func (in *invocation) backup(ctx context.Context, to string) error {
	cfg, err := in.load()
	if err != nil {
		return err
	}
	dir, err := in.folder(cfg)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("back up to %s: %w; name a folder that can be written", to, err)
	}
	if a, err := os.Stat(to); err == nil {
		if b, err := os.Stat(dir); err == nil && os.SameFile(a, b) {
			return usagef("back up to %s: that is the store itself", to)
		}
	}
	o := bolt.Options{ReadOnly: true, Version: version()}
	if err := in.copy(ctx, filepath.Join(to, bolt.File), bolt.File, func() (original, error) { return bolt.Open(dir, o) }); err != nil {
		return err
	}
	return in.copy(ctx, filepath.Join(to, bolt.DeskFile), bolt.DeskFile, func() (original, error) { return bolt.OpenDesk(dir, o) })
}

// original is an open file of the store.
type original interface {
	io.WriterTo
	io.Closer
}

// copy brings one file to path, from the file itself or from who holds it.
func (in *invocation) copy(ctx context.Context, path, name string, open func() (original, error)) error {
	from, err := open()
	var locked *store.LockedError
	write := func(w io.Writer) (int64, error) { return from.WriteTo(w) }
	switch {
	case errors.As(err, &locked) && locked.Socket != "":
		write = func(w io.Writer) (int64, error) { return in.fetch(ctx, locked.Socket, name, w) }
	case errors.Is(err, fs.ErrNotExist) && name == bolt.DeskFile:
		return nil // nobody has decided anything yet
	case err != nil:
		return refused(err)
	default:
		defer from.Close() //nolint:errcheck // read only
	}
	if err := bolt.SaveBackup(path, write); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	say(in.stdout, "%s: %.1f MB\n", path, float64(info.Size())/1e6)
	return nil
}

// fetch gets the bytes of a file's copy from the process that serves the socket.
func (in *invocation) fetch(ctx context.Context, socket, name string, w io.Writer) (int64, error) {
	counted := &counter{w: w}
	var told strings.Builder
	code, err := sshd.Command(ctx, socket, []string{"backup", name}, in.environ, counted, &told)
	if err == nil && code != 0 {
		err = fmt.Errorf("the process that holds the store answers: %s", strings.TrimSpace(told.String()))
	}
	return counted.n, err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

func (in *invocation) compactCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Give back the free room in the store's file, also while a cockpit is open",
		Long: "Copies crm.db without its free pages and puts the copy in its place in one step. A start does so by itself when more than a fifth is free. Screens go on\n" +
			"meanwhile; what the sources bring waits. It needs as much free room on the disk as the copy takes.",
		Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error { return in.compact(cmd.Context()) }),
	}
}

func (in *invocation) compact(ctx context.Context) (err error) {
	if in.owner != nil {
		return in.compactIn(ctx, in.owner.app.db)
	}
	cfg, err := in.load()
	if err != nil {
		return err
	}
	dir, err := in.folder(cfg)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, bolt.File)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("compact %s: there is no store yet", dir)
	}
	db, err := bolt.Open(dir, bolt.Options{Version: version(), Tell: func(what string) { say(in.stdout, "%s\n", what) }})
	var locked *store.LockedError
	if errors.As(err, &locked) && locked.Socket != "" {
		code, e := sshd.Command(ctx, locked.Socket, []string{"compact"}, in.environ, in.stdout, in.stderr)
		if e != nil {
			return fmt.Errorf("%w; %w", err, e)
		}
		in.exit = code
		return nil
	}
	if err != nil {
		return refused(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return in.compactIn(ctx, db)
}

func (in *invocation) compactIn(ctx context.Context, db *bolt.DB) error {
	c, err := db.Compact(ctx)
	if err != nil {
		return err
	}
	say(in.stdout, "%.1f MB became %.1f MB\n", float64(c.Before)/1e6, float64(c.After)/1e6)
	return nil
}
