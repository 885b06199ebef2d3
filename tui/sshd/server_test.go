package sshd

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	gossh "golang.org/x/crypto/ssh"
)

type card struct {
	s    Session
	w, h int
}

func (c card) Init() tea.Cmd { return nil }
func (c card) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		c.w, c.h = msg.Width, msg.Height
	case tea.KeyPressMsg:
		if msg.String() == "q" {
			return c, tea.Quit
		}
		if msg.String() == "p" {
			panic("boom")
		}
	}
	return c, nil
}
func (c card) View() tea.View {
	v := tea.NewView(fmt.Sprintf("hello %s root=%s %dx%d %v", c.s.Viewer.Name, c.s.Viewer.Root, c.w, c.h, c.s.Environ))
	v.AltScreen = true
	return v
}

func signer(t *testing.T) gossh.Signer {
	t.Helper()
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := gossh.NewSignerFromKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func options() Options {
	return Options{
		Screen: func(s Session) tea.Model { return card{s: s, w: s.Width, h: s.Height} },
		Command: func(_ context.Context, v Viewer, args, _ []string, _ io.Reader, out, errOut io.Writer) int {
			if args[0] == "fail" {
				_, _ = io.WriteString(errOut, "failed\n")
				return 2
			}
			_, _ = fmt.Fprintf(out, "%s|%s|%s", v.Name, v.Root, strings.Join(args, "|"))
			return 0
		},
	}
}

type server struct {
	stop func()
	addr string
	key  map[string]gossh.Signer
}

func serve(t *testing.T, change func(*Options)) server {
	t.Helper()
	srv := server{key: map[string]gossh.Signer{"wang": signer(t), "li": signer(t), "mallory": signer(t)}}
	var ring Keyring
	for _, p := range []Viewer{{Person: "x:1", Name: "wang", Root: "x:east"}, {Person: "x:2", Name: "li"}} {
		if err := ring.Add(string(gossh.MarshalAuthorizedKey(srv.key[p.Name].PublicKey())), p); err != nil {
			t.Fatal(err)
		}
	}
	o := options()
	o.Access = ring.Access
	o.HostKey = filepath.Join(t.TempDir(), "keys", "host")
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	srv.stop = cancel
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return srv
}

func (s server) dial(keys ...gossh.Signer) (*gossh.Client, error) {
	return gossh.Dial("tcp", s.addr, &gossh.ClientConfig{
		User: "anyone", Auth: []gossh.AuthMethod{gossh.PublicKeys(keys...)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second,
	})
}

func (s server) mustDial(t *testing.T, who string) *gossh.Client {
	t.Helper()
	c, err := s.dial(s.key[who])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestServe_UnknownKeyRefused(t *testing.T) {
	s := serve(t, nil)
	if c, err := s.dial(s.key["mallory"]); err == nil {
		_ = c.Close()
		t.Fatal("a key that nobody configured was let in")
	}
	for _, auth := range [][]gossh.AuthMethod{nil, {gossh.Password("")}, {gossh.KeyboardInteractive(func(string, string, []string, []bool) ([]string, error) { return nil, nil })}} {
		c, err := gossh.Dial("tcp", s.addr, &gossh.ClientConfig{User: "root", Auth: auth, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
		if err == nil {
			_ = c.Close()
			t.Fatal("let in without a key")
		}
	}
}

func TestServe_CommandRunsAsTheKeysOwner(t *testing.T) {
	s := serve(t, nil)
	for who, root := range map[string]string{"wang": "x:east", "li": ""} {
		sess, err := s.mustDial(t, who).NewSession()
		if err != nil {
			t.Fatal(err)
		}
		out, err := sess.Output("funnel --region '华东 区' --json")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(out), who+"|"+root+"|funnel|--region|华东 区|--json"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// provesOther offers one key's public half and signs with another, as a client that only knows a director's public key would.
type provesOther struct{ public, private gossh.Signer }

func (p provesOther) PublicKey() gossh.PublicKey { return p.public.PublicKey() }
func (p provesOther) Sign(r io.Reader, b []byte) (*gossh.Signature, error) {
	return p.private.Sign(r, b)
}

func TestServe_OfferedKeyIsNotAProvenKey(t *testing.T) {
	s := serve(t, nil)
	if c, err := s.dial(provesOther{s.key["li"], s.key["mallory"]}); err == nil {
		_ = c.Close()
		t.Fatal("a key that was offered but not proven was let in")
	}
	c, err := s.dial(provesOther{s.key["li"], s.key["wang"]}, s.key["wang"])
	if err != nil {
		t.Skip("this client stops at the first refused signature:", err)
	}
	defer c.Close()
	sess, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := sess.Output("x")
	if err != nil || !strings.HasPrefix(string(out), "wang|x:east|") {
		t.Fatalf("got %q, %v: want the proven key's viewer", out, err)
	}
}

func TestServe_ExitStatusAndNoTerminal(t *testing.T) {
	s := serve(t, nil)
	c := s.mustDial(t, "li")
	sess, _ := c.NewSession()
	var exit *gossh.ExitError
	err := sess.Run("fail")
	if !asExit(err, &exit) || exit.ExitStatus() != 2 {
		t.Errorf("got %v, want exit status 2", err)
	}
	sess, _ = c.NewSession()
	var stderr bytes.Buffer
	sess.Stderr = &stderr
	if err := sess.Shell(); err != nil {
		t.Fatal(err)
	}
	err = sess.Wait()
	if !asExit(err, &exit) || exit.ExitStatus() != 2 || !strings.Contains(stderr.String(), "ssh -t") {
		t.Errorf("got %v, %q: want exit status 2 and what to do", err, stderr.String())
	}
}

func asExit(err error, e **gossh.ExitError) bool {
	return errors.As(err, e)
}

// screen opens a session with a terminal and returns what types into it and what it drew so far.
func screen(t *testing.T, c *gossh.Client, w, h int, env map[string]string) (*gossh.Session, io.Writer, *capture) {
	t.Helper()
	sess, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range env {
		_ = sess.Setenv(k, v)
	}
	in, _ := sess.StdinPipe()
	out := &capture{got: make(chan struct{}, 1)}
	sess.Stdout = out
	if err := sess.RequestPty("xterm-256color", h, w, gossh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	if err := sess.Shell(); err != nil {
		t.Fatal(err)
	}
	return sess, in, out
}

type capture struct {
	mu  sync.Mutex
	buf bytes.Buffer
	got chan struct{}
}

func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	n, err := c.buf.Write(p)
	c.mu.Unlock()
	select {
	case c.got <- struct{}{}:
	default:
	}
	return n, err
}

func (c *capture) wait(t *testing.T, want string) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		c.mu.Lock()
		s := c.buf.String()
		c.mu.Unlock()
		if strings.Contains(s, want) {
			return
		}
		select {
		case <-c.got:
		case <-limit:
			t.Fatalf("never drew %q; drew %q", want, s)
		}
	}
}

func TestServe_ScreensHaveTheirOwnSizeAndEnvironment(t *testing.T) {
	s := serve(t, nil)
	a, typeA, outA := screen(t, s.mustDial(t, "wang"), 70, 21, map[string]string{"LANG": "zh_CN.UTF-8", "HOME": "/etc"})
	b, typeB, outB := screen(t, s.mustDial(t, "li"), 90, 31, map[string]string{"LANG": "en_US.UTF-8"})
	outA.wait(t, "hello wang root=x:east 70x21 [LANG=zh_CN.UTF-8 TERM=xterm-256color]")
	outB.wait(t, "hello li root= 90x31 [LANG=en_US.UTF-8 TERM=xterm-256color]")
	if err := a.WindowChange(25, 99); err != nil {
		t.Fatal(err)
	}
	outA.wait(t, "hello wang root=x:east 99x25") // all of it, since nobody knows what the terminal made of its screen
	_, _ = io.WriteString(typeA, "q")
	_, _ = io.WriteString(typeB, "q")
	if err := a.Wait(); err != nil {
		t.Error(err)
	}
	if err := b.Wait(); err != nil {
		t.Error(err)
	}
}

func TestServe_PanicEndsOneSessionOnly(t *testing.T) {
	s := serve(t, nil)
	a, typeA, outA := screen(t, s.mustDial(t, "wang"), 80, 24, nil)
	outA.wait(t, "hello")
	_, _ = io.WriteString(typeA, "p")
	_ = a.Wait()
	sess, err := s.mustDial(t, "li").NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := sess.Output("still"); err != nil || !strings.Contains(string(out), "still") {
		t.Fatalf("got %q, %v after another session's panic", out, err)
	}
}

func TestServe_EndingLeavesTheClientsTerminalInOrder(t *testing.T) {
	s := serve(t, nil)
	a, _, out := screen(t, s.mustDial(t, "wang"), 80, 24, nil)
	out.wait(t, "hello")
	s.stop()
	if err := a.Wait(); err != nil {
		t.Errorf("the session ended with %v", err)
	}
	out.wait(t, "\x1b[?1049l")
	out.wait(t, "\x1b[?25h")
}

func TestServe_RefusesForwardingAndTooMany(t *testing.T) {
	s := serve(t, func(o *Options) { o.MaxSessions = 1 })
	c := s.mustDial(t, "li")
	if conn, err := c.Dial("tcp", s.addr); err == nil {
		_ = conn.Close()
		t.Error("a tunnel was opened")
	}
	if l, err := c.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = l.Close()
		t.Error("a reverse tunnel was opened")
	}
	_, in, out := screen(t, c, 80, 24, nil)
	out.wait(t, "hello")
	sess, _ := c.NewSession()
	if err := sess.Run("x"); err == nil {
		t.Error("a session beyond the limit was admitted")
	}
	_, _ = io.WriteString(in, "q")
}

func TestServe_ClosesWhoOpensNoSession(t *testing.T) {
	s := serve(t, func(o *Options) { o.AdmitTimeout = 50 * time.Millisecond })
	silent, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_ = silent.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.Copy(io.Discard, silent); err != nil {
		t.Errorf("a client that never speaks was not closed: %v", err)
	}
	s = serve(t, func(o *Options) { o.AdmitTimeout = time.Second })
	sess, in, out := screen(t, s.mustDial(t, "li"), 80, 24, nil)
	out.wait(t, "hello")
	time.Sleep(1100 * time.Millisecond)
	_, _ = io.WriteString(in, "q")
	if err := sess.Wait(); err != nil {
		t.Errorf("an open session was closed: %v", err)
	}
}

func TestServe_IdleSessionEnds(t *testing.T) {
	s := serve(t, func(o *Options) { o.IdleTimeout = 300 * time.Millisecond })
	sess, _, out := screen(t, s.mustDial(t, "li"), 80, 24, nil)
	out.wait(t, "hello")
	ended := make(chan struct{})
	go func() { _ = sess.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("a session in which nothing is sent goes on")
	}
}

func TestKeyring_OneKeyOnePerson(t *testing.T) {
	var ring Keyring
	line := string(gossh.MarshalAuthorizedKey(signer(t).PublicKey()))
	if err := ring.Add(line, Viewer{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := ring.Add(line, Viewer{Name: "b"}); err == nil || !strings.Contains(err.Error(), "one person") {
		t.Errorf("got %v", err)
	}
	if err := ring.Add("ssh-ed25519 nonsense", Viewer{Name: "c"}); err == nil || !strings.Contains(err.Error(), "authorized_keys") {
		t.Errorf("got %v", err)
	}
}

func TestLocal_CommandAndStaleSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "fd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s.sock")
	dead, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = dead.Close()
	s, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l, err := ListenLocal(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v: want 0600", info.Mode(), err)
	}
	done := make(chan error, 1)
	go func() { done <- s.ServeListener(ctx, l, Viewer{Name: "me"}) }()
	var out, errOut bytes.Buffer
	code, err := Command(ctx, path, []string{"funnel", "it's", "华东 区"}, []string{"LANG=C"}, &out, &errOut)
	if err != nil || code != 0 || out.String() != "me||funnel|it's|华东 区" {
		t.Errorf("got %q, %d, %v", out.String(), code, err)
	}
	code, err = Command(ctx, path, []string{"fail"}, nil, &out, &errOut)
	if err != nil || code != 2 || errOut.String() != "failed\n" {
		t.Errorf("got %d, %v, %q", code, err, errOut.String())
	}
	if _, err := ListenLocal(path); err == nil {
		t.Error("took over a socket that is answered")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := Command(context.Background(), path, []string{"x"}, nil, &out, &errOut); err == nil {
		t.Error("no error from a socket nobody answers")
	}
}

func TestLocal_LeavesNoKeyBehind(t *testing.T) {
	for _, name := range []string{"id_ed25519", "id_ed25519.pub"} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("a host key was written into the working directory: %s", name)
		}
	}
}

func TestListenLocal_LongPathAndFileInTheWay(t *testing.T) {
	if _, err := ListenLocal("/tmp/" + strings.Repeat("x", 120)); err == nil || !strings.Contains(err.Error(), "shorter --store") {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenLocal(path); err == nil {
		t.Error("replaced a file that is no socket")
	}
}
