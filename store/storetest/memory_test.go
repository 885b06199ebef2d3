package storetest

import "testing"

func TestMemory(t *testing.T) {
	Suite(t, func(*testing.T) Store { return NewMemory() })
	t.Run("Folder", func(t *testing.T) { FolderSuite(t, func(*testing.T) FolderStore { return NewMemory() }) })
}
