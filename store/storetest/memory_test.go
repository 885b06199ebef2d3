package storetest

import "testing"

func TestMemory(t *testing.T) {
	Suite(t, func(*testing.T) Store { return NewMemory() })
}
