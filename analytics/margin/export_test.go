package margin

// Narrow has pages written of every unit, with so few outlets named; restore ends it.
func Narrow(outlets int) (restore func()) {
	w, l := wide, listed
	wide, listed = 0, outlets
	return func() { wide, listed = w, l }
}
