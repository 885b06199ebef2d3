//go:build !linux

package load

import (
	"errors"
	"time"
)

// resident is not known here.
func resident() (all, mapped int64) { return 0, 0 }

func forget(string) (float64, error) {
	return 1, errors.New("this system has no call for it that we know")
}

// total is not known here.
func total() int64 { return 0 }

// machine is not known here.
func machine() time.Duration { return 0 }
