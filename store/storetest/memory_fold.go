package storetest

import (
	"bytes"
	"context"
	"fmt"
	"unsafe"

	"flightdeck/store"
)

// memoryChunks is a set of chunks in memory.
type memoryChunks struct {
	rev    store.Rev
	format string
	names  []string
	data   map[string][]byte
}

// Chunks implements [store.Folder].
func (m *Memory) Chunks(ctx context.Context, format string) (store.Chunks, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if s := m.state.set; ctx.Err() == nil && (s == nil || s.format != format || s.rev < m.state.trimmed) {
		return nil, fmt.Errorf("open chunks: %w", store.ErrNotFound)
	}
	return m.state.set, ctx.Err()
}

// Fold implements [store.Folder].
func (m *Memory) Fold(ctx context.Context, f store.Fold) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.state.set
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case f.Rev > m.state.rev:
		return fmt.Errorf("fold chunks at revision %d: the store stands at %d", f.Rev, m.state.rev)
	case f.Rev < m.state.trimmed:
		return fmt.Errorf("fold chunks at revision %d: %w", f.Rev, store.ErrTrimmed)
	case old != nil && old.format == f.Format && old.rev > f.Rev:
		return fmt.Errorf("fold chunks at revision %d: the newest tell revision %d", f.Rev, old.rev)
	}
	set := &memoryChunks{f.Rev, f.Format, nil, map[string][]byte{}}
	for _, c := range f.Chunks {
		if _, twice := set.data[c.Name]; twice || c.Name == "" {
			return fmt.Errorf("fold chunks at revision %d: chunk %q has no name or one that is given twice", f.Rev, c.Name)
		}
		if c.Make != nil && !c.Same {
			c.Data = c.Make()
		}
		b := aligned(bytes.Join(c.Data, nil))
		if c.Same {
			if old == nil || old.format != f.Format || old.data[c.Name] == nil {
				return fmt.Errorf("fold chunks at revision %d: chunk %q: %w", f.Rev, c.Name, store.ErrNotFound)
			}
			b = old.data[c.Name]
		}
		set.names, set.data[c.Name] = append(set.names, c.Name), b
	}
	m.state.set = set
	return nil
}

// aligned returns a copy of b that begins at a multiple of 64 bytes.
func aligned(b []byte) []byte {
	room := make([]byte, len(b)+64)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(room)))) & 63
	room = room[skip : skip+len(b) : skip+len(b)]
	copy(room, b)
	return room
}

// Rev implements [store.Chunks].
func (c *memoryChunks) Rev() store.Rev { return c.rev }

// Names implements [store.Chunks].
func (c *memoryChunks) Names() []string { return append([]string(nil), c.names...) }

// Bytes implements [store.Chunks].
func (c *memoryChunks) Bytes(name string) ([]byte, error) {
	b, ok := c.data[name]
	if !ok {
		return nil, fmt.Errorf("chunk %q: %w", name, store.ErrNotFound)
	}
	return b, nil
}

// Check implements [store.Chunks].
func (c *memoryChunks) Check(name string) error {
	_, err := c.Bytes(name)
	return err
}
