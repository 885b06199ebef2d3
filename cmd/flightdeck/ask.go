package main

import (
	"context"

	"flightdeck/analytics"
	"flightdeck/cmd/internal/config"
)

// ask answers from the store's Book. This is where a store that another process holds is to be asked through that process: the error is then a
// *store.LockedError whose Socket says where.
func (in *invocation) ask(ctx context.Context, cfg *config.Config, fn func(*analytics.Book) error) error {
	if in.owner != nil {
		return fn(in.owner.book())
	}
	book, err := in.read(ctx, cfg)
	if err != nil {
		return err
	}
	return fn(book)
}
