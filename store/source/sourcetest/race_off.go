//go:build !race

package sourcetest

// rounds of [Play].
const rounds = 12
