// Package sshd serves the cockpit over SSH: one Bubble Tea program and one viewer per session, all of them over the same Book.
//
// Who may come in and what they may see is decided before a program is built: [Options.Access] maps a public key to a [Viewer], whose Root becomes
// the Root of every Scope asked in that session. There is no password, no keyboard-interactive, no forwarding, no subsystem: a key that nobody
// configured is refused in the handshake.
//
// A session with a command ("ssh HOST funnel --json") is answered without a screen by [Options.Command]; a session with a terminal and no
// command gets [Options.Screen].
//
// The same server answers on a unix socket beside the store for people on the machine itself ([Server.ServeListener]): the socket's file mode is the
// authentication, so a second local start attaches to the process that owns the store instead of failing. [Attach] is the client of that socket. So there
// is one way to be a remote screen.
//
// Sessions use the emulated PTY of charm.land/ssh: no pseudo terminal device is opened, so a thousand sessions cost no file
// descriptors beyond their sockets, and OpenSSH's TERM, LANG and COLORTERM reach the program through the session's own environment only.
package sshd
