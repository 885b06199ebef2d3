package analytics

import "slices"

// Products returns how many product Codes there are.
func (b *Book) Products() int { return len(b.products.rec) }

// Industries returns the names of the industries that accounts were ever read with, sorted: what a person may choose from.
func (b *Book) Industries() []string {
	names := make([]string, 0, b.industries.len())
	for c := range Code(b.industries.len()) {
		names = append(names, b.Industry(c))
	}
	slices.Sort(names)
	return names
}

// Areas returns how many area codes there are: [Book.Area] gives their names.
func (b *Book) Areas() int { return b.areas.len() }

// Outlets returns how many outlet codes there are: [Book.Outlet] gives their names.
func (b *Book) Outlets() int { return b.outlets.len() }

// Topics returns how many topic codes there are: [Book.Topic] gives their names. IndustryCodes likewise, for [Book.Industry].
func (b *Book) Topics() int { return b.topics.len() }

// IndustryCodes returns how many industry codes there are: [Book.Industry] gives their names.
func (b *Book) IndustryCodes() int { return b.industries.len() }
