package source

import (
	"context"

	"flightdeck/store"
)

// Sampling is a look at the first rows of a stream: what the system says beside what becomes of it.
type Sampling struct {
	Rows []Sample
	// Empty are the mapped fields of which no row has a value, as "deal.close (.closedate)": a right that is missing, a name that is wrong, or just nothing entered.
	Empty []string
	// Missing are the fields that were asked for and that the system has not, or does not let us read.
	Missing []string
	// Wrong is what keeps a part of the stream from being read, such as one file of many; Rows are of the others.
	Wrong []error
	// Unused are the names in the rows that the mapping does not mention, sorted.
	Unused []string
}

// Sample is one row.
type Sample struct {
	Raw    any  // as decoded from JSON, with exact numbers
	Mapped Page // what it brings, with its issues
}

// Sampler is the ability to show rows as they come.
type Sampler interface {
	// Sample reads the first page of a stream anew, changes nothing that a later Fetch rests on, and returns at most n rows. Its errors are Fetch's.
	Sample(ctx context.Context, s store.Stream, n int) (Sampling, error)
}
