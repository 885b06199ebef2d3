package bolt

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"syscall"
	"time"

	"flightdeck/store"
)

// ownerFile stands beside the store while a process holds it for writing. It proves nothing (the lock does that), it only tells whom to ask: a process that
// was killed leaves it behind.
const ownerFile = "owner.json"

type owner struct {
	PID     int       `json:"pid"`
	User    string    `json:"user,omitempty"`
	Socket  string    `json:"socket,omitempty"`
	Started time.Time `json:"started"`
}

func self() owner {
	o := owner{PID: os.Getpid(), Started: time.Now().UTC().Truncate(time.Second)}
	if u, err := user.Current(); err == nil {
		o.User = u.Username
	}
	return o
}

// write replaces the file in one step, so that nobody reads half of it.
func (o owner) write(dir string) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, ownerFile+".new")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, ownerFile))
}

// SetSocket tells processes that find the store held where this one serves screens; empty: nowhere. It may be called at any time before Close.
func (d *DB) SetSocket(path string) error {
	d.ownerMu.Lock()
	defer d.ownerMu.Unlock()
	if d.owner.PID == 0 {
		return errors.New("set socket: the store is closed or was opened for reading only")
	}
	d.owner.Socket = path
	return d.owner.write(d.dir)
}

// disown takes the file away while we still hold the lock, so that it is never a successor's.
func (d *DB) disown() error {
	d.ownerMu.Lock()
	defer d.ownerMu.Unlock()
	if d.owner.PID == 0 {
		return nil
	}
	d.owner = owner{}
	if err := os.Remove(filepath.Join(d.dir, ownerFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lockedBy says who holds the store, as far as can be known.
func lockedBy(dir, path string) *store.LockedError {
	locked := &store.LockedError{Path: path}
	b, err := os.ReadFile(filepath.Join(dir, ownerFile))
	var o owner
	if err != nil || json.Unmarshal(b, &o) != nil || o.PID <= 0 {
		return locked
	}
	if p, err := os.FindProcess(o.PID); err != nil || errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) {
		return locked // left behind by one that was killed; whoever holds the lock now is somebody else
	}
	locked.PID, locked.User, locked.Socket = o.PID, store.Clip(o.User, 64), o.Socket
	return locked
}
