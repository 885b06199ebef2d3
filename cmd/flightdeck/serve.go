package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	gossh "golang.org/x/crypto/ssh"

	"flightdeck/analytics"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/tui/sshd"
)

func (in *invocation) serveCommand() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the cockpit over SSH",
		Long: "Everybody whose public key stands under serve.people of the configuration gets a screen of the own part of the organisation:\n" +
			"  ssh HOST -p 2222                              the cockpit\n" +
			"  ssh HOST -p 2222 funnel --region 华东 --json   an answer without a screen\n" +
			"Keys that are not listed are refused. The log goes to standard error.",
		Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error { return in.serve(cmd.Context(), listen) }),
	}
	c.Flags().StringVar(&listen, "listen", "", "listen on this HOST:PORT instead of the configuration's serve.listen")
	return c
}

func (in *invocation) serve(ctx context.Context, listen string) (err error) {
	cfg, err := in.load()
	if err != nil {
		return err
	}
	if listen == "" {
		listen = cfg.Serve.Listen
	}
	if listen == "" {
		return usagef("serve: where to listen? set serve.listen in the configuration, such as \":2222\", or give --listen")
	}
	if err := config.CheckListen(listen); err != nil {
		return usagef("serve: listen on %w", err)
	}
	hostKey := cfg.Serve.HostKey
	if hostKey == "" {
		hostKey = filepath.Join(in.dir(cfg), "host-key")
	}
	if err := goodHostKey(hostKey); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(in.stderr, nil))
	door := &door{book: func() *analytics.Book { return nil }, log: log}
	if err := door.fill(cfg.Serve.People); err != nil {
		return usageError{err}
	}
	if door.ring.Len() == 0 {
		return usagef("serve: nobody may come in; list people and their public keys under serve.people in the configuration")
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("serve: %w; end the program that has the address, or listen elsewhere with --listen HOST:PORT", err)
	}
	a, err := in.open(ctx, cfg, wiring{log: log})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	h := in.host(ctx, a, log)
	door.book = a.live.Book
	srv, err := sshd.New(sshd.Options{Access: door.access, Screen: h.remote, Command: h.answer, HostKey: hostKey, Log: log})
	if err != nil {
		return errors.Join(err, l.Close(), h.stop())
	}
	log.Info("serving", "address", l.Addr().String(), "keys", door.ring.Len())
	h.run("ssh", func(ctx context.Context) error { return srv.Serve(ctx, l) })
	<-h.ctx.Done()
	return h.stop()
}

// goodHostKey looks at the server's own key before anything is opened; that there is none yet is fine.
func goodHostKey(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = gossh.ParsePrivateKey(b)
	}
	if err != nil {
		return usagef("serve: host key %s: %w; move it away and a new one is made, or name another as serve.host_key", path, err)
	}
	return nil
}

// door knows who may come in. What a person sees is looked up in the org tree as it is when they come: people and units come from the sources.
type door struct {
	ring sshd.Keyring
	sees map[string]string // viewer's name → the configuration's word
	book func() *analytics.Book
	log  *slog.Logger
}

// nowhere is a place that no org tree has: whoever's own place is not known (yet) sees nothing, never everything.
const nowhere store.ID = "nowhere:"

func (d *door) fill(people []config.Person) error {
	d.sees = map[string]string{}
	for _, p := range people {
		if old, ok := d.sees[p.Name]; ok && old != p.Sees {
			return fmt.Errorf("serve.people: %s is listed twice with different sees (%q and %q)", p.Name, old, p.Sees)
		}
		d.sees[p.Name] = p.Sees
		lines := p.Keys
		if p.AuthorizedKeys != "" {
			b, err := os.ReadFile(p.AuthorizedKeys)
			if err != nil {
				return fmt.Errorf("serve.people: %s: authorized_keys: %w", p.Name, err)
			}
			for line := range strings.Lines(string(b)) {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					lines = append(lines, line)
				}
			}
		}
		for _, line := range lines {
			if err := d.ring.Add(line, sshd.Viewer{Name: p.Name}); err != nil {
				return fmt.Errorf("serve.people: %w", err)
			}
		}
	}
	return nil
}

// access is an [sshd.Options.Access].
func (d *door) access(key gossh.PublicKey) (sshd.Viewer, bool) {
	v, ok := d.ring.Access(key)
	if !ok {
		return v, false
	}
	book := d.book()
	if book == nil {
		v.Root = nowhere
		return v, true
	}
	if id, err := book.FindNode("", "person", v.Name); err == nil {
		v.Person = id
	}
	switch sees := d.sees[v.Name]; sees {
	case "all":
	default:
		root, err := book.FindNode("", "", sees)
		if err != nil {
			d.log.Warn("a viewer's place in the organisation is not known; nothing is shown", "viewer", v.Name, "sees", sees, "err", err)
			root = nowhere
		}
		v.Root = root
	}
	return v, true
}
