//go:build !unix

package bolt

import "os"

// lockFile does nothing: where bbolt locks otherwise, a file in use can be neither renamed nor replaced, so that a repair fails before it has changed anything.
func lockFile(*os.File, bool) error { return nil }

func unlockFile(*os.File) {}
