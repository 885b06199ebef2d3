//go:build !unix

package bolt

import "errors"

func limitFileSize(uint64) error { return errors.New("there is no such limit") }
