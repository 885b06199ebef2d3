package tally

// EmptyAfter has what is added up quickly moved on after so many rows; restore ends it.
func EmptyAfter(rows int) (restore func()) {
	was := most
	most = rows
	return func() { most = was }
}
