package sshd

import (
	tea "charm.land/bubbletea/v2"
)

// Bubble Tea's renderer holds three pictures of the terminal, a cell some 150 bytes: 1.5 MB a session at 160×48, although the painter draws and the renderer only
// ever sees a blank. So it is told that the terminal has a single cell, and the model is told the truth: sized keeps the sizes that come from the client
// away from the renderer.
const cell = 1

// resized is a tea.WindowSizeMsg on its way past Bubble Tea.
type resized tea.WindowSizeMsg

// sized is a session's model with the terminal's real size.
type sized struct {
	tea.Model
	first resized
	known bool // the model was told a size
}

// Init implements tea.Model: the first size comes from here instead of from Bubble Tea.
func (m sized) Init() tea.Cmd {
	return tea.Batch(func() tea.Msg { return m.first }, m.Model.Init())
}

// Update implements tea.Model. After a resize the terminal's content is anybody's guess: what Bubble Tea would clear is cleared here.
func (m sized) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	size, again := msg.(resized)
	if again {
		msg = tea.WindowSizeMsg(size)
	}
	inner, cmd := m.Model.Update(msg)
	if again && m.known {
		cmd = tea.Batch(cmd, tea.ClearScreen)
	}
	m.Model, m.known = inner, m.known || again
	return m, cmd
}

// options makes Bubble Tea's renderer small. They come after all others.
func (m sized) options() []tea.ProgramOption {
	return []tea.ProgramOption{tea.WithWindowSize(cell, cell), tea.WithFilter(func(_ tea.Model, msg tea.Msg) tea.Msg {
		switch msg := msg.(type) {
		case tea.WindowSizeMsg:
			if msg.Width == cell && msg.Height == cell { // Bubble Tea's own announcement
				return nil
			}
			return resized(msg)
		case tea.SuspendMsg: // there is no shell to go back to
			return tea.ResumeMsg{}
		}
		return msg
	})}
}
