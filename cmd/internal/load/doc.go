// Package load fills a store of any size through the real write path and measures what people would feel of it: start-up, every pane's question over many
// scopes, a key until its bytes are written, publication while questions run, many sessions at once, and real SSH sessions.
//
// It owns the measuring and its [Report]; it decides nothing about how the product works and has no fast path of its own: the store is [bolt.DB], the Book
// is [analytics.Live]'s, a screen is a [tui.Shell] behind a [paint.Painter], a far session comes in through [sshd.Server]. Every choice (scopes, keys, what
// is committed) follows from one seed, which the report names. Figures are of this machine at this hour: the report says what machine it was, and how much
// was measured.
//
// The clients of [SSH] should run in a process of their own ([Options].Clients), so that their memory and their cryptography are not counted as the server's.
package load
