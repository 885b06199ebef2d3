package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/term"
)

// Client is what Attach needs of the local side.
type Client struct {
	Stdin   *os.File // a terminal for the screen
	Stdout  *os.File
	Stderr  io.Writer
	Environ []string // LANG, LC_*, COLORTERM, NO_COLOR, TERM and AsOf are passed on
}

// ErrGone is that the process whose screen was shown ended without a word.
var ErrGone = errors.New("the process that held the store went away")

// leave undoes what a screen sets: what its program would have written had it lived.
const leave = "\x1b[?2026l\x1b[?7h\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[>4m\x1b[<u\x1b[m\x1b[?1049l\x1b[?25h"

// AsOf is the variable that names the day, YYYY-MM-DD, as of which a screen opens.
const AsOf = "FLIGHTDECK_AS_OF"

// Attach opens the screen of the process that serves the unix socket at path and shows it on the client's terminal until the far side ends it. The
// terminal is put into raw mode and restored, whatever happens. It blocks.
func Attach(ctx context.Context, path string, c Client) error {
	sess, done, err := dial(ctx, path, c.Environ)
	if err != nil {
		return err
	}
	defer done()
	fd := int(c.Stdin.Fd())
	w, h, err := term.GetSize(int(c.Stdout.Fd()))
	if err != nil {
		return fmt.Errorf("attach %s: this is not a terminal: %w", path, err)
	}
	name := "xterm-256color"
	for _, kv := range c.Environ {
		if v, ok := strings.CutPrefix(kv, "TERM="); ok && v != "" {
			name = v
		}
	}
	if err := sess.RequestPty(name, h, w, gossh.TerminalModes{}); err != nil {
		return fmt.Errorf("attach %s: %w", path, err)
	}
	sess.Stdin, sess.Stdout, sess.Stderr = c.Stdin, c.Stdout, c.Stderr
	old, err := term.MakeRaw(fd)
	if err != nil {
		return fmt.Errorf("attach %s: %w", path, err)
	}
	defer func() { _ = term.Restore(fd, old) }()
	winch := make(chan os.Signal, 1)
	signal.Notify(winch, syscall.SIGWINCH)
	defer signal.Stop(winch)
	if err := sess.Shell(); err != nil {
		return fmt.Errorf("attach %s: %w", path, err)
	}
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				ended <- fmt.Errorf("attach %s: %v", path, r)
			}
		}()
		ended <- sess.Wait()
	}()
	for {
		select {
		case <-winch:
			if w, h, err := term.GetSize(int(c.Stdout.Fd())); err == nil {
				_ = sess.WindowChange(h, w)
			}
		case err := <-ended:
			if err != nil && !isExit(err) {
				_, _ = io.WriteString(c.Stdout, leave)
				return fmt.Errorf("attach %s: %w; start again to open the store here", path, ErrGone)
			}
			return nil
		case <-ctx.Done():
			_, _ = io.WriteString(c.Stdout, leave)
			return ctx.Err()
		}
	}
}

// Command runs args in the process that serves the unix socket at path and returns its exit status.
func Command(ctx context.Context, path string, args, environ []string, stdout, stderr io.Writer) (int, error) {
	sess, done, err := dial(ctx, path, environ)
	if err != nil {
		return 1, err
	}
	defer done()
	sess.Stdout, sess.Stderr = stdout, stderr
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	stop := context.AfterFunc(ctx, func() { _ = sess.Close() })
	defer stop()
	err = sess.Run(strings.Join(quoted, " "))
	var exit *gossh.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitStatus(), nil
	case ctx.Err() != nil:
		return 1, ctx.Err()
	}
	return 1, fmt.Errorf("attach %s: %w", path, err)
}

func isExit(err error) bool {
	var exit *gossh.ExitError
	return errors.As(err, &exit)
}

func dial(ctx context.Context, path string, environ []string) (*gossh.Session, func(), error) {
	d := net.Dialer{Timeout: 3 * time.Second}
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, nil, fmt.Errorf("attach %s: %w", path, err)
	}
	// The peer is whoever could make the socket in our own 0700 folder; its host key is new at every start and says nothing more.
	cc, chans, reqs, err := gossh.NewClientConn(conn, "flightdeck", &gossh.ClientConfig{
		User: "local", HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: 5 * time.Second, //nolint:gosec // see above
	})
	if err != nil {
		_ = conn.Close()
		return nil, nil, fmt.Errorf("attach %s: %w", path, err)
	}
	client := gossh.NewClient(cc, chans, reqs)
	sess, err := client.NewSession()
	if err != nil {
		_ = client.Close()
		return nil, nil, fmt.Errorf("attach %s: %w", path, err)
	}
	for _, kv := range environ {
		k, v, _ := strings.Cut(kv, "=")
		if k == "LANG" || k == "COLORTERM" || k == "NO_COLOR" || k == "TERM_PROGRAM" || k == AsOf || strings.HasPrefix(k, "LC_") {
			_ = sess.Setenv(k, v)
		}
	}
	return sess, func() { _ = sess.Close(); _ = client.Close() }, nil
}
