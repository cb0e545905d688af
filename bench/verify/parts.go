package verify

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"

	"github.com/hotseat-hub/hotseat/session"
)

// partSize is how much of a history is in memory at once, by its size on disk, unless one employee
// has more. mostParts bounds the open files; above both together, parts grow.
const (
	partSize  = 8 << 20
	mostParts = 256
)

// parts are temporary files, each with all operations of some employees. One goroutine uses it.
type parts struct {
	folder string
	seed   maphash.Seed
	files  []part
}

type part struct {
	file *os.File
	out  *bufio.Writer
	gob  *gob.Encoder
}

// newParts makes as many files as a history of size bytes needs; zero means not known.
func newParts(in string, size int64) (*parts, error) {
	folder, err := os.MkdirTemp(in, "hotseat-verify-")
	if err != nil {
		return nil, fmt.Errorf("temporary files: %w", err)
	}
	n := int(min(size/partSize+1, mostParts))
	if size == 0 {
		n = mostParts
	}
	p := &parts{folder: folder, seed: maphash.MakeSeed(), files: make([]part, n)}
	for i := range p.files {
		f, err := os.Create(filepath.Join(folder, fmt.Sprint(i)))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("temporary files: %w", err), p.remove())
		}
		out := bufio.NewWriterSize(f, 32<<10)
		p.files[i] = part{file: f, out: out, gob: gob.NewEncoder(out)}
	}
	return p, nil
}

func (p *parts) add(o *operation) error {
	i := maphash.String(p.seed, string(o.Employee)) % uint64(len(p.files))
	if err := p.files[i].gob.Encode(o); err != nil {
		return fmt.Errorf("temporary file (make room, or choose another folder): %w", err)
	}
	return nil
}

// written ends the writing.
func (p *parts) written() error {
	for _, f := range p.files {
		if err := f.out.Flush(); err != nil {
			return fmt.Errorf("temporary file (make room, or choose another folder): %w", err)
		}
	}
	return nil
}

// read returns the operations of one part by employee, and gives its file back.
func (p *parts) read(i int) (map[session.Key][]operation, error) {
	f := p.files[i].file
	p.files[i] = part{}
	defer f.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	employees := map[session.Key][]operation{}
	decoder := gob.NewDecoder(bufio.NewReaderSize(f, 32<<10))
	for {
		var o operation
		if err := decoder.Decode(&o); errors.Is(err, io.EOF) {
			return employees, os.Remove(f.Name())
		} else if err != nil {
			return nil, fmt.Errorf("temporary file: %w", err)
		}
		employees[o.Employee] = append(employees[o.Employee], o)
	}
}

func (p *parts) remove() error {
	for _, f := range p.files {
		if f.file != nil {
			f.file.Close() // its folder goes
		}
	}
	return os.RemoveAll(p.folder)
}
