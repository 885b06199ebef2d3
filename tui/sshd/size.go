package sshd

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"
	"charm.land/ssh"
)

// Bubble Tea's renderer holds three pictures of the terminal, a cell some 150 bytes: 1.5 MB a session at 160×48, although the painter draws and the renderer only
// ever sees a blank. So Bubble Tea is told that the terminal has a single cell (narrow), and the model is told the truth (sized).

// narrow is a session whose terminal looks one cell large, and stays so.
type narrow struct{ ssh.Session }

// Pty implements ssh.Session.
func (n narrow) Pty() (ssh.Pty, <-chan ssh.Window, bool) {
	pty, _, ok := n.Session.Pty()
	pty.Window = ssh.Window{Width: 1, Height: 1}
	return pty, nil, ok
}

// narrowed hides the size of s where that helps: of a real terminal device Bubble Tea asks the size itself.
func narrowed(s ssh.Session) ssh.Session {
	if s.EmulatedPty() {
		return narrow{s}
	}
	return s
}

// resized is a tea.WindowSizeMsg past Bubble Tea.
type resized tea.WindowSizeMsg

// sized is the model of a narrowed session.
type sized struct {
	tea.Model
	first resized
	known bool // the model was told a size
}

// Init implements tea.Model.
func (m sized) Init() tea.Cmd {
	return tea.Batch(func() tea.Msg { return m.first }, m.Model.Init())
}

// Update implements tea.Model. After a resize the terminal's content is anybody's guess: what Bubble Tea would clear is cleared here.
func (m sized) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	size, told := msg.(resized)
	switch msg.(type) {
	case tea.WindowSizeMsg: // Bubble Tea's own, of the single cell
		return m, nil
	case resized:
		msg = tea.WindowSizeMsg(size)
	}
	inner, cmd := m.Model.Update(msg)
	if told && m.known {
		cmd = tea.Batch(cmd, tea.ClearScreen)
	}
	m.Model, m.known = inner, m.known || told
	return m, cmd
}

// follow tells send of the sizes after first until ctx ends or there are no more.
func (s *Server) follow(ctx context.Context, first ssh.Window, changes <-chan ssh.Window, send func(tea.Msg)) {
	defer func() {
		if r := recover(); r != nil {
			s.opt.Log.Error("a session's window size is no longer followed", "panic", fmt.Sprint(r))
		}
	}()
	for begun := false; ; {
		select {
		case <-ctx.Done():
			return
		case w, ok := <-changes:
			if !ok {
				return
			}
			if begun || w.Width != first.Width || w.Height != first.Height { // the first comes here once more
				send(resized{Width: w.Width, Height: w.Height})
			}
			begun = true
		}
	}
}
