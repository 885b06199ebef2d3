package sshd

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/ssh"
	"charm.land/wish/v2"
	teawish "charm.land/wish/v2/bubbletea"
	"github.com/charmbracelet/colorprofile"
	gossh "golang.org/x/crypto/ssh"

	"flightdeck/store"
	"flightdeck/tui/paint"
)

// Viewer is who is looking. Root limits everything that the session can ask for; empty is the whole company.
type Viewer struct {
	Person store.PersonID
	Name   string
	Root   store.ID
	Local  bool // came over the unix socket: the store's own user
}

// Session is what a screen is built from. It belongs to one SSH session and ends with Ctx.
type Session struct {
	Ctx     context.Context //nolint:containedctx // the session's lifetime, handed to the program that lives as long
	Viewer  Viewer
	Environ []string // what the client sent (LANG, LC_*, COLORTERM) and TERM
	Width   int      // cells
	Height  int
	Profile colorprofile.Profile
}

// Options configure a Server. Screen and Command are called from many goroutines.
type Options struct {
	// Access returns the viewer whose key this is. It must not block: it runs inside the handshake.
	Access func(key gossh.PublicKey) (Viewer, bool)
	// Screen builds the program's model for one session.
	Screen func(Session) tea.Model
	// Command answers a session that gave a command and returns its exit status.
	Command func(ctx context.Context, v Viewer, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int
	// HostKey is the path of the host's private key; it is made (ed25519, 0600) when absent.
	HostKey string
	// MaxSessions refuses further sessions beyond this many at once; 0 means 500.
	MaxSessions int
	// AdmitTimeout closes a connection on which no session was opened, handshake included; 0 means 30 seconds.
	AdmitTimeout time.Duration
	// IdleTimeout ends a session in which nothing was sent either way; 0 means 24 hours.
	IdleTimeout time.Duration
	Log         *slog.Logger
}

// Server answers SSH sessions until its context ends.
type Server struct {
	opt   Options
	mu    sync.Mutex
	count int
}

// New checks o and returns a server that listens nowhere yet.
func New(o Options) (*Server, error) {
	if o.Screen == nil || o.Command == nil {
		return nil, errors.New("new ssh server: Screen and Command are needed")
	}
	if o.MaxSessions == 0 {
		o.MaxSessions = 500
	}
	if o.AdmitTimeout == 0 {
		o.AdmitTimeout = 30 * time.Second
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{opt: o}, nil
}

// Serve answers on l, where every client must show a key that Access knows, until ctx ends. It owns l and blocks.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if s.opt.Access == nil {
		_ = l.Close()
		return errors.New("serve ssh: no access rule; name people and their public keys under serve.people in the configuration")
	}
	if s.opt.HostKey == "" {
		_ = l.Close()
		return errors.New("serve ssh: no host key; set serve.host_key in the configuration")
	}
	if err := os.MkdirAll(filepath.Dir(s.opt.HostKey), 0o700); err != nil {
		_ = l.Close()
		return fmt.Errorf("serve ssh: host key: %w", err)
	}
	return s.run(ctx, l, wish.WithHostKeyPath(s.opt.HostKey), wish.WithPublicKeyAuth(func(ctx ssh.Context, key ssh.PublicKey) bool {
		_, ok := s.opt.Access(key)
		if !ok {
			s.opt.Log.Info("ssh key refused", "user", store.Clip(ctx.User(), 64), "from", ctx.RemoteAddr().String(), "key", gossh.FingerprintSHA256(key))
		}
		return ok
	}))
}

// ServeListener answers on a unix socket that [ListenLocal] made, as viewer v, until ctx ends. Nobody authenticates: reaching the socket needs the rights of the
// user who owns it. It owns l and blocks.
func (s *Server) ServeListener(ctx context.Context, l net.Listener, v Viewer) error {
	v.Local = true
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		_ = l.Close()
		return fmt.Errorf("serve %s: host key: %w", l.Addr(), err)
	}
	host, err := gossh.NewSignerFromKey(key)
	if err != nil {
		_ = l.Close()
		return fmt.Errorf("serve %s: host key: %w", l.Addr(), err)
	}
	return s.run(ctx, l, func(srv *ssh.Server) error {
		srv.AddHostKey(host) // of this run only: without one the library would write a key into the working directory
		srv.ConnCallback = func(ctx ssh.Context, c net.Conn) net.Conn {
			ctx.SetValue(viewerKey{}, v)
			return c
		}
		return nil
	})
}

// maxSocketPath is the shortest limit on a unix socket's path among the systems we run on (macOS; Linux allows 107).
const maxSocketPath = 103

// ListenLocal makes the unix socket at path with mode 0600. A socket that nobody answers on is replaced.
func ListenLocal(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("listen %s: the path is longer than %d bytes; choose a shorter --store", path, maxSocketPath)
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("listen %s: another flightdeck answers there", path)
	}
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&os.ModeSocket == 0 {
			return nil, fmt.Errorf("listen %s: a file that is not a socket is in the way; move it", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("listen %s: %w", path, err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("listen %s: %w", path, err)
	}
	return l, nil
}

type viewerKey struct{}

// lateKey holds the timer that closes a connection on which no session was opened in time.
type lateKey struct{}

// idle is a connection that ends when nothing was sent either way for a while. The library's own limits (v0.4.2) race with each other: it resets the handshake's
// deadline while the connection's reader looks at it.
type idle struct {
	net.Conn
	limit time.Duration
}

func (c idle) Read(b []byte) (int, error) {
	_ = c.Conn.SetDeadline(time.Now().Add(c.limit))
	return c.Conn.Read(b)
}

func (c idle) Write(b []byte) (int, error) {
	_ = c.Conn.SetDeadline(time.Now().Add(c.limit))
	return c.Conn.Write(b)
}

// SetDeadline keeps the library from lifting the limit.
func (c idle) SetDeadline(time.Time) error { return nil }

func (s *Server) run(ctx context.Context, l net.Listener, opts ...ssh.Option) error {
	opts = append(opts,
		func(srv *ssh.Server) error {
			seen := srv.ConnCallback
			srv.ConnCallback = func(ctx ssh.Context, c net.Conn) net.Conn {
				ctx.SetValue(lateKey{}, time.AfterFunc(s.opt.AdmitTimeout, func() { _ = c.Close() }))
				if seen != nil {
					c = seen(ctx, c)
				}
				return idle{c, s.opt.IdleTimeout}
			}
			srv.ChannelHandlers = map[string]ssh.ChannelHandler{"session": ssh.DefaultSessionHandler}
			srv.RequestHandlers = map[string]ssh.RequestHandler{}
			srv.SubsystemHandlers = map[string]ssh.SubsystemHandler{}
			return nil
		},
		wish.WithMiddleware(
			teawish.MiddlewareWithProgramHandler(func(sess ssh.Session) *tea.Program { return s.program(ctx, sess) }),
			s.command,
			s.admit,
		),
	)
	srv, err := wish.NewServer(opts...)
	if err != nil {
		_ = l.Close()
		return fmt.Errorf("serve ssh %s: %w", l.Addr(), err)
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		defer func() { _ = recover() }() // closing must never take the process down
		s.farewell()
		_ = srv.Close()
	})
	err = srv.Serve(l)
	if !stop() {
		<-done
	}
	if ctx.Err() == nil && !errors.Is(err, ssh.ErrServerClosed) {
		return fmt.Errorf("serve ssh %s: %w", l.Addr(), err)
	}
	return nil
}

// parting is how long the sessions have to leave their terminals as they found them.
const parting = 2 * time.Second

// farewell waits for the sessions, which the server's end makes quit: only the far program can leave the alternate screen of a client that knows
// nothing but bytes.
func (s *Server) farewell() {
	for end := time.Now().Add(parting); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		n := s.count
		s.mu.Unlock()
		if n == 0 {
			return
		}
	}
}

// admit is outermost: it counts, logs and catches what a session's own goroutine throws.
func (s *Server) admit(next ssh.Handler) ssh.Handler {
	return func(sess ssh.Session) {
		if late, ok := sess.Context().Value(lateKey{}).(*time.Timer); ok {
			late.Stop()
		}
		// A client may offer several keys before it proves one: only the proven one, which the session names, says who is looking.
		v, ok := sess.Context().Value(viewerKey{}).(Viewer)
		if key := sess.PublicKey(); !ok && key != nil {
			v, ok = s.opt.Access(key)
			sess.Context().SetValue(viewerKey{}, v)
		}
		if !ok {
			_ = sess.Exit(1)
			return
		}
		s.mu.Lock()
		full := s.count >= s.opt.MaxSessions
		if !full {
			s.count++
		}
		s.mu.Unlock()
		if full {
			_, _ = fmt.Fprintf(sess.Stderr(), "flightdeck: %d sessions are open, no more are admitted; try again later\r\n", s.opt.MaxSessions)
			_ = sess.Exit(1)
			return
		}
		start := time.Now()
		log := s.opt.Log.With("viewer", v.Name, "from", sess.RemoteAddr().String())
		log.Info("session opened", "command", store.Clip(sess.RawCommand(), 200))
		defer func() {
			s.mu.Lock()
			s.count--
			s.mu.Unlock()
			if r := recover(); r != nil {
				log.Error("session panicked", "panic", fmt.Sprint(r))
				_ = sess.Exit(1)
			}
			log.Info("session closed", "after", time.Since(start).Round(time.Second).String())
		}()
		next(sess)
	}
}

// command answers sessions that need no screen.
func (s *Server) command(next ssh.Handler) ssh.Handler {
	return func(sess ssh.Session) {
		args := sess.Command()
		_, _, pty := sess.Pty()
		if len(args) == 0 && pty {
			next(narrowed(sess))
			return
		}
		if len(args) == 0 {
			_, _ = io.WriteString(sess.Stderr(), "flightdeck: no terminal and no command; use ssh -t for the screen, or a command such as: ssh HOST funnel --json\n")
			_ = sess.Exit(2)
			return
		}
		v, _ := sess.Context().Value(viewerKey{}).(Viewer)
		ctx, cancel := context.WithCancel(sess.Context())
		defer cancel()
		_ = sess.Exit(s.opt.Command(ctx, v, args, sessionEnviron(sess), sess, sess, sess.Stderr()))
	}
}

// program makes a session's program, which ends in order when ctx, the server's, does.
func (s *Server) program(ctx context.Context, sess ssh.Session) *tea.Program {
	own, small := sess.(narrow)
	if !small {
		own.Session = sess
	}
	pty, changes, ok := own.Session.Pty()
	if !ok {
		return nil
	}
	v, _ := sess.Context().Value(viewerKey{}).(Viewer)
	env := sessionEnviron(sess)
	m := s.opt.Screen(Session{
		Ctx: sess.Context(), Viewer: v, Environ: env,
		Width: pty.Window.Width, Height: pty.Window.Height,
		Profile: colorprofile.Env(env),
	})
	var out io.Writer = sess
	if !sess.EmulatedPty() {
		out = pty.Slave
	}
	if small {
		m = sized{Model: m, first: resized{Width: pty.Window.Width, Height: pty.Window.Height}}
	}
	prog, done := paint.Program(sess.Context(), m, out, append(teawish.MakeOptions(sess), tea.WithoutSignalHandler())...)
	if small {
		go s.follow(sess.Context(), pty.Window, changes, prog.Send)
	}
	stay := context.AfterFunc(ctx, prog.Quit)
	context.AfterFunc(sess.Context(), func() {
		stay()
		done()
	})
	return prog
}

// sessionEnviron keeps of what the client sent only what says how to draw: nothing else is a client's business here.
func sessionEnviron(sess ssh.Session) []string {
	var env []string
	for _, kv := range sess.Environ() {
		k, v, _ := strings.Cut(kv, "=")
		switch {
		case k == "LANG", k == "LANGUAGE", k == AsOf, k == "COLORTERM", k == "NO_COLOR", k == "CLICOLOR", k == "TERM_PROGRAM", strings.HasPrefix(k, "LC_"):
			env = append(env, k+"="+store.Clean(v, 128))
		}
	}
	if pty, _, ok := sess.Pty(); ok {
		env = append(env, "TERM="+store.Clean(pty.Term, 64))
	}
	return env
}
