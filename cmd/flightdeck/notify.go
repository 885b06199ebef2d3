package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/outbox"
	"flightdeck/store/source"
	"flightdeck/tui/locale"
	"flightdeck/tui/sshd"
)

// notifier makes a configured notifier. Credentials are read when something is sent.
func notifier(n config.Notifier) outbox.Notifier {
	read := func(s source.Secret) outbox.Credential {
		if s.IsZero() {
			return nil
		}
		return s.Resolve
	}
	switch n.Kind {
	case "smtp":
		return &outbox.Mail{Host: n.Host, Port: n.Port, TLS: n.TLS, User: n.User, Password: read(n.Password), From: n.From, To: n.To}
	case "webhook":
		address := read(n.Address)
		if n.URL != "" {
			address = func() (string, error) { return n.URL, nil }
		}
		return &outbox.Webhook{Address: address, Secret: read(n.Secret)}
	}
	return &outbox.Robot{Kind: n.Kind, Address: read(n.Robot), Secret: read(n.Secret), Head: n.Keyword}
}

// deliver makes what brings the messages in the desk to people.
func (a *app) deliver(report func(error)) {
	o := outbox.Options{Box: a.desk, Report: report, Quiet: outbox.Quiet{From: a.cfg.Notify.Quiet.From, To: a.cfg.Notify.Quiet.To, Weekend: a.cfg.Notify.Quiet.Weekend}}
	for _, n := range a.cfg.Notify.To {
		o.Routes = append(o.Routes, outbox.Route{Name: n.Name, Notifier: notifier(n), Kinds: n.Kinds, Node: n.Node})
	}
	o.Zone = func() *time.Location { return a.live.Book().Location() }
	o.Inside = func(route string, node store.ID) (in, known bool) { return inside(a.live.Book(), route, node) }
	o.Own = func(route string, node store.ID) (own, known bool) {
		b := a.live.Book()
		root, err := part(b, route)
		return err == nil && root == node, b.Rev() != 0
	}
	a.outbox = outbox.New(o)
}

// part is the org node that a notifier is for; "": the whole company.
func part(b *analytics.Book, name string) (store.ID, error) {
	if name == "" {
		return "", nil
	}
	return b.FindNode("", "", name)
}

// inside reports whether a node lies inside the part of the org tree that a configuration names.
func inside(b *analytics.Book, part string, node store.ID) (in, known bool) {
	if b.Rev() == 0 {
		return false, false // it has not been read yet
	}
	root, err := b.FindNode("", "", part)
	if err != nil || node == "" {
		return false, true
	}
	lo, ok := b.NodeOf(root)
	n, there := b.NodeOf(node)
	return ok && there && n >= lo && n < b.Nodes()[lo].End, true
}

// messageLocale is the language of messages.
func (in *invocation) messageLocale(cfg *config.Config) *locale.Locale {
	if lang, err := locale.Parse(cfg.Notify.Language); cfg.Notify.Language != "" && err == nil {
		return locale.New(lang)
	}
	return in.locale(cfg)
}

func (in *invocation) notifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "notify",
		Short: "What people are told through robots, mail and webhooks: try it, list it, send again what failed (通知)",
		Long:  "Who is told stands under notify in the configuration. A message is told once, kept with what caused it, and tried for a day.",
		Args:  cobra.NoArgs,
		RunE:  in.do(func(*cobra.Command, []string) error { return usagef("notify: want test, list or retry") }),
	}
	c.AddCommand(in.notifyListCommand(), in.notifyRetryCommand())
	if in.owner == nil {
		c.AddCommand(&cobra.Command{
			Use: "test [NAME]", Short: "Send a test message through every configured notifier, or one, now", Args: cobra.MaximumNArgs(1),
			RunE: in.do(func(cmd *cobra.Command, args []string) error { return in.notifyTest(cmd.Context(), args) }),
		})
	}
	return c
}

func (in *invocation) notifyTest(ctx context.Context, args []string) error {
	cfg, err := in.load()
	if err != nil {
		return err
	}
	if len(cfg.Notify.To) == 0 {
		return usagef("notify test: the configuration names nobody to tell; list robots, mail or webhooks under notify.to")
	}
	var names []string
	failed := 0
	l := in.messageLocale(cfg)
	for _, n := range cfg.Notify.To {
		names = append(names, n.Name)
		if len(args) == 1 && args[0] != n.Name {
			continue
		}
		now := time.Now()
		err := outbox.Try(ctx, notifier(n), l.Pick("flightdeck 测试消息", "flightdeck test message"),
			fmt.Sprintf(l.Pick("%s 经由 %s 发送, 收到即表示通知可用", "sent %s through %s; it works when you read this"), now.Format("2006-01-02 15:04:05"), n.Name), now)
		if err != nil {
			failed++
			say(in.stdout, "fail  %-16s %s: %v\n", n.Name, n.Kind, err)
			continue
		}
		say(in.stdout, "ok    %-16s %s, %v\n", n.Name, n.Kind, time.Since(now).Round(time.Millisecond))
	}
	if len(args) == 1 && !slices.Contains(names, args[0]) {
		return usagef("notify test %q: there is none of that name; there are %s", store.Clip(args[0], 40), strings.Join(names, ", "))
	}
	if failed > 0 {
		return quietError{fmt.Errorf("%d notifiers failed", failed)}
	}
	return nil
}

// listed is a message as notify list prints it.
type listed struct {
	Seq        uint64            `json:"seq"`
	State      string            `json:"state"` // waiting, sent, failed, or none when nobody is told
	Kind       store.MessageKind `json:"kind"`
	Posted     time.Time         `json:"posted"`
	After      time.Time         `json:"not_before,omitzero"`
	Node       store.ID          `json:"node,omitempty"`
	Title      string            `json:"title"`
	Text       string            `json:"text,omitempty"`
	Link       string            `json:"link,omitempty"`
	Deliveries []store.Delivery  `json:"deliveries"`
}

// stateOf is the worst that can be said of a message.
func stateOf(m *store.Message) string {
	state := "none"
	if !m.Routed {
		return store.DeliveryWaiting.String()
	}
	for _, d := range m.Deliveries {
		switch {
		case d.State == store.DeliveryFailed:
			return d.State.String()
		case d.State == store.DeliveryWaiting, state == "none":
			state = d.State.String()
		}
	}
	return state
}

func (in *invocation) notifyListCommand() *cobra.Command {
	var asJSON bool
	var state string
	var limit int
	states := []string{"waiting", "sent", "failed", "none"}
	c := &cobra.Command{
		Use: "list", Short: "List messages, the newest first: waiting, sent, failed, or told to nobody", Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error {
			if state != "" && !slices.Contains(states, state) {
				return usagef("--state %q: want one of %s", store.Clip(state, 20), strings.Join(states, ", "))
			}
			if limit < 1 {
				return usagef("--limit %d: want 1 or more", limit)
			}
			cfg, err := in.load()
			if err != nil {
				return err
			}
			return in.box(cmd.Context(), cfg, true, func(box store.Outbox) error {
				all := []listed{}
				enough := errors.New("enough")
				err := box.Messages(cmd.Context(), 0, func(m store.Message) error {
					if s := stateOf(&m); state == "" || s == state {
						all = append(all, listed{m.Seq, s, m.Kind, m.At, m.After, m.Node, m.Title, m.Text, m.Link, m.Deliveries})
					}
					if len(all) == limit {
						return enough
					}
					return nil
				})
				if err != nil && !errors.Is(err, enough) {
					return err
				}
				if asJSON {
					return printIndented(in.stdout, all)
				}
				return in.printMessages(all, in.locale(cfg))
			})
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "everything, as JSON")
	c.Flags().StringVar(&state, "state", "", "only those that are "+strings.Join(states, ", "))
	c.Flags().IntVar(&limit, "limit", 100, "at most `N`")
	_ = c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (in *invocation) printMessages(all []listed, l *locale.Locale) error {
	word := map[string]string{"waiting": l.Pick("等待", "waiting"), "sent": l.Pick("已发", "sent"), "failed": l.Pick("失败", "failed"), "none": l.Pick("无人", "nobody")}
	s := sheet{
		head:  []string{"#", l.Pick("状态", "state"), l.Pick("时间", "posted"), l.Pick("类别", "kind"), l.Pick("标题", "title"), l.Pick("经由", "through")},
		right: []bool{true, false, false, false, false, false},
	}
	for _, m := range all {
		var through []string
		for _, d := range m.Deliveries {
			t := d.Notifier + " " + word[d.State.String()]
			if d.Tries > 1 || d.Error != "" {
				t += fmt.Sprintf(" (%d", d.Tries)
				if d.Error != "" {
					t += ": " + d.Error
				}
				t += ")"
			}
			through = append(through, t)
		}
		s.rows = append(s.rows, []string{strconv.FormatUint(m.Seq, 10), word[m.State], m.Posted.Local().Format("2006-01-02 15:04"), string(m.Kind), m.Title, strings.Join(through, ", ")})
	}
	return s.print(in.stdout)
}

func (in *invocation) notifyRetryCommand() *cobra.Command {
	return &cobra.Command{
		Use: "retry [NUMBER...]", Short: "Let messages that failed be sent again, all or those with these numbers", Args: cobra.ArbitraryArgs,
		RunE: in.do(func(cmd *cobra.Command, args []string) error {
			var seqs []uint64
			for _, a := range args {
				n, err := strconv.ParseUint(a, 10, 64)
				if err != nil || n == 0 {
					return usagef("notify retry %q: want the number of a message, as in notify list", store.Clip(a, 20))
				}
				seqs = append(seqs, n)
			}
			cfg, err := in.load()
			if err != nil {
				return err
			}
			return in.box(cmd.Context(), cfg, false, func(box store.Outbox) error {
				n, err := box.Retry(cmd.Context(), seqs...)
				if errors.Is(err, store.ErrNotFound) {
					return usageError{err}
				}
				if err != nil {
					return err
				}
				say(in.stdout, "%d\n", n)
				return nil
			})
		}),
	}
}

// box gives fn the messages of the store: the owner's when this process answers for somebody else who sees the whole company, else the file's, else, when another process holds the file, through that
// process.
func (in *invocation) box(ctx context.Context, cfg *config.Config, readOnly bool, fn func(store.Outbox) error) error {
	if in.owner != nil {
		if in.owner.box == nil {
			return usagef("notify: messages are shown to those who see the whole company")
		}
		return fn(in.owner.box)
	}
	dir, err := in.folder(cfg)
	if err != nil {
		return err
	}
	d, err := bolt.OpenDesk(dir, bolt.Options{ReadOnly: readOnly, Version: version()})
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked) && locked.Socket != "":
		code, e := sshd.Command(ctx, locked.Socket, abroad(in.args), in.environ, in.stdout, in.stderr)
		if e != nil {
			return fmt.Errorf("%w; %w", err, e)
		}
		in.exit = code
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open %s: nothing was written there yet; it begins with: flightdeck, or flightdeck sync", dir)
	case err != nil:
		return refused(err)
	}
	return errors.Join(fn(d), d.Close())
}

// checkNotify is doctor's line on what waits and what failed. Nothing is sent: flightdeck notify test does that.
func (in *invocation) checkNotify(ctx context.Context, cfg *config.Config) finding {
	f := finding{what: "notify", note: fmt.Sprintf("%d notifiers", len(cfg.Notify.To))}
	for _, n := range cfg.Notify.To {
		for _, s := range []source.Secret{n.Robot, n.Secret, n.Address, n.Password} {
			if _, err := s.Resolve(); err != nil {
				f.err = errors.Join(f.err, fmt.Errorf("notify %s: %w", n.Name, err))
			}
		}
	}
	d, err := bolt.OpenDesk(in.dir(cfg), bolt.Options{ReadOnly: true, Version: version()})
	if err != nil {
		return f // the line on decisions tells
	}
	defer d.Close() //nolint:errcheck // read only
	count := map[string]int{}
	if err := d.Messages(ctx, 0, func(m store.Message) error { count[stateOf(&m)]++; return nil }); err != nil {
		f.err = errors.Join(f.err, err)
		return f
	}
	f.note += fmt.Sprintf(", %d messages wait, %d failed", count["waiting"], count["failed"])
	if n := count["failed"]; n > 0 {
		f.note += ": flightdeck notify list --state failed"
	}
	return f
}
