package storetest

import (
	"testing"
	"time"

	"flightdeck/store"
)

func TestDesk(t *testing.T) {
	DeskSuite(t, func(_ *testing.T, now func() time.Time) store.Desk {
		d := NewDesk()
		d.Now = now
		return d
	})
}
