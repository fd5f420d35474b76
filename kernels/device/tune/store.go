package tune

// Store keeps tables by name: a folder of files, a browser's database. A store
// that fails costs nothing but measuring again, so errors end here.
type Store interface {
	// Load returns what Save kept under that name.
	Load(name string) ([]byte, error)
	// Save replaces what is kept under that name, all of it or nothing. Names are of
	// letters, digits, points and hyphens.
	Save(name string, data []byte) error
}

// maxBytes is the size of the largest table: some ten thousand entries.
const maxBytes = 4 << 20
