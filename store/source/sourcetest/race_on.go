//go:build race

package sourcetest

// rounds are few under the race detector: it looks at how a round is read, which is the same in each, and takes ten times as long.
const rounds = 4
