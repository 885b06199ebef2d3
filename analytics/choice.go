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
