package history

import (
	"errors"
	"io/fs"
	"os"
)

// lateFile is emptied at the first write. It is opened at once: a goroutine with a table of descriptors
// of its own writes to those only that were open when it began.
type lateFile struct {
	file *os.File
	new  bool // there was none before
	made bool // it may be written, or has been; until then the recorder keeps what it has in its buffer
	used bool // it has been emptied
}

func openLate(path string) (*lateFile, error) {
	_, err := os.Stat(path)
	f := &lateFile{new: errors.Is(err, fs.ErrNotExist)}
	f.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	return f, err
}

func (f *lateFile) Write(p []byte) (int, error) {
	if !f.used {
		f.used, f.made = true, true // also when the buffer is full before anything was agreed to
		if info, err := f.file.Stat(); err == nil && info.Mode().IsRegular() {
			if err := f.file.Truncate(0); err != nil {
				return 0, err
			}
		}
	}
	return f.file.Write(p)
}

// Close leaves a file that was never written as it was.
func (f *lateFile) Close() error {
	err := f.file.Close()
	if f.new && !f.used {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	return err
}

// Writable is an error when there could be no file at path. It leaves nothing behind, and changes nothing.
func Writable(path string) error {
	f, err := openLate(path)
	if err != nil {
		return err
	}
	return f.Close()
}
