// Package tui is the shell around the panes: the stack of places, the keys that are the same everywhere, the overlays (palette, scope picker, help, prompts)
// and the frame of title and footer. One [Shell] is one session's Bubble Tea model; sessions share nothing but the Book.
//
// It refuses to know what a pane shows: panes are found through a pane.Registry, asked through pane.Pane and its optional abilities, and
// reach each other only by pane.Open. It never sees a source, a store or a file; what leaves (export, reports) goes through functions that the command
// hands in.
//
// Messages have four classes. Keys go to the overlay, the capturing pane, the shell's own bindings, the focused pane, in that order. The size goes through
// layout to SetSize. pane.To reaches the panes at one place alone. pane.Committed and pane.Themed reach the visible pane and mark hidden ones stale,
// which get them when they are shown again. Everything else goes to the focused pane.
//
// Nothing wakes an idle session but one timer a minute for the data's age.
package tui
