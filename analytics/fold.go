package analytics

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// When a Book is folded: what came since the last time is searched without zones and lies in the heap. Below leastRows a start reads the records as fast.
const (
	leastRows  = 50_000
	manyRows   = 500_000          // so many new rows: at once
	someShare  = 50               // more than one in so many, once nothing was committed for quietTime
	quietTime  = 10 * time.Second // a first load or a resync is over then
	checkAfter = time.Minute      // reading gigabytes is for when the screens are up
	checkBytes = 64 << 20         // a set of chunks up to this size is checked before it is used, a larger one while it is
)

const (
	foldNever time.Duration = -1
	foldNow   time.Duration = 0
)

// due says when the newest Book is to be folded: now, never, or after so long without a commit.
func (l *Live) due() time.Duration {
	b := l.Book()
	rows := b.rows()
	added := rows - b.folded
	_, keeps := l.reader.(store.Folder)
	switch {
	case rows < leastRows || !keeps || !column.LittleEndian() || int64(rows) == l.unfoldable.Load():
		return foldNever
	case added > manyRows && added > rows/8:
		return foldNow
	case added > rows/someShare:
		return quietTime
	}
	return foldNever
}

// foldBehind folds in a goroutine of its own, unless one is at it.
func (l *Live) foldBehind(ctx context.Context, behind *sync.WaitGroup) {
	if !l.folding.TryLock() {
		return
	}
	behind.Add(1)
	go func() {
		defer behind.Done()
		defer l.folding.Unlock()
		if err := l.fold(ctx); err != nil && ctx.Err() == nil {
			l.unfoldable.Store(int64(l.Book().rows())) // the disk is full, say: not again before something came
			if l.opt.Report != nil {
				l.opt.Report(err)
			}
		}
	}()
}

// Fold writes the newest Book as chunks, so that the next start maps them, and goes on with the mapped ones. It blocks until that is done, some seconds per
// ten million rows; nobody else waits for it. Where the store keeps no chunks it does nothing.
func (l *Live) Fold(ctx context.Context) error {
	l.folding.Lock()
	defer l.folding.Unlock()
	return l.fold(ctx)
}

func (l *Live) fold(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("fold book: panic: %v\n%s", p, debug.Stack())
		}
	}()
	folder, ok := l.reader.(store.Folder)
	if !ok || !column.LittleEndian() {
		return nil
	}
	b := l.Book()
	if b.rev == 0 {
		return nil
	}
	chunks, err := b.folding()
	if err != nil {
		return err
	}
	if err := folder.Fold(ctx, store.Fold{Rev: b.rev, Format: Format, Chunks: chunks}); err != nil {
		return fmt.Errorf("fold book: %w", err)
	}
	next := l.folded(ctx)
	if next == nil {
		return nil
	}
	l.work.Lock()
	defer l.work.Unlock()
	if err := l.follow(ctx, next); err != nil {
		return err
	}
	go l.warm(ctx)
	return nil
}

// folded opens the newest chunks as a Book; nil when there are none that can be used. What is wrong with them is reported.
func (l *Live) folded(ctx context.Context) *Book {
	folder, ok := l.reader.(store.Folder)
	if !ok || !column.LittleEndian() {
		return nil
	}
	c, err := folder.Chunks(ctx, Format)
	if err == nil {
		var b *Book
		if b, err = l.openChunks(ctx, c); err == nil {
			return b
		}
	}
	if !errors.Is(err, store.ErrNotFound) && ctx.Err() == nil && l.opt.Report != nil {
		l.opt.Report(fmt.Errorf("read what was folded: %w; the records are read instead", err))
	}
	return nil
}

func (l *Live) openChunks(ctx context.Context, c store.Chunks) (b *Book, err error) {
	defer func() {
		if p := recover(); p != nil {
			b, err = nil, fmt.Errorf("open chunks: panic: %v\n%s", p, debug.Stack())
		}
	}()
	names, size := c.Names(), 0
	for _, name := range names {
		data, err := c.Bytes(name)
		if err != nil {
			return nil, err
		}
		size += len(data)
	}
	if size <= checkBytes {
		for _, name := range names {
			if err := c.Check(name); err != nil {
				return nil, err
			}
		}
	} else {
		go l.check(ctx, c)
	}
	return openBook(c, l.opt)
}

// check compares the checksums of chunks that are in use. When one is damaged, the records are read anew and take their place.
func (l *Live) check(ctx context.Context, c store.Chunks) {
	defer func() {
		if p := recover(); p != nil && l.opt.Report != nil {
			l.opt.Report(fmt.Errorf("check chunks: panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if !wait(ctx, checkAfter) {
		return
	}
	for _, name := range c.Names() {
		if ctx.Err() != nil {
			return
		}
		err := c.Check(name)
		if err == nil {
			continue
		}
		if l.opt.Report != nil {
			l.opt.Report(err)
		}
		l.work.Lock()
		err = l.rebuild(ctx)
		l.work.Unlock()
		if err == nil {
			err = l.Fold(ctx)
		}
		if err != nil && ctx.Err() == nil && l.opt.Report != nil {
			l.opt.Report(err)
		}
		return
	}
}
